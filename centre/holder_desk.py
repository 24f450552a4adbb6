"""Who a card or an id is, and taking them out of every roster at once: a lost card, a holder, an organisation. Each is an act of the centre.

A card number is hashed here with the keys of the rosters, and goes no further. Publishing is the caller's next step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from centre import acts, erasures, lost, people, rosters_in_place, written_about
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.people import LinesWanted, PartEntry, PlacedPart
from centre.rosters_in_place import Left
from centre.words import _
from contract.messages import Holder
from contract.topics import valid_id
from drivers.reader.card import from_printed

MAX_BY, MAX_WHY = 100, 500


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
        there = people.parts(conn, centre.site.site)
    return _entries(people.entries(there, _meant(centre, there, text)))


def find_in(centre: OpenCentre, conn: Connection, text: str, scopes: Collection[str]) -> tuple[int, list[RosterEntry]]:
    """How many lists these scopes have, and their entries of a holder's id or card; none where nobody is meant. Raises CentreError where it may be either."""
    there = people.parts(conn, centre.site.site, lambda scope: scope in scopes)
    count = len({(each.scope, each.roster) for each in there})
    both = LinesWanted(ids=frozenset({text}), cards=people.hashes(centre, text))
    if next(people.entries(there, both), None) is None:
        return count, []
    return count, _entries(people.entries(there, _meant(centre, there, text)))


def revoke(centre: OpenCentre, text: str, by: str, why: str, now: float) -> list[Left]:
    """Out of every roster at once: all entries of an id, or those with this card. Raises CentreError (wrong use)."""
    _check(by, why)
    with centre.books.changing() as conn:
        there = people.parts(conn, centre.site.site)
        wanted = _meant(centre, there, text)
        found = [entry.holder.id for entry in people.entries(there, wanted)]
        name = (lost.ID, text) if text in found else (lost.CARD, from_printed(text))
        lost.enter(conn, centre, name, by, why, now)
        return _revoked(conn, centre, wanted, {"holders": sorted(set(found))}, by, why, now)


def revoke_org(centre: OpenCentre, org: str, by: str, why: str, now: float) -> list[Left]:
    """All people of an organisation, out of every roster at once. Raises CentreError (wrong use)."""
    _check(by, why)
    with centre.books.changing() as conn:
        left = _revoked(conn, centre, LinesWanted(org=org), {"org": org}, by, why, now)
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
        mine = LinesWanted(ids=frozenset({holder}))
        left = _revoked(conn, centre, mine, {"holders": [holder]}, by, why, now)
        lost.enter(conn, centre, (lost.ID, holder), by, why, now)
        asked = erasures.ask(conn, holder, by, why, now)
        filed = {each.report for each in written_about.of_holder(conn, holder)}
        gone = written_about.take_out(conn, {*filed, *reports}, by, now)
    centre.books.fold()
    return Erased(tuple(left), asked, *gone)


def organisations(centre: OpenCentre) -> list[Organisation]:
    with centre.books.reading() as conn:
        there = people.parts(conn, centre.site.site)
    by_org: dict[str, list[RosterEntry]] = {}
    for entry in _entries(people.entries(there, LinesWanted(with_org=True))):
        by_org.setdefault(entry.holder.org or "", []).append(entry)
    return [_organisation(org, by_org[org]) for org in sorted(by_org)]


def expiring(centre: OpenCentre, before_utc: float) -> list[RosterEntry]:
    """Entries that end before then, or have ended, the first to end first."""
    with centre.books.reading() as conn:
        there = people.parts(conn, centre.site.site)
    found = _entries(people.entries(there, LinesWanted(before_utc=before_utc)))
    return sorted(found, key=lambda entry: (entry.holder.until_utc or 0.0, entry.scope, entry.roster, entry.holder.id))


def _organisation(org: str, entries: Sequence[RosterEntry]) -> Organisation:
    ends = [entry.holder.until_utc for entry in entries]
    last = None if None in ends else max(end for end in ends if end is not None)
    rosters = sorted({f"{entry.scope} {entry.roster}" for entry in entries})
    return Organisation(org, len({entry.holder.id for entry in entries}), tuple(rosters), last)


def _revoked(
    conn: Connection, centre: OpenCentre, wanted: LinesWanted, what: dict[str, object], by: str, why: str, now: float
) -> list[Left]:
    left = rosters_in_place.leave_out(conn, centre, wanted, now)
    if left:
        rosters = [[each.scope, each.id, each.rev] for each in left]
        acts.note(conn, "revoked", {**what, "rosters": rosters, "by": by, "why": why}, now)
    return left


def _entries(found: Iterable[PartEntry]) -> list[RosterEntry]:
    return [
        RosterEntry(each.part.scope, each.part.roster, each.part.rev, each.part.made_utc, each.part.kept, each.holder)
        for each in found
    ]


def _meant(centre: OpenCentre, there: Sequence[PlacedPart], text: str) -> LinesWanted:
    """By id or by card. A number may be either: where both are there it is asked for."""
    wanted = LinesWanted(ids=frozenset({text})), LinesWanted(cards=people.hashes(centre, text))
    by_id, by_card = (next(people.entries(there, each), None) is not None for each in wanted)
    if by_id and by_card:
        raise CentreError(
            _("{text}: a holder and a card of somebody; write the card as 0x…").format(text=text), WRONG_USE
        )
    if not by_id and not by_card:
        raise CentreError(_("no roster has this holder or card"), WRONG_USE)
    return wanted[0] if by_id else wanted[1]


def _check(by: str, why: str) -> None:
    if not by.strip() or len(by) > MAX_BY or "\0" in by:
        raise BadValueError("by", _("1 to {most} characters").format(most=MAX_BY))
    if len(why) > MAX_WHY or "\0" in why:
        raise BadValueError("why", _("at most {most} characters").format(most=MAX_WHY))
