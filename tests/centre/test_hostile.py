"""A hostile unit: what it writes is data, what it leaves in the books is bounded, and it costs other units nothing."""

from __future__ import annotations

import json
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from centre import limits, schema, shown
from centre.history import STRANGERS
from centre.limits import BOUNDS, DAY_S, USELESS, WINDOW_S, Bound, Excess
from contract import chain
from contract.plain import Reply, ReplyState
from contract.strict_json import dumps
from simulator.broker import start_broker
from tests.centre.conftest import OTHER_ENGINE_LONG, Desk, Fresh
from tests.centre.site import Site
from tests.centre.test_alarms import open_alarms
from tests.centre.unit import FakeUnit

HOSTILE = [
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[1;1H",
    "\x9b31m",
    "a\x00b",
    "a\nb12-u2  9  door.closed",
    "a\r\x08\x7f",
    "\u202eevil\u202c",
    "\u2066x\u2069\u200b\ufeff\u061c",
    "line\u2028para\u2029",
    "\U000e0041\u00ad",
    "x  by=h-0001",
    'quote" by="h1',
    "",
]
SHOWN = "正常 12号楼 é 𠀀 \\x1b"


def is_harmless(text: str) -> bool:
    """One line after another, of nothing but what is seen, and blanks."""
    return not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text.replace("\n", ""))


# --- text


def test_what_people_write_is_shown_as_it_is() -> None:
    assert shown.plain(SHOWN) == SHOWN
    assert json.loads(shown.as_json({"a": SHOWN})) == {"a": SHOWN}
    assert "正常" in shown.as_json(SHOWN)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_harmless_line_and_its_json_the_same_value(text: str) -> None:
    assert is_harmless(shown.plain(text))
    assert "\n" not in shown.plain(text)
    assert is_harmless(shown.value(text))
    assert "\n" not in shown.value(text)
    made = shown.as_json({"x": text})
    assert is_harmless(made)
    assert json.loads(made) == {"x": text}


def test_a_value_is_one_value() -> None:
    assert shown.value("main") == "main"
    assert shown.value("x  by=h1") == '"x  by=h1"'
    assert shown.value("") == '""'
    assert shown.value(["a", 1, None]) == '["a", 1, null]'


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_does_not_reach_a_terminal(desk: Desk, text: str) -> None:
    """Through each command that shows what units, replies and names say."""
    unit = desk.unit()
    desk.run("unit", "add", "b12-u9", "--name", text.replace("\x00", ""))
    unit.fact("door.forced", door=text, by=[text], **{text or "x": text})
    kind = (text.replace("\x00", "") or "x")[:48]  # with it a batch is refused
    unit.fact(kind, detail=text)
    line = chain.line(9, unit.at, "synced", 1, 0.0, kind, {"detail": text})
    status = json.loads(unit.status(version=text, storage=text).payload)
    taken = desk.take(unit.batch(), unit.alarm(9, line), unit.message("status", dumps(status)))
    assert taken.new == 2
    out = desk.run("facts").stdout
    assert is_harmless(out)
    assert out.count("\n") == 2, "one fact, one line"
    for args in (("unit", "list"), ("alarms", "list"), ("health",), ("notice", "list")):
        for extra in ((), ("--json",)):
            if args == ("health",):
                assert is_harmless(desk.run(*args, *extra, code=1).output)
                continue
            told = desk.run(*args, *extra).stdout
            assert is_harmless(told)
            if extra:
                assert all(json.loads(each) for each in told.splitlines())
    first, second = (json.loads(each) for each in desk.run("facts", "--json").stdout.splitlines())
    assert (first["fact"]["door"], first["fact"]["by"]) == (text, [text]), "the same value"
    assert second["fact"]["kind"] == kind
    assert is_harmless(desk.run("facts", "--json").stdout)


def test_white_space_of_json_is_no_way_around(desk: Desk) -> None:
    """A line may hold tabs and carriage returns between its keys, and is kept as it was signed."""
    unit = desk.unit()
    line = chain.line(1, unit.at, "synced", 1, 0.0, "door.closed", {"door": "main"}).replace(b",", b",\r\t")
    unit.lines, unit.h = [line], [unit.h[0], chain.next_hash(unit.h[0], line)]
    assert desk.take(unit.batch()).new == 1
    told = desk.run("facts", "--json").stdout
    assert is_harmless(told)
    assert json.loads(told)["fact"] == json.loads(line)
    assert bytes(desk.rows(select(schema.facts.c.line))[0].line) == line


