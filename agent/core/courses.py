"""The course of a command that moves a lock: from the order to what was read back, also where a restart cut it off.

Owns `Commands.courses`, `resets` and `cut_off`, and how the centre is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agent.core import limits, lock
from agent.core.effects import SendReply
from agent.core.events import PendingCommand
from agent.core.state import Commands, Course, CutOff, Door, ResetCourse
from agent.core.turn import News, Turn
from contract.messages import Reason

_AFTER_RESTART = "after a restart"


def reply(
    turn: Turn, id_: str, state: str, reason: str | None = None, door: str | None = None, detail: str | None = None
) -> None:
    """Tell the centre; kept for a while when the link is down."""
    message = SendReply(id_, state, None if reason is None else str(reason), door, turn.now.utc, detail)
    if turn.state.sync.link_up:
        turn.emit(message)
    else:
        _change(turn, replies=(*turn.state.commands.replies, message)[-limits.REPLIES_MAX :])


def link_up(turn: Turn) -> None:
    for message in turn.state.commands.replies:
        turn.emit(message)
    _change(turn, replies=())


def about(id_: str, action: str | None, actor: str | None, door_id: str | None) -> dict[str, Any]:
    """What every fact of a command carries."""
    named = {"action": action, "actor": actor, "door": door_id}
    return {"id": id_} | {key: value for key, value in named.items() if value is not None}


def under_way(commands: Commands, id_: str) -> bool:
    return id_ in {c.id for c in commands.courses} | {r.id for r in commands.resets} | {c.id for c in commands.cut_off}


# --- an open


def opens(turn: Turn, id_: str, actor: str, name: str) -> None:
    """Follow the unlock that was just ordered at this door."""
    at = turn.door(name)
    order = None if at is None else at.lock.order
    course = Course(id_, "open", actor, name, order or 0, "ordered", turn.now.mono + limits.COURSE_S)
    _change(turn, courses=(*turn.state.commands.courses, course))


def follow(turn: Turn) -> None:
    """What the doors did in this step, for the commands that wait for it."""
    news, turn.news = turn.news, []
    for item in news:
        for course in turn.state.commands.courses:
            if course.door == item.door:
                _hear(turn, course, item)
    read = frozenset(item.door for item in news if item.what == "read")
    for reset in turn.state.commands.resets:
        _watch_reset(turn, reset, read)
    for left in turn.state.commands.cut_off:
        _look_back(turn, left)


def _hear(turn: Turn, course: Course, item: News) -> None:
    mine = item.order == course.order
    match course.stage, item.what:
        case "ordered", "sent" if mine:
            _put(turn, replace(course, stage="sent"))
        case "ordered", "failed" if mine:
            _failed(turn, course)
        case "sent", "unlocked" | "opened":
            _unlocked(turn, course, opened=item.what == "opened")
        case "done", "opened":
            _end(turn, course)
            reply(turn, course.id, "opened", door=course.door)
        case "done", "no_entry":
            _end(turn, course)
            reply(turn, course.id, "no_entry", door=course.door)
        case _:
            pass


def _unlocked(turn: Turn, course: Course, *, opened: bool) -> None:
    """The relay moved, as read back (or the door opened, which says the same)."""
    _done(turn, course.id, course.action, course.actor, course.door)
    at = turn.door(course.door)
    if opened or (at is not None and at.open is True):
        _end(turn, course)
        reply(turn, course.id, "opened", door=course.door)
    elif at is None or at.open is None or at.awaited_until is None:
        _end(turn, course)  # no contact that could see it
    else:
        _put(turn, replace(course, stage="done", until=at.awaited_until + limits.COURSE_S))


def _failed(turn: Turn, course: Course) -> None:
    _end(turn, course)
    _refused(turn, about(course.id, course.action, course.actor, course.door), Reason.DEVICE)


def _put(turn: Turn, course: Course) -> None:
    _change(turn, courses=tuple(course if c.id == course.id else c for c in turn.state.commands.courses))


def _end(turn: Turn, course: Course) -> None:
    _change(turn, courses=tuple(c for c in turn.state.commands.courses if c.id != course.id))


# --- a fire reset


def resets(turn: Turn, id_: str, actor: str, only: str | None, waits: frozenset[str], *, again: bool = False) -> None:
    """Follow the levels that were just ordered at these doors, until each lock was read back there."""
    course = ResetCourse(id_, actor, only, waits, turn.now.mono + limits.COURSE_S, again=again)
    _change(turn, resets=(*turn.state.commands.resets, course))


def _watch_reset(turn: Turn, course: ResetCourse, read: frozenset[str]) -> None:
    """`read`: the doors whose lock was read back in this step. After a restart what was read before counts as well."""
    waits, missed = course.waits, dict(course.missed)
    for name in sorted(course.waits):
        at = turn.door(name)
        why = _why_never(at, again=course.again)
        if why is not None:
            missed[name] = why
            waits -= {name}
        elif at is not None and (course.again or name in read) and lock.settled(at, turn.now.mono):
            waits -= {name}
    if waits and course.until > turn.now.mono:
        kept = replace(course, waits=waits, missed=missed)
        _change(turn, resets=tuple(kept if c.id == course.id else c for c in turn.state.commands.resets))
        return
    missed |= {name: _how_it_stands(turn.door(name)) for name in waits}
    _change(turn, resets=tuple(c for c in turn.state.commands.resets if c.id != course.id))
    _reset_over(turn, course, missed)


def _why_never(door: Door | None, *, again: bool) -> str | None:
    if door is None or door.latched:
        return "still released" if again else "released again"
    return "lock lost" if door.lock.lost else None


def _reset_over(turn: Turn, course: ResetCourse, missed: dict[str, str]) -> None:
    """What was reset stays reset, whatever another door did."""
    words = ", ".join(f"{name}: {why}" for name, why in sorted(missed.items())) or None
    if words is None:
        detail = f"read back {_AFTER_RESTART}" if course.again else None
        _done(turn, course.id, "fire_reset", course.actor, course.door, detail)
    elif course.again:
        _unknown(turn, about(course.id, "fire_reset", course.actor, course.door), words)
    else:
        _refused(turn, about(course.id, "fire_reset", course.actor, course.door), Reason.DEVICE, words)


def _how_it_stands(door: Door | None) -> str:
    """Of a lock that should have moved by now."""
    if door is None or door.lock.read is None or not door.lock.faulted:
        return "no answer"
    return f"reads {lock.word(door.lock.read)}"


# --- what a restart cut off


def found(turn: Turn, left: PendingCommand, exp: float) -> None:
    """Accepted and without an outcome: never done now. What the journal and the read-back know becomes its outcome.

    `abandoned` is said only of what moves no lock: of the others nobody can know that they had not begun.
    """
    if under_way(turn.state.commands, left.id):
        return
    data = about(left.id, left.action, left.actor, left.door)
    match left.action:
        case "open" if left.opened:
            _done(
                turn, left.id, left.action, left.actor, left.door, f"opened before it was told; told {_AFTER_RESTART}"
            )
            reply(turn, left.id, "opened", door=left.door)
        case "open" if left.door is not None and turn.door(left.door) is not None:
            until = turn.now.mono + limits.COURSE_S
            kept = CutOff(left.id, left.actor, left.door, left.granted, exp, until)
            _change(turn, cut_off=(*turn.state.commands.cut_off, kept))
        case "fire_reset":
            doors = frozenset(
                d.id for d in turn.state.doors if d.plan.on_fire == "release" and left.door in {None, d.id}
            )
            resets(turn, left.id, left.actor, left.door, doors, again=True)
        case "open":
            _unknown(turn, data, f"a restart came first{_ORDERED if left.granted else ''}")
        case "mode":
            _unknown(turn, data, "a restart came first; the mode is not in force")
        case _:
            _refused(turn, data, Reason.ABANDONED)


def _look_back(turn: Turn, left: CutOff) -> None:
    """The lock as it was first read: its own timer goes on over our restart. A pulse that is over leaves no trace."""
    at = turn.door(left.door)
    read = None if at is None else at.lock.first_read
    if read is None and left.until > turn.now.mono:
        return
    _change(turn, cut_off=tuple(c for c in turn.state.commands.cut_off if c.id != left.id))
    if read is True and turn.now.utc <= left.exp + limits.UNLOCK_CAP_S:
        _done(turn, left.id, "open", left.actor, left.door, f"read back {_AFTER_RESTART}")
    else:
        _unknown(
            turn,
            about(left.id, "open", left.actor, left.door),
            f"a restart came first{_ORDERED if left.granted else ''}",
        )


_ORDERED = "; the unlock was ordered before it"


# --- outcomes


def _done(turn: Turn, id_: str, action: str, actor: str, door: str | None, detail: str | None = None) -> None:
    data = about(id_, action, actor, door) | ({} if detail is None else {"detail": detail})
    turn.record((turn.made("command.done", **data),), finish=(id_,))
    reply(turn, id_, "done", door=door, detail=detail)


def _refused(turn: Turn, data: dict[str, Any], reason: Reason, detail: str | None = None) -> None:
    told = data | {"reason": str(reason)} | ({} if detail is None else {"detail": detail})
    turn.record((turn.made("command.refused", **told),), finish=(data["id"],))
    reply(turn, data["id"], "refused", reason, data.get("door"), detail)


def _unknown(turn: Turn, data: dict[str, Any], detail: str) -> None:
    """Whether the lock moved cannot be known any more."""
    turn.record((turn.made("command.unknown", **data, detail=detail),), finish=(data["id"],))
    reply(turn, data["id"], "unknown", door=data.get("door"), detail=detail)


# --- time


def tick(turn: Turn) -> None:
    """Courses whose time is over; resets and cut-off opens look at the time when they are followed, in every step."""
    for course in turn.state.commands.courses:
        if course.until <= turn.now.mono:
            if course.stage == "done":
                _end(turn, course)
            else:
                _failed(turn, course)


def deadlines(commands: Commands) -> Iterator[float]:
    yield from (course.until for course in commands.courses)
    yield from (reset.until for reset in commands.resets)
    yield from (left.until for left in commands.cut_off)


def _change(turn: Turn, **fields: Any) -> None:
    commands: Commands = replace(turn.state.commands, **fields)
    turn.change(commands=commands)
