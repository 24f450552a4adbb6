"""Debian's Chromium, driven by Playwright: one a worker, a fresh profile a test. What a page says to its log is a fault."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.running import Running, running
from tests.browser.street import settle
from tests.centre.conftest import Desk, founded
from tests.centre.unit import FakeUnit

NO_FAULT = (
    "net::ERR_",
    "status of 404",
    "status of 400",
    "status of 401",
    "status of 403",
    "status of 422",
    "willReadFrequently",
)
"""What Chromium logs of answers that a test means to get."""
NewTab = Callable[..., Page]
Community = tuple[Running, dict[str, FakeUnit]]
"""A console of its own, and the units of its street."""
PATIENCE_MS = 60_000
"""Of a machine that does much else."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.needs("chromium"))
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests of the package that change nothing which another looks at."""
    path = tmp_path_factory.mktemp("centre")
    desk = Desk(founded(path / "site"))
    settle(desk, path)
    with running(desk) as made:
        yield made
    desk.close()


@pytest.fixture
def community(tmp_path: Path) -> Iterator[Community]:
    desk = Desk(founded(tmp_path / "site"))
    units = settle(desk, tmp_path)
    with running(desk) as made:
        yield made, units
    desk.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[NewTab]:
    """Opens pages: `tab(width=390, language="zh-CN", dark=True)`."""
    contexts, said = [], []

    def opened(width: int = 1280, language: str = "en", *, height: int = 800, dark: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme="dark" if dark else "light",
            has_touch=width < 720,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if _is_fault(message) else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not said


def _is_fault(message: ConsoleMessage) -> bool:
    return message.type in {"error", "warning"} and not any(text in message.text for text in NO_FAULT)
