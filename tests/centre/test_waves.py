"""How many units a wave has, what stops a roll, and when a unit is door-ready: by values alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre import roll_course
from centre.roll_course import READY_S, Failure, Followed, Heard, Member, RollStage, SaidOf, heard_of, judged
from centre.waves import Waves, may_fail
from contract.plain import DoorStatus
from tests.centre.unit import HEALTHY

NEW = "1.1"
MEMBER = Member("a", 1, 100.0)
OFF = Heard(online=False, since_utc=100.0, version="1.0", well=True)
OLD_RUNS = Heard(online=True, since_utc=100.0, version="1.0", well=True)
RUNS = replace(OLD_RUNS, version=NEW)
FETCHED = SaidOf(fetched=True)


def test_waves_in_words() -> None:
    waves = Waves.parse(" 1, 10,10%,all")
    assert waves.text == "1,10,10%,all"
    assert [waves.size(number, 2000) for number in (1, 2, 3, 4)] == [1, 10, 200, 2000]
    assert waves.size(3, 11) == 2
    assert [waves.is_last(number) for number in (1, 4)] == [False, True]
    assert len(Waves.parse("all")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "all,1",
        "0,all",
        "-1,all",
        "1.5,all",
        "100%,all",
        "0%,all",
        "x,all",
        "１,all",
        "1,,all",
        "1,all,all",
        "9" * 9 + ",all",
        "1," * 10 + "all",
    ],
)
def test_what_is_no_list_of_waves(text: str) -> None:
    with pytest.raises(ValueError, match=r"all|number"):
        Waves.parse(text)


def test_two_in_a_hundred_may_fail_and_of_few_none() -> None:
    assert [may_fail(count) for count in (0, 1, 10, 49, 50, 99, 100, 1800)] == [0, 0, 0, 0, 1, 1, 2, 36]


def standing(member: Member = MEMBER, heard: Heard = OLD_RUNS, said: SaidOf = FETCHED) -> Followed:
    return Followed(member, heard, said)


def stood(now: float, since: float = 0.0, **parts: Any) -> Member:
    return judged(standing(**parts), NEW, now, since)


def test_a_unit_is_ready_when_it_says_so_online_with_its_locks() -> None:
    assert stood(110.0, heard=RUNS).ready_utc == 110.0
    assert stood(120.0, heard=RUNS, member=replace(MEMBER, ready_utc=110.0)).ready_utc == 110.0
    assert not stood(110.0, heard=replace(RUNS, online=False)).ready
    assert not stood(110.0).ready, "it runs another version"


@pytest.mark.parametrize(("lock", "well"), [("ok", True), ("lost", False), ("fault", False)])
def test_each_lock_is_to_do_what_it_is_told(lock: str, well: bool) -> None:
    doors = {
        "main": DoorStatus("normal", open=None, unlocked=False, lock=lock, held=False),
        "yard": DoorStatus("normal", open=False, unlocked=False, lock="ok", held=False),
    }
    assert heard_of(True, 1.0, replace(HEALTHY, doors=doors)).well is well


def test_a_unit_that_runs_the_door_alone_is_not_well() -> None:
    assert not heard_of(True, 1.0, replace(HEALTHY, door_only=5.0)).well


@pytest.mark.parametrize("version", ["a:1", ":", "", None, "½:1", "x" * 100])
def test_a_version_that_is_none_is_compared_with_nothing(version: str | None) -> None:
    heard = heard_of(True, 1.0, replace(HEALTHY, version=version))
    judged(standing(heard=heard), NEW, 110.0, 0.0)


def test_after_five_minutes_with_the_version_and_without_its_lock_it_failed() -> None:
    unwell = stood(110.0, heard=replace(RUNS, well=False))
    assert (unwell.unwell_utc, unwell.failed) == (110.0, None)
    again = {"heard": replace(RUNS, well=False), "member": unwell}
    assert stood(110.0 + READY_S, **again).failed is None
    late = stood(110.1 + READY_S, **again)
    assert late.failed is Failure.UNREADY
    assert stood(500.0, member=late, heard=RUNS).ready, "it came back all the same"


def test_who_had_the_bundle_and_is_off_for_five_minutes_failed_and_who_had_not_is_away() -> None:
    assert stood(100.0 + READY_S, heard=OFF).failed is None
    assert stood(100.1 + READY_S, heard=OFF).failed is Failure.GONE
    assert stood(1e9, heard=OFF, said=SaidOf()) == MEMBER
    assert standing(heard=OFF, said=SaidOf()).away
    assert stood(1e9, heard=OFF, member=replace(MEMBER, ready_utc=105.0)).ready, "what was ready may be off"
    back = stood(900.0, member=replace(MEMBER, failed=Failure.GONE))
    assert back.failed is None, "it runs the old version still, and may yet"


def test_nobody_is_blamed_for_the_time_in_which_nobody_listened() -> None:
    assert stood(1000.0, since=900.0, heard=OFF).failed is None
    assert (
        stood(1000.0, since=900.0, heard=replace(RUNS, well=False), member=replace(MEMBER, unwell_utc=110.0)).failed
        is None
    )
    assert stood(1201.0, since=900.0, heard=OFF).failed is Failure.GONE


def test_what_it_tells_of_the_version_counts_unless_it_runs_it() -> None:
    assert stood(110.0, said=SaidOf(True, returned="door")).failed is Failure.RETURNED
    assert stood(110.0, said=SaidOf(refused="wrong")).failed is Failure.REFUSED
    assert stood(110.0, said=SaidOf(refused="form")).failed is Failure.UNFIT
    assert stood(110.0, said=SaidOf(refused="older")).failed is Failure.UNFIT
    assert stood(110.0, heard=RUNS, said=SaidOf(True, returned="door")).ready, "by hand, later"


def test_a_unit_that_went_back_without_a_word_failed() -> None:
    assert stood(200.0, member=replace(MEMBER, ready_utc=110.0)).failed is Failure.RETURNED
    assert stood(200.0, heard=replace(OLD_RUNS, version="2.0")).failed is Failure.UNFIT


def wave(ready: int, failed: int = 0, pending: int = 0, away: int = 0, excused: int = 0) -> list[Followed]:
    found = [standing(replace(MEMBER, ready_utc=1.0), RUNS) for _ in range(ready)]
    found += [standing(replace(MEMBER, failed=Failure.RETURNED)) for _ in range(failed)]
    found += [standing() for _ in range(pending)]
    found += [standing(heard=OFF, said=SaidOf()) for _ in range(away)]
    return found + [standing(replace(MEMBER, failed=Failure.RETURNED, excused=True)) for _ in range(excused)]


def test_a_wave_of_nobody_never_passes() -> None:
    assert not roll_course.passed([], 0, more=False)
    assert not roll_course.passed(wave(0, away=10), 10, more=False)
    assert not roll_course.passed(wave(0, excused=3), 3, more=False)


def test_a_wave_passes_when_it_is_full_and_ready_but_for_two_in_a_hundred() -> None:
    assert roll_course.passed(wave(10), 10, more=True)
    assert not roll_course.passed(wave(9), 10, more=True)
    assert roll_course.passed(wave(9, away=1), 10, more=False), "who is off stops no wave"
    assert not roll_course.passed(wave(9, pending=1), 10, more=False)
    assert roll_course.passed(wave(98, pending=1, failed=1), 100, more=True)
    assert not roll_course.passed(wave(97, pending=3), 100, more=True)


@given(ready=st.integers(0, 300), failed=st.integers(0, 60), away=st.integers(0, 50), excused=st.integers(0, 10))
def test_it_stops_exactly_above_two_in_a_hundred(ready: int, failed: int, away: int, excused: int) -> None:
    count = ready + failed
    stops = failed > (count * 2 // 100 if count >= 50 else 0)
    lost = roll_course.lost_in(wave(ready, failed, away=away, excused=excused))
    assert bool(lost) is stops
    assert all(each.lost for each in lost)


def test_a_late_failure_of_an_earlier_wave_stops_it_too() -> None:
    early = [standing(replace(MEMBER, failed=Failure.RETURNED))]
    later = [standing(replace(MEMBER, wave=2, ready_utc=1.0), RUNS) for _ in range(200)]
    assert roll_course.lost_in(early + later) == early


def test_stages() -> None:
    def stage(**parts: Any) -> RollStage:
        return standing(**parts).stage(NEW)

    assert stage(said=SaidOf()) is RollStage.HANDED
    assert stage() is RollStage.FETCHED
    assert stage(heard=RUNS) is RollStage.INSTALLED
    assert stage(heard=OFF, said=SaidOf()) is RollStage.AWAY
    assert stage(member=replace(MEMBER, ready_utc=1.0)) is RollStage.READY
    assert stage(member=replace(MEMBER, failed=Failure.GONE)) is RollStage.GONE
