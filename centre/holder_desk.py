"""Who a card or an id is, and taking them out of every roster at once: a lost card, a holder, an organisation. Each is an act of the centre.

A card number is hashed here with the keys of the rosters, and goes no further. Publishing is the caller's next step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from centre import acts, erasures, lost, people, rosters_in_place, written_about
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.rosters_in_place import Left, PlacedRoster
from centre.words import _
from contract.messages import Holder
from contract.topics import valid_id
from drivers.reader.card import from_printed

MAX_BY, MAX_WHY = 100, 500
Goes = Callable[[str, Holder], bool]
"""Whether an entry, hashed with the card key of this id, is meant."""


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """What one roster says of a holder. `made_utc`: when its revision in place was made."""

    scope: str
    roster: str
    rev: int
    made_utc: float
    kept: bool
    holder: Holder


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whose people hold cards now. `until_utc`: the last end of any; None where one has none."""

    id: str
    holders: int
    rosters: tuple[str, ...]
    until_utc: float | None


def find(centre: OpenCentre, text: str) -> list[RosterEntry]:
    """All entries of a holder's id, or of a card as printed. Raises CentreError (wrong use) where there are none, or the text may be either."""
    with centre.books.reading() as conn:
        places = rosters_in_place.places(conn, centre.site.site)
    return _entries(places, _meant(centre, places, text))


def find_in(centre: OpenCentre, conn: Connection, text: str, scopes: Collection[str]) -> tuple[int, list[RosterEntry]]:
    """How many lists these scopes have, and their entries of a holder's id or card; none where nobody is meant. Raises CentreError where it may be either."""
    places = rosters_in_place.places(conn, centre.site.site, scopes)
    known = people.hashes(centre, text)
    there = any(
        holder.id == text or (holder.key is not None and known.get(key) == holder.key)
        for place in places
        for key, holder in place.holders
    )
    return len(places), _entries(places, _meant(centre, places, text)) if there else []


def revoke(centre: OpenCentre, text: str, by: str, why: str, now: float) -> list[Left]:
    """Out of every roster at once: all entries of an id, or those with this card. Raises CentreError (wrong use)."""
    _check(by, why)
    with centre.books.changing() as conn:
        places = rosters_in_place.places(conn, centre.site.site, _scopes_of(centre, conn, text))
        goes = _meant(centre, places, text)
        found = [entry.holder.id for entry in _entries(places, goes)]
        name = (lost.ID, text) if text in found else (lost.CARD, from_printed(text))
        lost.enter(conn, centre, name, by, why, now)
        return _revoked(conn, centre, goes, {"holders": sorted(set(found))}, by, why, now)


def revoke_org(centre: OpenCentre, org: str, by: str, why: str, now: float) -> list[Left]:
    """All people of an organisation, out of every roster at once. Raises CentreError (wrong use)."""
    _check(by, why)
    with centre.books.changing() as conn:
        left = _revoked(conn, centre, lambda _key, holder: holder.org == org, {"org": org}, by, why, now)
        if not left:
            raise CentreError(_("{org}: nobody of this organisation is in a roster").format(org=org), WRONG_USE)
        lost.enter(conn, centre, (lost.ORG, org), by, why, now)
    return left


@dataclass(frozen=True, slots=True)
class Erased:
    """`left`: rosters that were put again without them; `units`: how many are asked to remove what they keep; `texts`, `photos`: taken out here."""

    left: tuple[Left, ...]
    units: int
    texts: int
    photos: int


def erase(centre: OpenCentre, holder: str, by: str, why: str, now: float, reports: Collection[str] = ()) -> Erased:
    """Out of every roster; every unit is asked to remove what it keeps of them; and what people wrote and photographed about the reports that
    they filed at a door goes, and about those `reports` beside, which tell of them. Also of somebody who is in no roster by now.

    Raises CentreError (wrong use) for what is no holder's id: a card number is not kept for this; and where there is no such report.
    """
    _check(by, why)
    if not valid_id(holder):
        raise BadValueError("id", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=holder))
    with centre.books.changing() as conn:
        left = _revoked(conn, centre, lambda _key, entry: entry.id == holder, {"holders": [holder]}, by, why, now)
        lost.enter(conn, centre, (lost.ID, holder), by, why, now)
        asked = erasures.ask(conn, holder, by, why, now)
        mine = {each.report for each in written_about.of_holder(conn, holder)}
        gone = written_about.take_out(conn, {*mine, *reports}, by, now)
    centre.books.fold()
    return Erased(tuple(left), asked, *gone)


