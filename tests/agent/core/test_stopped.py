"""All that can end in an unlock and has an age, against a stop of the agent and a clock that is set: what was asked before, and is heard behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from contract.messages import Holder
from tests.agent.core.bench import PEOPLE, Bench, card, command, door_plan, mode, of, pin, the, unit_plan

pytestmark = pytest.mark.claim("D12", "D13", "F41")

MAY = Holder("may", key="key-may", pin=pin("4711"), room="302")
HELD_S = 0.05
"""Between what somebody does and its being read."""
Heard = Callable[[], object]


def a_card(bench: Bench) -> Heard:
    read = ev.CardRead("card", card("anna"), bench.mono - HELD_S)
    return lambda: bench.do(read)


def the_last_key_of_a_pin(bench: Bench) -> Heard:
    bench.type("302*4711")
    entered = bench.keypad().key("#", bench.mono - HELD_S, bench.mono)
    assert entered is not None
    return lambda: bench.do(entered)


def a_visitors_code_whose_use_is_being_written(bench: Bench) -> Heard:
    found = bench.do(ev.VisitorEntered("card", 3, "2026-11-24", bench.mono - HELD_S))
    (record,) = [each for each in of(fx.AppendFacts, found) if each.visitor is not None]
    return lambda: bench.recorded(record)


def an_open_that_is_being_written(bench: Bench) -> Heard:
    """It was signed a second ago, for twenty more."""
    record = the(fx.AppendFacts, bench.message(command(bench)))
    return lambda: bench.recorded(record)


def a_press_whose_order_died(bench: Bench) -> Heard:
    bench.do(ev.ExitChanged("main", pressed=True))
    order = bench.door().lock.order or 0
    return lambda: bench.do(ev.LockOrderFailed("main", order, "late"))


def an_exit_button_that_is_pressed_now(bench: Bench) -> Heard:
    return lambda: bench.do(ev.ExitChanged("main", pressed=True))


def a_pulse_to_be_renewed(bench: Bench) -> Heard:
    bench.let_in("anna")
    bench.let_in("old-li", after=3.85)
    return lambda: bench.wait(0.1)


def a_lease_of_a_door_held_open(bench: Bench) -> Heard:
    mode(bench, "hold_open", seconds=3600.0)
    bench.settle()
    bench.wait(4.95)
    return lambda: bench.wait(0.1)


def nothing(bench: Bench) -> Heard:
    return lambda: bench.wait(0.1)


STOPS = (0.5, 1.0, 5.0, 60.0)
TABLE: dict[Callable[[Bench], Heard], tuple[bool, bool, bool, bool]] = {
    # unlocked behind a stop of               0.5 s  1 s    5 s    60 s
    a_card:                                  (True,  False, False, False),
    the_last_key_of_a_pin:                   (True,  False, False, False),
    a_visitors_code_whose_use_is_being_written: (True, True, False, False),
    an_open_that_is_being_written:           (True,  True,  True,  False),
    a_press_whose_order_died:                (True,  True,  False, False),
    an_exit_button_that_is_pressed_now:      (True,  True,  True,  True),
    a_pulse_to_be_renewed:                   (True,  False, False, False),
    a_lease_of_a_door_held_open:             (True,  True,  True,  True),
    nothing:                                 (False, False, False, False),
}  # fmt: skip


def asked(row: Callable[[Bench], Heard]) -> tuple[Bench, Heard]:
    bench = Bench(unit_plan(door_plan())).start(*PEOPLE, MAY).online()
    return bench, row(bench)


def before_any_timer(bench: Bench, heard: Heard) -> None:
    """As the loop takes it: what waits in the inbox first."""
    setattr(bench, "wait", lambda _seconds: [])  # noqa: B010
    heard()
    delattr(bench, "wait")
    bench.wait(0.3)


@pytest.mark.parametrize(
    ("row", "stopped_s", "opens"),
    [(row, *each) for row, told in TABLE.items() for each in zip(STOPS, told, strict=True)],
)
def test_what_was_asked_before_a_stop_and_is_heard_after_it(
    row: Callable[[Bench], Heard], stopped_s: float, opens: bool
) -> None:
    """The inbox holds what came before; it is taken before any timer is looked at."""
    bench, heard = asked(row)
    bench.forget()
    bench.mono, bench.utc = bench.mono + stopped_s, bench.utc + stopped_s
    before_any_timer(bench, heard)
    assert bool(bench.all(fx.PulseLock)) is opens


@pytest.mark.parametrize("leap_s", [-86_400.0, -3600.0, 3600.0, 86_400.0, 15 * 365 * 86_400.0])
@pytest.mark.parametrize("row", list(TABLE))
def test_a_clock_that_is_set_makes_nothing_older_or_newer(row: Callable[[Bench], Heard], leap_s: float) -> None:
    """But an open that was signed to be over by then."""
    bench, heard = asked(row)
    bench.forget()
    bench.mono, bench.utc = bench.mono + 0.2, bench.utc + leap_s
    before_any_timer(bench, heard)
    expired = row is an_open_that_is_being_written and leap_s > 0
    ends = row is a_lease_of_a_door_held_open
    if not ends:
        assert bool(bench.all(fx.PulseLock)) is (TABLE[row][0] and not expired)
