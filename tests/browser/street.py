"""A community with something on every page: two yards, a forced door, a unit that is away, notices, a poll, a round, people and reports."""

from __future__ import annotations

import time
from pathlib import Path

from centre import units
from contract.enrolment import Enrolment
from tests.centre.conftest import Desk, enrolment_of
from tests.centre.unit import SITE, FakeUnit, door

YARDS = {"y07": ("7号院", 6), "y09": ("9号院", 4)}
HOSTILE = "<script>document.title='obeyed'</script>"
"""What a unit may be called, a notice may say: shown as it is written."""


def named_unit(desk: Desk, name: str, called: str, *scopes: str) -> FakeUnit:
    """Of the register and enrolled, with the name that people call it by."""
    with desk.books.changing() as conn:
        units.add(conn, SITE, name, called, [units.parse_scope(text, SITE) for text in scopes], desk.now)
        password, token = units.new_login(conn, units.one(conn, SITE, name), desk.now)
        enrolment: Enrolment = enrolment_of(desk.office, desk.office.keys, name, password, token)
        made = FakeUnit(name, enrolment)
        made.at = desk.now - 600
        units.pin(conn, name, made.key.public_key().public_bytes_raw(), units.open_tokens(conn)[name][0], desk.now)
    return made


def settle(desk: Desk, tmp: Path) -> dict[str, FakeUnit]:
    """The community of a filled centre; its units by id."""
    desk.now = time.time()
    found = {
        f"{yard[1:]}-{building}-{stair}": named_unit(
            desk,
            f"{yard[1:]}-{building}-{stair}",
            f"{called}{building}号楼{stair}单元",
            f"yard/{yard}",
            f"building/{yard}b{building}",
            "grid/g21",
            "community/c05",
        )
        for yard, (called, count) in YARDS.items()
        for building in range(1, count // 2 + 1)
        for stair in (1, 2)
    }
    found["odd"] = named_unit(desk, "odd", HOSTILE, "yard/y09")
    for unit in found.values():
        unit.fact("access.granted", door="main", by="h-0402-1", via="card")
        unit.fact("access.denied", door="main", by=None, via="card", reason="unknown")
        desk.take(unit.status(doors={"main": door()}, at=desk.now), unit.batch())
    _trouble(desk, found)
    _put(desk, tmp)
    return found


def _trouble(desk: Desk, found: dict[str, FakeUnit]) -> None:
    forced, helped = found["07-3-1"], found["07-1-2"]
    forced.fact("door.forced", door="main")
    helped.fact("help.called", door="main", via="key")
    for unit in (forced, helped):
        desk.take(unit.alarm(len(unit.lines)), unit.batch(len(unit.lines)))
    reporter = found["07-1-1"]
    reporter.fact("report.filed", report="r1", code="1", by="h-0402-1", room="0402", door="main")
    desk.take(reporter.batch(len(reporter.lines)))


def _put(desk: Desk, tmp: Path) -> None:
    desk.run(
        "notice", "put", "--scope", "yard/y07", "--category", "service", "--title", "停水通知",
        "--text", "11月27日 9:00–16:00 停水，请提前储水。", "--until", "3d", "--id", "water", "--yes",
    )  # fmt: skip
    desk.run(
        "notice", "put", "--scope", f"site/{SITE}", "--title", "义诊", "--text", HOSTILE, "--id", "clinic", "--yes"
    )
    desk.run("poll", "put", "community/c05", "装电梯", "--option", "同意", "--option", "不同意", "--until", "3d")
    roster = tmp / "roster.csv"
    roster.write_text("id,card,room\nh-0402-1,0012345678,0402\nh-0501-1,0012345679,0501\n")
    desk.run("roster", "put", "--scope", "building/y07b1", "residents", str(roster))
    stops = tmp / "round.csv"
    stops.write_text("unit,from,until\n07-1-1,00:00,11:00\n07-1-2,11:00,23:00\n")
    desk.run("round", "put", "--scope", "grid/g21", "--title", "日常巡查", "--id", "daily", "--yes", str(stops))
    desk.run("recipient", "add", "grid21", "--name", "第21网格", "--kind", "grid")
