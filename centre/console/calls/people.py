"""People: looked for by card, room or id; one person; cards lost, people leaving, and what each door knows of it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from centre import acts, holder_cards, holder_desk, people, roster_reach, scope_tree
from centre.console.call import Nothing, call
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import BadValueError, ForbiddenError
from centre.people import LinesWanted, PartEntry, Person, PlacedPart, Seen
from centre.permits import Doing
from centre.roster_reach import Name, RosterSpread
from centre.rosters_in_place import Left
from centre.words import _

MOST = 50
"""Of what one look finds, and of a page."""
DAY_S = 86_400
HolderId = Annotated[str, Meta(min_length=1, max_length=48)]
CardName = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Why = Annotated[str, Meta(max_length=500)]


class PersonSearch(msgspec.Struct):
    """A card as printed, a room, or an id. A card's number is hashed at once, and kept nowhere: so this is posted, and never in an address."""

    q: Annotated[str, Meta(max_length=64)] = ""


class PersonName(msgspec.Struct):
    holder: HolderId


class EndingAsk(msgspec.Struct):
    """Whose time ends within so many days, or has ended."""

    days: Annotated[int, Meta(ge=1, le=366)] = 30
    first: Annotated[int, Meta(ge=0, le=10_000_000)] = 0


class PersonLine(msgspec.Struct):
    """`doors`: null is all. `until_utc`: null is without an end. `by_card`: the name of the card whose number was asked for."""

    holder: str
    role: str
    rooms: list[str]
    doors: list[str] | None
    cards: int
    has_pin: bool
    until_utc: float | None
    flags: list[str]
    org: str | None
    by_card: str | None


class PeopleFound(msgspec.Struct):
    """At most 50; `more`: there are further ones."""

    people: list[PersonLine]
    more: bool


class EntryLine(msgspec.Struct):
    """What one list says of a person. `card`: a name for it that tells nothing of its number. `kept`: the number is, sealed."""

    scope: str
    roster: str
    rev: int
    card: str | None
    kept: bool
    doors: list[str] | None
    from_utc: float | None
    until_utc: float | None
    has_hours: bool
    pin_required: bool
    has_pin: bool
    has_duress: bool


class WholePerson(msgspec.Struct):
    """`has`, `units`: doors that hold the newest lists, of all that these are for. `elsewhere`: in lists outside one's own scope, too."""

    line: PersonLine
    entries: list[EntryLine]
    has: int
    units: int
    elsewhere: bool


class LostAsk(msgspec.Struct):
    """`card`: its name, as the person's entries have it."""

    holder: HolderId
    card: CardName
    why: Why = ""


class LostNumberAsk(msgspec.Struct):
    """`number`: as printed. It is hashed, sealed where it has to be known again, and goes no further."""

    number: Annotated[str, Meta(min_length=1, max_length=64)]
    why: Why = ""


class LeaveAsk(msgspec.Struct):
    holder: HolderId
    why: Why = ""


class ChangedList(msgspec.Struct):
    """`count`: entries less. `kept`: put from here; else it comes back with the next list of whoever puts it."""

    scope: str
    roster: str
    rev: int
    count: int
    kept: bool


class ChangedLists(msgspec.Struct):
    """Signed and kept; `serve` hands them to the broker as soon as it can."""

    lists: list[ChangedList]


class Organisations(msgspec.Struct):
    organisations: list[OrganisationLine]


class OrganisationLine(msgspec.Struct):
    org: str
    people: int
    until_utc: float | None


class LeaveOrgAsk(msgspec.Struct):
    org: HolderId
    why: Why = ""


# --- what may be seen


def seen(visit: Visit) -> Seen:
    """Lists that reach only units of the person's own scope."""
    if visit.seen is None:
        return lambda _scope: True
    with visit.centre.books.reading() as conn:
        within = scope_tree.roll(conn, visit.site).within
    own, units = str(visit.person.scope), visit.units
    return lambda scope: scope == own or (bool(within.get(scope)) and within[scope] <= units)


