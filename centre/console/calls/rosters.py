"""Lists of who may open (rosters): looked through, put from a file, one line added or altered, a PIN made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta

from centre import people, roster_changes, roster_reach, rosters
from centre.console.call import call
from centre.console.calls import card_reading
from centre.console.calls.people import MOST, HolderId, PeopleFound, line, one, parts
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import BadValueError, CentreError
from centre.people import LinesWanted, RosterInPlace
from centre.permits import Doing
from centre.roster_changes import FileChange, LineChange
from centre.roster_reach import RosterSpread
from centre.sheet import BadTableError
from centre.words import _

ScopeText = Annotated[str, Meta(min_length=3, max_length=64)]
RosterId = Annotated[str, Meta(min_length=1, max_length=48)]
Cell = Annotated[str, Meta(max_length=2000)]
CardNumber = Annotated[str, Meta(max_length=64)]
ReadingId = Annotated[str, Meta(max_length=32)]
First = Annotated[int, Meta(ge=0, le=10_000_000)]
Rev = Annotated[int, Meta(ge=0, le=2**53)]
FAULTS = 100
"""Told at once."""


class RostersAsk(msgspec.Struct):
    first: First = 0


class RosterLine(msgspec.Struct):
    """`has`, `units`: doors that hold this revision, of all it is for."""

    scope: str
    roster: str
    rev: int
    made_utc: float
    entries: int
    has: int
    units: int


class RosterLines(msgspec.Struct):
    lists: list[RosterLine]
    count: int


class RosterAsk(msgspec.Struct):
    scope: ScopeText
    roster: RosterId
    first: First = 0


class FileAsk(msgspec.Struct):
    """`csv`: the whole file. `mark`: as the preview of this very file said; then it is only put where nothing changed since.

    `again`: takes in what was revoked. `empty`: the file may hold nobody. `hours`: a file of weekly profiles; empty: those that the list has.
    """

    scope: ScopeText
    roster: RosterId
    csv: Annotated[str, Meta(max_length=12_000_000)]
    mark: Annotated[str, Meta(max_length=64)] = ""
    again: bool = False
    empty: bool = False
    hours: Annotated[str, Meta(max_length=1_000_000)] = ""


class FileFault(msgspec.Struct):
    """`line` counts from 1."""

    line: int
    column: str
    words: str


class FilePreview(msgspec.Struct):
    """What putting it would change; where there are faults (at most 100 are told) nothing can be put. `before`: revision in place, 0 for none."""

    faults: list[FileFault]
    mark: str = ""
    before: int = 0
    holders: int = 0
    added: list[str] = []
    gone: list[str] = []
    changed: list[str] = []
    fewer: list[str] = []


class RosterPut(msgspec.Struct):
    """`doubts`: what is mostly not meant, a line each."""

    scope: str
    roster: str
    rev: int
    entries: int
    doubts: list[str]


class Columns(msgspec.Struct, kw_only=True):
    """As the columns of a list's file; empty is absent."""

    role: Cell = ""
    room: Cell = ""
    doors: Cell = ""
    from_: Cell = msgspec.field(default="", name="from")
    until: Cell = ""
    hours: Cell = ""
    unlock_s: Cell = ""
    flags: Cell = ""
    pin_required: Cell = ""
    org: Cell = ""

    def cells(self) -> dict[str, str]:
        return {name: getattr(self, "from_" if name == "from" else name).strip() for name in roster_changes.ALTERED}


class AddAsk(Columns, kw_only=True):
    """`reading`: in place of a number the course that read the card at a reader."""

    scope: ScopeText
    roster: RosterId
    id: HolderId
    card: CardNumber = ""
    reading: ReadingId = ""


class AlterAsk(Columns, kw_only=True):
    """All lines of the person in this list. `rev`: the revision that was looked at."""

    holder: HolderId
    scope: ScopeText
    roster: RosterId
    rev: Rev | None = None


class CardAsk(msgspec.Struct):
    """`reading`: as of somebody new."""

    holder: HolderId
    scope: ScopeText
    roster: RosterId
    card: CardNumber = ""
    reading: ReadingId = ""