def organisations(centre: OpenCentre) -> list[Organisation]:
    with centre.books.reading() as conn:
        places = rosters_in_place.places(conn, centre.site.site)
    by_org: dict[str, list[RosterEntry]] = {}
    for entry in _entries(places, lambda _key, holder: holder.org is not None):
        by_org.setdefault(entry.holder.org or "", []).append(entry)
    return [_organisation(org, by_org[org]) for org in sorted(by_org)]


def expiring(centre: OpenCentre, before_utc: float) -> list[RosterEntry]:
    """Entries that end before then, or have ended, the first to end first."""
    with centre.books.reading() as conn:
        places = rosters_in_place.places(conn, centre.site.site)
    found = _entries(places, lambda _key, holder: holder.until_utc is not None and holder.until_utc < before_utc)
    return sorted(found, key=lambda entry: (entry.holder.until_utc or 0.0, entry.scope, entry.roster, entry.holder.id))


def _organisation(org: str, entries: Sequence[RosterEntry]) -> Organisation:
    ends = [entry.holder.until_utc for entry in entries]
    last = None if None in ends else max(end for end in ends if end is not None)
    rosters = sorted({f"{entry.scope} {entry.roster}" for entry in entries})
    return Organisation(org, len({entry.holder.id for entry in entries}), tuple(rosters), last)


def _revoked(
    conn: Connection, centre: OpenCentre, goes: Goes, what: dict[str, object], by: str, why: str, now: float
) -> list[Left]:
    left = rosters_in_place.leave_out(conn, centre, goes, now)
    if left:
        rosters = [[each.scope, each.id, each.rev] for each in left]
        acts.note(conn, "revoked", {**what, "rosters": rosters, "by": by, "why": why}, now)
    return left


def _entries(places: Iterable[PlacedRoster], goes: Goes) -> list[RosterEntry]:
    return [
        RosterEntry(place.scope, place.id, place.rev, place.made_utc, place.kept, holder)
        for place in places
        for key, holder in place.holders
        if goes(key, holder)
    ]


def _meant(centre: OpenCentre, places: Sequence[PlacedRoster], text: str) -> Goes:
    """By id or by card. A number may be either: where both are there it is asked for."""
    by_id = any(holder.id == text for place in places for _key, holder in place.holders)
    known = people.hashes(centre, text)
    by_card = any(known.get(key) == holder.key for place in places for key, holder in place.holders if holder.key)
    if by_id and by_card:
        raise CentreError(
            _("{text}: a holder and a card of somebody; write the card as 0x…").format(text=text), WRONG_USE
        )
    if not by_id and not by_card:
        raise CentreError(_("no roster has this holder or card"), WRONG_USE)
    if by_id:
        return lambda _key, holder: holder.id == text
    return lambda key, holder: holder.key is not None and known.get(key) == holder.key


def _scopes_of(centre: OpenCentre, conn: Connection, text: str) -> frozenset[str]:
    """Where somebody has this id or card."""
    known = people.hashes(centre, text)
    return frozenset(
        part.scope
        for part in people.parts(conn, centre.site.site)
        if text in part.read.ids or known.get(part.card_key, "\0") in part.read.text
    )


def _check(by: str, why: str) -> None:
    if not by.strip() or len(by) > MAX_BY or "\0" in by:
        raise BadValueError("by", _("1 to {most} characters").format(most=MAX_BY))
    if len(why) > MAX_WHY or "\0" in why:
        raise BadValueError("why", _("at most {most} characters").format(most=MAX_WHY))