def test_ordinary_lines_keep_their_bytes(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(door="大门", share=1.50)
    desk.take(unit.batch())
    assert unit.lines[0].decode() in desk.run("facts", "--json").stdout


def test_a_name_with_an_escape_in_an_error_is_shown_as_one(desk: Desk) -> None:
    assert is_harmless(desk.run("alarms", "ack", "1", "--by", "\x1b[31m" * 50, "--why", "x", code=2).stderr)
    assert is_harmless(desk.run("notice", "withdraw", "\x1b]0;x\x07", code=2).stderr)


# --- what it leaves in the books


def forks(unit: FakeUnit, count: int) -> Iterator[FakeUnit]:
    for number in range(count):
        other = FakeUnit(unit.name)
        other.key = unit.key
        other.fact("door.opened", 3, door=f"d{number}")
        yield other


def test_forks_are_kept_up_to_a_limit_and_told_by_one_alarm(desk: Desk) -> None:
    unit, other = desk.unit(), desk.unit("b12-u3")
    unit.fact(count=5)
    desk.take(unit.batch())
    bound = BOUNDS[Excess.FORK]
    for each in forks(unit, bound.day + 100):
        confirms = desk.take(each.batch()).answers
        assert [confirm.head for confirm in confirms] == [unit.head], "it is told what the books have"
    assert desk.count(schema.forks) == bound.day
    assert [(each["kind"], each["unit"]) for each in open_alarms(desk)] == [
        ("history.fork", "b12-u2"),
        ("unit.limit", "b12-u2"),
    ]
    counted = select(schema.excesses).where(schema.excesses.c.what == "fork")
    assert [(row.kept, row.beyond) for row in desk.rows(counted)] == [(bound.day, 100)]
    for each in forks(other, 1):
        other.fact()
        desk.take(other.batch(), each.batch())
    assert desk.count(schema.forks) == bound.day + 1, "another unit's is kept"
    unit.fact()
    desk.now += WINDOW_S
    assert desk.take(unit.batch()).new == 1, "its own history goes on"
    desk.fresh_intake()
    desk.now += DAY_S
    for each in forks(unit, 3):
        each.fact("door.opened", door="later")
        desk.take(each.batch())
    assert desk.count(schema.forks) == bound.day + 4, "another day"
    desk.run("verify")


def test_in_all_forks_are_limited_too_until_it_is_enrolled_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.limits.BOUNDS", BOUNDS | {Excess.FORK: Bound(5, 7)})
    unit = desk.unit()
    unit.fact(count=5)
    desk.take(unit.batch())
    for each in forks(unit, 20):
        desk.now += DAY_S / 4
        desk.take(each.batch())
    assert desk.count(schema.forks) == 7
    box = FakeUnit(unit.name, desk.enrolment(unit.name), epoch="e9")
    desk.take(box.enrol())
    assert desk.count(schema.excesses) == 0
    box.fact(count=5)
    desk.take(box.batch())
    for each in forks(box, 2):
        each.begin("e9")
        each.fact("door.opened")
        desk.take(each.batch())
    assert desk.count(schema.forks) == 8


def test_epochs_are_begun_up_to_a_limit_and_go_on_the_next_day(desk: Desk) -> None:
    unit = desk.unit()
    bound = BOUNDS[Excess.EPOCH]
    for number in range(bound.day + 100):
        unit.begin(f"e{number}")
        unit.fact()
        desk.take(unit.batch())
    assert desk.count(schema.epochs) == bound.day
    assert desk.count(schema.facts) == bound.day
    assert [each["kind"] for each in open_alarms(desk)] == ["epoch.new", "unit.limit"]
    desk.now += DAY_S
    assert desk.take(unit.batch()).new == 1, "held back, not lost"
    assert desk.rows(select(func.sum(schema.excesses.c.beyond)))[0][0] == 100


def test_gaps_are_taken_up_to_a_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.limits.BOUNDS", BOUNDS | {Excess.GAP: Bound(10, 100)})
    unit = desk.unit()
    unit.fact(count=60)
    for number in range(2, 60, 4):
        unit.drop(number, number + 1)
    taken = [desk.take(unit.batch(first, first + 19)) for first in (1, 21, 41)]
    assert [each.refused for each in taken] == [0, 0, 1]
    assert desk.count(schema.gaps) == 10
    desk.now += DAY_S
    assert desk.take(unit.batch(41, 60)).refused == 0
    desk.run("verify")


def test_epochs_that_are_waited_for_are_bounded(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=5)
    for number in range(100):
        unit.begin(f"e{number}")
        unit.fact(count=2)
        desk.take(unit.batch(2, 2))
    history = desk.intake._kept.history
    assert len(history._strangers[unit.name]) == STRANGERS


def test_who_sends_only_what_does_not_hold_is_not_listened_to_for_a_while(desk: Desk) -> None:
    unit, other, thief = desk.unit(), desk.unit("b12-u3"), FakeUnit("b12-u2")
    for each in (unit, other, thief):
        each.fact()
    garbage = thief.batch()
    outcome = desk.take(*[garbage] * (USELESS + 50), unit.batch(), other.batch())
    assert (outcome.refused, outcome.new) == (USELESS + 51, 1)
    assert [each.unit for each in outcome.answers] == ["b12-u3"]
    assert [each["kind"] for each in open_alarms(desk)] == ["unit.limit"]
    assert len([line for line in outcome.lines if "refused" in line]) == 2
    assert [line for line in desk.take(*[garbage] * 3).lines if "refused" in line] == [], "told once a minute"
    desk.now += WINDOW_S
    assert desk.take(unit.batch()).new == 1


def test_a_unit_that_sends_all_of_its_backlog_again_is_no_trouble(desk: Desk) -> None:
    """Confirms were lost: 600 batches a second time are known, each, and nothing is held against it."""
    unit = desk.unit()
    unit.fact(count=600)
    messages = unit.batches(1)
    assert desk.take(*messages).new == 600
    assert desk.take(*messages).refused == 0
    assert open_alarms(desk) == []


def test_replies_leave_nothing_in_the_books_that_no_command_asked_for(desk: Desk) -> None:
    unit = desk.unit()
    for number in range(50):
        desk.take(unit.reply(Reply(f"c{number}", ReplyState.DONE, unit.at)))
    assert desk.count(schema.courses) == 0


# --- what it costs the others


@OTHER_ENGINE_LONG
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["forks", "epochs", "known", "garbage"])
def test_a_flood_holds_up_no_other_unit(
    tmp_path: Path, copies: Fresh, kind: str, record_property: Callable[[str, object], None]
) -> None:
    """1,200 messages as fast as the broker takes them; meanwhile another unit's facts, one after the other, are confirmed."""
    with start_broker(tmp_path / "broker") as broker, Site(tmp_path, copies, broker) as site:
        site.serve()
        bad, flooding = site.unit("bad")
        good, wire = site.unit("good")
        bad.fact(count=2000, door="main", by="h1", via="card")
        history = bad.batches(400)
        flooding.send_all(history)
        site.confirmed(bad, flooding, 2000)
        flood = flood_of(kind, bad)
        thread = threading.Thread(target=flooding.send_all, args=(flood,), name="flood")
        size = books_bytes(site.desk.path)
        thread.start()
        took = []
        while thread.is_alive() or len(took) < 10:
            good.fact()
            last = len(good.lines)
            begun = time.monotonic()
            wire.post(good.batch(last, last))
            site.confirmed(good, wire, last)
            took.append(time.monotonic() - begun)
        thread.join()
        grown = books_bytes(site.desk.path) - size
        record_property("figure", f"{kind}: another unit's fact at most {max(took):.2f} s, books +{grown / 1e6:.1f} MB")
        assert max(took) < 4, "12 s and more before there were limits"
        assert grown < 4e6


def flood_of(kind: str, bad: FakeUnit) -> list[object]:
    made = []
    if kind == "known":
        return [bad.batches(400)[number % 5] for number in range(1200)]
    other = FakeUnit(bad.name)
    if kind != "garbage":
        other.key = bad.key
    other.fact(count=400, door="main", by="h1", via="card")
    for number in range(1200):
        if kind == "forks":
            other.lines = other.lines[:399]
            other.h = other.h[:400]
            other.fact(door=f"d{number}")
            made.append(other.batch())
        elif kind == "epochs":
            other.begin(f"x{number}")
            other.fact()
            made.append(other.batch())
        else:
            made.append(other.batch())
    return made


def books_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.glob("books.db*"))


def test_limits_are_said_in_the_documents() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    bounds = BOUNDS[Excess.FORK], BOUNDS[Excess.EPOCH], BOUNDS[Excess.GAP]
    said = " · ".join(f"{bound.day:,} and {bound.in_all:,}" for bound in bounds)
    assert said in re.sub(r"\s+", " ", page)
    assert f"{limits.USELESS} messages in {limits.WINDOW_S:.0f} s" in page
