"""What certain facts mean beyond being kept: receipts of notices, the course of commands, what units have in force. Owns the tables receipts and courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from centre import acts, adopted, handed
from centre.books import enter_new, insert_new
from centre.schema import commands, courses, receipts
from contract.chain import FactLine
from contract.codec import FieldError
from contract.facts import (
    CommandAccepted,
    CommandDone,
    CommandRefused,
    CommandUnknown,
    KeysApplied,
    NoticeEnded,
    NoticeReceived,
    NoticeShown,
    RosterApplied,
    SecretsApplied,
    names_of,
)
from contract.messages import Kind
from contract.plain import Reply, ReplyState

KINDS = names_of(NoticeReceived, NoticeShown, NoticeEnded, CommandAccepted, CommandDone, CommandRefused, CommandUnknown)
APPLIED = names_of(KeysApplied, SecretsApplied, RosterApplied)
"""What changes of keys wait for."""
KINDS |= APPLIED
"""Kinds that `enter` has something to do for."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one fact says of a notice: `column` of the table, at the unit's time."""

    column: str
    notice: str
    unit: str
    rev: int
    at_utc: float


def steps(unit: str, line: FactLine) -> Receipt | Reply | None:
    """What a fact says of a notice or of a command; None where it says nothing of either, or is not of the contract's form."""
    try:
        fact = line.fact
    except FieldError:
        return None
    match fact:
        case NoticeReceived(_, notice, rev):
            return Receipt("received_utc", notice, unit, rev, line.at_utc)
        case NoticeShown(_, notice, rev):
            return Receipt("shown_utc", notice, unit, rev, line.at_utc)
        case NoticeEnded(_, notice, rev):
            return Receipt("ended_utc", notice, unit, rev, line.at_utc)
        case CommandAccepted(id=command, door=door):
            return Reply(command, ReplyState.ACCEPTED, line.at_utc, door=door)
        case CommandDone(id=command, door=door):
            return Reply(command, ReplyState.DONE, line.at_utc, door=door)
        case CommandRefused(id=command, reason=reason, door=door):
            return Reply(command, ReplyState.REFUSED, line.at_utc, str(reason), door)
        case CommandUnknown(id=command, door=door):
            return Reply(command, ReplyState.UNKNOWN, line.at_utc, door=door)
    return None


def enter(conn: Connection, unit: str, line: FactLine, now: float) -> Receipt | None:
    """`line.kind` is one of KINDS. A receipt is for `receive`, many at a time; the step of a command is entered at once.

    Data that is not of the contract's form is kept in the fact and means nothing here.
    """
    if line.kind in APPLIED:
        _applied(conn, unit, line, now)
        return None
    found = steps(unit, line)
    if isinstance(found, Reply):
        if _ordered(conn, unit, found):
            _step(conn, unit, found, now)
        return None
    return found


def _applied(conn: Connection, unit: str, line: FactLine, now: float) -> None:
    try:
        fact = line.fact
    except FieldError:
        return
    if isinstance(fact, KeysApplied | SecretsApplied | RosterApplied):
        handed.note_applied(conn, unit, Kind(line.kind.partition(".")[0]), fact.scope, fact.id, fact.rev, now)


def receive(conn: Connection, found: Sequence[Receipt]) -> None:
    """Enters receipts; of the same thing told twice the first stands."""
    keys = [{"notice": item.notice, "unit": item.unit, "rev": item.rev} for item in found]
    conn.execute(insert_new(conn, receipts), keys)
    for name in dict.fromkeys(item.column for item in found):
        column = receipts.c[name]
        same = (receipts.c.notice == bindparam("n")) & (receipts.c.unit == bindparam("u"))
        first = update(receipts).where(same, receipts.c.rev == bindparam("r"), column.is_(None))
        rows = [{"n": x.notice, "u": x.unit, "r": x.rev, "at": x.at_utc} for x in found if x.column == name]
        conn.execute(first.values({name: bindparam("at")}), rows)


def heard(conn: Connection, unit: str, reply: Reply, now: float) -> bool:
    """A reply: one step of a command's course; the same step heard again (as reply and as fact) changes nothing.

    False, with nothing done, where the books have no such command to this unit: no other unit has a say in its course. A NUL in the
    reason, which PostgreSQL does not keep, becomes U+FFFD.
    """
    if not _ordered(conn, unit, reply):
        return False
    if _step(conn, unit, reply, now):
        row = {"command": reply.id, "state": str(reply.state), "unit": unit, "reason": _kept(reply.reason)}
        acts.note(conn, "reply", adopted.reply_data({**row, "door": reply.door, "at_utc": reply.at_utc}), now)
    return True


def _ordered(conn: Connection, unit: str, reply: Reply) -> bool:
    mine = (commands.c.id == reply.id) & (commands.c.unit == unit)
    return conn.execute(select(commands.c.id).where(mine)).first() is not None


def _kept(reason: str | None) -> str | None:
    return None if reason is None else str(reason).replace("\0", "\ufffd")


def _step(conn: Connection, unit: str, reply: Reply, now: float) -> bool:
    values: dict[str, Any] = {"command": reply.id, "state": reply.state, "unit": unit, "reason": _kept(reply.reason)}
    values |= {"door": reply.door, "at_utc": reply.at_utc, "heard_utc": now}
    return enter_new(conn, courses, values)
