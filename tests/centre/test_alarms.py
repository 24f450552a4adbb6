"""Alarms reach a person: open until somebody takes note, one of each cause a unit, told by serve's log, `health` and the operator's program."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from centre import alarm_hook, schema
from centre.alarm_hook import AlarmHook
from centre.alarms import WAITING, RaisedAlarm
from centre.errors import CentreError
from contract import chain
from contract.plain import build_will
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.site import Site
from tests.centre.test_intake import alarms
from tests.centre.unit import FakeUnit
from tests.centre.wire import Wire
from tests.waiting import eventually


def open_alarms(desk: Desk, *args: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in desk.run("alarms", "list", "--json", *args).stdout.splitlines()]


def fork_of(unit: FakeUnit, number: int) -> FakeUnit:
    """The same key, another history."""
    other = FakeUnit(unit.name)
    other.key = unit.key
    other.fact("door.opened", 3, door=f"d{number}")
    return other


# --- taking note


def test_an_alarm_is_open_until_somebody_takes_note(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.forced", door="main")
    unit.fact("access.granted")
    unit.fact("lock.fault", door="back")
    desk.take(unit.alarm(1), unit.batch())
    first, second = open_alarms(desk)
    assert (first["kind"], first["fact"]["door"], first["matched"]) == ("door.forced", "main", True)
    assert (second["kind"], second["matched"]) == ("lock.fault", True), "the chain brought it where the alarm got lost"
    line = desk.run("alarms", "list").stdout.splitlines()[0]
    assert line.startswith("1  2026-")
    assert "b12-u2  door.forced  door=main  happened 2026-" in line
    desk.run("alarms", "ack", "1", "--by", "wang", "--why", "moved in a sofa")
    assert [each["id"] for each in open_alarms(desk)] == [2]
    kept = open_alarms(desk, "--all")[0]
    assert (kept["by"], kept["why"]) == ("wang", "moved in a sofa")
    assert abs(kept["acknowledged"] - time.time()) < 60
    assert "by wang: moved in a sofa" in desk.run("alarms", "list", "--all").stdout


def test_a_household_that_was_seen_again_says_so_and_when_it_happened(desk: Desk) -> None:
    unit = desk.unit("b12-u2")
    unit.fact("care.silent", holder="li", room="301")
    unit.fact("care.seen", holder="wu", source="card")
    desk.take(unit.batch())
    (line,) = desk.run("alarms", "list").stdout.splitlines()
    assert "happened" in line
    assert "seen again" not in line
    unit.fact("care.seen", holder="li", source="card")
    desk.take(unit.batch())
    assert "seen again" in desk.run("alarms", "list").stdout
    (value,) = map(json.loads, desk.run("alarms", "list", "--json").stdout.splitlines())
    assert value["happened"] < value["seen"]
    (line,) = [each for each in desk.run("health", code=1).stdout.splitlines() if "care.silent" in each]
    assert "happened" in line
    assert "seen again" in line


def test_all_are_acknowledged_or_none(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.forced", 3, door="main")
    desk.take(unit.batch())
    assert "9: no such alarm" in desk.run("alarms", "ack", "1", "9", "--why", "x", code=2).stderr
    assert len(open_alarms(desk)) == 3
    assert "--why: 1 to 500" in desk.run("alarms", "ack", "1", "--why", " ", code=2).stderr
    desk.run("alarms", "ack", "1", "2", "2", "--by", "wang", "--why", "x")
    assert "2: acknowledged already, by wang" in desk.run("alarms", "ack", "3", "2", "--why", "y", code=2).stderr
    assert [each["id"] for each in open_alarms(desk)] == [3]


# --- one of each cause


def test_what_comes_of_the_same_cause_is_counted_until_somebody_takes_note(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=5)
    desk.take(unit.batch())
    for number in range(4):
        desk.take(fork_of(unit, number).batch())
    (told,) = open_alarms(desk)
    assert (told["kind"], told["repeats"]) == ("history.fork", 3)
    desk.fresh_intake()
    assert desk.take(fork_of(unit, 4).batch()).alarms == [], "it is open still, over a restart"
    desk.run("alarms", "ack", str(told["id"]), "--why", "restored an image")
    desk.take(fork_of(unit, 0).batch())
    assert open_alarms(desk) == [], "the very same one is known"
    assert [each.kind for each in desk.take(fork_of(unit, 5).batch()).alarms] == ["history.fork"]
    assert [each["repeats"] for each in open_alarms(desk, "--all")] == [5, 0]


def test_another_unit_with_the_same_trouble_is_told_too(desk: Desk) -> None:
    for name in ("b12-u2", "b12-u3"):
        unit = desk.unit(name)
        unit.fact(count=5)
        desk.take(unit.batch(), fork_of(unit, 1).batch())
    assert sorted(each["unit"] for each in open_alarms(desk)) == ["b12-u2", "b12-u3"]


def test_two_boxes_of_one_identity_are_told_as_one(desk: Desk) -> None:
    """Copied with its journal: sessions that take turns, forks, new epochs, hundreds of messages."""
    unit = desk.unit()
    unit.fact(count=5)
    desk.take(unit.batch(), unit.status(session="s1"))
    copy = FakeUnit(unit.name)
    copy.key, copy.lines, copy.h = unit.key, unit.lines[:], unit.h[:]
    copy.fact("door.opened")
    unit.fact(count=1)
    desk.take(unit.batch(6, 6), copy.batch(6, 6))
    copy.begin("e2", ("e1", unit.h[5].hex()))
    for turn in range(100):
        desk.now += 30
        for box, session in ((unit, "s1"), (copy, "s2")):
            box.fact()
            last = len(box.lines)
            desk.take(box.status(session=session, at=box.at + turn), box.batch(last, last))
    (told,) = open_alarms(desk)
    assert told["kind"] == "unit.cloned"
    assert told["repeats"] > 100
    noted = [each for each in open_alarms(desk, "--all") if each["by"] is not None]
    assert {each["why"] for each in noted} == {f"told by alarm {told['id']}"}
    assert {each["kind"] for each in noted} == {"history.fork", "epoch.new"}


@pytest.mark.slow
def test_two_boxes_at_a_real_broker_are_told_as_one(site: Site) -> None:
    """With one login the two push each other off, again and again."""
    site.serve()
    unit, wire = site.unit()
    unit.fact(count=3)
    wire.send(unit.batch())
    site.confirmed(unit, wire, 3)
    boxes = [(unit, "s1"), (FakeUnit(unit.name), "s2")]
    boxes[1][0].key = unit.key
    for turn in range(12):
        box, session = boxes[turn % 2]
        box.at += 1
        box.fact()
        taken = Wire(site.broker.port, unit.name, None)
        last = len(box.lines)
        taken.send(box.status(session=session, at=box.at), box.batch(last, last))
        eventually(lambda gone=wire: not gone.connected)
        wire = taken
    eventually(lambda: [each["kind"] for each in open_alarms(site.desk)] == ["unit.cloned"])
    assert len([line for line in site.said if "ALARM" in line]) <= 3
    wire.close()


def test_a_unit_that_starts_again_is_no_clone(desk: Desk) -> None:
    """Nor is one whose messages come twice or late, as a broker may deliver them after `serve` was away."""
    unit = desk.unit()
    for number in range(20):
        desk.now += 60
        old = [unit.status(session=f"s{number}", at=unit.at + each) for each in range(3)]
        will = unit.message("status", build_will(f"s{number}"))
        fresh = unit.status(session=f"s{number + 1}", at=unit.at + 5)
        desk.take(*old, fresh, *old, will, fresh, old[1], fresh)
        desk.take(fresh, unit.status(session=f"s{number}", at=unit.at + 4), fresh)
        unit.at += 60
    assert alarms(desk) == []


def test_a_unit_does_not_raise_what_only_the_books_raise(desk: Desk) -> None:
    """Else it could have its own fork counted on a false alarm."""
    unit = desk.unit()
    unit.fact("history.fork", detail="nothing")
    assert desk.take(unit.alarm(1)).refused == 1
    assert desk.take(unit.batch()).new == 1
    assert alarms(desk) == []
    desk.take(fork_of(unit, 1).batch())
    assert [each["kind"] for each in open_alarms(desk)] == ["history.fork"]


@ONE_ENGINE
@pytest.mark.slow
def test_alarms_that_wait_for_their_facts_are_bounded(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.forced", WAITING + 50, door="main")
    outcome = desk.take(*(unit.alarm(number) for number in range(1, WAITING + 51)))
    assert (len(outcome.alarms), outcome.refused) == (WAITING, 50)
    desk.fresh_intake()
    for message in unit.batches(400):
        desk.take(message)
    assert len(open_alarms(desk)) == WAITING + 50, "the chain brought the rest"
    unit.fact("door.forced")
    assert desk.take(unit.alarm(WAITING + 51)).refused == 0


# --- serve, its log and its program


def test_serve_says_a_line_for_each_new_alarm(site: Site) -> None:
    site.serve()
    unit, wire = site.unit()
    unit.fact("door.forced", door="main", detail="\x1b]0;all is well\x07\n99:99:99 b12-u2: nothing")
    wire.send(unit.alarm(1), unit.batch())
    site.confirmed(unit, wire, 1)
    told = [line for line in site.said if "ALARM" in line]
    assert told == [
        'b12-u2: ALARM 1 door.forced door=main  detail="\\u001b]0;all is well\\u0007\\n99:99:99 b12-u2: nothing"'
    ]


def test_the_program_gets_each_alarm_and_none_twice_over_a_restart(site: Site, tmp_path: Path) -> None:
    program = script(tmp_path, 'cat >> "$0.out"')
    got = program.with_name("hook.out")

    def handed() -> list[dict[str, Any]]:
        return [json.loads(line) for line in got.read_text().splitlines()] if got.exists() else []

    site.serve(AlarmHook(program))
    unit, wire = site.unit()
    unit.fact("door.forced", door='main"; touch x; $(id)')
    unit.fact("lock.fault", door="back")
    wire.send(unit.batch())
    eventually(lambda: len(handed()) == 2)
    assert handed()[0]["fact"]["door"] == 'main"; touch x; $(id)'
    assert [(each["id"], each["unit"], each["kind"]) for each in handed()] == [
        (1, "b12-u2", "door.forced"),
        (2, "b12-u2", "lock.fault"),
    ]
    eventually(lambda: None not in [row.handed_utc for row in site.desk.rows(select(schema.alarms.c.handed_utc))])
    site.stop()
    site.desk.fresh_intake()
    unit.fact("door.forced", door="back")
    site.desk.take(unit.batch(3, 3))
    site.serve(AlarmHook(program))
    eventually(lambda: len(handed()) == 3)
    assert handed()[2]["id"] == 3, "one that nobody was told of before the restart"


def script(tmp_path: Path, text: str) -> Path:
    program = tmp_path / "hook"
    program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def alarm(number: int) -> RaisedAlarm:
    return RaisedAlarm(number, "b12-u2", "history.fork", "e1", 1, 0.0, "x" * 100_000, None)


@pytest.mark.slow
def test_a_program_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed with what it started, what waits is bounded, and both are told."""
    monkeypatch.setattr(alarm_hook, "LIMIT_S", 0.5)
    hook = AlarmHook(script(tmp_path, 'sleep 60 & echo $! > "$0.child"; wait'))
    begun = time.monotonic()
    hook.offer(alarm(number) for number in range(1, 200))
    assert time.monotonic() - begun < 0.2
    lines: list[str] = []
    eventually(lambda: lines.extend(hook.lines()) or hook.handed())
    eventually(lambda: lines.extend(hook.lines()) or any("were not handed" in line for line in lines))
    assert any("alarm 1: " in line and "killed, since it did not end" in line for line in lines)
    missed = next(line for line in lines if "were not handed" in line)
    assert 95 <= int(missed.split()[0]) <= 99
    child = int((tmp_path / "hook.child").read_text())
    monkeypatch.setattr(alarm_hook, "STOP_S", 0.3)
    begun = time.monotonic()
    hook.stop()
    assert time.monotonic() - begun < 3
    eventually(lambda: not Path(f"/proc/{child}/stat").exists() or " Z " in Path(f"/proc/{child}/stat").read_text())


