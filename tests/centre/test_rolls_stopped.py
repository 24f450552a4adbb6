"""A roll stopped, let go on, begun twice; and over restarts, restores and jumps of the clock."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from centre import backup, restored, roller, rolls, schema
from centre.acts import ActJournal
from centre.cli.context import CliContext
from centre.errors import CentreError
from centre.roll_course import READY_S
from centre.roller import Roller
from centre.rolls import Plan, Roll
from centre.schema_software import rolls as rolls_table
from centre.units import parse_scope
from centre.waves import Waves
from tests.centre.conftest import Desk, Fresh
from tests.centre.rolling import NEW, OLD, WHOLE, Rolling, bundle
from tests.centre.test_rolls import NAMES, first_wave
from tests.centre.unit import SITE


@pytest.fixture
def rolling(desk: Desk, tmp_path: Path) -> Rolling:
    return Rolling(desk, NAMES, tmp_path)


# --- stop and go


def test_it_goes_on_after_a_stop_with_a_reason_and_hands_it_out_again(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.shows(first, NEW)
    rolling.looks(4)
    ten = sorted(rolling.handed() - {first})
    rolling.fetches(*ten)
    rolling.shows(*ten[:8], NEW)
    rolling.look()
    rolling.tells(ten[8], "returned", back_to=OLD, reason="door")
    rolling.look()
    assert rolling.roll.state == "stopped"
    desk = rolling.desk
    assert "Missing option '--why'" in desk.run("software", "go", code=2).stderr
    assert "says nothing" in desk.run("software", "go", "--why", " ", code=2).stderr
    rolls.resume(desk.office, "wang", "that lock was broken before", desk.now)
    rolling.looks(2)
    assert desk.run("alarms", "list").stdout == "", "whoever lets it go on took note"
    assert rolling.handed() >= {ten[9]} | set(ten[:8]), "the one that had not begun is handed it again"
    assert ten[8] not in rolling.handed()
    rolling.shows(*(rolling.handed() - {first}), NEW)
    rolling.looks(3)
    assert rolling.roll.wave == 3
    rolling.verified()


def test_a_second_failure_after_it_went_on_is_a_new_alarm(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.tells(first, "returned", back_to=OLD, reason="door")
    rolling.look()
    rolls.resume(rolling.desk.office, "wang", "try another", rolling.desk.now)
    rolling.looks(2)
    (second,) = rolling.handed()
    assert second != first
    rolling.tells(second, "returned", back_to=OLD, reason="door")
    rolling.look()
    assert [each.split()[-2] for each in rolling.alarms()] == [first, second]
    rolling.verified()


def test_a_failure_of_the_next_roll_is_a_new_alarm(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.tells(first, "returned", back_to=OLD, reason="door")
    rolling.look()
    rolling.begin()
    rolling.looks(2)
    (second,) = rolling.handed()
    rolling.tells(second, "returned", back_to=OLD, reason="door")
    rolling.look()
    assert [each.kind for each in rolling.roller.alarms()] == ["software.stopped"] * 2, "both are told"
    rolling.verified()


def test_a_wave_that_will_not_be_ready_is_passed_over_by_hand(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.looks(5)
    rolls.resume(rolling.desk.office, "wang", "that door stands open all day", rolling.desk.now, skip=True)
    rolling.looks(2)
    assert rolling.roll.wave == 2
    assert len(rolling.handed() - {first}) == 10


def test_one_roll_at_a_time_and_a_stopped_one_makes_room(rolling: Rolling, tmp_path: Path) -> None:
    desk = rolling.desk
    desk.run("software", "add", str(bundle(tmp_path / "b.raucb", b"newer")), "--version", "1.2")
    rolling.begin()
    with pytest.raises(CentreError, match="is being rolled out"):
        rolling.begin(version="1.2")
    rolls.stop(desk.office, "li", "the newer one mends more", desk.now)
    assert rolling.begin(version="1.2").id == 2
    rolling.looks(2)
    assert {each["version"] for each in rolling.messages().values()} == {"1.2"}
    states = [row.state for row in desk.rows(select(rolls_table.c.state).order_by(rolls_table.c.id))]
    assert states == ["ended", "running"]
    rolling.verified()


def test_two_that_begin_one_at_the_same_moment_begin_one(rolling: Rolling) -> None:
    plan = Plan(NEW, parse_scope(WHOLE, SITE), Waves.parse("all"))
    gate, said = threading.Barrier(2), list[object]()

    def begin() -> None:
        office = CliContext(rolling.desk.path)
        office.books  # noqa: B018  # opened before the gate
        gate.wait()
        try:
            said.append(rolls.begin(office, plan, "li", "now", rolling.desk.now))
        except CentreError as error:
            said.append(str(error))
        office.books.close()

    threads = [threading.Thread(target=begin, name=f"clerk {n}") for n in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert sorted(isinstance(each, Roll) for each in said) == [False, True]
    assert any("is being rolled out" in str(each) for each in said)


def test_a_stop_that_comes_while_the_next_wave_is_reckoned_holds(
    rolling: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the write another process stops it: nobody is handed it."""
    rolling.begin("all")
    rolling.look()
    real = Roller._is_idle

    def stopping(self: Roller, *args: object) -> bool:
        monkeypatch.setattr(Roller, "_is_idle", real)
        rolls.stop(CliContext(rolling.desk.path), "li", "wait", rolling.desk.now)
        return False

    monkeypatch.setattr(Roller, "_is_idle", stopping)
    rolling.looks(3)
    assert rolling.messages() == {}


