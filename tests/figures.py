"""Pytest plugin of the claims: checks the names in `@pytest.mark.claim(…)` and, with --keep-figures, keeps what tests measured.

A test tells a figure with `record_property("figure", "…")`; the last one of each test stands in tests/figures.json.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.claims_list import CLAIMS

FIGURES = Path(__file__).with_name("figures.json")


def test_id(nodeid: str) -> str:
    """A test's id without its parameters: all parameters of one test share a line and a figure."""
    return nodeid.split("[", 1)[0]


def load() -> dict[str, str]:
    return json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}


def store(figures: dict[str, str]) -> None:
    FIGURES.write_text(json.dumps(figures, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def exists(test: str) -> bool:
    """Is there (still) a test of this id?"""
    path, _, name = test.partition("::")
    file = FIGURES.parent.parent / path
    return file.is_file() and f" {name.rsplit('::', 1)[-1]}" in file.read_text(encoding="utf-8")


class Keeper:
    """Gathers the figures of passed tests (on the controlling process, when tests run in several) and merges them at the end."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or not report.passed:
            return
        for name, value in report.user_properties:
            if name == "figure":
                self.seen[test_id(report.nodeid)] = str(value)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.seen:
            store(load() | self.seen)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-figures", action="store_true", help="write what tests measured to tests/figures.json")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--keep-figures") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Keeper(), "figures-keeper")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("claim"):
            unknown = [name for name in marker.args if name not in CLAIMS]
            if unknown or not marker.args:
                raise pytest.UsageError(f"{item.nodeid}: no claim is called {unknown}; see tests/claims_list.py")
