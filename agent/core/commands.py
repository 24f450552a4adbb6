"""Remote commands, from the point where the signature held: judged, committed, acknowledged, acted on at most once, answered.

What was committed and not finished when the agent died is never done late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from agent.core import courses, door, limits, modes, refused, supervise
from agent.core.courses import about, reply
from agent.core.effects import AckMessage, DoorMode, Log, Resubscribe, SeenCommand, SendRevs, SoundTone
from agent.core.events import MessageReceived, MessageRefused, StoreOpened
from agent.core.moves import Cue
from agent.core.state import Commands, Mode, Phase, State, Waiting
from agent.core.turn import Turn
from contract.messages import COMMAND_LIFETIME_S, MODE_MAX_S, OPEN_LIFETIME_S, Command, Reason

_ABLE = frozenset({"open", "mode", "identify", "resync", "fire_reset", "restart"})
"""What this unit can do; the rest is refused as `device`: it has nothing to do it with."""

EVERY_COMMAND = "*"
"""In the place of a command's id, which cannot be this: all that were signed before its `exp`."""


def received(turn: Turn, event: MessageReceived, command: Command) -> None:
    reason, detail = _judge(turn.state, command, retained=event.retained)
    if reason is not None:
        turn.emit(AckMessage(event.token))
        if reason is Reason.REPLAYED and _under_way(turn.state.commands, command.id):
            count(turn, reason)  # a reply under its id would be taken for the command's own
            return
        spent = _spend(turn, command, reason)
        order = about(command.id, command.action, command.actor, _door_of(command))
        if not _refuse(turn, order, reason, detail, spent) and spent is not None:
            _spend_all(turn, command.iat)
        return
    now, doors = turn.now, _door_of(command)
    left = command.exp - now.utc
    seen = SeenCommand(command.id, command.exp, command.action, doors, command.actor, pending=True)
    fact = turn.made("command.accepted", **about(command.id, command.action, command.actor, doors))
    durable_by = now.mono + min(limits.COMMAND_DURABLE_S, left)
    token = turn.record((fact,), seen=seen, durable_by_mono=durable_by)
    waiting = Waiting(command, event.token, now.mono + left, durable_by + limits.STORE_SLACK_S)
    known = turn.state.commands
    opens = dict(known.opens)
    if command.action == "open" and doors is not None:
        opens[doors] = (*_recent(known.opens.get(doors, ()), now.mono), now.mono)
    _change(
        turn, seen=_remember(known.seen, command, turn.now.utc), opens=opens, waiting={**known.waiting, token: waiting}
    )


def _judge(state: State, command: Command, *, retained: bool) -> tuple[Reason | None, str | None]:
    """The acceptance order of the contract, from the point where the signature held."""
    now, plan = state.now, state.plan
    if retained:
        return Reason.RETAINED, None
    everybody = command.unit == "*" and command.action == "mode"
    if command.site != plan.site or command.scope not in plan.scopes or not (everybody or command.unit == plan.unit):
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
    return _able(state, command)


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


def _able(state: State, command: Command) -> tuple[Reason | None, str | None]:
    """What is known to fail is refused before it is committed."""
    if command.action not in _ABLE:
        return Reason.DEVICE, "this unit cannot"
    name = _door_of(command)
    known = next((d for d in state.doors if d.id == name), None)
    if name is not None and known is None:
        return Reason.DEVICE, "no such door"
    if command.action == "mode":
        mode, until = command.args.get("mode"), command.args.get("until")
        if mode not in list(Mode):
            return Reason.MALFORMED, "mode: not one of the contract"
        if not isinstance(until, int | float) or isinstance(until, bool):
            return Reason.MALFORMED, "until: not a time"
        if not state.now.utc < until <= state.now.utc + MODE_MAX_S:
            return Reason.MALFORMED, "until: not within 31 days from now"
    if command.action == "open":
        if known is None:
            return Reason.MALFORMED, "door: none named"
        if known.phase is Phase.LOCKDOWN:
            return Reason.LOCKDOWN, None
        if known.lock.lost or known.blind:
            return Reason.DEVICE, "lock lost"
    if command.action == "fire_reset" and any(d.latched for d in state.doors):
        burning = door.still_burning(state)
        if burning is not None:
            return Reason.DEVICE, burning
    return None, None


def _under_way(commands: Commands, id_: str) -> bool:
    return any(w.command.id == id_ for w in commands.waiting.values()) or courses.under_way(commands, id_)


def _spend(turn: Turn, command: Command, reason: Reason) -> SeenCommand | None:
    """What was answered with a refusal is not done later either, however often a broker hands it over. Returns what the next start has to know."""
    seen = turn.state.commands.seen
    if reason in {Reason.NOT_MINE, Reason.RETAINED} or command.id in seen:
        return None
    if len(seen) < limits.SEEN_MAX:
        _change(turn, seen={**seen, command.id: command.exp})
    return _spent(command)


