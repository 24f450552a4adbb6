"""Commands to units: made, signed, sent without retain, and their course as it is heard. Owns the table `commands`."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select

from centre import acts, adopted, projections, units
from centre.books import Books
from centre.link import Arrived, Link, LinkDown
from centre.schema import commands, courses
from contract import codec
from contract.commands import Command, Order, ReadCard
from contract.plain import Reply, ReplyState, parse_reply
from contract.refusal import Refusal
from contract.replies import check_reply
from contract.scopes import Scope

OPEN_VALID_S = 20.0
"""Well within the 30 s a unit accepts, and longer than a broker and a slow line take."""
VALID_S = 60.0
ANSWER_S = 5.0
"""How long after its end a command may still be answered as expired."""
OUTCOME_S = 75.0
"""From `accepted` to the outcome: an unlock lasts at most 60 s, then the door is known not to have been used."""
CARD_S = 5.0
"""How long the reply that has a card is waited for, once the books have that it was sent."""
LOOK_S = 0.2
ASKED = 500
"""Commands that one question to the books names."""

FINAL = frozenset({"opened", "no_entry", "unknown", "refused"})


def make(site: str, unit: str, order: Order, actor: str, why: str, valid_s: float, now: float) -> Command:
    """A command for one unit, with an id nobody can guess."""
    return Command(
        site=site,
        scope=Scope("unit", unit),
        id=secrets.token_hex(12),
        unit=unit,
        iat=round(now, 3),
        exp=round(now + valid_s, 3),
        order=order,
        actor=actor,
        why=why,
    )


def record(conn: Connection, command: Command) -> None:
    """Before it is sent: who ordered what, and why."""
    row: dict[str, Any] = {"id": command.id, "unit": command.unit, "action": command.action, "actor": command.actor}
    row |= {"args": json.dumps(codec.write(command.order), ensure_ascii=False), "why": command.why}
    row |= {"iat_utc": command.iat, "exp_utc": command.exp}
    conn.execute(insert(commands).values(**row))
    acts.note(conn, "command", adopted.command_data(row), command.iat)


def course(books: Books, link: Link, command: Command, *, goes_on: bool) -> Iterator[Reply]:
    """Each step as it is heard, by this connection or by `serve`, until an outcome or until none can be expected.

    `goes_on`: whether something follows upon `done`.
    """
    return courses_of(books, link, [command], goes_on=goes_on)


def courses_of(books: Books, link: Link, given: Sequence[Command], *, goes_on: bool) -> Iterator[Reply]:
    """Likewise of several at once, which were given together."""
    waiting = {command.id: command for command in given}
    seen: dict[str, set[str]] = {name: set() for name in waiting}
    said: dict[tuple[str, ReplyState], Reply] = {}
    held: dict[str, float] = {}
    end = time.monotonic() + max(command.exp - command.iat for command in given) + ANSWER_S
    while waiting and time.monotonic() < end:
        said |= _listen(books, link, waiting)
        for reply in _heard(books, waiting):
            mine = seen[reply.id]
            own = said.get((reply.id, reply.state))
            if reply.state in mine or _lacks_card(waiting[reply.id], reply, own, held):
                continue
            mine.add(reply.state)
            if reply.state == "accepted":
                end = max(end, time.monotonic() + OUTCOME_S) if len(given) > 1 else time.monotonic() + OUTCOME_S
            yield reply if own is None else replace(reply, detail=own.detail, sealed=own.sealed)
            if mine & FINAL or ("done" in mine and not goes_on):
                waiting.pop(reply.id, None)


def _lacks_card(command: Command, reply: Reply, own: Reply | None, held: dict[str, float]) -> bool:
    """`serve` entered the step before this connection heard it, and only the reply itself has the card: it is waited for, not for long."""
    if not isinstance(command.order, ReadCard) or reply.state != ReplyState.DONE or own is not None:
        return False
    return time.monotonic() < held.setdefault(reply.id, time.monotonic() + CARD_S)


def _listen(books: Books, link: Link, waiting: Mapping[str, Command]) -> dict[tuple[str, ReplyState], Reply]:
    """Enters what is heard. By command and state the reply itself, which says more than the books keep of it."""
    said: dict[tuple[str, ReplyState], Reply] = {}
    for event in link.take(LOOK_S):
        if isinstance(event, LinkDown) or not isinstance(event, Arrived):
            continue
        reply = _entered(books, waiting, event.message.payload, time.time())
        if reply is not None:
            said[reply.id, reply.state] = reply
        link.ack(event)
    return said


def _entered(books: Books, waiting: Mapping[str, Command], payload: bytes, now: float) -> Reply | None:
    """The reply, where it is one to one of these commands and signed by its unit: then it is in the books."""
    reply = parse_reply(payload)
    command = None if isinstance(reply, Refusal) else waiting.get(reply.id)
    if isinstance(reply, Refusal) or command is None:
        return None
    with books.writing() as conn:
        key = units.key_of(conn, command.unit)
        if key is None or check_reply(reply, command.site, command.unit, key.public) is not None:
            return None
        projections.heard(conn, command.unit, reply, now)
    return reply


def _heard(books: Books, waiting: Collection[str]) -> list[Reply]:
    """In the order of their steps."""
    names = list(waiting)
    found: list[Reply] = []
    with books.reading() as conn:
        for first in range(0, len(names), ASKED):
            mine = courses.c.command.in_(names[first : first + ASKED])
            rows = conn.execute(select(courses).where(mine).order_by(courses.c.at_utc, courses.c.heard_utc))
            found += [Reply(row.command, ReplyState(row.state), row.at_utc, row.reason, row.door) for row in rows]
    return sorted(found, key=lambda reply: tuple(ReplyState).index(reply.state))
