"""The console's pages as docs/ show them: `python -m tests.browser.pictures docs/img`. `make pictures`; needs Debian's chromium and fonts-noto-cjk.

One picture a page and language, console-NAME.png and console-NAME.zh-CN.png, taken while day.py is played. With `--every FOLDER` every page that
there is, of the community in street.py, at two widths: to be looked at.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import day
from tests.browser.pages import SETTLED, every_page, kind_of
from tests.browser.running import Running, running
from tests.browser.street import settle
from tests.browser.yard import yard
from tests.centre.conftest import Desk, founded

NAMES = {
    "/": "overview",
    "/notices": "notices",
    "/notices/new": "notice-new",
    "/notices/notice/{notice}": "notice",
    "/doors": "doors",
    "/doors/unit/{unit}": "unit",
    "/patrol": "patrol",
    "/reports": "reports",
    "/people": "people",
    "/record": "record",
    "/field": "field",
    "/settings": "settings",
}
"""By route; the names in braces may be others."""
PHONE = {"field"}
"""Drawn as a phone shows them."""
OF_THE_DAY = {"notice-new": "/notices/new?template=water", "doors": "/doors", "reports": "/reports", "record": "/record", "settings": "/settings", "field": "/field"}  # fmt: skip
"""Pages as they are when the day is over; the others are taken in the midst of it."""
COLOURS = 128
DRAWN = (
    """() => [...document.images].every((each) => each.complete || each.getBoundingClientRect().top > innerHeight)"""
)
LANGUAGES = {"zh-CN": ".zh-CN", "en": ""}


def named(path: str) -> str | None:
    """The picture of the page at this address; None where docs/ show none."""
    kind = kind_of(urlsplit(path).path) or ""
    return next((name for route, name in NAMES.items() if _plain(route) == _plain(kind)), None)


def _plain(route: str) -> str:
    return re.sub(r"{[^}]*}", "{}", route)


def shot(page: Page, address: str, width: int) -> bytes:
    """The page as far as a screen shows it, in few colours."""
    page.set_viewport_size({"width": width, "height": 800 if width > 720 else 760})
    page.goto(address)
    page.wait_for_function(SETTLED)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(400)  # what is drawn after that is drawn by itself: maps, panels' pictures
    out = io.BytesIO()
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()


def make(browser: Browser, console: Running, folder: Path, *, every: bool) -> list[Path]:
    """The files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for language, ending in LANGUAGES.items():
        context = browser.new_context(locale=language)
        page = context.new_page()
        for path in every_page(page, console):
            name = named(path)
            label = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") if every else name
            for width in (1280, 390) if every else (390,) if name in PHONE else (1280,):
                if label is None:
                    continue
                file = folder / f"console-{label}{f'-{width}' if every else ''}{ending}.png"
                file.write_bytes(shot(page, console.origin + path, width))
                made.append(file)
        context.close()
    return made


def of_the_community(browser: Browser, folder: Path) -> list[Path]:
    with tempfile.TemporaryDirectory() as place, closing(Desk(founded(Path(place) / "site"))) as desk:
        settle(desk, Path(place))
        with running(desk) as console:
            return make(browser, console, folder, every=True)


def of_the_day(browser: Browser, folder: Path) -> list[Path]:
    """Plays a clerk's day; the files that were written. Each picture is of one moment, in both languages."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with tempfile.TemporaryDirectory() as place, yard(Path(place)) as here:
        page = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}).new_page()

        def photo(name: str, path: str | None = None) -> None:
            for language, ending in LANGUAGES.items():
                context = browser.new_context(locale=language, storage_state=page.context.storage_state())
                other = context.new_page()
                width = 390 if name in PHONE else 1280
                found = other.request.get(page.url if path is None else here.console + path)
                if found.ok:
                    file = folder / f"console-{name}{ending}.png"
                    file.write_bytes(shot(other, found.url, width))
                    made.append(file)
                context.close()

        day.live(page, here, photo)
        for name, path in OF_THE_DAY.items():
            photo(name, path)
        page.context.close()
    return made


def main(arguments: list[str]) -> int:
    every, folder = "--every" in arguments, Path(arguments[-1])
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("no chromium here: the pictures of the console stay as they are\n")
        return 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for file in of_the_community(browser, folder) if every else of_the_day(browser, folder):
            sys.stdout.write(f"{file}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
