"""What certain facts mean beyond being kept: receipts of notices, the course of commands. Owns the tables receipts and courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, update

from centre.books import insert_new
from centre.schema import courses, receipts
from contract.facts import FactLine
from contract.plain import Reply
from contract.topics import valid_id

_RECEIPTS = {"notice.received": "received_utc", "notice.shown": "shown_utc", "notice.ended": "ended_utc"}
_COMMANDS = {
    "command.accepted": "accepted",
    "command.done": "done",
    "command.refused": "refused",
    "command.unknown": "unknown",
}
KINDS = frozenset(_RECEIPTS) | frozenset(_COMMANDS)
"""Kinds that `enter` has something to do for."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one fact says of a notice: `column` of the table, at the unit's time."""

    column: str
    notice: str
    unit: str
    rev: int
    at_utc: float


def enter(conn: Connection, unit: str, fact: FactLine, now: float) -> Receipt | None:
    """`fact.kind` is one of KINDS. A receipt is for `receive`, many at a time; the step of a command is entered at once.

    Data that is not of the contract's form is kept in the fact and means nothing here.
    """
    if fact.kind in _RECEIPTS:
        return _receipt(unit, _RECEIPTS[fact.kind], fact.data, fact.at_utc)
    if valid_id(fact.data.get("id")):
        reason, door = fact.data.get("reason"), fact.data.get("door")
        reply = Reply(
            id=fact.data["id"],
            state=_COMMANDS[fact.kind],
            at_utc=fact.at_utc,
            reason=reason if isinstance(reason, str) else None,
            door=door if isinstance(door, str) else None,
        )
        heard(conn, unit, reply, now)
    return None


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


def heard(conn: Connection, unit: str, reply: Reply, now: float) -> None:
    """One step of a command's course; the same step heard again (as reply and as fact) changes nothing."""
    values: dict[str, Any] = {"command": reply.id, "state": reply.state, "unit": unit, "reason": reply.reason}
    values |= {"door": reply.door, "at_utc": reply.at_utc, "heard_utc": now}
    conn.execute(insert_new(conn, courses).values(**values))


def _receipt(unit: str, column: str, data: Mapping[str, Any], at_utc: float) -> Receipt | None:
    name, rev = data.get("id"), data.get("rev")
    if not isinstance(name, str) or not valid_id(name) or type(rev) is not int or not 0 < rev < 2**31:
        return None
    return Receipt(column, name, unit, rev, at_utc)
