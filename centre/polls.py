"""Polls: put up as a notice that asks, and counted from what the units tell. Owns the table polls. Publishing is the caller's next step.

One answer a holder counts, or one a household (a room of a unit; two rooms where the same holder answered are one household), the last that was given
before the poll's end. Which was the last at one unit its own numbers say; between two units it is the true time. A poll open to anyone counts answers,
not people.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from centre import acts, adopted, notices, said, units
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.notices import Draft
from centre.opened import OpenCentre
from centre.said import Answered
from centre.schema import state as state_table
from centre.schema_reports import poll_ends, polls
from centre.units import Unit
from centre.words import _
from contract.envelope import unverified_payload
from contract.messages import Category, Kind, Notice, Per, Poll, Role
from contract.scopes import Scope

MAX_BY = 100
LOOKED_S = 7 * 86_400.0
"""How long after its end the rosters still say who could answer a poll: `serve` was away, perhaps."""
_Name = tuple[str, str]
"""Of a holder: empty, and the id. Of a room: the unit, and its number."""


@dataclass(frozen=True, slots=True)
class PollDraft:
    """A poll as somebody wants it, answered until `until_utc`."""

    scope: Scope
    title: str
    text: str
    options: tuple[str, ...]
    per: Per
    until_utc: float
    from_utc: float | None = None


@dataclass(frozen=True, slots=True)
class ListedPoll:
    """A poll that was put."""

    notice: str
    scope: str
    title: str
    options: tuple[str, ...]
    per: Per
    until_utc: float


@dataclass(frozen=True, slots=True)
class Turnout:
    """Of one unit: how many counted, of so many who may answer by its rosters."""

    unit: str
    counted: int
    entitled: int


@dataclass(frozen=True, slots=True)
class Result:
    """`votes`: of each option, in their order. `replaced`: answers that a later one of the same voter took the place of; `late`: of after the end;
    `strange`: of an option that there is not, or from where nobody was asked. `turnout`: none for a poll open to anyone.
    """

    poll: ListedPoll
    votes: tuple[int, ...]
    replaced: int
    late: int
    strange: int
    turnout: tuple[Turnout, ...]


def put(centre: OpenCentre, draft: PollDraft, by: str, now: float) -> Notice:
    """Commit it; returns the notice that asks. Raises CentreError (wrong use) where it can't be put up."""
    if not by.strip() or len(by) > MAX_BY or "\0" in by:
        raise BadValueError("by", _("1 to {most} characters").format(most=MAX_BY))
    if len(set(draft.options)) < len(draft.options):
        raise BadValueError("option", _("one is there twice"))
    ask = Poll(draft.options, draft.per)
    with centre.books.changing() as conn:
        notice = notices.put_in(
            conn,
            centre,
            Draft(
                scope=draft.scope,
                title=draft.title,
                text=draft.text,
                category=Category.SERVICE,
                from_utc=draft.from_utc,
                until_utc=draft.until_utc,
                ask=ask,
                by=by,
            ),
            now,
        )
        options = json.dumps(draft.options, ensure_ascii=False)
        row: dict[str, Any] = {"notice": notice.id, "scope": str(draft.scope), "title": draft.title, "options": options}
        row |= {"per": draft.per.value, "until_utc": draft.until_utc, "by": by, "made_utc": round(now, 3)}
        conn.execute(insert(polls).values(**row))
        acts.note(conn, "poll", adopted.poll_data(row), now)
    return notice


def listed(centre: OpenCentre) -> list[ListedPoll]:
    """All there ever were, in the order of their ends."""
    with centre.books.reading() as conn:
        return [_poll(row) for row in conn.execute(select(polls).order_by(polls.c.until_utc, polls.c.notice))]


def result(centre: OpenCentre, name: str) -> Result:
    """As far as the units have told. Raises CentreError (wrong use) where there is no such poll."""
    with centre.books.reading() as conn:
        row = conn.execute(select(polls).where(polls.c.notice == name)).first()
        if row is None:
            raise CentreError(_("{name}: no such poll").format(name=name), WRONG_USE)
        poll = _poll(row)
        asked = _asked(conn, centre.site.site, poll)
        found = said.answers(conn, {name})
        ended = conn.execute(select(poll_ends.c.unit, poll_ends.c.entitled).where(poll_ends.c.notice == name)).all()
        entitled = {row.unit: row.entitled for row in ended if row.unit} if ended else _who(conn, poll, asked)
    return counted(poll, found, entitled)


def _who(conn: Connection, poll: ListedPoll, asked: Mapping[str, Unit]) -> dict[str, int]:
    entitled = {} if poll.per is Per.ANYONE else _entitled(conn, asked.values(), poll.per, poll.until_utc)
    return {unit: entitled.get(unit, 0) for unit in asked}