def test_a_program_that_fails_or_reads_nothing_is_told(tmp_path: Path) -> None:
    hook = AlarmHook(script(tmp_path, "exec <&-; exit 3"))
    hook.offer([alarm(1), alarm(2)])
    lines: list[str] = []
    eventually(lambda: lines.extend(hook.lines()) or len(lines) == 2)
    assert all(line.endswith("exit code 3") for line in lines)
    hook.stop()
    with pytest.raises(CentreError, match="no program that can be run"):
        AlarmHook(tmp_path)


def test_a_program_whose_name_a_shell_would_take_apart(tmp_path: Path) -> None:
    program = script(tmp_path, 'cat > "$0.out"').rename(tmp_path / "hook; touch owned $(id)")
    hook = AlarmHook(program)
    hook.offer([alarm(1)])
    eventually(lambda: hook.handed() == [1])
    assert hook.lines() == []
    hook.stop()
    assert json.loads((tmp_path / f"{program.name}.out").read_text())["id"] == 1


# --- health


def causes(desk: Desk, code: int = 1) -> list[tuple[str, str | None]]:
    found = [json.loads(line) for line in desk.run("health", "--json", code=code).stdout.splitlines()]
    return [(each["cause"], each["unit"]) for each in found]


@pytest.mark.slow
def test_health_is_fine_or_names_each_thing_that_is_not(site: Site) -> None:
    desk = site.desk
    assert causes(desk) == [("serve", None)]
    site.serve()
    assert causes(desk, 0) == []
    unit, wire = site.unit()
    unit.fact("door.forced", door="main")
    wire.send(unit.status(), unit.batch())
    site.confirmed(unit, wire, 1)
    assert causes(desk) == [("alarm", "b12-u2")]
    assert desk.run("health", code=1).stdout.startswith("alarm 1: b12-u2: door.forced door=main (happened 20")
    desk.run("alarms", "ack", "1", "--why", "x")
    assert desk.run("health").stdout == ""
    long_ago = {"heard_utc": time.time() - 90_000, "online": True}
    with desk.books.writing() as conn:
        conn.execute(schema.units.update().values(**long_ago))
    assert causes(desk) == [("unit", "b12-u2")]
    site.broker.stop()
    assert causes(desk) == [("broker", None), ("unit", "b12-u2")]


def test_health_without_books_is_a_finding_not_a_failure(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    for file in desk.path.glob("books.db*"):
        file.unlink()
    assert causes(desk) == [("broker", None), ("books", None)]


def test_a_unit_that_was_never_heard_of_counts_from_its_enrolment(desk: Desk) -> None:
    desk.now = time.time() - 3600
    desk.unit("new")
    desk.now = time.time() - 90_000
    desk.unit("old")
    desk.unit("not-enrolled", enrolled=False)
    desk.unit("gone")
    desk.run("unit", "revoke", "gone")
    assert [each for each in causes(desk) if each[0] == "unit"] == [("unit", "old")]


def test_what_the_chain_says_of_an_alarm_that_was_false(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.opened", door="main")
    false = chain.line(1, unit.at, "synced", 1, 0.0, "door.forced", {"door": "main"})
    desk.take(unit.alarm(1, false), unit.batch())
    assert [(each["kind"], each["matched"]) for each in open_alarms(desk)] == [
        ("door.forced", False),
        ("alarm.mismatch", None),
    ]
