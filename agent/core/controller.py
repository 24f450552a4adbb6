"""The core's front: `initial`, `step`, `deadline`. Gives each event to its owner, then lets time pass, then draws what changed.

Pure: no clock, no I/O, no threads, no logging, no randomness; never raises on an event of a declared type.
"""

from __future__ import annotations

from agent.core import (
    board,
    checkin,
    commands,
    courses,
    door,
    entry,
    latched,
    late,
    modes,
    panel,
    refused,
    standing,
    storage,
    supervise,
    sync,
    tap,
    timekeeping,
)
from agent.core import events as ev
from agent.core.effects import AckMessage, Effect
from agent.core.plan import UnitPlan
from agent.core.state import Door, Screen, State
from agent.core.time import Now, Trust
from agent.core.turn import Turn
from contract.messages import Command, Confirm, Keys, Notice, Reason, RosterPart, Settings


def initial(plan: UnitPlan) -> State:
    """The state before the first event. Nothing is ordered until `Started`."""
    return State(
        plan=plan,
        now=Now(0.0, 0.0, 0, Trust.UNKNOWN),
        doors=tuple(Door(p) for p in plan.doors),
        screens=tuple(Screen(p) for p in plan.displays),
        language=plan.language,
        timezone=plan.timezone,
    )


def step(state: State, event: ev.Event, now: Now) -> tuple[State, tuple[Effect, ...]]:
    """One event. Effects are in the order to carry out, lock orders and the fire latch first."""
    turn = Turn(state, now)
    _dispatch(turn, event)
    latched.tick(turn)
    door.tick(turn)
    courses.follow(turn)
    checkin.tick(turn)
    commands.tick(turn)
    board.tick(turn)
    entry.tick(turn)
    storage.tick(turn)
    late.tick(turn)
    panel.tick(turn)
    panel.render(turn)
    sync.tick(turn)
    supervise.tick(turn)
    timekeeping.tick(turn)
    refused.tick(turn)
    supervise.send_status(turn)
    return turn.finish()


def deadline(state: State) -> float | None:
    """When the core wants to be called again (`TimePassed`), monotonic; None for not at all. Always after `state.now`."""
    due = [d for each in state.doors for d in door.deadlines(each) if d is not None]
    owners = (latched, checkin, commands, board, entry, late, panel, storage, sync, refused, supervise, timekeeping)
    for owner in owners:
        due.extend(d for d in owner.deadlines(state) if d is not None)
    return min(due, default=None)


def _dispatch(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.CardRead():
            tap.card(turn, event)
        case ev.KeyPressed():
            entry.key(turn, event)
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
        case ev.DeviceTamper():
            supervise.tamper(turn, event)
        case ev.LineAttacked():
            supervise.attacked(turn, event)
        case ev.PageDrawn(display, token):
            board.drawn(turn, display, token)
        case _:
            _dispatch_rest(turn, event)


def _dispatch_rest(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.Started():
            latched.started(turn, event)
            commands.started(turn)
            supervise.started(turn, event)
        case ev.LatchRead():
            latched.read(turn, event)
        case ev.DoorOnlyEnded():
            supervise.door_only_ended(turn)
        case ev.StopAsked(why):
            supervise.stop(turn, why)
        case ev.ClockChanged():
            supervise.clock_changed(turn, event)
            modes.clock_changed(turn)
            sync.clock_changed(turn)
        case ev.CalendarFired():
            supervise.calendar(turn, event)
        case _:
            _dispatch_store(turn, event)


def _dispatch_store(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.StoreOpened():
            timekeeping.store_opened(turn, event)  # ahead of the link, which judges certificates by it
            standing.store_opened(turn, event)
            sync.store_opened(turn, event)
            storage.opened(turn, event)
            commands.store_opened(turn, event)
            checkin.store_opened(turn, event)
            modes.store_opened(turn, event.modes, event.known)
        case ev.StoreFailed() | ev.StoreMended() | ev.StoreHangs() | ev.LatchSaved() | ev.FactsDropped():
            _dispatch_storage(turn, event)
        case ev.Recorded():
            sync.recorded(turn, event)
            checkin.recorded(turn, event.token)
            commands.recorded(turn, event.token)
        case ev.RecordRefused(token, _, facts):
            sync.not_recorded(turn, token, facts)
            checkin.refused(turn, token)
            commands.not_recorded(turn, token)
        case ev.BatchLoaded():
            sync.batch_loaded(turn, event)
        case ev.FactsConfirmed(seq):
            sync.facts_confirmed(turn, seq)
        case ev.HistoryDiffers():
            sync.history_differs(turn, event)
        case ev.HoldersReplaced():
            standing.holders_replaced(turn, event)
            sync.judge_again(turn)
        case ev.NoticesLoaded():
            standing.notices_loaded(turn, event)
        case ev.SettingsLoaded():
            standing.settings_loaded(turn, event)
        case ev.StateSaved():
            standing.saved(turn, event)
            sync.judge_again(turn)
        case ev.StateRefused():
            standing.not_taken(turn, event)
            sync.judge_again(turn)
        case ev.CacheReset():
            standing.cache_reset(turn)
        case _:
            _dispatch_link(turn, event)


def _dispatch_storage(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.StoreFailed():
            storage.failed(turn, event)
        case ev.StoreMended(dropped):
            sync.dropped(turn, dropped)
            storage.mended(turn, event)
        case ev.StoreHangs(hangs):
            storage.hangs(turn, hangs=hangs)
        case ev.LatchSaved():
            storage.latch_saved(turn, event)
        case ev.FactsDropped(facts):
            storage.facts_dropped(turn, facts)
        case _:
            pass


def _dispatch_link(turn: Turn, event: ev.Event) -> None:
    match event:
        case ev.LinkUp():
            supervise.link(turn, "up")
            sync.link_up(turn)
            courses.link_up(turn)
        case ev.LinkDown(reason, taken_over):
            supervise.link(turn, "down", reason)
            sync.link_down(turn, taken_over=taken_over)
        case ev.CentrePresence():
            sync.presence(turn, event)
        case ev.MessageReceived():
            _message(turn, event)
        case ev.MessageRefused():
            commands.message_refused(turn, event)
            sync.judge_again(turn)
        case _:
            pass  # TimePassed: time passes after every event; BatchPublished: the broker's word is not the centre's


def _message(turn: Turn, event: ev.MessageReceived) -> None:
    """A message whose signature held."""
    message = event.message
    timekeeping.signed(turn, message)
    if isinstance(message, Command):
        commands.received(turn, event, message)
        return
    if message.scope not in turn.state.plan.scopes:
        commands.count(turn, Reason.NOT_MINE)
        turn.emit(AckMessage(event.token))
        return
    if standing.is_outdated(turn.state, event):
        turn.emit(AckMessage(event.token))
        return
    match message:
        case Notice():
            standing.notice(turn, event.token, message)
        case RosterPart():
            standing.roster_part(turn, event.token, message)
        case Settings():
            standing.settings(turn, event.token, message)
        case Keys():
            standing.keys(turn, event.token, message)
        case Confirm():
            turn.emit(AckMessage(event.token))
            sync.confirm(turn, message)
    sync.judge_again(turn)  # what is refused at once has no StateSaved
