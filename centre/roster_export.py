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

from centre import acts, rosters_in_place
from centre.errors import WRONG_USE, CentreError
from centre.holder_desk import RosterEntry
from centre.opened import OpenCentre
from centre.profiles_csv import COLUMNS as PROFILES
from centre.profiles_csv import rows_of
from centre.roster_csv import COLUMNS, Numbers
from centre.sheet import guarded
from centre.words import _
from contract.hours import Hours
from contract.messages import Holder

_COLUMNS = tuple(name for name in COLUMNS.names if name not in {"pin", "duress"})
"""A file without PINs changes none when it is put again."""


@dataclass(frozen=True, slots=True)
class Exported:
    """CSV, in UTF-8 with its mark. `hours`: the table of weekly profiles, where there are any; `cards`: how many holders stand there with their number."""

    holders: int
    cards: int
    table: bytes
    hours: bytes | None


def entries(centre: OpenCentre, name: str, scope: str | None) -> list[RosterEntry]:
    """Its holders in their order. Raises CentreError (wrong use)."""
    with centre.books.reading() as conn:
        place = rosters_in_place.one(conn, centre.site.site, name, scope)
    return [
        RosterEntry(place.scope, place.id, place.rev, place.made_utc, place.kept, holder)
        for _key, holder in place.holders
    ]


def export(
    centre: OpenCentre, name: str, scope: str | None, by: str, now: float, *, cards: bool, why: str = ""
) -> Exported:
    """What leaves the centre is entered before it does, with who took it. `cards`: with the card numbers, so far as they are kept.

    Raises CentreError (wrong use).
    """
    with centre.books.reading() as conn:
        place = rosters_in_place.one(conn, centre.site.site, name, scope)
        numbers = rosters_in_place.numbers(centre, conn, place)
    made = _exported([holder for _key, holder in place.holders], numbers, centre.site.zone, cards=cards)
    told = {"roster": [place.scope, place.id, place.rev], "lines": made.holders, "numbers": made.cards}
    with centre.books.writing() as conn:
        acts.note(conn, "list_exported", told | {"by": by, "why": why}, now)
    return made


def _exported(people: list[Holder], numbers: list[Numbers | None], zone: ZoneInfo, *, cards: bool) -> Exported:
    """Without card numbers there is no column of them: such a table is for reading, and cannot be put again."""
    named = profile_names(people, [None if each is None else each.profile for each in numbers])
    shown = [mine.card if cards and mine is not None else None for mine in numbers]
    rows = [
        row_of(holder, card, zone) | {"hours": "" if holder.hours is None else named[holder.hours]}
        for holder, card in zip(people, shown, strict=True)
    ]
    profiles = [row for hours, each in named.items() for row in rows_of(each, hours)]
    columns = [column for column in _COLUMNS if cards or column != "card"]
    hours = _csv(tuple(PROFILES.names), profiles) if named else None
    return Exported(len(people), sum(card is not None for card in shown), _csv(columns, rows), hours)


def write(made: Exported, file: Path) -> Path | None:
    """Make the file (0600), and one beside it of the weekly profiles, which is returned. Raises CentreError (wrong use) where one is there already, or cannot be made."""
    beside = file.with_suffix(".hours.csv") if made.hours is not None else None
    if beside is not None and made.hours is not None:
        _write(beside, made.hours)
    try:
        _write(file, made.table)
    except CentreError:
        if beside is not None:
            beside.unlink()
        raise
    return beside


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


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(columns)
    table.writerows([guarded(row.get(column, "")) for column in columns] for row in rows)
    return ("\ufeff" + text.getvalue()).encode("utf-8", "replace")


def _write(file: Path, data: bytes) -> None:
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as out:
            out.write(data)
    except FileExistsError:
        raise CentreError(_("{file}: is there already").format(file=file), WRONG_USE) from None
    except OSError as error:
        raise CentreError(f"{file}: {error.strerror}", WRONG_USE) from None


def row_of(holder: Holder, card: str | None, zone: ZoneInfo) -> dict[str, str]:
    """A line as the columns of a roster's file; without PINs and weekly profile."""
    return {
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


def _moment(utc: float | None, zone: ZoneInfo) -> str:
    return "" if utc is None else datetime.fromtimestamp(utc, zone).isoformat()