def _spent(command: Command) -> SeenCommand:
    return SeenCommand(command.id, command.exp, "refused", _door_of(command), command.actor, pending=False)


def _spend_all(turn: Turn, iat: float) -> None:
    """In a flood refused ids are not written down one by one: for the next start all that may be signed up to now are spent. Once a second."""
    now, spends = turn.now, turn.state.commands.spends_utc
    if now.trusted and spends <= iat <= now.utc + limits.CLOCK_SKEW_S:
        until = now.utc + limits.CLOCK_SKEW_S + limits.SPEND_ALL_S
        _change(turn, spends_utc=until)
        turn.record((), seen=SeenCommand(EVERY_COMMAND, until, "refused", None, "", pending=False))


# --- after the store's answer


def recorded(turn: Turn, token: int) -> None:
    """The acceptance is durable: acknowledge, then act if it is still in time."""
    commands = turn.state.commands
    if token == commands.restart_token:
        _restart(turn)
        return
    waiting = commands.waiting.get(token)
    if waiting is None:
        return
    command = waiting.command
    _drop(turn, token)
    turn.emit(AckMessage(waiting.message))
    reply(turn, command.id, "accepted", door=_door_of(command))
    if turn.now.utc > command.exp or turn.now.mono > waiting.exp_mono:
        _fail(turn, command, Reason.EXPIRED)
    else:
        _act(turn, command)


def not_recorded(turn: Turn, token: int) -> None:
    waiting = turn.state.commands.waiting.get(token)
    if waiting is not None:
        _drop(turn, token)
        turn.emit(AckMessage(waiting.message))
        _fail(turn, waiting.command, Reason.STORAGE, spent=_spent(waiting.command))


def started(turn: Turn) -> None:
    _change(turn, started=turn.now.mono)


def store_opened(turn: Turn, event: StoreOpened) -> None:
    """What was accepted and has no outcome is over: it is not done now, and its course says what is known of it."""
    seen = {**turn.state.commands.seen, **event.seen}
    _change(turn, spent_utc=seen.pop(EVERY_COMMAND, 0.0), seen=seen, opens_before=event.opens)
    for left in event.pending:
        courses.found(turn, left, event.seen.get(left.id, 0.0))


def _act(turn: Turn, command: Command) -> None:
    match command.action:
        case "open":
            _open(turn, command)
        case "mode":
            _mode(turn, command)
        case "identify":
            turn.say("identify", limits.IDENTIFY_S, "yes")
            for plan in turn.state.plan.doors:
                if _door_of(command) in {None, plan.id}:
                    turn.emit(SoundTone(plan.id, "yes"))
            _done(turn, command)
        case "resync":
            turn.emit(Resubscribe())
            turn.emit(SendRevs(command.id, *supervise.revisions(turn.state)))
            _done(turn, command)
        case "fire_reset":
            _reset_fire(turn, command)
        case "restart":
            token = _done(turn, command)
            _change(turn, restart_token=token, restart_at=turn.now.mono + limits.RESTART_S)
        case _:
            _fail(turn, command, Reason.INTERNAL)


def _mode(turn: Turn, command: Command) -> None:
    mode, until = Mode(str(command.args["mode"])), command.args["until"]
    assert isinstance(until, int | float)
    _done(turn, command, modes.ordered(turn, _door_of(command), mode, until))


def _open(turn: Turn, command: Command) -> None:
    name = _door_of(command) or ""
    at = turn.door(name)
    if at is None or at.lock.lost:
        _fail(turn, command, Reason.DEVICE)
    elif at.phase is Phase.LOCKDOWN:
        _fail(turn, command, Reason.LOCKDOWN)
    elif at.phase is Phase.HELD or at.rests_unlocked:
        door.signal(turn, name, door.Signal.GRANT, Cue(via="remote"))
        _done(turn, command)  # it is open already, and a pulse would end that
    else:
        turn.fact("access.granted", door=name, by=None, via="remote", command=command.id)
        door.signal(
            turn,
            name,
            door.Signal.GRANT,
            Cue(seconds=at.plan.pulse_s, via="remote", within_s=command.exp - turn.now.utc),
        )
        turn.say("remote", limits.ANSWER_YES_S, "yes", door=name)
        courses.opens(turn, command.id, command.actor, name)


def _reset_fire(turn: Turn, command: Command) -> None:
    """Done when every lock that this resets was read back at its level."""
    only = _door_of(command)
    released = frozenset(d for d in door.latched(turn) if only in {None, d})
    if not door.reset_fire(turn, command.actor, "remote", only):
        _fail(turn, command, Reason.DEVICE, door.still_burning(turn.state))
    elif released:
        courses.resets(turn, command.id, command.actor, only, released)
    else:
        _done(turn, command)


