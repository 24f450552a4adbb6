"""Rule D8: five wrong codes lock a reader's entry of codes, for longer each time, over restarts, and nothing else."""

from __future__ import annotations

import math

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.time import Trust
from agent.core.tries import lock_s
from contract.facts import AccessLockedOut
from contract.messages import Holder
from tests.agent.core.bench import Bench, card, command, door_plan, facts_of, of, pin, the, unit_plan

MAY = Holder("may", key="key-may", pin=pin("4711"), duress=pin("4712"), room="302")
RIGHT = (pin("4711"),)
pytestmark = pytest.mark.claim("D8")


def bench(**changes: Trust) -> Bench:
    return Bench(**changes).start(MAY, Holder("anna"))


def wrong(unit: Bench, reader: str = "card", *, after: float = 1.0) -> tuple[fx.Effect, ...]:
    return unit.do(ev.PinEntered(reader, ("00",), unit.mono + after), after=after)


def right(unit: Bench) -> bool:
    return bool(of(fx.PulseLock, unit.do(ev.PinEntered("card", RIGHT, unit.mono + 1.0), after=1.0)))


def kept(unit: Bench) -> fx.KeptTries | None:
    found = [each.tries for each in unit.all(fx.AppendFacts) if each.tries is not None]
    return found[-1] if found else None