# --- restarts, restores


def test_nothing_is_told_of_a_stop_that_could_not_be_written(rolling: Rolling, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full at the last moment of it."""
    first = first_wave(rolling)
    rolling.tells(first, "returned", back_to=OLD, reason="door")

    def full(*_: object) -> None:
        raise OperationalError("", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(ActJournal, "enter", full)
        with pytest.raises(OperationalError):
            rolling.look()
    assert (rolling.roller.alarms(), rolling.alarms(), rolling.roll.state) == ([], [], "running")
    rolling.look()
    assert [each.kind for each in rolling.roller.alarms()] == ["software.stopped"]
    assert rolling.roll.state == "stopped"
    rolling.verified()


def test_a_stop_in_parts_goes_on_after_a_restart(rolling: Rolling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roller, "WITHDRAWN_AT_ONCE", 7)
    rolling.begin("all")
    rolling.looks(2)
    assert rolling.handed() == set(NAMES)
    rolling.tells("u3", "returned", back_to=OLD, reason="door")
    rolling.look()
    assert rolling.roll.state == "stopped"
    assert len(rolling.handed()) == 23
    left = []
    for _ in range(5):
        rolling.again()
        rolling.look()
        left.append(len(rolling.handed()))
    assert left == [16, 9, 2, 0, 0]
    assert len(rolling.alarms()) == 1
    rolling.verified()


def test_a_restart_of_serve_at_any_moment_changes_nothing(rolling: Rolling) -> None:
    rolling.begin()
    for _ in range(60):
        rolling.again()
        rolling.look()
        fresh = rolling.handed() - {name for name in NAMES if name not in rolling.stages()}
        rolling.shows(*sorted(fresh), NEW)
    assert rolling.roll.state == "done"
    assert [len(rolling.in_wave(number)) for number in (1, 2, 3, 4)] == [1, 10, 3, 16]


def test_five_minutes_go_on_over_a_restart(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.lock(first, "lost")
    rolling.look()
    rolling.again()
    rolling.look(READY_S + 1)
    assert rolling.roll.state == "stopped"


def test_books_restored_from_before_a_stop_do_not_roll_on(copies: Fresh, rolling: Rolling, tmp_path: Path) -> None:
    """The version was found to be bad after the backup: the older books say that it is being rolled out."""
    desk = rolling.desk
    first = first_wave(rolling)
    rolling.shows(first, NEW)
    rolling.look()
    desk.books.close()
    old = Desk(copies.copy(tmp_path / "old", desk.path))
    old.now = desk.now
    backup.mark_copied(old.office, old.now, None)
    rolling.desk = old
    rolling.again()
    rolling.looks(3)
    assert rolling.roll.state == "stopped"
    assert "restored from an older copy" in rolling.alarms()[0]
    assert len(rolling.messages()) == 1
    rolls.resume(old.office, "wang", "it is sound", old.now)
    rolling.looks(3)
    assert rolling.roll.state == "running", "once"
    assert len(rolling.handed()) == 11
    rolling.verified()
    old.close()


def test_what_the_lost_books_had_handed_out_is_withdrawn_with_the_rest(
    copies: Fresh, rolling: Rolling, tmp_path: Path
) -> None:
    """Taken back from the broker after the restore: the older books never knew of these units' wave."""
    desk = rolling.desk
    first = first_wave(rolling)
    desk.books.close()
    old = Desk(copies.copy(tmp_path / "old", desk.path))
    rolling.shows(first, NEW)
    rolling.looks(4)
    later = rolling.handed() - {first}
    assert len(later) == 10
    from centre import replay  # here, for one test

    tokens = {row.topic: row.token for row in desk.rows(select(schema.state).where(schema.state.c.kind == "software"))}
    old.now = desk.now
    backup.mark_copied(old.office, old.now, None)
    with old.books.alone() as conn:
        replay.take_back(conn, old.office.keys, replay.newer(conn, SITE, old.office.keys, tokens), old.now)
        restored.mark_replayed(conn, old.now)
    rolling.desk = old
    rolling.again()
    rolling.looks(2)
    assert rolling.roll.state == "stopped"
    assert {name for name, each in rolling.messages().items() if each.get("withdrawn")} >= later
    old.close()


def test_a_clock_that_jumps_hands_it_to_nobody_early(rolling: Rolling) -> None:
    rolling.begin(soak_s=3600.0)
    rolling.looks(2)
    (first,) = rolling.handed()
    rolling.look(4e8)  # 2040
    rolling.looks(2)
    assert rolling.handed() == {first}
    rolling.desk.now -= 8e8
    rolling.looks(2)
    assert rolling.handed() == {first}


def test_a_row_that_somebody_changed_is_seen(rolling: Rolling) -> None:
    rolling.begin()
    with rolling.desk.books.writing() as conn:
        conn.execute(update(rolls_table).values(why="another reason"))
    assert "software roll 1: why: not what the journal tells" in rolling.desk.run("verify", code=1).output
