"""A clerk's day in a browser, as docs/console.md tells it, at a yard of twelve units that is at work: real broker, `serve`, console, agents and doors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import day
from tests.browser.conftest import NewTab
from tests.browser.yard import yard


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_a_clerks_day(tmp_path: Path, tab: NewTab) -> None:
    with yard(tmp_path) as here:
        page = tab(language="zh-CN")
        day.live(page, here)
        day.reads_english(page)