def test_five_wrong_in_a_row_lock_it_for_thirty_seconds_then_double() -> None:
    unit = bench()
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        for _ in range(5):
            assert "access.denied" in facts_of(wrong(unit))
        assert unit.page().title == "密码输入已锁定"
        number = str(seconds if seconds <= 90 else seconds // 60)
        assert number in "".join(unit.page().body)
        found = wrong(unit)
        assert facts_of(found)["access.denied"]["reason"] == "locked_out"
        assert not of(fx.AppendFacts, wrong(unit)), "one fact a lock-out, however often somebody tries"
        unit.wait(seconds - 4.0)
        assert not right(unit), "not even the right one"
        unit.wait(1.0)


def test_a_right_one_begins_anew() -> None:
    unit = bench()
    for _ in range(2):
        for _ in range(4):
            wrong(unit)
        assert right(unit)
    assert unit.state.access.tries["card"].wrong == 0
    unit.wait(3 * 3600.0)
    assert right(unit)
    assert not unit.state.access.tries
    for _ in range(5):
        wrong(unit)
    unit.wait(30.0)
    assert right(unit)
    for _ in range(5):
        wrong(unit)
    assert unit.state.access.tries["card"].until == unit.mono + 30.0


def test_a_pin_of_ones_own_between_guesses_buys_no_more_of_them() -> None:
    """A neighbour who opens with their own PIN after each four guesses at somebody else's: a day of that."""
    unit = bench()
    judged, end = 0, unit.mono + 86_400.0
    while unit.mono < end:
        for _ in range(4):
            reason = facts_of(wrong(unit, after=2.0)).get("access.denied", {}).get("reason")
            judged += reason == "pin"
        right(unit)
        tries = unit.state.access.tries.get("card")
        if tries is not None and tries.until is not None:
            unit.wait(tries.until - unit.mono)
    assert judged <= limits.TRIES * (6 + 86_400 / limits.LOCK_OUT_MAX_S), "no more than who has none"


def test_nor_does_one_after_each_lock_out() -> None:
    """The same neighbour, who waits for the lock-out to end and opens the door then: a day of that, as seen at the centre."""
    unit = bench()
    judged, alarms, end = 0, 0, unit.mono + 86_400.0
    while unit.mono < end:
        found = facts_of(wrong(unit, after=2.0))
        judged += found.get("access.denied", {}).get("reason") == "pin"
        alarms += "access.locked_out" in found
        tries = unit.state.access.tries["card"]
        if tries.until is not None:
            unit.wait(tries.until - unit.mono)
            right(unit)
    assert 90 < judged <= limits.TRIES * (6 + 86_400 / limits.LOCK_OUT_MAX_S)
    assert alarms <= 12 + 86_400 / limits.LOCK_OUT_MAX_S, "who keeps at it cannot flood the centre"


def test_each_lock_out_is_one_alarm() -> None:
    """As it begins, with the fifth wrong one, in the same record: whoever goes on trying tells no more of it."""
    unit = Bench(unit_plan(door_plan(camera="gate-1"))).start(MAY)
    for seconds in (30.0, 60.0, 120.0):
        for _ in range(4):
            assert "access.locked_out" not in facts_of(wrong(unit))
        found = wrong(unit)
        told = {"door": "main", "device": "card", "lock_s": seconds, "camera": "gate-1"}
        assert facts_of(found)["access.locked_out"] == told
        assert len(of(fx.AppendFacts, found)) == 1, "with the try, and how many there were: never one without the other"
        for _ in range(3):
            assert "access.locked_out" not in facts_of(wrong(unit))
        unit.wait(seconds)


def test_the_alarm_goes_ahead_of_what_waits() -> None:
    unit = bench().online()
    unit.tap("anna")
    found = [wrong(unit) for _ in range(5)][-1]
    record = the(fx.AppendFacts, found)
    place = [each.fact for each in record.facts].index(AccessLockedOut("main", "card", 30.0))
    (ahead,) = of(fx.SendAhead, unit.recorded(record))
    assert (ahead.leaf, ahead.seq) == ("alarm", unit.seq - len(record.facts) + place)


def test_a_restart_is_no_further_alarm() -> None:
    """Somebody at the board's plug in each lock-out: it lasts, and was told."""
    unit = Bench().start(MAY)
    found = unit.opened(tries=(fx.KeptTries("card", 0, 3, unit.utc + 100.0),))
    assert unit.state.access.tries["card"].until is not None
    assert "access.locked_out" not in facts_of(found)
    assert "access.locked_out" not in facts_of(wrong(unit))


def test_visitors_codes_are_tries_too() -> None:
    unit = bench()
    for _ in range(3):
        wrong(unit)
    for _ in range(2):
        unit.type("00000000#")
    assert unit.state.access.tries["card"].until is not None
    assert unit.type("00000000#")
    assert unit.page().title == "密码输入已锁定"


def test_everything_else_goes_on() -> None:
    unit = Bench(unit_plan(door_plan(readers=("card", "inner")))).start(MAY, Holder("anna")).online()
    for _ in range(6):
        wrong(unit)
    assert of(fx.PulseLock, unit.tap("anna"))
    unit.settle()
    unit.wait(10.0)
    assert of(fx.PulseLock, unit.do(ev.ExitChanged("main", pressed=True)))
    unit.wait(10.0)
    assert of(fx.PulseLock, unit.recorded(the(fx.AppendFacts, unit.message(command(unit)))))
    assert of(fx.PulseLock, unit.do(ev.PinEntered("inner", RIGHT), after=10.0)), "another reader has tries of its own"
    assert of(fx.SetLock, unit.do(ev.FireChanged("main", active=True)))


def test_keys_are_taken_in_the_same_way_and_sound_the_same() -> None:
    free, locked = bench(), bench()
    for _ in range(5):
        wrong(locked)
    locked.wait(8.0)
    free.wait(locked.mono - free.mono)
    for key in "302*4711":
        one, other = free.type(key), locked.type(key)
        assert [type(each) for each in one] == [type(each) for each in other]
        assert free.page() == locked.page()
        assert of(fx.SoundTone, other) == of(fx.SoundTone, one) == [fx.SoundTone("main", "key")]


def test_a_card_that_needs_its_pin_says_so_at_once() -> None:
    unit = Bench().start(Holder("bo", key="key-bo", pin=pin("9031", "bo"), pin_required=True))
    for _ in range(5):
        wrong(unit)
    assert not of(fx.ExpectPin, unit.do(ev.CardRead("card", card("bo")), after=1.0))
    assert unit.page().title == "密码输入已锁定"


def test_it_is_written_down_with_each_wrong_try_and_with_the_end() -> None:
    unit = bench()
    for count in range(1, 5):
        wrong(unit)
        assert kept(unit) == fx.KeptTries("card", count, 0, None)
    wrong(unit)
    assert kept(unit) == fx.KeptTries("card", 0, 1, unit.utc + 30.0)
    unit.wait(30.0)
    assert kept(unit) == fx.KeptTries("card", 0, 1, None)
    right(unit)
    assert kept(unit) == fx.KeptTries("card", 0, 0, None)


@pytest.mark.parametrize("trust", list(Trust))
def test_over_a_restart_it_lasts_its_whole_length_again_unless_surely_over(trust: Trust) -> None:
    unit = Bench(trust=trust).start(MAY)
    unit.opened(tries=(fx.KeptTries("card", 0, 3, unit.utc + 100.0),))
    assert unit.state.access.tries["card"].until == unit.mono + lock_s(3)
    assert not right(unit)
    unit.wait(lock_s(3))
    assert right(unit)
    unit = Bench(trust=trust).start(MAY)
    unit.opened(tries=(fx.KeptTries("card", 0, 3, unit.utc - 1.0),))
    assert right(unit) is (trust is not Trust.UNKNOWN)
    unit = Bench(trust=trust).start(MAY)
    unit.opened(tries=(fx.KeptTries("card", 0, 3, math.inf),))
    assert not right(unit)


def test_what_was_tried_before_the_journal_was_open_is_added() -> None:
    unit = bench()
    wrong(unit)
    wrong(unit)
    found = unit.opened(tries=(fx.KeptTries("card", 3, 2, None), fx.KeptTries("gone", 4, 1, None)))
    assert facts_of(found)["access.locked_out"] == {"door": "main", "device": "card", "lock_s": lock_s(3)}
    assert unit.state.access.tries["card"].until == unit.mono + lock_s(3)
    assert "gone" not in unit.state.access.tries
    unit = bench()
    unit.opened(tries=(fx.KeptTries("card", 4, 0, None),))
    wrong(unit)
    assert unit.state.access.tries["card"].until is not None


@pytest.mark.slow
def test_the_whole_space_at_full_speed_gets_five_tries_a_window() -> None:
    """Row 29: ten thousand PINs as fast as fingers of steel type them, and on for a day of the clock: what is judged is bounded."""
    unit = bench()
    judged, hours = 0, 24.0
    begin, number = unit.mono, 0
    while unit.mono - begin < hours * 3600.0:
        before = unit.state.access.tries.get("card")
        if before is not None and before.until is not None and number % 50 == 0:
            unit.stopped(before.until - unit.mono - 1.0)
        number += 1
        found = unit.do(ev.PinEntered("card", (pin(f"{number % 10_000:04d}", "999"),), unit.mono + 0.2), after=0.2)
        judged += any(fact["reason"] == "pin" for name, fact in facts_of(found).items() if name == "access.denied")
        assert not of(fx.PulseLock, found)
    windows = 6 + (hours * 3600.0) / 900.0
    assert 5 * 90 < judged <= 5 * windows
    assert number > 4_000


def test_no_number_is_too_large() -> None:
    unit = bench()
    unit.opened(tries=(fx.KeptTries("card", 4, 10**9, None),))
    wrong(unit)
    assert unit.state.access.tries["card"].until == unit.mono + 900.0
