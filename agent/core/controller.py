"""The core's front: `initial`, `step`, `deadline`. Gives each event to its owner, then lets time pass, then draws what changed.

Pure: no clock, no I/O, no threads, no logging, no randomness; never raises on an event of a declared type.
"""

from __future__ import annotations

from agent.core import (
    card_access,
    checkin,
    commands,
    courses,
    desired_state,
    door,
    entry,
    latched,
    late,
    modes,
    notice_board,
    panel,
    refused,
    sealed,
    status,
    storage,
    supervise,
    sync,
    timekeeping,
)
from agent.core import events as ev
from agent.core.effects import AckMessage, Effect
from agent.core.plan import UnitPlan
from agent.core.state import Door, Screen, State
from agent.core.step_builder import StepBuilder
from agent.core.time import Now, Trust
from contract.messages import Command, Confirm, Keys, Notice, Reason, RosterPart, Secrets, Settings


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
    builder = StepBuilder(state, now)
    _dispatch(builder, event)
    latched.tick(builder)
    door.tick(builder)
    courses.follow(builder)
    checkin.tick(builder)
    commands.tick(builder)
    notice_board.tick(builder)
    entry.tick(builder)
    storage.tick(builder)
    late.tick(builder)
    panel.tick(builder)
    panel.render(builder)
    sync.tick(builder)
    supervise.tick(builder)
    timekeeping.tick(builder)
    refused.tick(builder)
    status.send_status(builder)
    return builder.finish()


def deadline(state: State) -> float | None:
    """When the core wants to be called again (`TimePassed`), monotonic; None for not at all. Always after `state.now`."""
    due = [d for each in state.doors for d in door.deadlines(each) if d is not None]
    owners = (
        latched,
        checkin,
        commands,
        notice_board,
        entry,
        late,
        panel,
        storage,
        sync,
        refused,
        status,
        supervise,
        timekeeping,
    )
    for owner in owners:
        due.extend(d for d in owner.deadlines(state) if d is not None)
    return min(due, default=None)


def _dispatch(builder: StepBuilder, event: ev.Event) -> None:
    match event:
        case ev.CardRead():
            card_access.card(builder, event)
        case ev.KeyPressed():
            entry.key(builder, event)
        case ev.ContactChanged(door_id, is_open):
            door.contact(builder, door_id, is_open)
        case ev.ExitChanged(door_id, pressed):
            door.exit_button(builder, door_id, pressed)
        case ev.FireChanged(door_id, active):
            door.fire(builder, door_id, active)
        case ev.UnitInputChanged(name, active):
            supervise.input_changed(builder, name, active)
        case ev.LockRead(door_id, unlocked):
            door.read_back(builder, door_id, unlocked)
        case ev.LockOrderSent(door_id, order):
            door.order_sent(builder, door_id, order)
        case ev.LockOrderFailed(door_id, order, reason):
            door.order_failed(builder, door_id, order, reason)
        case ev.DeviceBack(device, detail):
            supervise.device_found(builder, device, detail)
            door.device_found(builder, device)
        case ev.DeviceGone():
            supervise.device_lost(builder, event)
            door.device_lost(builder, event.device)
        case ev.TamperRead():
            supervise.tamper(builder, event)
        case ev.LineAttacked():
            supervise.attacked(builder, event)
        case ev.PageDrawn(display, token):
            notice_board.drawn(builder, display, token)
        case _:
            _dispatch_rest(builder, event)


def _dispatch_rest(builder: StepBuilder, event: ev.Event) -> None:
    match event:
        case ev.Started():
            latched.started(builder, event)
            commands.started(builder)
            sealed.started(builder, event.card_keys)
            supervise.started(builder, event)
        case ev.LatchRead():
            latched.read(builder, event)
        case ev.DoorOnlyEnded():
            supervise.door_only_ended(builder)
        case ev.StopAsked(why):
            supervise.stop(builder, why)
        case ev.ClockStepped():
            supervise.clock_changed(builder, event)
            modes.clock_changed(builder)
            sync.clock_changed(builder)
        case ev.CalendarFired():
            supervise.calendar(builder, event)
        case _:
            _dispatch_store(builder, event)


