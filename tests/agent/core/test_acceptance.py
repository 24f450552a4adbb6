"""A box that is not accepted says so between notices until settings name its key; one from before never does. Its sheet is told once."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.plan import DisplayPlan
from contract.facts.acceptance import SheetRow, UnitSheet
from contract.messages import Settings
from tests.agent.core.bench import SITE, UNIT, UTC, YARD, Bench, the, unit_plan

KEY, OTHER = "ab" * 32, "cd" * 32
ROWS = (SheetRow("door main, lock", True, "unlocked for 1.0 s"), SheetRow("reader card", None, "not tried"))
UNACCEPTED = "未验收"


def sheet(parts: int = 1, name: str = "5e0d") -> tuple[UnitSheet, ...]:
    return tuple(UnitSheet(name, n, parts, UTC, True, "0.1.0", ROWS) for n in range(1, parts + 1))


def unit(key: str = KEY, **plan: object) -> Bench:
    return Bench(unit_plan(**plan)).start(acceptance=key)


def footer(bench: Bench) -> str:
    bench.wait(61.0)
    assert bench.page().kind == "idle"
    return bench.page().footer


def test_it_is_shown_until_the_key_of_this_box_is_named() -> None:
    bench = unit()
    assert UNACCEPTED in footer(bench)
    bench.message(Settings(UNIT, 1, UTC, accepted=OTHER))
    assert UNACCEPTED in footer(bench), "that is the box before this one"
    bench.message(Settings(UNIT, 2, UTC, accepted=KEY))
    assert UNACCEPTED not in footer(bench)
    bench.message(Settings(UNIT, 3, UTC, language="zh-CN"))
    assert UNACCEPTED in footer(bench), "the acceptance was taken back"


@pytest.mark.parametrize("scope", [SITE, YARD])
def test_where_no_box_has_to_be_accepted_none_says_so(scope: object) -> None:
    bench = unit()
    bench.message(Settings(scope, 1, UTC, accepted="any"))  # type: ignore[arg-type]
    assert UNACCEPTED not in footer(bench)


def test_a_box_from_before_never_says_so_whatever_settings_say() -> None:
    bench = unit(key="")
    assert UNACCEPTED not in footer(bench)
    bench.message(Settings(UNIT, 1, UTC, accepted=OTHER))
    assert UNACCEPTED not in footer(bench)


def test_an_acceptance_is_kept_over_a_restart_without_the_centre() -> None:
    bench = unit()
    bench.do(ev.StateLoaded((Settings(UNIT, 2, UTC, accepted=KEY),)))
    assert UNACCEPTED not in footer(bench)


@pytest.mark.parametrize("size", [(16, 4), (20, 8)])
def test_a_new_box_names_itself_and_what_it_lacks(size: tuple[int, int]) -> None:
    bench = Bench(unit_plan(displays=(DisplayPlan("panel", *size, "gbk"),)))
    bench.do(ev.Started("s1", frozenset(), acceptance=KEY))
    bench.opened()
    bench.roster()
    bench.do(ev.HoldersReplaced({}, None, (), by_pin={}))
    seen = pages(bench)
    assert "12号楼2单元" in seen
    for words in ("还没有连上中心", "还没有门禁卡", "待自检验收"):
        assert words in seen, words


def test_without_an_enrolment_it_says_that_and_not_that_the_centre_is_away() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset(), no_link="the identity is missing or damaged", identified=False))
    bench.opened()
    bench.do(ev.HoldersReplaced({}, None, (), by_pin={}))
    seen = pages(bench)
    assert "没有入网文件" in seen
    assert "中心" not in seen


def pages(bench: Bench) -> str:
    """All that its screen shows in a minute, page by page."""
    seen = []
    for _ in range(60):
        bench.wait(1.0)
        page = bench.page()
        seen += [page.title, *page.body]
    return "".join(dict.fromkeys(seen))


def test_a_sheet_is_told_whole_and_its_file_is_done_with_only_then() -> None:
    bench = unit()
    bench.forget()
    bench.do(ev.SheetRead(sheet(3)))
    record = the(fx.AppendFacts, bench.all(fx.AppendFacts))
    assert [fact.fact for fact in record.facts] == list(sheet(3)), "in one transaction"
    bench.do(ev.Recorded(record.token + 1000, 1, (), "00", "00"))
    assert not bench.all(fx.SheetTold), "that was another record"
    assert the(fx.SheetTold, bench.recorded(record)).sheet == "5e0d"


def test_a_second_reading_while_the_first_is_on_its_way_tells_nothing_twice() -> None:
    bench = unit()
    bench.forget()
    bench.do(ev.SheetRead(sheet()))
    bench.do(ev.SheetRead(sheet()))
    assert bench.kinds() == ["unit.sheet"]
    bench.do(ev.SheetRead(()))
    assert bench.kinds() == ["unit.sheet"]
