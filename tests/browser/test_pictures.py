"""The pictures of docs/ can be made: each page in both languages, none of them empty."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.browser import pictures
from tests.browser.running import Running

LEAST_COLOURS = 20
MAX_BYTES = 150_000


@pytest.mark.soak
def test_each_page_is_drawn_in_both_languages(chromium: Browser, console: Running, tmp_path: Path) -> None:
    made = pictures.make(chromium, console, tmp_path, every=False)
    names = {file.name for file in made}
    assert {"console-overview.png", "console-overview.zh-CN.png"} <= names
    assert {name.replace(".zh-CN", "") for name in names if ".zh-CN" in name} == {n for n in names if ".zh-CN" not in n}
    for file in made:
        with Image.open(file) as image:
            assert image.size[0] in {390, 1280}, file.name
            assert len(image.convert("RGB").getcolors(1 << 20) or ()) > LEAST_COLOURS, file.name
        assert file.stat().st_size < MAX_BYTES, file.name


def test_a_page_is_known_by_its_route_whatever_stands_in_it() -> None:
    assert pictures.named("/notices/notice/n20261126-145ba5") == "notice"
    assert pictures.named("/?x=1") == "overview"
    assert pictures.named("/nowhere") is None
