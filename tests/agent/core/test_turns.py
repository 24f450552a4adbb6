"""Notices in turn on displays that do not do as they should, and on several."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.plan import DisplayPlan
from contract.messages import Category
from tests.agent.core.bench import Bench, notice, of, unit_plan

NAMES = ("a", "b", "c", "d")


def begun(bench: Bench, seconds: float, draws: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """By display: the title of each notice that began within this time; `draws`: the displays that say that they drew it."""
    found: dict[str, list[str]] = {}
    end = bench.mono + seconds
    while bench.mono < end:
        for page in of(fx.ShowPage, bench.wait(0.5)):
            if page.page.kind == "notice":
                found.setdefault(page.display, []).append(page.page.title)
            if page.display in draws:
                bench.do(ev.PageDrawn(page.display, page.token))
    return found


@pytest.mark.parametrize("urgent", [0, 2])
def test_a_display_that_never_says_that_it_drew_shows_all_notices(urgent: int) -> None:
    bench = Bench().start()
    for name in NAMES:
        bench.message(notice(name))
    for number in range(urgent):
        bench.message(notice(f"e{number}", category=Category.EMERGENCY))
    told = begun(bench, 300.0)["panel"]
    assert {title for title in told if told.count(title) >= 2} == {
        f"标题{name}" for name in (*NAMES, *(f"e{number}" for number in range(urgent)))
    }
    assert bench.kinds().count("notice.shown") == 0


def test_an_emergency_that_came_while_the_display_was_lost_is_first_when_it_is_back() -> None:
    bench = Bench().start()
    for name in NAMES:
        bench.message(notice(name))
    begun(bench, 100.0, ("panel",))
    bench.do(ev.DeviceGone("panel", "silent", ""))
    bench.message(notice("gas", category=Category.EMERGENCY))
    bench.wait(40.0)
    bench.do(ev.DeviceBack("panel", ""))
    bench.wait(0.1)
    assert bench.page().title == "标题gas"


def test_of_two_displays_one_that_is_lost_or_never_draws_keeps_nothing_from_the_other() -> None:
    displays = tuple(DisplayPlan(name, 20, 8, "gbk") for name in ("left", "right", "off"))
    bench = Bench(unit_plan(displays=displays)).start()
    bench.do(ev.DeviceGone("off", "silent", ""))
    for name in NAMES:
        bench.message(notice(name))
    told = begun(bench, 200.0, ("left",))
    for display in ("left", "right"):
        assert {title for title in told[display] if told[display].count(title) >= 2} == {f"标题{n}" for n in NAMES}
