"""What was revoked and must not come back with an older list: cards, holders, organisations. Owns the table lost.

A card's number is kept as those of the rosters are, sealed to `keys/holders.key`: so it is known again whichever card key is in force.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from centre import acts, adopted, holders
from centre.errors import CONFIGURATION, CentreError
from centre.folder import Folder
from centre.opened import OpenCentre
from centre.schema_holders import lost
from centre.words import _
from contract import hpke

CARD, ID, ORG = "card", "id", "org"
"""As the columns of a roster's file are called."""
Name = tuple[str, str]
"""One of those, and what stands there: of a card its normal form."""


@dataclass(frozen=True, slots=True)
class Lost:
    """`numbers`: of its rows; the rest is the last one's."""

    numbers: tuple[int, ...]
    by: str
    why: str
    at_utc: float


def enter(conn: Connection, centre: OpenCentre, name: Name, by: str, why: str, now: float) -> None:
    """From now on no roster takes it; an act of the centre."""
    what, text = name
    number = (conn.execute(select(func.max(lost.c.id))).scalar() or 0) + 1
    row: dict[str, Any] = {"id": number, "what": what, "name": text, "sealed": None, "by": by, "why": why}
    row |= {"at_utc": round(now, 3), "again_utc": None}
    if what == CARD:
        public = holders.public_key(conn, centre.folder, now)
        row |= {"name": None, "sealed": hpke.seal(public, _info(centre.site.site), text.encode())}
    conn.execute(insert(lost).values(**row))
    acts.note(conn, "lost", adopted.lost_data(row), now)


def known(conn: Connection, folder: Folder, site: str) -> dict[Name, Lost]:
    """All that is not taken in again; the last word on each. Raises CentreError (exit 78) where a card's number cannot be opened."""
    rows = conn.execute(select(lost).where(lost.c.again_utc.is_(None)).order_by(lost.c.id)).all()
    private = holders.private_key(folder) if any(row.sealed is not None for row in rows) else None
    found: dict[Name, Lost] = {}
    for row in rows:
        text = row.name
        if private is not None and row.sealed is not None:
            try:
                text = hpke.unseal(private, _info(site), row.sealed).decode()
            except hpke.SealError as error:
                raise CentreError(_("a lost card's number: {error}").format(error=error), CONFIGURATION) from None
        before = found.get((row.what, text))
        numbers = (*(before.numbers if before is not None else ()), row.id)
        found[row.what, text] = Lost(numbers, row.by, row.why, row.at_utc)
    return found


def take_again(
    conn: Connection, there: Mapping[Name, Lost], names: Collection[Name], scope: str, roster: str, by: str, now: float
) -> None:
    """These are taken in again, on purpose; an act of the centre that says where."""
    wanted = sorted(number for name in names for number in there[name].numbers)
    if not wanted:
        return
    again = round(now, 3)
    conn.execute(update(lost).where(lost.c.id.in_(wanted)).values(again_utc=again))
    acts.note(conn, "again", {"lost": wanted, "again_utc": again, "roster": [scope, roster], "by": by}, now)


def _info(site: str) -> bytes:
    return f"doorward-lost-1|{site}".encode()