def parts(visit: Visit) -> list[PlacedPart]:
    mine = seen(visit)
    with visit.centre.books.reading() as conn:
        return people.parts(conn, visit.site, mine)


def one(visit: Visit, holder: str) -> Person:
    """Raises NotThereError, for one who is only in lists of elsewhere too."""
    found = people.person(parts(visit), holder)
    if found is None:
        raise NotThereError(_("{holder}: no list has this person").format(holder=holder))
    return found


def elsewhere(visit: Visit, wanted: LinesWanted) -> bool:
    """Whether lists that the person may not see have such an entry."""
    if visit.seen is None:
        return False
    mine = seen(visit)
    with visit.centre.books.reading() as conn:
        every = people.parts(conn, visit.site, lambda scope: not mine(scope))
    return next(people.entries(every, wanted), None) is not None


def own_only(visit: Visit, wanted: LinesWanted) -> None:
    """Raises ForbiddenError where it would change a list of elsewhere."""
    if elsewhere(visit, wanted):
        raise ForbiddenError(
            _(
                "This is also in lists outside what your account is for. Nothing was changed: ask somebody of the whole site."
            )
        )


# --- looked for


@call("POST", "/people/search", doing=Doing.PEOPLE)
def search_people(visit: Visit, ask: PersonSearch) -> PeopleFound:
    """Whoever has this card, room or id, or whose room or id begins so."""
    found = found_of(visit, ask)
    return PeopleFound([line(each) for each in found[:MOST]], len(found) > MOST)


def found_of(visit: Visit, ask: PersonSearch) -> list[Person]:
    """One more than a page where there are further ones. Whose card it is, is told only against an entry of who asked."""
    found = people.search(visit.centre, parts(visit), ask.q, MOST + 1)
    named = [each.id for each in found if each.by_card]
    if named:
        with visit.centre.books.writing() as conn:
            for holder in named:
                acts.note(conn, "looked", {"by": visit.person.name, "holder": holder, "what": "card"}, visit.now)
    return found


@call("GET", "/people/ending", doing=Doing.PEOPLE)
def people_ending(visit: Visit, ask: EndingAsk) -> PeopleFound:
    """Whose time ends soon, or has ended, the first to end first."""
    found = people.ending(parts(visit), visit.now + ask.days * DAY_S, ask.first, MOST + 1)
    return PeopleFound([line(each) for each in found[:MOST]], len(found) > MOST)


@call("GET", "/people/{holder}", doing=Doing.PEOPLE)
def person_shown(visit: Visit, ask: PersonName) -> WholePerson:
    """One person: cards, rooms, doors, times, and how many doors know of it."""
    found = one(visit, ask.holder)
    reached = reach(visit, found.entries)
    others = elsewhere(visit, of_id(ask.holder))
    return WholePerson(line(found), [_entry(each) for each in found.entries], len(reached.has), reached.every, others)


def reach(visit: Visit, entries: tuple[PartEntry, ...]) -> RosterSpread:
    names = {(each.part.scope, each.part.roster, each.part.rev) for each in entries}
    return reach_of(visit, sorted(names))


def reach_of(visit: Visit, names: list[Name]) -> RosterSpread:
    with visit.centre.books.reading() as conn:
        return roster_reach.together(roster_reach.of(conn, names).values())


def line(found: Person) -> PersonLine:
    doors = [each.doors for each in found.holders]
    named = None if None in doors else sorted({door for each in doors if each is not None for door in each})
    org = next((each.org for each in found.holders if each.org is not None), None)
    return PersonLine(
        found.id,
        found.role.value,
        found.rooms,
        named,
        len(found.cards),
        found.has_pin,
        found.until_utc,
        found.flags,
        org,
        min(found.by_card, default=None),
    )