class PinAsk(msgspec.Struct):
    """`duress`: a second one beside it, that opens too and raises an alarm here."""

    holder: HolderId
    scope: ScopeText
    roster: RosterId
    duress: bool = False


class MadePin(msgspec.Struct):
    """Told this once, and kept nowhere but sealed. `another`: in its place comes, once the key of PINs has changed, the one that was told then."""

    pin: str
    another: bool


class Altered(msgspec.Struct):
    rev: int


# --- looked through


def all_lists(visit: Visit) -> list[RosterInPlace]:
    return people.rosters(parts(visit))


def reached(visit: Visit, found: list[RosterInPlace]) -> list[RosterSpread]:
    names = [(each.scope, each.id, each.rev) for each in found]
    with visit.centre.books.reading() as conn:
        known = roster_reach.of(conn, names)
    return [known[name] for name in names]


@call("GET", "/rosters", doing=Doing.PEOPLE)
def rosters_listed(visit: Visit, ask: RostersAsk) -> RosterLines:
    """Lists in place, 50 at a time, each with how many doors hold it."""
    every = all_lists(visit)
    found = every[ask.first : ask.first + MOST]
    made = [
        RosterLine(each.scope, each.id, each.rev, each.made_utc, each.entries, len(mine.has), mine.every)
        for each, mine in zip(found, reached(visit, found), strict=True)
    ]
    return RosterLines(made, len(every))


def one_list(visit: Visit, scope: str, name: str) -> RosterInPlace:
    """Raises NotThereError, for one of elsewhere too."""
    found = next((each for each in all_lists(visit) if (each.scope, each.id) == (scope, name)), None)
    if found is None:
        raise NotThereError(_("{name}: no such list").format(name=name))
    return found


@call("GET", "/rosters/people", doing=Doing.PEOPLE)
def roster_people(visit: Visit, ask: RosterAsk) -> PeopleFound:
    """Who is in one list, in its order, 50 lines at a time; each with all their lines of this list."""
    found = one_list(visit, ask.scope, ask.roster)
    ids = dict.fromkeys(each.holder.id for each in found.slice(ask.first, MOST))
    every = people.entries(found.parts, LinesWanted(ids=frozenset(ids)))
    mine = {each.id: each for each in people.people(every)}
    return PeopleFound([line(mine[name]) for name in ids], found.entries > ask.first + MOST)


# --- files


@call("POST", "/rosters/preview", doing=Doing.PEOPLE)
def roster_preview(visit: Visit, ask: FileAsk) -> FilePreview:
    """What a file would change, or what is wrong with it; nothing is kept of it."""
    return previewed(visit, ask, ask.csv.encode())


def previewed(visit: Visit, ask: FileAsk, data: bytes) -> FilePreview:
    scope = visit.scope(ask.scope)
    visit.require(Doing.PEOPLE, scope)
    try:
        profiles = roster_changes.profiles_of(visit.centre, scope, ask.roster, ask.hours.encode())
        found = roster_changes.preview(
            visit.centre, scope, ask.roster, data, empty=ask.empty, again=ask.again, profiles=profiles
        )
    except BadTableError as error:
        faults = [FileFault(each.line, each.column, each.text) for each in error.faults[:FAULTS]]
        return FilePreview(faults or [FileFault(1, "", _("it holds nobody"))])
    return _preview(found)


def _preview(found: FileChange) -> FilePreview:
    lists = (list(found.added), list(found.gone), list(found.changed), list(found.fewer))
    return FilePreview([], found.mark, found.before, found.holders, *lists)


@call("POST", "/rosters", doing=Doing.PEOPLE)
def roster_put(visit: Visit, ask: FileAsk) -> RosterPut:
    """The file is the whole list from now on: leaving somebody out revokes."""
    return put(visit, ask, ask.csv.encode())


def put(visit: Visit, ask: FileAsk, data: bytes) -> RosterPut:
    scope = visit.scope(ask.scope)
    visit.require(Doing.PEOPLE, scope)
    by = visit.person.name
    try:
        made = rosters.put(
            visit.centre,
            scope,
            ask.roster,
            data,
            visit.now,
            empty=ask.empty,
            profiles=roster_changes.profiles_of(visit.centre, scope, ask.roster, ask.hours.encode()),
            again=by if ask.again else None,
            by=by,
            mark=ask.mark or None,
        )
    except BadTableError as error:
        first = error.faults[0] if error.faults else _("it holds nobody")
        raise BadValueError("csv", str(first)) from None
    return RosterPut(str(scope), made.id, made.rev, made.holders, list(made.doubts))


