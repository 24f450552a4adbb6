"""Remote commands, from the point where the signature held: judged, committed, acknowledged, acted on at most once, answered.

What was committed and not finished when the agent died is never done late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from agent.core import (
    ability,
    card_reading,
    command_progress,
    door,
    erasing,
    helping,
    limits,
    modes,
    refused,
    status,
    supervise,
)
from agent.core.command_progress import About, reply
from agent.core.door_actions import SignalData
from agent.core.effects import AckMessage, KeptMode, Resubscribe, SeenCommand, SendRevs, SoundTone, WriteLog
from agent.core.events.link import MessageReceived, MessageRefused
from agent.core.events.store import StoreOpened
from agent.core.state import State
from agent.core.state.commands import Commands, WaitingCommand
from agent.core.state.door import Phase
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.commands import (
    COMMAND_LIFETIME_S,
    OPEN_LIFETIME_S,
    Command,
    Erase,
    FireReset,
    Identify,
    Open,
    ReadCard,
    Reason,
    Restart,
    Resync,
    Say,
    SetMode,
)
from contract.facts import AccessGranted, CommandAccepted, Refusals, Via

EVERY_COMMAND = "*"
"""In the place of a command's id, which cannot be this: all that were signed before its `exp`."""


def received(step: StepBuilder, event: MessageReceived, command: Command) -> None:
    reason, detail = _judge(step.state, command, retained=event.retained)
    if reason is not None:
        step.emit(AckMessage(event.token))
        if reason is Reason.REPLAYED and _under_way(step.state.commands, command.id):
            count(step, reason)  # a reply under its id would be taken for the command's own
            return
        spent = _spend(step, command, reason)
        if not _refuse(step, _about(command), reason, detail, spent) and spent is not None:
            _spend_all(step, command.iat)
        return
    now, doors = step.now, _door_of(command)
    left = command.exp - now.utc
    seen = SeenCommand(command.id, command.exp, command.action, doors, command.actor, pending=True)
    fact = step.dated(CommandAccepted(command.id, command.action, command.actor, doors))
    durable_by = now.mono + min(limits.COMMAND_DURABLE_S, left)
    token = step.record((fact,), seen=seen, durable_by_mono=durable_by)
    waiting = WaitingCommand(command, event.token, now.mono + left, durable_by + limits.STORE_SLACK_S)
    known = step.state.commands
    opens = dict(known.opens)
    if command.action == "open" and doors is not None:
        opens[doors] = (*_recent(known.opens.get(doors, ()), now.mono), now.mono)
    step.state = replace(
        step.state,
        commands=replace(
            step.state.commands,
            seen=_remember(known.seen, command, step.now.utc),
            opens=opens,
            waiting={**known.waiting, token: waiting},
        ),
    )


def _judge(state: State, command: Command, *, retained: bool) -> tuple[Reason | None, str | None]:
    """The acceptance order of the contract, from the point where the signature held."""
    now, plan = state.now, state.plan
    if retained:
        return Reason.RETAINED, None
    everybody = command.unit == "*" and isinstance(command.order, SetMode)
    if command.site != plan.site or not plan.covers(command.scope) or not (everybody or command.unit == plan.unit):
        return Reason.NOT_MINE, None
    if not now.trusted:
        return Reason.CLOCK, str(now.clock)
    if command.iat - limits.CLOCK_SKEW_S > now.utc or now.utc > command.exp:
        return Reason.EXPIRED, None
    most = OPEN_LIFETIME_S if command.action == "open" else COMMAND_LIFETIME_S
    if command.exp - command.iat > most + limits.LIFETIME_SLACK_S:
        return Reason.TOO_LONG, "lifetime"
    if command.id in state.commands.seen:
        return Reason.REPLAYED, None
    if command.iat < state.sync.epoch_utc:
        return Reason.REPLAYED, "before this epoch"
    started = _start_utc(state)
    if command.iat < started - limits.CLOCK_SKEW_S:
        return Reason.REPLAYED, "before this start"
    if command.iat < min(state.commands.spent_utc, started + limits.CLOCK_SKEW_S):
        return Reason.REPLAYED, "before this start, in a flood"
    if state.health.boot is None or state.health.storage in {"failed", "hung"}:
        return Reason.STORAGE, state.health.storage
    if command.action == "open" and _opens_lately(state, _door_of(command) or "") >= limits.OPEN_RATE:
        return Reason.RATE, None
    return ability.able(state, command)


def _start_utc(state: State) -> float:
    """When the agent started, by the clock as it is now."""
    started = state.commands.started
    return 0.0 if started is None else state.now.utc - (state.now.mono - started)


def _opens_lately(state: State, door_id: str) -> int:
    """Opens of the last minute, those before this start included: as late as they can have been, at their `exp` or just before it."""
    start, now = _start_utc(state), state.now
    before = [min(exp, start) for name, exp in state.commands.opens_before if name == door_id]
    recent = _recent(state.commands.opens.get(door_id, ()), now.mono)
    return len(recent) + sum(now.utc - at < limits.OPEN_RATE_S for at in before)


