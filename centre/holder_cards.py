"""One card of a holder, named without its number (people.py), taken out of every roster: the number is opened from where it is kept sealed, and goes no further."""

from __future__ import annotations

from sqlalchemy import Connection, select

from centre import holder_desk, holders, people
from centre.errors import WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.people import PartEntry
from centre.rosters_in_place import Left
from centre.schema import roster_numbers
from centre.words import _


def revoke(centre: OpenCentre, holder: str, card: str, by: str, why: str, now: float) -> list[Left]:
    """As holder_desk.revoke with the card's number. Raises CentreError (wrong use) where no roster has it any more, or none keeps its number."""
    with centre.books.reading() as conn:
        found = people.person(people.parts(conn, centre.site.site), holder)
        mine = [] if found is None else [each for each in found.entries if each.card == card]
        if not mine:
            raise CentreError(_("no roster has this holder or card"), WRONG_USE)
        number = next((number for each in mine if (number := _number(centre, conn, each)) is not None), None)
    if number is None:
        text = _("the number of this card is not kept here: type it, as it is printed")
        raise CentreError(text, WRONG_USE)
    return holder_desk.revoke(centre, f"0x{number:0>8}", by, why, now)


def _number(centre: OpenCentre, conn: Connection, entry: PartEntry) -> str | None:
    part, n = entry.part, roster_numbers.c
    mine = (n.scope == part.scope) & (n.id == part.roster) & (n.part == part.part)
    row = conn.execute(select(roster_numbers).where(mine)).first()
    if row is None:
        return None
    return holders.unsealed(holders.private_key(centre.folder), centre.site.site, row).numbers[entry.at].card
