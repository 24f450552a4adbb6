"""What certain facts mean beyond being kept: receipts of notices, the course of commands. Owns the tables receipts and courses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update

from centre.books import insert_new
from centre.schema import courses, receipts
from contract.facts import FactLine
from contract.plain import Reply
from contract.topics import valid_id

_RECEIPTS = {"notice.received": "received_utc", "notice.shown": "shown_utc", "notice.ended": "ended_utc"}
_COMMANDS = {"command.accepted": "accepted", "command.done": "done", "command.refused": "refused"}
KINDS = frozenset(_RECEIPTS) | frozenset(_COMMANDS)
"""Kinds that `enter` has something to do for."""


def enter(conn: Connection, unit: str, fact: FactLine, now: float) -> None:
    """`fact.kind` is one of KINDS. Data that is not of the contract's form is kept in the fact and means nothing here."""
    if fact.kind in _RECEIPTS:
        _receipt(conn, unit, _RECEIPTS[fact.kind], fact.data, fact.at_utc)
    elif valid_id(fact.data.get("id")):
        reason, door = fact.data.get("reason"), fact.data.get("door")
        reply = Reply(
            id=fact.data["id"],
            state=_COMMANDS[fact.kind],
            at_utc=fact.at_utc,
            reason=reason if isinstance(reason, str) else None,
            door=door if isinstance(door, str) else None,
        )
        heard(conn, unit, reply, now)


def heard(conn: Connection, unit: str, reply: Reply, now: float) -> None:
    """One step of a command's course; the same step heard again (as reply and as fact) changes nothing."""
    values: dict[str, Any] = {"command": reply.id, "state": reply.state, "unit": unit, "reason": reply.reason}
    values |= {"door": reply.door, "at_utc": reply.at_utc, "heard_utc": now}
    conn.execute(insert_new(conn, courses).values(**values))


def _receipt(conn: Connection, unit: str, column: str, data: Mapping[str, Any], at_utc: float) -> None:
    name, rev = data.get("id"), data.get("rev")
    if not valid_id(name) or type(rev) is not int or not 0 < rev < 2**31:
        return
    key = {"notice": name, "unit": unit, "rev": rev}
    made = conn.execute(insert_new(conn, receipts).values(**key, **{column: at_utc})).rowcount > 0
    if not made:
        same = (receipts.c.notice == name) & (receipts.c.unit == unit) & (receipts.c.rev == rev)
        first = receipts.c[column]
        conn.execute(update(receipts).where(same, first.is_(None)).values({column: at_utc}))
