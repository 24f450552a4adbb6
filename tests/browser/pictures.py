"""The console's pages as docs/ show them: `python -m tests.browser.pictures docs/img`. `make pictures`; needs Debian's chromium and fonts-noto-cjk.

One picture a page and language, console-NAME.png and console-NAME.zh-CN.png, of the community in street.py. With `--every FOLDER` every page
that there is, at two widths: to be looked at.
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

from tests.browser.pages import SETTLED, every_page, kind_of
from tests.browser.running import Running, running
from tests.browser.street import settle
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
COLOURS = 128
LANGUAGES = {"zh-CN": ".zh-CN", "en": ""}


def named(path: str) -> str | None:
    """The picture of the page at this address; None where docs/ show none."""
    kind = kind_of(urlsplit(path).path) or ""
    return next((name for route, name in NAMES.items() if _plain(route) == _plain(kind)), None)


def _plain(route: str) -> str:
    return re.sub(r"{[^}]*}", "{}", route)


def shot(page: Page, console: Running, path: str, width: int) -> bytes:
    """The page as far as a screen shows it, in few colours."""
    page.set_viewport_size({"width": width, "height": 800 if width > 720 else 760})
    page.goto(console.origin + path)
    page.wait_for_function(SETTLED)
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
                file.write_bytes(shot(page, console, path, width))
                made.append(file)
        context.close()
    return made


def main(arguments: list[str]) -> int:
    every, folder = "--every" in arguments, Path(arguments[-1])
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("no chromium here: the pictures of the console stay as they are\n")
        return 0
    with (
        tempfile.TemporaryDirectory() as place,
        sync_playwright() as playwright,
        closing(Desk(founded(Path(place) / "site"))) as desk,
    ):
        settle(desk, Path(place))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with running(desk) as console:
            for file in make(browser, console, folder, every=every):
                sys.stdout.write(f"{file}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
