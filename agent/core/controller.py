"""The core's front: `initial`, `step`, `deadline`. Gives each event to its owner, then lets time pass, then draws what changed.

Pure: no clock, no I/O, no threads, no logging, no randomness; never raises on an event of a declared type.
"""

from __future__ import annotations

from agent.core import board, checkin, door, panel, supervise, tap
from agent.core import events as ev
from agent.core.effects import Effect
from agent.core.plan import UnitPlan
from agent.core.state import Access, Door, Screen, State
from agent.core.time import Now, Trust
from agent.core.turn import Turn


def initial(plan: UnitPlan) -> State:
    """The state before the first event. Nothing is ordered until `Started`."""
    return State(
        plan=plan,
        now=Now(0.0, 0.0, 0, Trust.UNKNOWN),
        doors=tuple(Door(p) for p in plan.doors),
        screens=tuple(Screen(p) for p in plan.displays),
        language=plan.language,
    )


def step(state: State, event: ev.Event, now: Now) -> tuple[State, tuple[Effect, ...]]:
    """One event. Effects are in the order to carry out, lock orders and the fire latch first."""
    turn = Turn(state, now)
    _dispatch(turn, event)
    door.tick(turn)
    checkin.tick(turn)
    board.tick(turn)
    panel.tick(turn)
    panel.render(turn)
    supervise.send_status(turn)
    return turn.finish()


def deadline(state: State) -> float | None:
    """When the core wants to be called again (`TimePassed`), monotonic; None for not at all. Always after `state.now`."""
    due = [d for each in state.doors for d in door.deadlines(each) if d is not None]
    for owner in (checkin, board, panel, supervise):
        due.extend(d for d in owner.deadlines(state) if d is not None)
    return min(due, default=None)


def _dispatch(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.CardRead():
            tap.card(turn, event)
        case ev.ContactChanged(door_id, is_open):
            door.contact(turn, door_id, is_open)
        case ev.ExitChanged(door_id, pressed):
            door.exit_button(turn, door_id, pressed)
        case ev.FireChanged(door_id, active):
            door.fire(turn, door_id, active)
        case ev.InputChanged(name, active):
            supervise.input_changed(turn, name, active)
        case ev.LockRead(door_id, unlocked):
            door.read_back(turn, door_id, unlocked)
        case ev.LockOrderSent(door_id, order):
            door.order_sent(turn, door_id, order)
        case ev.LockOrderFailed(door_id, order, reason):
            door.order_failed(turn, door_id, order, reason)
        case ev.DeviceFound(device, detail):
            supervise.device_found(turn, device, detail)
            door.device_found(turn, device)
        case ev.DeviceLost():
            supervise.device_lost(turn, event)
            door.device_lost(turn, event.device)
        case ev.PageDrawn(display, token):
            board.drawn(turn, display, token)
        case _:
            _dispatch_rest(turn, event)


def _dispatch_rest(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.Started():
            door.started(turn, event.latched)
            supervise.started(turn, event)
        case ev.DoorOnlyEnded():
            supervise.door_only_ended(turn)
        case ev.StopAsked(why):
            supervise.stop(turn, why)
        case ev.ClockChanged():
            supervise.clock_changed(turn, event)
        case ev.CalendarFired():
            supervise.calendar(turn, event)
        case ev.StoreFailed():
            supervise.store_failed(turn, event)
        case ev.StoreMended():
            supervise.store_mended(turn, event)
        case ev.HoldersReplaced():
            _holders(turn, event)
        case ev.Recorded():
            checkin.recorded(turn, event.token)
        case ev.RecordRefused(token, _):
            checkin.refused(turn, token)
        case _:
            pass


def _holders(turn: Turn, event: ev.HoldersReplaced) -> None:
    old = turn.state.access
    turn.change(access=Access(event.by_key, event.have, True, old.last, old.checkins))
    door.all_ready(turn)
    if event.applied is not None:
        scope, id_, rev = event.applied
        turn.fact("roster.applied", scope=scope, id=id_, rev=rev)