def _entry(each: PartEntry) -> EntryLine:
    part, holder = each.part, each.holder
    doors = None if holder.doors is None else sorted(holder.doors)
    where = (part.scope, part.roster, part.rev, each.card, part.kept, doors, holder.from_utc, holder.until_utc)
    secret = (holder.pin_required, holder.pin is not None, holder.duress is not None)
    return EntryLine(*where, holder.hours is not None, *secret)


# --- lost, left, erased


@call("POST", "/people/{holder}/lost", doing=Doing.LOST_CARD)
def card_lost(visit: Visit, ask: LostAsk) -> ChangedLists:
    """A card of a person is lost: out of every list at once."""
    found = one(visit, ask.holder)
    if ask.card not in found.cards:
        raise BadValueError("card", _("this person has no such card any more"))
    mine = (each for each in found.entries if each.card == ask.card)
    own_only(
        visit, LinesWanted(cards={each.part.card_key: each.holder.key for each in mine if each.holder.key is not None})
    )
    return changed(
        holder_cards.revoke(visit.centre, ask.holder, ask.card, visit.person.name, ask.why.strip(), visit.now)
    )


@call("POST", "/people/lost-card", doing=Doing.LOST_CARD)
def number_lost(visit: Visit, ask: LostNumberAsk) -> ChangedLists:
    """The same of whoever has the card with this number."""
    hashes = people.hashes(visit.centre, ask.number.strip())
    if not hashes:
        raise BadValueError("number", _("not a card's number as it is printed"))
    wanted = LinesWanted(cards=hashes)
    if next(people.entries(parts(visit), wanted), None) is None:
        raise BadValueError("number", _("no list has this card"))
    own_only(visit, wanted)
    return changed(holder_desk.revoke(visit.centre, ask.number.strip(), visit.person.name, ask.why.strip(), visit.now))


def of_id(holder: str) -> LinesWanted:
    return LinesWanted(ids=frozenset({holder}))


@call("POST", "/people/{holder}/leave", doing=Doing.PEOPLE)
def person_leaves(visit: Visit, ask: LeaveAsk) -> ChangedLists:
    """Somebody moves away: all their cards and PINs, out of every list at once."""
    one(visit, ask.holder)
    own_only(visit, of_id(ask.holder))
    return changed(holder_desk.revoke(visit.centre, ask.holder, visit.person.name, ask.why.strip(), visit.now))


def changed(left: list[Left]) -> ChangedLists:
    return ChangedLists([ChangedList(each.scope, each.id, each.rev, each.count, each.kept) for each in left])


@call("GET", "/organisations", doing=Doing.PEOPLE)
def organisations(visit: Visit, ask: Nothing) -> Organisations:
    """Whose people come and go, and hold cards now."""
    found: dict[str, list[Person]] = {}
    for each in people.people(people.entries(parts(visit), LinesWanted(with_org=True))):
        for org in {holder.org for holder in each.holders if holder.org is not None}:
            found.setdefault(org, []).append(each)
    return Organisations([_organisation(org, found[org]) for org in sorted(found)])


def _organisation(org: str, found: list[Person]) -> OrganisationLine:
    ends = [each.until_utc for each in found]
    last = None if None in ends else max(end for end in ends if end is not None)
    return OrganisationLine(org, len(found), last)


@call("POST", "/organisations/{org}/leave", doing=Doing.PEOPLE)
def organisation_leaves(visit: Visit, ask: LeaveOrgAsk) -> ChangedLists:
    """All people of an organisation, out of every list at once."""
    if next(people.entries(parts(visit), LinesWanted(org=ask.org)), None) is None:
        raise NotThereError(_("{org}: nobody of this organisation is in a list").format(org=ask.org))
    own_only(visit, LinesWanted(org=ask.org))
    return changed(holder_desk.revoke_org(visit.centre, ask.org, visit.person.name, ask.why.strip(), visit.now))
