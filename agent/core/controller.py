"""The core's front: `initial`, `step`, `deadline`. Gives each event to its owner, then lets time pass, then draws what changed.

Pure: no clock, no I/O, no threads, no logging, no randomness; never raises on an event of a declared type.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.core import (
    acceptance,
    card_access,
    card_reading,
    care,
    checkin,
    command_progress,
    commands,
    desired_state,
    door,
    enrolment,
    entry,
    erasing,
    helping,
    inputs,
    keypad,
    latched,
    late,
    limits,
    meters,
    modes,
    notice_board,
    panel,
    present,
    questions,
    refused,
    reporting,
    rounds,
    schedule,
    sealed,
    sending,
    software,
    status,
    storage,
    supervise,
    sync,
    timekeeping,
    tries,
    visitors,
)
from agent.core.effects import AckMessage, Effect
from agent.core.events import Event
from agent.core.events import door as door_ev
from agent.core.events import life as life_ev
from agent.core.events import link as link_ev
from agent.core.events import software as software_ev
from agent.core.events import store as store_ev
from agent.core.plan import UnitPlan
from agent.core.state import State
from agent.core.state.door import Door
from agent.core.state.panel import Screen
from agent.core.step_builder import StepBuilder
from agent.core.time import Now, Trust
from agent.core.timer import Timer, Timers, run_due
from contract.commands import Command, Reason
from contract.messages import Confirm


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


def step(state: State, event: Event, now: Now) -> tuple[State, tuple[Effect, ...]]:
    """One event. Effects are in the order to carry out, lock orders and the fire latch first."""
    builder = StepBuilder(state, now)
    _dispatch(builder, event)
    for timers in _DOOR:
        run_due(builder, timers)
    command_progress.follow(builder)
    for timers in _PEOPLE:
        run_due(builder, timers)
    questions.prune(builder)
    panel.follow(builder)
    run_due(builder, panel.timers)
    questions.expect(builder)
    panel.render(builder)
    for timers in _CENTRE:
        run_due(builder, timers)
    return builder.finish()


_DOOR: tuple[Timers, ...] = (latched.timers, schedule.timers, door.timers)
_PEOPLE: tuple[Timers, ...] = (
    checkin.timers,
    card_reading.timers,
    commands.timers,
    notice_board.timers,
    entry.timers,
    present.timers,
    sending.timers,
    reporting.timers,
    questions.timers,
    helping.timers,
    erasing.timers,
    care.timers,
    tries.timers,
    visitors.timers,
    storage.timers,
    late.timers,
    inputs.timers,
    supervise.timers,
    rounds.timers,
)
_CENTRE: tuple[Timers, ...] = (sync.timers, timekeeping.timers, refused.timers, software.timers, status.timers)
"""Whose timers are run, in this order; those of the panel come between the last two. The status is last: it tells what the rest did."""


def all_timers(state: State) -> Iterator[Timer]:
    for timers in (*_DOOR, *_PEOPLE, panel.timers, *_CENTRE):
        yield from timers(state)


def deadline(state: State) -> float | None:
    """When the core wants to be called again (`TimePassed`), monotonic; None for not at all. Always after `state.now`."""
    now, later = state.now.mono, state.now.mono + limits.OVERDUE_S
    return min((at if at > now else later for at, _ in all_timers(state)), default=None)


def _dispatch(builder: StepBuilder, event: Event) -> None:
    match event:
        case door_ev.CardRead():
            card_access.card(builder, event)
        case (
            door_ev.Approached()
            | door_ev.Typed()
            | door_ev.PinEntered()
            | door_ev.VisitorEntered()
            | door_ev.CodeEntered()
            | door_ev.Chosen()
            | door_ev.Confirmed()
            | door_ev.Cancelled()
            | door_ev.BadEntry()
        ):
            keypad.take(builder, event)
        case door_ev.ContactChanged(door_id, is_open):
            door.contact(builder, door_id, is_open)
            if not is_open:
                questions.gone_in(builder, door_id)
        case door_ev.ExitChanged(door_id, pressed):
            door.exit_button(builder, door_id, pressed)
        case door_ev.FireChanged(door_id, active):
            door.fire(builder, door_id, active)
        case door_ev.UnitInputChanged(name, active):
            inputs.changed(builder, name, active=active)
        case door_ev.LockRead(door_id, unlocked):
            door.read_back(builder, door_id, unlocked)
        case door_ev.LockOrderSent(door_id, order, at_mono):
            door.order_sent(builder, door_id, order, at_mono)
        case door_ev.LockOrderFailed(door_id, order, reason):
            door.order_failed(builder, door_id, order, reason)
        case door_ev.DeviceBack(device, detail):
            door.device_found(builder, device)
            supervise.device_found(builder, device, detail)
        case door_ev.DeviceGone():
            door.device_lost(builder, event.device)
            supervise.device_lost(builder, event)
        case door_ev.TamperRead():
            supervise.tamper(builder, event)
        case door_ev.LineAttacked():
            supervise.attacked(builder, event)
        case door_ev.PageDrawn(display, token):
            notice_board.drawn(builder, display, token)
        case door_ev.MeterCounted():
            meters.read(builder, event)
        case _:
            _dispatch_rest(builder, event)


def _dispatch_rest(builder: StepBuilder, event: Event) -> None:
    match event:
        case life_ev.Started():
            modes.started(builder, event)
            latched.started(builder, event)
            commands.started(builder)
            sealed.started(builder, event.card_keys)
            enrolment.started(builder, pending=event.enrolment_pending, identified=event.identified)
            acceptance.started(builder, event.acceptance)
            supervise.started(builder, event)
            software.started(builder)
        case life_ev.LatchRead():
            latched.read(builder, event)
        case life_ev.LockdownRead():
            modes.read(builder, event)
        case life_ev.SheetRead():
            acceptance.sheet_read(builder, event)
        case life_ev.ThreadDied(thread):
            supervise.thread_died(builder)
            if thread == "store" and builder.state.door_only:
                storage.thread_died(builder)
        case life_ev.StopAsked(why):
            supervise.stop(builder, why)
        case life_ev.ClockStepped():
            supervise.clock_changed(builder, event)
            modes.clock_changed(builder)
            schedule.follow(builder)
            rounds.anew(builder)
            sync.clock_changed(builder)
        case life_ev.CalendarFired():
            supervise.calendar(builder, event)
        case _:
            _dispatch_store(builder, event)


def _dispatch_store(builder: StepBuilder, event: Event) -> None:
    match event:
        case store_ev.StoreOpened():
            timekeeping.store_opened(builder, event)  # ahead of the link, which judges certificates by it
            desired_state.store_opened(builder, event)
            sync.store_opened(builder, event)
            storage.opened(builder, event)
            commands.store_opened(builder, event)
            checkin.store_opened(builder, event)
            tries.store_opened(builder, event.tries)
            visitors.store_opened(builder, event.visitors)
            rounds.store_opened(builder, event)
            care.store_opened(builder, event.homes)
            meters.store_opened(builder, event)
            modes.store_opened(builder, event.modes, event.known)
        case (
            store_ev.StoreFailed()
            | store_ev.StoreMended()
            | store_ev.StoreHangs()
            | store_ev.LatchSaved()
            | store_ev.FactsDropped()
        ):
            _dispatch_storage(builder, event)
        case store_ev.Recorded() | store_ev.RecordRefused():
            _dispatch_record(builder, event)
        case store_ev.BatchLoaded():
            sync.batch_loaded(builder, event)
        case store_ev.FactsConfirmed(seq):
            sync.facts_confirmed(builder, seq)
            helping.confirmed(builder, seq)
        case store_ev.HistoryDiffers():
            sync.history_differs(builder, event)
        case store_ev.HoldersReplaced():
            desired_state.holders_replaced(builder, event)
            care.watch(builder, event.watched)
            sync.judge_again(builder)
        case store_ev.StateLoaded():
            desired_state.loaded(builder, event)
        case store_ev.StateSaved():
            desired_state.saved(builder, event)
            sync.judge_again(builder)
        case store_ev.StateNotKept():
            desired_state.not_taken(builder, event)
            sync.judge_again(builder)
        case store_ev.CacheReset():
            desired_state.cache_reset(builder)
        case _:
            _dispatch_secrets(builder, event)


def _dispatch_record(builder: StepBuilder, event: store_ev.Recorded | store_ev.RecordRefused) -> None:
    match event:
        case store_ev.Recorded():
            sync.recorded(builder, event)
            checkin.recorded(builder, event.token)
            visitors.recorded(builder, event.token)
            sending.recorded(builder, event.token)
            helping.recorded(builder, event)
            commands.recorded(builder, event.token)
            acceptance.recorded(builder, event.token)
            software.recorded(builder, event.token)
        case store_ev.RecordRefused(token, _, facts):
            sync.not_recorded(builder, token, facts)
            checkin.refused(builder, token)
            visitors.refused(builder, token)
            sending.refused(builder, token)
            commands.not_recorded(builder, token)


def _dispatch_secrets(builder: StepBuilder, event: Event) -> None:
    match event:
        case store_ev.SecretsLoaded(kept):
            sealed.kept(builder, kept)
        case store_ev.SecretsOpened():
            desired_state.secrets_opened(builder, event)
        case store_ev.CardKeysAllowed(token):
            sealed.allowed(builder, token)
        case store_ev.SecretsRefused():
            sealed.not_opened(builder, event)
            sync.judge_again(builder)
        case store_ev.HolderErased(token, why):
            erasing.over(builder, token, why)
        case _:
            _dispatch_link(builder, event)


def _dispatch_storage(builder: StepBuilder, event: Event) -> None:
    match event:
        case store_ev.StoreFailed():
            storage.failed(builder, event)
        case store_ev.StoreMended(dropped):
            sync.dropped(builder, dropped)
            storage.mended(builder, event)
        case store_ev.StoreHangs(hangs):
            storage.hangs(builder, hangs=hangs)
        case store_ev.LatchSaved():
            storage.latch_saved(builder, event)
        case store_ev.FactsDropped(facts):
            storage.facts_dropped(builder, facts)
        case _:
            pass


def _dispatch_link(builder: StepBuilder, event: Event) -> None:
    match event:
        case link_ev.LinkUp(_, login):
            supervise.link(builder, "up", login=login)
            enrolment.send_keys(builder)
            sync.link_up(builder)
            command_progress.link_up(builder)
        case link_ev.LinkDown(reason, taken_over):
            supervise.link(builder, "down", reason)
            sync.link_down(builder, taken_over=taken_over)
        case link_ev.CentrePresence(online):
            if online:
                enrolment.send_keys(builder)
            sync.presence(builder, event)
        case link_ev.MessageReceived():
            _message(builder, event)
        case link_ev.MessageRefused():
            commands.message_refused(builder, event)
            sync.judge_again(builder)
        case software_ev.UpdateRead():
            software.read(builder, event)
        case software_ev.BundleFetched():
            software.fetched(builder, event)
        case software_ev.BundleFailed():
            software.failed(builder, event)
        case _:
            pass  # TimePassed: time passes after every event


def _message(builder: StepBuilder, event: link_ev.MessageReceived) -> None:
    """A message whose signature held."""
    message = event.message
    timekeeping.signed(builder, message)
    if isinstance(message, Command):
        commands.received(builder, event, message)
        return
    if not builder.state.plan.covers(message.scope):
        commands.count(builder, Reason.NOT_MINE)
        builder.emit(AckMessage(event.token))
        return
    if isinstance(message, Confirm):
        builder.emit(AckMessage(event.token))
        enrolment.confirmed(builder, message)
        sync.confirm(builder, message)
    else:
        software.heard(builder, event)
        desired_state.received(builder, event)
    sync.judge_again(builder)  # what is refused at once has no StateSaved