def _under_way(commands: Commands, id_: str) -> bool:
    return any(w.command.id == id_ for w in commands.waiting.values()) or command_progress.under_way(commands, id_)


def _spend(step: StepBuilder, command: Command, reason: Reason) -> SeenCommand | None:
    """What was answered with a refusal is not done later either, however often a broker hands it over. Returns what the next start has to know."""
    seen = step.state.commands.seen
    if reason in {Reason.NOT_MINE, Reason.RETAINED} or command.id in seen:
        return None
    if len(seen) < limits.SEEN_MAX:
        step.state = replace(step.state, commands=replace(step.state.commands, seen={**seen, command.id: command.exp}))
    return _spent(command)


def _spent(command: Command) -> SeenCommand:
    return SeenCommand(command.id, command.exp, "refused", _door_of(command), command.actor, pending=False)


def _spend_all(step: StepBuilder, iat: float) -> None:
    """In a flood refused ids are not written down one by one: for the next start all that may be signed up to now are spent. Once a second."""
    now, spends = step.now, step.state.commands.spends_utc
    if now.trusted and spends <= iat <= now.utc + limits.CLOCK_SKEW_S:
        until = now.utc + limits.CLOCK_SKEW_S + limits.SPEND_ALL_S
        step.state = replace(step.state, commands=replace(step.state.commands, spends_utc=until))
        step.record((), seen=SeenCommand(EVERY_COMMAND, until, "refused", None, "", pending=False))


# --- after the store's answer


def recorded(step: StepBuilder, token: int) -> None:
    """The acceptance is durable: acknowledge, then act if it is still in time."""
    commands = step.state.commands
    if token == commands.restart_token:
        _restart(step)
        return
    waiting = commands.waiting.get(token)
    if waiting is None:
        return
    command = waiting.command
    _drop(step, token)
    step.emit(AckMessage(waiting.message))
    reply(step, command.id, "accepted", door=_door_of(command))
    if step.now.utc > command.exp or step.now.mono > waiting.exp_mono:
        _fail(step, command, Reason.EXPIRED)
    else:
        _act(step, command)


def not_recorded(step: StepBuilder, token: int) -> None:
    waiting = step.state.commands.waiting.get(token)
    if waiting is not None:
        _drop(step, token)
        step.emit(AckMessage(waiting.message))
        _fail(step, waiting.command, Reason.STORAGE, spent=_spent(waiting.command))


def started(step: StepBuilder) -> None:
    step.state = replace(step.state, commands=replace(step.state.commands, started=step.now.mono))


def store_opened(step: StepBuilder, event: StoreOpened) -> None:
    """What was accepted and has no outcome is over: it is not done now, and its course says what is known of it."""
    seen = {**step.state.commands.seen, **event.seen}
    step.state = replace(
        step.state,
        commands=replace(
            step.state.commands, spent_utc=seen.pop(EVERY_COMMAND, 0.0), seen=seen, opens_before=event.opens
        ),
    )
    for left in event.pending:
        command_progress.found(step, left, event.seen.get(left.id, 0.0))


def _act(step: StepBuilder, command: Command) -> None:
    match command.order:
        case Open(name):
            _open(step, command, name)
        case SetMode(mode, until_utc, only):
            _done(step, command, modes.ordered(step, only, mode, until_utc))
        case Identify():
            step.say("identify", limits.IDENTIFY_S, "yes")
            for plan in step.state.plan.doors:
                if _door_of(command) in {None, plan.id}:
                    step.emit(SoundTone(plan.id, "yes"))
            _done(step, command)
        case Resync():
            step.emit(Resubscribe())
            step.emit(SendRevs(command.id, *status.revisions(step.state)))
            _done(step, command)
        case Say(text, seconds, only):
            helping.said(step, text, seconds, only)
            _done(step, command)
        case Erase(holder):
            erasing.begin(step, _about(command), holder)
        case ReadCard() as order:
            card_reading.begin(step, _about(command), order)
        case FireReset(only):
            _reset_fire(step, command, only)
        case Restart():
            token = _done(step, command)
            step.state = replace(
                step.state,
                commands=replace(step.state.commands, restart_token=token, restart_at=step.now.mono + limits.RESTART_S),
            )
        case _:
            _fail(step, command, Reason.INTERNAL)


def _open(step: StepBuilder, command: Command, name: str) -> None:
    at = step.door(name)
    if at is None or step.state.health.lost(at.plan.lock_device):
        _fail(step, command, Reason.DEVICE)
    elif at.phase is Phase.LOCKDOWN:
        _fail(step, command, Reason.LOCKDOWN)
    elif at.phase is Phase.HELD or at.rests_unlocked:
        door.let_in(step, name, SignalData(via="remote"))  # it is open already, and a pulse would end that
        known = step.at(name).lock
        if known.order is None and known.read is True:
            _done(step, command)
        else:
            command_progress.opens(step, command.id, command.actor, name)
    else:
        step.fact(AccessGranted(name, None, Via.REMOTE, command.id))
        left = command.exp - step.now.utc
        cue = SignalData(at.plan.pulse_s, command.actor, "remote", via="remote", within_s=left)
        door.let_in(step, name, cue)
        helping.answered(step)
        command_progress.opens(step, command.id, command.actor, name)