# --- one line


@call("POST", "/rosters/people", doing=Doing.PEOPLE)
def person_added(visit: Visit, ask: AddAsk) -> Altered:
    """Somebody new in a list."""
    one_list(visit, ask.scope, ask.roster)
    visit.require(Doing.PEOPLE, ask.scope)
    values = {"id": ask.id.strip(), "card": _number(visit, ask, ask.id.strip()), **ask.cells()}
    made = _altered(lambda: roster_changes.add(visit.centre, _change(visit, ask), values, visit.now))
    _given(visit, ask)
    return made


@call("POST", "/people/{holder}/change", doing=Doing.PEOPLE)
def person_altered(visit: Visit, ask: AlterAsk) -> Altered:
    """Room, doors, times and the rest of a person in a list; what is empty becomes absent. Cards stay."""
    in_list(visit, ask.holder, ask.scope, ask.roster)
    change = _change(visit, ask, ask.rev)
    return _altered(lambda: roster_changes.alter(visit.centre, change, ask.holder, ask.cells(), visit.now))


@call("POST", "/people/{holder}/cards", doing=Doing.PEOPLE)
def card_added(visit: Visit, ask: CardAsk) -> Altered:
    """A further card for a person of a list; it opens what their first one does."""
    in_list(visit, ask.holder, ask.scope, ask.roster)
    change, number = _change(visit, ask), _number(visit, ask, ask.holder)
    made = _altered(lambda: roster_changes.add_card(visit.centre, change, ask.holder, number, visit.now))
    _given(visit, ask)
    return made


def new_checked(visit: Visit, ask: AddAsk) -> None:
    """Before a card is read for somebody new. Raises as `person_added` would, but for the card."""
    one_list(visit, ask.scope, ask.roster)
    visit.require(Doing.PEOPLE, ask.scope)
    values = {"id": ask.id.strip(), **ask.cells()}
    try:
        roster_changes.check_new(visit.centre, _change(visit, ask), values)
    except BadTableError as error:
        _first(error)


def _number(visit: Visit, ask: AddAsk | CardAsk, holder: str) -> str:
    if ask.reading and ask.card.strip():
        raise BadValueError("card", _("either a number or a card that was read"))
    if not ask.reading and not ask.card.strip():
        raise BadValueError("card", _("missing"))
    return card_reading.number_for(visit, ask.reading, holder) if ask.reading else ask.card.strip()


def _given(visit: Visit, ask: AddAsk | CardAsk) -> None:
    if ask.reading:
        card_reading.given(visit, ask.reading)


@call("POST", "/people/{holder}/pin", doing=Doing.PEOPLE)
def pin_made(visit: Visit, ask: PinAsk) -> MadePin:
    """A new PIN, in place of the one before; told once."""
    in_list(visit, ask.holder, ask.scope, ask.roster)
    scope = visit.scope(ask.scope)
    by = visit.person.name
    made = rosters.make_pin(visit.centre, ask.roster, ask.holder, visit.now, duress=ask.duress, scope=scope, by=by)
    return MadePin(made.pin, made.another)


def in_list(visit: Visit, holder: str, scope: str, roster: str) -> None:
    """Raises NotThereError, ForbiddenError."""
    found = one(visit, holder)
    if (scope, roster) not in {(each.part.scope, each.part.roster) for each in found.entries}:
        raise NotThereError(_("{name}: no such list").format(name=roster))
    visit.require(Doing.PEOPLE, scope)


def _change(visit: Visit, ask: AddAsk | AlterAsk | CardAsk, rev: int | None = None) -> LineChange:
    return LineChange(ask.scope, ask.roster, visit.person.name, rev)


def _altered(act: Callable[[], int]) -> Altered:
    try:
        return Altered(act())
    except BadTableError as error:
        _first(error)


def _first(error: BadTableError) -> NoReturn:
    for each in error.faults:
        raise BadValueError(each.column or "id", each.text) from None
    raise CentreError(str(error)) from None
