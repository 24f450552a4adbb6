"""A roster in place, shown, and written as the CSV that `rosters.put` reads."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from centre import rosters_in_place
from centre.errors import WRONG_USE, CentreError
from centre.holder_desk import RosterEntry
from centre.opened import OpenCentre
from centre.profiles_csv import COLUMNS as PROFILES
from centre.profiles_csv import rows_of
from centre.roster_csv import COLUMNS
from centre.words import _
from contract.hours import Hours
from contract.messages import Holder

_COLUMNS = tuple(name for name in COLUMNS.names if name not in {"pin", "duress"})
"""A file without PINs changes none when it is put again."""
_FORMULA = frozenset("=+-@")
"""A cell that begins so is worked out by a spreadsheet; behind a blank it is text, and reading passes the blank over."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`hours`: the file of weekly profiles, where there are any."""

    holders: int
    cards: int
    hours: Path | None


def entries(centre: OpenCentre, name: str, scope: str | None) -> list[RosterEntry]:
    """Its holders in their order. Raises CentreError (wrong use)."""
    with centre.books.reading() as conn:
        place = rosters_in_place.one(conn, centre.site.site, name, scope)
    return [
        RosterEntry(place.scope, place.id, place.rev, place.made_utc, place.kept, holder)
        for _key, holder in place.holders
    ]


def write(centre: OpenCentre, name: str, scope: str | None, file: Path) -> Exported:
    """Make the file (0600), and one beside it of the weekly profiles that holders have. Raises CentreError (wrong use) where one is there already, or cannot be made."""
    with centre.books.reading() as conn:
        place = rosters_in_place.one(conn, centre.site.site, name, scope)
        numbers = rosters_in_place.numbers(centre, conn, place)
    people = [holder for _key, holder in place.holders]
    named = profile_names(people, [None if each is None else each.profile for each in numbers])
    rows = [
        row_of(holder, None if mine is None else mine.card, centre.site.zone)
        | {"hours": "" if holder.hours is None else named[holder.hours]}
        for holder, mine in zip(people, numbers, strict=True)
    ]
    beside = file.with_suffix(".hours.csv") if named else None
    if beside is not None:
        _write(beside, tuple(PROFILES.names), [row for hours, each in named.items() for row in rows_of(each, hours)])
    try:
        _write(file, _COLUMNS, rows)
    except CentreError:
        if beside is not None:
            beside.unlink()
        raise
    return Exported(len(people), sum(each is not None for each in numbers), beside)


def profile_names(people: Sequence[Holder], kept: Sequence[str | None]) -> dict[Hours, str]:
    """A name for each: the one that the roster's file had, where that is kept."""
    found: dict[Hours, str] = {}
    for holder, name in zip(people, kept, strict=True):
        if holder.hours is not None and name is not None:
            found.setdefault(holder.hours, name)
    for holder in people:
        if holder.hours is not None and holder.hours not in found:
            found[holder.hours] = next(f"h{n}" for n in range(1, len(found) + 2) if f"h{n}" not in found.values())
    return found


def _write(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(columns)
    table.writerows([row.get(column, "") for column in columns] for row in rows)
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as out:
            out.write(("\ufeff" + text.getvalue()).encode())
    except FileExistsError:
        raise CentreError(_("{file}: is there already").format(file=file), WRONG_USE) from None
    except OSError as error:
        raise CentreError(f"{file}: {error.strerror}", WRONG_USE) from None


def row_of(holder: Holder, card: str | None, zone: ZoneInfo) -> dict[str, str]:
    """A line as the columns of a roster's file; without PINs and weekly profile."""
    values = {
        "id": holder.id,
        "role": holder.role.value,
        "card": "" if card is None else f"0x{card:0>8}",
        "room": holder.room or "",
        "doors": " ".join(sorted(holder.doors or ())),
        "from": _moment(holder.from_utc, zone),
        "until": _moment(holder.until_utc, zone),
        "unlock_s": "" if holder.unlock_s is None else f"{holder.unlock_s:g}",
        "pin_required": "yes" if holder.pin_required else "",
        "flags": " ".join(sorted(holder.flags)),
        "org": holder.org or "",
    }
    return {name: f" {value}" if value[:1] in _FORMULA else value for name, value in values.items()}


def _moment(utc: float | None, zone: ZoneInfo) -> str:
    return "" if utc is None else datetime.fromtimestamp(utc, zone).isoformat()
