"""Rule D1 in every state crossed with every fault: released in the step of the input, ordered again where the lock does not take it, and released for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.local import local_time
from agent.core.plan import UnitPlan
from agent.core.time import KnownTime, Trust
from contract.commands import Mode as DoorMode
from contract.commands import SetMode
from contract.hours import DoorTimes, Hours, Span
from contract.messages import Settings
from tests.agent.core.bench import PEOPLE, UNIT, Bench, command, devices_of, door_plan, holders, mode, of, unit_plan

ALWAYS = Hours(tuple((Span(0, 1440),) for _ in range(7)))
SOON = Hours(tuple((Span(14 * 60 + 5, 18 * 60),) for _ in range(7)))
NEVER = Hours(tuple(() for _ in range(7)))


def plan(safe_state: str, egress: bool = True) -> UnitPlan:
    main = door_plan(safe_state=safe_state, egress=egress)
    back = door_plan(id="back", lock_device="relay2", contact=False, contact_device=None, exit_device="relay2", fire=False,
                     fire_device=None, readers=("card2",), safe_state=safe_state)  # fmt: skip
    return unit_plan(main, back)


def well(safe_state: str) -> Bench:
    bench = Bench(plan(safe_state)).start().online()
    bench.wait(1.0)
    return bench


def first_moment(safe_state: str, **started: object) -> Bench:
    """Devices are there; neither holders nor journal."""
    bench = Bench(plan(safe_state), trust=Trust.UNKNOWN)
    bench.do(replace(ev.Started("s1", frozenset()), **started))  # type: ignore[arg-type]
    for device in devices_of(bench.state.plan):
        bench.do(ev.DeviceBack(device, "here"))
    return bench


def timed(times: DoorTimes, at_once: Hours = ALWAYS, rev: int = 1) -> Settings:
    hours = {"always": ALWAYS, "never": NEVER, "soon": SOON, "at_once": at_once}
    return Settings(UNIT, rev, 1.0, hours=hours, doors={"main": times, "back": times})


# --- states of a door, by name


def starting(safe: str) -> Bench:
    return first_moment(safe)


def starting_unread(safe: str) -> Bench:
    """The fire latch is not known, and no lock was read yet."""
    return first_moment(safe, latch_known=False)


def starting_unsure(safe: str) -> Bench:
    bench = first_moment(safe, latch_known=False)
    for door in ("main", "back"):
        bench.do(ev.LockRead(door, unlocked=False))
    return bench


def starting_in_lockdown(safe: str) -> Bench:
    return first_moment(safe, lockdown=tuple(fx.KeptMode(door, "lockdown", 4e9) for door in ("main", "back")))


def door_only(safe: str) -> Bench:
    return Bench(plan(safe)).start(door_only=True)


def normal(safe: str) -> Bench:
    return well(safe)


def off_hours(safe: str) -> Bench:
    bench = well(safe)
    bench.message(timed(DoorTimes(hours="never")))
    return bench


def held_by_command(safe: str) -> Bench:
    bench = well(safe)
    mode(bench, "hold_open", seconds=20.0)
    return bench


def held_by_schedule(safe: str) -> Bench:
    bench = well(safe)
    bench.message(timed(DoorTimes(hold_open="soon")))
    bench.wait(300.0)
    return bench


def locked_down(safe: str) -> Bench:
    bench = well(safe)
    mode(bench, "lockdown", seconds=20.0)
    return bench


def lockdown_without_egress(safe: str) -> Bench:
    bench = Bench(plan(safe, egress=False)).start().online()
    mode(bench, "lockdown", seconds=20.0)
    bench.do(ev.ExitChanged("main", pressed=True))
    return bench


def let_in(safe: str) -> Bench:
    """The pulse is ordered, and not sent yet."""
    bench = well(safe)
    bench.tap("anna")
    return bench


def somebody_comes_in(safe: str) -> Bench:
    bench = well(safe)
    bench.tap("old-li")
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True), after=2.0)
    return bench


def closing(safe: str) -> Bench:
    """The door has just closed: the order that locks it is on its way."""
    bench = somebody_comes_in(safe)
    bench.do(ev.ContactChanged("main", open=False))
    return bench


def exit_held(safe: str) -> Bench:
    bench = well(safe)
    bench.do(ev.ExitChanged("main", pressed=True))
    bench.wait(61.0)
    return bench


def command_pending(safe: str) -> Bench:
    """A remote open whose acceptance is with the store."""
    bench = well(safe)
    bench.message(command(bench))
    return bench


def mode_pending(safe: str) -> Bench:
    bench = well(safe)
    bench.message(command(bench, SetMode(DoorMode.LOCKDOWN, bench.utc + 60.0)))
    return bench


def checking_in(safe: str) -> Bench:
    bench = well(safe)
    bench.tap("wang")
    return bench


def forced(safe: str) -> Bench:
    bench = well(safe)
    bench.do(ev.ContactChanged("main", open=True))
    bench.wait(40.0)
    return bench


def lock_at_fault(safe: str) -> Bench:
    bench = well(safe)
    for _ in range(3):
        bench.do(ev.LockRead("main", unlocked=True), after=0.5)
    return bench


def reset_before(safe: str) -> Bench:
    """Fire, and reset a moment ago."""
    bench = well(safe)
    bench.do(ev.FireChanged("main", active=True))
    bench.do(ev.FireChanged("main", active=False))
    bench.tap("chief")
    return bench


STATES: tuple[Callable[[str], Bench], ...] = (
    starting, starting_unread, starting_unsure, starting_in_lockdown, door_only, normal, off_hours, held_by_command,
    held_by_schedule, locked_down, lockdown_without_egress, let_in, somebody_comes_in, closing, exit_held, command_pending,
    mode_pending, checking_in, forced, lock_at_fault, reset_before,
)  # fmt: skip

# --- what ails beside


def store(event: ev.Event) -> Callable[[Bench], None]:
    return lambda bench: bench.do(event) and None


FAULTS: dict[str, Callable[[Bench], object]] = {
    "all well": lambda bench: None,
    "disk full": lambda bench: bench.do(ev.StoreFailed("full", "")),
    "disk read-only": lambda bench: bench.do(ev.StoreFailed("read_only", "")),
    "disk fails": lambda bench: bench.do(ev.StoreFailed("failed", "")),
    "disk hangs": lambda bench: bench.do(ev.StoreHangs(hangs=True)),
    "latch not saved": lambda bench: bench.do(ev.LatchSaved(saved=False, detail="full")),
    "no link": lambda bench: bench.do(ev.LinkDown("gone")),
    "clock lost": lambda bench: clock(bench, Trust.FLOOR, 0.0),
    "clock ten years on": lambda bench: clock(bench, Trust.SYNCED, 3.2e8),
    "clock at 1970": lambda bench: clock(bench, Trust.UNKNOWN, -bench.utc),
    "no display": lambda bench: bench.do(ev.DeviceGone("panel", "silent", "")),
    "stopped for a minute": lambda bench: bench.stopped(60.0),
    "all of it": lambda bench: [FAULTS[each](bench) for each in ("disk hangs", "latch not saved", "no link", "clock at 1970", "no display")],
}  # fmt: skip


def clock(bench: Bench, trust: Trust, by: float) -> None:
    bench.trust, bench.utc = trust, bench.utc + by
    bench.do(ev.ClockStepped(trust, by))


def begins_next(bench: Bench) -> Hours:
    """From the next minute on, by whatever clock it is."""
    local = local_time(bench.now())
    minute = local.hour * 60 + local.minute + 1
    assert minute < 1439
    return Hours(tuple((Span(minute, 1440),) for _ in range(7)))


def released(bench: Bench) -> None:
    """Ordered in the step of the input, for every door, with nothing ahead of it."""
    found = bench.do(ev.FireChanged("main", active=True))
    orders = {each.door: each for each in of(fx.SetLock, found) if each.unlocked}
    assert set(orders) == {"main", "back"}
    assert [each for each in found if isinstance(each, fx.SetLock | fx.SaveLatch)] == list(found[:3])
    assert not any(not each.unlocked for each in of(fx.SetLock, found))
    assert of(fx.PulseLock, found) == []
    assert of(fx.SaveLatch, found)[-1].doors == {"main", "back"}


def whatever_comes_next(bench: Bench) -> None:
    """All that could lock a door again, or send a pulse whose end would."""
    bench.do(ev.FireChanged("main", active=False), after=0.2)
    bench.do(ev.ContactChanged("main", open=True))
    bench.do(ev.ContactChanged("main", open=False), after=3.0)
    bench.do(ev.ExitChanged("main", pressed=False))
    bench.do(ev.ExitChanged("main", pressed=True), after=0.3)
    bench.tap("anna")
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, ()))
    bench.do(ev.LatchRead(frozenset(), known=True))
    bench.do(ev.LockdownRead((fx.KeptMode("main", "lockdown", 4e9),), known=True))
    bench.opened(modes=(fx.KeptMode("back", "lockdown", bench.utc + 900.0),), known=KnownTime(bench.utc, bench.utc))
    for record in [each for each in bench.all(fx.AppendFacts) if each.seen is not None]:
        bench.recorded(record)
    for door in ("main", "back"):
        lock = bench.door(door).lock
        if lock.order is not None:
            bench.do(ev.LockOrderFailed(door, lock.order, "silent"))
    clock(bench, Trust.SYNCED, 3600.0)
    bench.message(timed(DoorTimes("never", "at_once"), begins_next(bench), rev=2), retained=True)
    bench.wait(61.0)
    assert any(door.span_until for door in bench.state.doors) or bench.state.door_only, "a schedule begins meanwhile"
    bench.do(ev.DeviceGone("relay", "silent", ""))
    bench.do(ev.DeviceBack("relay", "here"), after=2.0)
    bench.message(timed(DoorTimes(), rev=3), retained=True)
    bench.wait(75.0)
    bench.tap("stranger")


@pytest.mark.claim("D1", "F40")
@pytest.mark.parametrize("safe_state", ["locked", "unlocked"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_fire_in_every_state_with_every_fault(
    state: Callable[[str], Bench], safe_state: str, record_property: Callable[[str, object], None]
) -> None:
    for name, ails in FAULTS.items():
        bench = state(safe_state)
        ails(bench)
        bench.forget()
        try:
            released(bench)
            _taken_late(bench)
            bench.forget()
            whatever_comes_next(bench)
            assert all(each.unlocked for each in bench.all(fx.SetLock))
            assert bench.all(fx.PulseLock) == []
            assert {door.id for door in bench.state.doors if door.latched} == {"main", "back"}
        except AssertionError as error:
            raise AssertionError(f"{state.__name__}, {name}: {error}") from error
    record_property("figure", f"{len(STATES) * len(FAULTS) * 2} cells, each released in the step of the input")


def _taken_late(bench: Bench) -> None:
    """A lock that does not answer gets the order again, well within a second; then it takes it."""
    order = bench.door("back").lock.order
    assert order is not None
    bench.do(ev.LockOrderFailed("back", order, "silent"), after=0.2)
    found = bench.wait(0.5)
    assert [each.unlocked for each in of(fx.SetLock, found) if each.door == "back"] == [True]
    for door in ("main", "back"):
        order = bench.door(door).lock.order
        assert order is not None
        bench.do(ev.LockOrderSent(door, order))
        bench.do(ev.LockRead(door, unlocked=True))


@pytest.mark.claim("D1")
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_lock_whose_line_is_away_is_released_when_it_is_back(state: Callable[[str], Bench]) -> None:
    bench = state("locked")
    bench.do(ev.DeviceGone("relay2", "silent", ""))
    bench.do(ev.FireChanged("main", active=True))
    bench.wait(5.0)
    found = bench.do(ev.DeviceBack("relay2", "here"))
    assert [each.unlocked for each in of(fx.SetLock, found) if each.door == "back"] == [True]
    assert of(fx.PulseLock, found) == []


def test_there_are_cells_enough() -> None:
    assert len(STATES) * len(FAULTS) * 2 >= 200