def _asked(conn: Connection, site: str, poll: ListedPoll) -> dict[str, Unit]:
    return {
        unit.unit: unit for unit in units.listed(conn, site) if poll.scope in map(str, unit.scopes) and not unit.revoked
    }


def ending(conn: Connection, now: float) -> list[ListedPoll]:
    """Those that ended, and of which it is not kept yet who could answer."""
    kept = select(poll_ends.c.notice)
    wanted = select(polls).where(
        polls.c.until_utc <= now, polls.c.until_utc > now - LOOKED_S, polls.c.notice.not_in(kept)
    )
    return [_poll(row) for row in conn.execute(wanted.order_by(polls.c.until_utc, polls.c.notice))]


def keep_ends(conn: Connection, site: str, now: float) -> None:
    """How many could answer, as the rosters are now: of polls that just ended. An act of the centre."""
    for poll in ending(conn, now):
        found = _who(conn, poll, _asked(conn, site, poll)) or {"": 0}  # that nobody was asked is kept, too
        for unit, count in sorted(found.items()):
            conn.execute(insert(poll_ends).values(notice=poll.notice, unit=unit, entitled=count))
        acts.note(conn, "poll_end", {"notice": poll.notice, "entitled": found}, now)


def counted(poll: ListedPoll, found: Iterable[Answered], entitled: Mapping[str, int]) -> Result:
    """`entitled`: how many may answer at each unit that was asked. Pure."""
    good: list[Answered] = []
    late = strange = 0
    for each in found:
        fact = each.fact
        nameless = fact.by is None and poll.per is not Per.ANYONE
        if nameless or each.unit not in entitled or fact.scope != poll.scope or fact.value > len(poll.options):
            strange += 1
        elif each.at_utc >= poll.until_utc:
            late += 1
        else:
            good.append(each)
    counting = good if poll.per is Per.ANYONE else _last_of_each(poll.per, good)
    votes = Counter(each.fact.value for each in counting)
    turnout = Counter(each.unit for each in counting)
    return Result(
        poll,
        tuple(votes[number] for number in range(1, len(poll.options) + 1)),
        replaced=len(good) - len(counting),
        late=late,
        strange=strange,
        turnout=()
        if poll.per is Per.ANYONE
        else tuple(Turnout(unit, turnout[unit], entitled[unit]) for unit in sorted(entitled)),
    )


def _last_of_each(per: Per, found: Sequence[Answered]) -> list[Answered]:
    """Of each voter: at each unit the last by its numbers, of those the last by the time."""
    voters = _Voters()
    if per is Per.ROOM:
        for each in found:
            if each.fact.room is not None:
                voters.join((each.unit, each.fact.room), ("", str(each.fact.by)))
    at_unit: dict[tuple[_Name, str], Answered] = {}
    for each in found:
        key = (voters.of(("", str(each.fact.by))), each.unit)
        if key not in at_unit or each.place > at_unit[key].place:
            at_unit[key] = each
    last: dict[_Name, Answered] = {}
    for (voter, _unit), each in at_unit.items():
        if voter not in last or each.at_utc > last[voter].at_utc:
            last[voter] = each
    return list(last.values())


class _Voters:
    """Which names stand for one voter."""

    def __init__(self) -> None:
        self._same: dict[_Name, _Name] = {}

    def of(self, name: _Name) -> _Name:
        while name in self._same:
            name = self._same[name]
        return name

    def join(self, one: _Name, other: _Name) -> None:
        first, second = self.of(one), self.of(other)
        if first != second:
            self._same[first] = second


def _entitled(conn: Connection, asked: Iterable[Unit], per: Per, until_utc: float) -> dict[str, int]:
    """How many residents, or households of them, the rosters in place have at each unit."""
    mine = (state_table.c.kind == Kind.ROSTER.value) & state_table.c.token.is_not(None)
    by_scope: dict[str, set[str]] = {}
    for row in conn.execute(select(state_table.c.scope, state_table.c.token).where(mine)):
        for holder in unverified_payload(row.token)["holders"]:
            over = holder.get("until") is not None and holder["until"] < until_utc
            if holder.get("role", Role.RESIDENT) == Role.RESIDENT and not over:
                room = holder.get("room") if per is Per.ROOM else None
                by_scope.setdefault(row.scope, set()).add(f"room {room}" if room else holder["id"])
    return {unit.unit: len(set().union(*(by_scope.get(str(scope), set()) for scope in unit.scopes))) for unit in asked}


def _poll(row: Row[tuple[object, ...]]) -> ListedPoll:
    options = tuple(json.loads(row.options))
    return ListedPoll(row.notice, row.scope, row.title, options, Per(row.per), row.until_utc)
