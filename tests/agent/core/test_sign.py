"""The unit's sign between notices: grid, community, boundary, and whoever is on duty now."""

from __future__ import annotations

import pytest

from agent.core.pages import contact_fields
from agent.core.plan import DisplayPlan
from agent.core.text import width
from agent.core.time import Trust
from contract.hours import Hours, parse_span
from contract.messages import Settings, Sign
from contract.people import Duty
from tests.agent.core.bench import UNIT, UTC, YARD, Bench, unit_plan

DAYS, EVENINGS = (parse_span("08:00-18:00"),), (parse_span("18:00-22:00"),)
DUTY = (
    Duty("张", Hours((DAYS,) * 5 + ((), ())), "111"),
    Duty("夜", Hours((EVENINGS,) * 7)),
)
SIGN = Sign("第七网格", "八大处社区", "北至1号楼", "王", "999", DUTY)
HOUR = 3600.0
"""The bench begins on a Tuesday, at 14:00 local."""


def unit(sign: Sign = SIGN, trust: Trust = Trust.SYNCED, **plan: object) -> Bench:
    bench = Bench(unit_plan(**plan), trust=trust).start()
    bench.message(Settings(YARD, 1, UTC, sign=sign))
    return bench


def contact(bench: Bench) -> str:
    return contact_fields(bench.state)["contact"]


@pytest.mark.parametrize(
    ("hours", "worker"),
    [
        (0.0, "张\n111"),
        (3.98, "张\n111"),
        (4.001, "夜"),
        (7.98, "夜"),
        (8.01, "王\n999"),
        (18.01, "张\n111"),
        (98.0, "王\n999"),
    ],
)
def test_the_worker_of_the_hour_stands_on_the_sign_and_in_every_refusal(hours: float, worker: str) -> None:
    bench = unit()
    bench.utc += hours * HOUR
    bench.wait(61.0)
    assert contact(bench) == f"网格员 {worker}"
    words = [line for screen in bench.state.screens if screen.page for line in screen.page.body]
    assert all(part in "\n".join(words) for part in (*worker.split("\n"), "第七网格", "八大处社区", "北至1号楼"))


def test_with_no_idea_of_the_time_the_signs_own_worker_stands() -> None:
    assert contact(unit(trust=Trust.UNKNOWN)) == "网格员 王\n999"


def test_without_duty_nothing_is_different() -> None:
    assert contact(unit(Sign(worker="王", phone="999"))) == "网格员 王\n999"
    assert contact(unit(Sign())) == "社区网格员"


def test_a_more_specific_sign_takes_the_whole_place() -> None:
    bench = unit()
    bench.message(Settings(UNIT, 1, UTC, sign=Sign(worker="李")))
    assert contact(bench) == "网格员 李"


@pytest.mark.parametrize(("columns", "rows"), [(20, 8), (16, 4)])
def test_it_fits_the_display(columns: int, rows: int) -> None:
    long = Sign("长" * 100, "长" * 100, "长" * 100, duty=(Duty("长" * 100, Hours((DAYS,) * 7), "1" * 100),))
    bench = unit(long, displays=(DisplayPlan("panel", columns, rows, "gbk"),))
    for _ in range(30):
        bench.wait(6.0)
        page = bench.page()
        assert len(page.body) <= rows
        assert all(width(line) <= columns for line in page.body)