def _reset_fire(step: StepBuilder, command: Command, only: str | None) -> None:
    """Done when every lock that this resets was read back at its level."""
    released = frozenset(d for d in door.latched(step) if only in {None, d})
    if not door.reset_fire(step, command.actor, "remote", only):
        _fail(step, command, Reason.DEVICE, door.still_burning(step.state))
    elif released:
        command_progress.resets(step, command.id, command.actor, only, released)
    else:
        _done(step, command)


# --- answers


def _done(step: StepBuilder, command: Command, kept: tuple[KeptMode, ...] = ()) -> int:
    about = (command.id, command.action, command.actor, _door_of(command))
    return command_progress.done(step, *about, modes=kept)


def _fail(
    step: StepBuilder, command: Command, reason: Reason, detail: str | None = None, *, spent: SeenCommand | None = None
) -> None:
    """Refused after its acceptance was handed to the store: the record of the outcome finishes it there."""
    fact = command_progress.refusal(_about(command), reason, detail)
    step.record((step.dated(fact),), seen=spent, finish=(command.id,))
    reply(step, command.id, "refused", reason, _door_of(command), detail)


def _refuse(
    step: StepBuilder, about: About, reason: Reason, detail: str | None, spent: SeenCommand | None = None
) -> bool:
    """Refused before anything was committed: told with a fact and a reply; False in a flood, where it is only counted."""
    commands, now = step.state.commands, step.now.mono
    if commands.refused_from is None or now - commands.refused_from >= limits.REFUSALS_S:
        step.state = replace(step.state, commands=replace(step.state.commands, refused_from=now, refused_here=0))
    if step.state.commands.refused_here >= limits.REFUSED_RATE:
        count(step, str(reason))
        return False
    step.state = replace(
        step.state, commands=replace(step.state.commands, refused_here=step.state.commands.refused_here + 1)
    )
    step.record((step.dated(command_progress.refusal(about, reason, detail)),), seen=spent)
    reply(step, about.id, "refused", reason, about.door, detail)
    return True


def message_refused(step: StepBuilder, event: MessageRefused) -> None:
    """What the link refused. Before the signature held it is only counted."""
    if event.token:
        step.emit(AckMessage(event.token))
    if event.entry is not None:
        refused.refuse(step, event.entry, str(event.reason), event.until_utc)
    elif event.kind == "command" and event.id is not None:
        _refuse(step, About(event.id), Reason(event.reason), event.detail or None)
    else:
        count(step, str(event.reason), event.count)
        if event.reason == Reason.MALFORMED and event.detail:  # signed, and so not a stranger's flood
            step.emit(WriteLog("warning", f"a {event.kind} is malformed: {event.detail}"))


def count(step: StepBuilder, reason: str, times: int = 1) -> None:
    refused = step.state.commands.refused
    step.state = replace(
        step.state, commands=replace(step.state.commands, refused={**refused, reason: refused.get(reason, 0) + times})
    )


# --- time


def timers(state: State) -> Iterator[Timer]:
    commands = state.commands
    for token, waiting in commands.waiting.items():
        yield waiting.give_up, partial(not_recorded, token=token)
    yield from command_progress.timers(state)
    if commands.restart_at is not None:
        yield commands.restart_at, _restart
    if commands.refused:
        yield state.now.mono if commands.refusals_at is None else commands.refusals_at, _tell_refusals


def _tell_refusals(step: StepBuilder) -> None:
    known = step.state.commands
    step.fact(Refusals(dict(sorted(known.refused.items()))))
    again = step.now.mono + limits.REFUSALS_S
    step.state = replace(step.state, commands=replace(known, refused={}, refusals_at=again))


def _restart(step: StepBuilder) -> None:
    step.state = replace(step.state, commands=replace(step.state.commands, restart_token=None, restart_at=None))
    supervise.stop(step, "restart")


# --- small things


def _door_of(command: Command) -> str | None:
    return command.order.door


def _about(command: Command) -> About:
    return About(command.id, command.action, command.actor, _door_of(command))


def _recent(times: tuple[float, ...], now: float) -> tuple[float, ...]:
    return tuple(t for t in times if now - t < limits.OPEN_RATE_S)


def _remember(seen: Mapping[str, float], command: Command, utc: float) -> dict[str, float]:
    """Ids are forgotten only once expired, on a clock that can be trusted: then `exp` refuses them. The store keeps them too."""
    kept = dict(seen)
    if len(kept) >= limits.SEEN_MAX:
        kept = {id_: exp for id_, exp in kept.items() if exp >= utc - limits.CLOCK_SKEW_S}
    return {**kept, command.id: command.exp}


def _drop(step: StepBuilder, token: int) -> None:
    step.state = replace(
        step.state,
        commands=replace(
            step.state.commands, waiting={t: w for t, w in step.state.commands.waiting.items() if t != token}
        ),
    )
