"""The course of a command that moves a lock: from the order to what was read back, also where a restart cut it off.

Owns `Commands.in_progress`, `resets` and `cut_off`, and how the centre is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import limits, lock
from agent.core.effects import KeptMode, SendReply
from agent.core.events.store import PendingCommand
from agent.core.state import State
from agent.core.state.commands import CommandProgress, Commands, CutOff, ResetProgress
from agent.core.state.door import Door
from agent.core.step_builder import DoorOutcome, StepBuilder
from agent.core.timer import Timer
from contract.commands import Reason
from contract.facts import CommandDone, CommandRefused, CommandUnknown
from contract.frozen import frozen
from contract.messages import MAX_UNLOCK_S

_AFTER_RESTART = "after a restart"


def reply(
    step: StepBuilder,
    id_: str,
    state: str,
    reason: str | None = None,
    door: str | None = None,
    detail: str | None = None,
    sealed: bytes | None = None,
) -> None:
    """Tell the centre; kept for a while when the link is down."""
    message = SendReply(id_, state, None if reason is None else str(reason), door, step.now.utc, detail, sealed)
    if step.state.sync.link_up:
        step.emit(message)
    else:
        step.state = replace(
            step.state,
            commands=replace(
                step.state.commands, replies=(*step.state.commands.replies, message)[-limits.REPLIES_MAX :]
            ),
        )


def link_up(step: StepBuilder) -> None:
    for message in step.state.commands.replies:
        step.emit(message)
    step.state = replace(step.state, commands=replace(step.state.commands, replies=()))


@frozen
class About:
    """Which command a fact or a reply is about."""

    id: str
    action: str | None = None
    actor: str | None = None
    door: str | None = None


def under_way(commands: Commands, id_: str) -> bool:
    waits = set() if commands.card_wait is None else {commands.card_wait.id}
    moving = {c.id for c in commands.in_progress} | {r.id for r in commands.resets} | {c.id for c in commands.cut_off}
    return id_ in moving | waits


# --- an open


def opens(step: StepBuilder, id_: str, actor: str, name: str) -> None:
    """Follow the unlock that was just ordered at this door, or until it reads unlocked where nothing had to be."""
    at = step.door(name)
    order = None if at is None else at.lock.order
    stage = "sent" if order is None else "ordered"
    progress = CommandProgress(id_, "open", actor, name, order or 0, stage, step.now.mono + limits.COURSE_S)
    step.state = replace(
        step.state, commands=replace(step.state.commands, in_progress=(*step.state.commands.in_progress, progress))
    )


def follow(step: StepBuilder) -> None:
    """What the doors did in this step, for the commands that wait for it."""
    news, step.news = step.news, []
    for item in news:
        for progress in step.state.commands.in_progress:
            if progress.door == item.door:
                _hear(step, progress, item)
    read = frozenset(item.door for item in news if item.what == "read")
    for reset in step.state.commands.resets:
        _watch_reset(step, reset, read)
    for left in step.state.commands.cut_off:
        _look_back(step, left)


def _hear(step: StepBuilder, progress: CommandProgress, item: DoorOutcome) -> None:
    mine = item.order == progress.order
    match progress.stage, item.what:
        case "ordered", "sent" if mine:
            _put(step, replace(progress, stage="sent"))
        case "ordered", "failed" if mine:
            _failed(step, progress)
        case "sent", "unlocked" | "opened":
            _unlocked(step, progress, opened=item.what == "opened")
        case "done", "opened":
            _end(step, progress)
            reply(step, progress.id, "opened", door=progress.door)
        case "done", "no_entry":
            _end(step, progress)
            reply(step, progress.id, "no_entry", door=progress.door)
        case _:
            pass


def _unlocked(step: StepBuilder, progress: CommandProgress, *, opened: bool) -> None:
    """The relay moved, as read back (or the door opened, which says the same)."""
    done(step, progress.id, progress.action, progress.actor, progress.door)
    at = step.door(progress.door)
    if opened or (at is not None and at.open is True):
        _end(step, progress)
        reply(step, progress.id, "opened", door=progress.door)
    elif at is None or at.open is None or at.awaited_until is None:
        _end(step, progress)  # no contact that could see it
    else:
        _put(step, replace(progress, stage="done", until=at.awaited_until + limits.COURSE_S))


def _failed(step: StepBuilder, progress: CommandProgress) -> None:
    _end(step, progress)
    fail(step, About(progress.id, progress.action, progress.actor, progress.door), Reason.DEVICE)


def _time_is_up(step: StepBuilder, progress: CommandProgress) -> None:
    """Of an unlock that was acknowledged and never read, for the agent was stopped or the board went, nobody can say whether the door was open."""
    at = step.door(progress.door)
    if progress.stage == "done":
        _end(step, progress)
    elif progress.stage == "sent" and at is not None and not at.lock.faulted:
        _end(step, progress)
        about = About(progress.id, progress.action, progress.actor, progress.door)
        _unknown(step, about, "the lock took the order, and was not read while it ran")
    else:
        _failed(step, progress)


def _put(step: StepBuilder, progress: CommandProgress) -> None:
    step.state = replace(
        step.state,
        commands=replace(
            step.state.commands,
            in_progress=tuple(progress if c.id == progress.id else c for c in step.state.commands.in_progress),
        ),
    )


def _end(step: StepBuilder, progress: CommandProgress) -> None:
    step.state = replace(
        step.state,
        commands=replace(
            step.state.commands, in_progress=tuple(c for c in step.state.commands.in_progress if c.id != progress.id)
        ),
    )


# --- a fire reset


def resets(
    step: StepBuilder, id_: str, actor: str, only: str | None, waits: frozenset[str], *, again: bool = False
) -> None:
    """Follow the levels that were just ordered at these doors, until each lock was read back there."""
    progress = ResetProgress(id_, actor, only, waits, step.now.mono + limits.COURSE_S, again=again)
    step.state = replace(
        step.state, commands=replace(step.state.commands, resets=(*step.state.commands.resets, progress))
    )


def _watch_reset(step: StepBuilder, progress: ResetProgress, read: frozenset[str]) -> None:
    """`read`: the doors whose lock was read back in this step. After a restart what was read before counts as well."""
    waits, missed = progress.waits, dict(progress.missed)
    for name in sorted(progress.waits):
        at = step.door(name)
        why = _why_never(step, at, again=progress.again)
        if why is not None:
            missed[name] = why
            waits -= {name}
        elif at is not None and (progress.again or name in read) and lock.settled(step, at):
            waits -= {name}
    if waits and progress.until > step.now.mono:
        kept = replace(progress, waits=waits, missed=missed)
        step.state = replace(
            step.state,
            commands=replace(
                step.state.commands,
                resets=tuple(kept if c.id == progress.id else c for c in step.state.commands.resets),
            ),
        )
        return
    missed |= {name: _how_it_stands(step.door(name)) for name in waits}
    step.state = replace(
        step.state,
        commands=replace(
            step.state.commands, resets=tuple(c for c in step.state.commands.resets if c.id != progress.id)
        ),
    )
    _reset_over(step, progress, missed)


def _why_never(step: StepBuilder, door: Door | None, *, again: bool) -> str | None:
    if door is None or door.latched:
        return "still released" if again else "released again"
    return "lock lost" if step.state.health.lost(door.plan.lock_device) else None


def _reset_over(step: StepBuilder, progress: ResetProgress, missed: dict[str, str]) -> None:
    """What was reset stays reset, whatever another door did."""
    words = ", ".join(f"{name}: {why}" for name, why in sorted(missed.items())) or None
    if words is None:
        detail = f"read back {_AFTER_RESTART}" if progress.again else None
        done(step, progress.id, "fire_reset", progress.actor, progress.door, detail)
    elif progress.again:
        _unknown(step, About(progress.id, "fire_reset", progress.actor, progress.door), words)
    else:
        fail(step, About(progress.id, "fire_reset", progress.actor, progress.door), Reason.DEVICE, words)


def _how_it_stands(door: Door | None) -> str:
    """Of a lock that should have moved by now."""
    if door is None or door.lock.read is None or not door.lock.faulted:
        return "no answer"
    return f"reads {lock.word(door.lock.read)}"


# --- what a restart cut off


def found(step: StepBuilder, left: PendingCommand, exp: float) -> None:
    """Accepted and without an outcome: never done now. What the journal and the read-back know becomes its outcome.

    `abandoned` is said only of what moves no lock: of the others nobody can know that they had not begun.
    """
    if under_way(step.state.commands, left.id):
        return
    data = About(left.id, left.action, left.actor, left.door)
    match left.action:
        case "open" if left.opened:
            done(step, left.id, left.action, left.actor, left.door, f"opened before it was told; told {_AFTER_RESTART}")
            reply(step, left.id, "opened", door=left.door)
        case "open" if left.door is not None and step.door(left.door) is not None:
            until = step.now.mono + limits.COURSE_S
            kept = CutOff(left.id, left.actor, left.door, left.granted, exp, until)
            step.state = replace(
                step.state, commands=replace(step.state.commands, cut_off=(*step.state.commands.cut_off, kept))
            )
        case "fire_reset":
            doors = frozenset(
                d.id for d in step.state.doors if d.plan.on_fire == "release" and left.door in {None, d.id}
            )
            resets(step, left.id, left.actor, left.door, doors, again=True)
        case "open":
            _unknown(step, data, f"a restart came first{_ORDERED if left.granted else ''}")
        case "mode":
            _unknown(step, data, "a restart came first; the mode is not in force")
        case _:
            fail(step, data, Reason.ABANDONED)


def _look_back(step: StepBuilder, left: CutOff) -> None:
    """The lock as it was first read: its own timer goes on over our restart. A pulse that is over leaves no trace."""
    at = step.door(left.door)
    read = None if at is None else at.lock.first_read
    if read is None and left.until > step.now.mono:
        return
    step.state = replace(
        step.state,
        commands=replace(step.state.commands, cut_off=tuple(c for c in step.state.commands.cut_off if c.id != left.id)),
    )
    if read is True and step.now.utc <= left.exp + MAX_UNLOCK_S:
        done(step, left.id, "open", left.actor, left.door, f"read back {_AFTER_RESTART}")
    else:
        _unknown(
            step,
            About(left.id, "open", left.actor, left.door),
            f"a restart came first{_ORDERED if left.granted else ''}",
        )


_ORDERED = "; the unlock was ordered before it"


# --- outcomes


def done(
    step: StepBuilder,
    id_: str,
    action: str,
    actor: str,
    door: str | None,
    detail: str | None = None,
    modes: tuple[KeptMode, ...] = (),
    sealed: bytes | None = None,
) -> int:
    """Returns the token of its record. `sealed` goes into the reply alone: no fact has it."""
    token = step.record((step.dated(CommandDone(id_, action, actor, door, detail)),), finish=(id_,), modes=modes)
    reply(step, id_, "done", door=door, detail=detail, sealed=sealed)
    return token


def fail(step: StepBuilder, about: About, reason: Reason, detail: str | None = None) -> None:
    """Refused after its acceptance was committed."""
    step.record((step.dated(refusal(about, reason, detail)),), finish=(about.id,))
    reply(step, about.id, "refused", reason, about.door, detail)


def refusal(about: About, reason: Reason, detail: str | None) -> CommandRefused:
    return CommandRefused(about.id, reason, about.action, about.actor, about.door, detail)


def _unknown(step: StepBuilder, about: About, detail: str) -> None:
    """Whether the lock moved cannot be known any more."""
    fact = CommandUnknown(about.id, about.action, about.actor, about.door, detail)
    step.record((step.dated(fact),), finish=(about.id,))
    reply(step, about.id, "unknown", door=about.door, detail=detail)


# --- time


def timers(state: State) -> Iterator[Timer]:
    """Resets and cut-off opens look at the time when they are followed, in every step."""
    for progress in state.commands.in_progress:
        yield progress.until, partial(_time_is_up, progress=progress)
    for reset in state.commands.resets:
        yield reset.until, None
    for left in state.commands.cut_off:
        yield left.until, None