def _dispatch_store(builder: StepBuilder, event: ev.Event) -> None:
    match event:
        case ev.StoreOpened():
            timekeeping.store_opened(builder, event)  # ahead of the link, which judges certificates by it
            desired_state.store_opened(builder, event)
            sync.store_opened(builder, event)
            storage.opened(builder, event)
            commands.store_opened(builder, event)
            checkin.store_opened(builder, event)
            modes.store_opened(builder, event.modes, event.known)
        case ev.StoreFailed() | ev.StoreMended() | ev.StoreHangs() | ev.LatchSaved() | ev.FactsDropped():
            _dispatch_storage(builder, event)
        case ev.Recorded():
            sync.recorded(builder, event)
            checkin.recorded(builder, event.token)
            commands.recorded(builder, event.token)
        case ev.RecordRefused(token, _, facts):
            sync.not_recorded(builder, token, facts)
            checkin.refused(builder, token)
            commands.not_recorded(builder, token)
        case ev.BatchLoaded():
            sync.batch_loaded(builder, event)
        case ev.FactsConfirmed(seq):
            sync.facts_confirmed(builder, seq)
        case ev.HistoryDiffers():
            sync.history_differs(builder, event)
        case ev.HoldersReplaced():
            desired_state.holders_replaced(builder, event)
            sync.judge_again(builder)
        case ev.StateLoaded():
            desired_state.loaded(builder, event)
        case ev.StateSaved():
            desired_state.saved(builder, event)
            sync.judge_again(builder)
        case ev.StateNotKept():
            desired_state.not_taken(builder, event)
            sync.judge_again(builder)
        case ev.CacheReset():
            desired_state.cache_reset(builder)
        case ev.SecretsLoaded(kept):
            sealed.kept(builder, kept)
        case ev.SecretsOpened():
            desired_state.secrets_opened(builder, event)
        case ev.CardKeysAllowed(token):
            sealed.allowed(builder, token)
        case ev.SecretsRefused():
            sealed.not_opened(builder, event)
            sync.judge_again(builder)
        case _:
            _dispatch_link(builder, event)


def _dispatch_storage(builder: StepBuilder, event: ev.Event) -> None:
    match event:
        case ev.StoreFailed():
            storage.failed(builder, event)
        case ev.StoreMended(dropped):
            sync.dropped(builder, dropped)
            storage.mended(builder, event)
        case ev.StoreHangs(hangs):
            storage.hangs(builder, hangs=hangs)
        case ev.LatchSaved():
            storage.latch_saved(builder, event)
        case ev.FactsDropped(facts):
            storage.facts_dropped(builder, facts)
        case _:
            pass


def _dispatch_link(builder: StepBuilder, event: ev.Event) -> None:
    match event:
        case ev.LinkUp(_, login):
            supervise.link(builder, "up", login=login)
            sync.link_up(builder)
            courses.link_up(builder)
        case ev.LinkDown(reason, taken_over):
            supervise.link(builder, "down", reason)
            sync.link_down(builder, taken_over=taken_over)
        case ev.CentrePresence():
            sync.presence(builder, event)
        case ev.MessageReceived():
            _message(builder, event)
        case ev.MessageRefused():
            commands.message_refused(builder, event)
            sync.judge_again(builder)
        case _:
            pass  # TimePassed: time passes after every event; BatchPublished: the broker's word is not the centre's


def _message(builder: StepBuilder, event: ev.MessageReceived) -> None:
    """A message whose signature held."""
    message = event.message
    timekeeping.signed(builder, message)
    if isinstance(message, Command):
        commands.received(builder, event, message)
        return
    if message.scope not in builder.state.plan.scopes:
        commands.count(builder, Reason.NOT_MINE)
        builder.emit(AckMessage(event.token))
        return
    if desired_state.is_outdated(builder.state, event):
        builder.emit(AckMessage(event.token))
        return
    match message:
        case Notice():
            desired_state.notice(builder, event.token, message, event.signed)
        case RosterPart():
            desired_state.roster_part(builder, event.token, message, event.signed)
        case Settings():
            desired_state.settings(builder, event.token, message, event.signed)
        case Keys():
            desired_state.keys(builder, event.token, message, event.signed)
        case Secrets():
            sealed.received(builder, event.token, message, event.signed)
        case Confirm():
            builder.emit(AckMessage(event.token))
            sync.confirm(builder, message)
    sync.judge_again(builder)  # what is refused at once has no StateSaved
