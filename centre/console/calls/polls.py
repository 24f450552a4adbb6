"""Polls: put to the people of places, listed, and counted."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from centre import polls
from centre.console.call import Nothing, call
from centre.console.calls.notices import Body, IdText, Moment, ScopeText, Title, reached
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.permits import Doing
from centre.polls import ListedPoll, PollDraft, Result
from centre.scope_tree import PlaceRoll
from centre.units import parse_scope
from centre.words import _
from contract.messages import Per


class PutPoll(msgspec.Struct):
    """`options`: answered by 1 to 9. One answer a holder, a household (`room`), or as many as anyone gives."""

    scope: ScopeText
    title: Title
    options: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=60)], ...], Meta(min_length=2, max_length=9)]
    until_utc: Moment
    text: Body = ""
    per: Per = Per.ROOM
    from_utc: Moment | None = None


class PollName(msgspec.Struct):
    poll: IdText


class PollPut(msgspec.Struct):
    """`units`: how many ask it."""

    poll: str
    units: int


class PollLine(msgspec.Struct):
    poll: str
    scope: str
    title: str
    options: list[str]
    per: str
    until_utc: float


class PollLines(msgspec.Struct):
    polls: list[PollLine]


class UnitTurnout(msgspec.Struct):
    unit: str
    counted: int
    entitled: int


class PollResult(msgspec.Struct):
    """`votes`: of each option, in their order. `turnout`: of the units that the person sees; none for a poll open to anyone."""

    line: PollLine
    votes: list[int]
    replaced: int
    late: int
    strange: int
    turnout: list[UnitTurnout]


@call("POST", "/polls", doing=Doing.POLL)
def poll_put(visit: Visit, ask: PutPoll) -> PollPut:
    """Ask the people of a place, at its screens."""
    scope = parse_scope(ask.scope, visit.site)
    units = reached(visit, [scope], Doing.POLL)
    draft = PollDraft(scope, ask.title, ask.text, ask.options, ask.per, ask.until_utc, ask.from_utc)
    return PollPut(polls.put(visit.centre, draft, visit.person.name, visit.now).id, units)


@call("GET", "/polls", doing=Doing.VIEW)
def polls_listed(visit: Visit, ask: Nothing) -> PollLines:
    """Polls that concern the person's units, those that end last first."""
    return PollLines([_line(each) for each in seen_polls(visit)])


@call("GET", "/polls/{poll}", doing=Doing.VIEW)
def poll_counted(visit: Visit, ask: PollName) -> PollResult:
    """What was answered so far: units that are away tell theirs when they are back."""
    found = counted(visit, ask.poll)
    turnout = [
        UnitTurnout(each.unit, each.counted, each.entitled) for each in found.turnout if each.unit in visit.units
    ]
    return PollResult(_line(found.poll), list(found.votes), found.replaced, found.late, found.strange, turnout)


def seen_polls(visit: Visit) -> list[ListedPoll]:
    """The last end first."""
    return [each for each in reversed(polls.listed(visit.centre)) if _concerns(visit, visit.places, each)]


def counted(visit: Visit, name: str) -> Result:
    """Raises NotThereError."""
    if not any(each.notice == name for each in seen_polls(visit)):
        raise NotThereError(_("{name}: no such poll").format(name=name))
    return polls.result(visit.centre, name)


def _concerns(visit: Visit, known: PlaceRoll, each: ListedPoll) -> bool:
    return visit.seen is None or not visit.seen.isdisjoint(known.within.get(each.scope, ()))


def _line(each: ListedPoll) -> PollLine:
    return PollLine(each.notice, each.scope, each.title, list(each.options), each.per.value, each.until_utc)