# --- answers


def _done(turn: Turn, command: Command, kept: tuple[DoorMode, ...] = ()) -> int:
    data = about(command.id, command.action, command.actor, _door_of(command))
    token = turn.record((turn.made("command.done", **data),), finish=(command.id,), modes=kept)
    reply(turn, command.id, "done", door=_door_of(command))
    return token


def _fail(
    turn: Turn, command: Command, reason: Reason, detail: str | None = None, *, spent: SeenCommand | None = None
) -> None:
    """Refused after its acceptance was handed to the store: the record of the outcome finishes it there."""
    data = about(command.id, command.action, command.actor, _door_of(command))
    data |= {"reason": str(reason)} | ({} if detail is None else {"detail": detail})
    turn.record((turn.made("command.refused", **data),), seen=spent, finish=(command.id,))
    reply(turn, command.id, "refused", reason, _door_of(command), detail)


def _refuse(
    turn: Turn, order: dict[str, Any], reason: str, detail: str | None, spent: SeenCommand | None = None
) -> bool:
    """Refused before anything was committed: told with a fact and a reply; False in a flood, where it is only counted."""
    commands, now = turn.state.commands, turn.now.mono
    if commands.refused_from is None or now - commands.refused_from >= limits.REFUSALS_S:
        _change(turn, refused_from=now, refused_here=0)
    if turn.state.commands.refused_here >= limits.REFUSED_RATE:
        count(turn, str(reason))
        return False
    _change(turn, refused_here=turn.state.commands.refused_here + 1)
    data = order | {"reason": str(reason)} | ({} if detail is None else {"detail": detail})
    turn.record((turn.made("command.refused", **data),), seen=spent)
    reply(turn, order["id"], "refused", reason, order.get("door"), detail)
    return True


def message_refused(turn: Turn, event: MessageRefused) -> None:
    """What the link refused. Before the signature held it is only counted."""
    if event.token:
        turn.emit(AckMessage(event.token))
    if event.entry is not None:
        refused.refuse(turn, event.entry, str(event.reason), event.until_utc)
    elif event.kind == "command" and event.id is not None:
        _refuse(turn, {"id": event.id}, str(event.reason), event.detail or None)
    else:
        count(turn, str(event.reason), event.count)
        if event.reason == Reason.MALFORMED and event.detail:  # signed, and so not a stranger's flood
            turn.emit(Log("warning", f"a {event.kind} is malformed: {event.detail}"))


def count(turn: Turn, reason: str, times: int = 1) -> None:
    refused = turn.state.commands.refused
    _change(turn, refused={**refused, reason: refused.get(reason, 0) + times})


# --- time


def tick(turn: Turn) -> None:
    now, commands = turn.now.mono, turn.state.commands
    for token, waiting in commands.waiting.items():
        if waiting.give_up <= now:
            not_recorded(turn, token)
    courses.tick(turn)
    if commands.restart_at is not None and commands.restart_at <= now:
        _restart(turn)
    if turn.state.commands.refused and (commands.refusals_at is None or commands.refusals_at <= now):
        counts: dict[str, Any] = dict(sorted(turn.state.commands.refused.items()))
        turn.fact("refusals", counts=counts)
        _change(turn, refused={}, refusals_at=now + limits.REFUSALS_S)


def deadlines(state: State) -> Iterator[float | None]:
    commands = state.commands
    yield from (waiting.give_up for waiting in commands.waiting.values())
    yield from courses.deadlines(commands)
    yield commands.restart_at
    if commands.refused:
        yield commands.refusals_at


def _restart(turn: Turn) -> None:
    _change(turn, restart_token=None, restart_at=None)
    supervise.stop(turn, "restart", restart=True)


# --- small things


def _door_of(command: Command) -> str | None:
    name = command.args.get("door")
    return name if isinstance(name, str) else None


def _recent(times: tuple[float, ...], now: float) -> tuple[float, ...]:
    return tuple(t for t in times if now - t < limits.OPEN_RATE_S)


def _remember(seen: Mapping[str, float], command: Command, utc: float) -> dict[str, float]:
    """Ids are forgotten only once expired, on a clock that can be trusted: then `exp` refuses them. The store keeps them too."""
    kept = dict(seen)
    if len(kept) >= limits.SEEN_MAX:
        kept = {id_: exp for id_, exp in kept.items() if exp >= utc - limits.CLOCK_SKEW_S}
    return {**kept, command.id: command.exp}


def _drop(turn: Turn, token: int) -> None:
    _change(turn, waiting={t: w for t, w in turn.state.commands.waiting.items() if t != token})


def _change(turn: Turn, **fields: Any) -> None:
    commands: Commands = replace(turn.state.commands, **fields)
    turn.change(commands=commands)
