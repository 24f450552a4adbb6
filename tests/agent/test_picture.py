"""Which of the panel's pictures stands behind a page."""

from __future__ import annotations

import pytest

from agent.core.effects import Page
from agent.devices import picture
from contract.messages import Category
from tests.agent.core.bench import Bench, notice


@pytest.mark.parametrize(
    ("kind", "tone", "shown"),
    [
        ("idle", "none", "idle"),
        ("notice", "none", "notice"),
        ("notice", "warning", "alarm"),
        ("answer", "yes", "answer"),
        ("answer", "no", "refused"),
        ("emergency", "warning", "alarm"),
        ("fire", "fire", "alarm"),
    ],
)
def test_each_kind_of_page_has_its_picture(kind: str, tone: str, shown: str) -> None:
    assert picture(Page(kind, "", (), "", tone)) == shown


def test_every_page_of_an_emergency_notice_looks_like_an_alarm() -> None:
    bench = Bench().start()
    bench.message(notice(text="撤离" * 100, category=Category.EMERGENCY))
    assert [picture(page) for page in bench.state.screens[0].pages] == ["alarm"] * 3
