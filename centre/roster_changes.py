"""A roster's file before it is put, and one line of a roster in place: what would change, and the change itself. What is read and refused is roster_csv's to say."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from centre import acts, holders, people, profiles_csv, roster_export, rosters, rotations, state
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.people import RosterInPlace
from centre.roster_csv import HashKeys, Numbers, owner_of, read_csv
from centre.sheet import BadTableError
from centre.units import parse_scope
from centre.words import _
from contract.hours import Hours
from contract.messages import Holder, Kind
from contract.scopes import Scope
from contract.topics import valid_id

ALTERED = frozenset({"role", "room", "doors", "from", "until", "hours", "unlock_s", "flags", "pin_required", "org"})
"""Columns that may be altered of somebody who is in a roster."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """What putting a file would change. `before`: revision in place, 0 for a new roster; `mark`: of this file, and of what it was held against.

    `gone`: holders who would be in it no longer; `fewer`: who would have fewer cards.
    """

    mark: str
    before: int
    holders: int
    added: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]
    fewer: tuple[str, ...]


def preview(
    centre: OpenCentre,
    scope: Scope,
    name: str,
    data: bytes,
    *,
    empty: bool = False,
    again: bool = False,
    profiles: Mapping[str, Hours] | None = None,
) -> FileChange:
    """Nothing is kept. Raises BadTableError as putting it would, and BadValueError."""
    if not valid_id(name):
        raise BadValueError("name", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=name))
    with centre.books.reading() as conn:
        keys = rotations.hash_keys(conn, centre.keys, scope)
        refused = {} if again else rosters.refusals(centre, conn)
        placed = in_place(conn, centre.site.site, scope, name)
        newest = state.newest_rev(conn, Kind.ROSTER, scope, name)
    reading = read_csv(data, keys, centre.site.zone, profiles, refused)
    if reading.faults or not (reading.holders or empty):
        raise BadTableError(reading.faults)
    was = _by_id([entry.holder for entry in placed.slice(0, placed.entries)] if placed is not None else [])
    now = _by_id(reading.holders)
    return FileChange(
        rosters.file_mark(data, newest),
        0 if placed is None else placed.rev,
        len(reading.holders),
        tuple(each for each in now if each not in was),
        tuple(each for each in was if each not in now),
        tuple(each for each in now if each in was and now[each][:2] != was[each][:2]),
        tuple(each for each in now if each in was and now[each][2] < was[each][2]),
    )


def profiles_of(centre: OpenCentre, scope: Scope, name: str, data: bytes) -> dict[str, Hours]:
    """Of a file of weekly profiles; without one those that the roster in place has. Raises BadTableError."""
    if data.strip():
        return profiles_csv.profiles(data)
    with centre.books.reading() as conn:
        placed = in_place(conn, centre.site.site, scope, name)
        if placed is None or not placed.kept or not any(e.holder.hours for e in placed.slice(0, placed.entries)):
            return {}
        return opened(conn, centre, str(scope), name).profiles


def in_place(conn: Connection, site: str, scope: Scope, name: str) -> RosterInPlace | None:
    found = people.rosters(people.parts(conn, site, lambda each: each == str(scope)))
    return next((each for each in found if each.id == name), None)


def _by_id(found: list[Holder]) -> dict[str, tuple[object, object, int]]:
    """What somebody may, apart from the hashes, which a new key changes; and how many cards."""
    made: dict[str, tuple[object, object, int]] = {}
    for each in found:
        rest = (each.role, each.room, each.doors, each.from_utc, each.until_utc, each.hours, each.unlock_s)
        _rest, _more, count = made.get(each.id, (None, None, 0))
        made[each.id] = (rest, (each.flags, each.pin_required, each.org), count + 1)
    return made


# --- one line


def roster_of(conn: Connection, scope: str, name: str) -> holders.Roster:
    """Raises CentreError (wrong use)."""
    found = next((each for each in holders.rosters(conn) if (each.scope, each.id) == (scope, name)), None)
    if found is None:
        raise CentreError(_("{name}: no such roster").format(name=name), WRONG_USE)
    return found


@dataclass(frozen=True, slots=True, repr=False)
class OpenRoster:
    """A roster in place, read back to be put again. `profiles`: its weekly profiles, as its file called them or by a number."""

    keys: HashKeys
    lines: list[tuple[Holder, Numbers]]
    profiles: dict[str, Hours]

    def rows(self, centre: OpenCentre, holder: str) -> list[dict[str, str]]:
        """All lines of an id as the columns of a file, but for its PINs."""
        names = {hours: name for name, hours in self.profiles.items()}
        return [
            roster_export.row_of(each, numbers.card, centre.site.zone)
            | {"hours": names.get(each.hours, "") if each.hours is not None else ""}
            | {"from": day(each.from_utc, centre.site.zone), "until": day(each.until_utc, centre.site.zone, end=True)}
            for each, numbers in self.lines
            if each.id == holder
        ]


def opened(conn: Connection, centre: OpenCentre, scope: str, roster: str) -> OpenRoster:
    """Raises CentreError (wrong use) where there is none, or its numbers are not kept."""
    there = roster_of(conn, scope, roster)
    keys = rotations.hash_keys(conn, centre.keys, scope)
    lines = holders.read_back(conn, centre.folder, centre.site.site, there, keys)
    named = roster_export.profile_names([each for each, _n in lines], [numbers.profile for _e, numbers in lines])
    return OpenRoster(keys, lines, {name: hours for hours, name in named.items()})


def day(utc: float | None, zone: ZoneInfo, *, end: bool = False) -> str:
    """The day that begins then, or with `end` the one that ends then, as a file has it; the whole time where it is in the midst of a day."""
    if utc is None:
        return ""
    local = datetime.fromtimestamp(utc, zone)
    if (local.hour, local.minute, local.second, local.microsecond) != (0, 0, 0, 0):
        return local.isoformat()
    return (local.date() - timedelta(days=1) if end else local.date()).isoformat()


@dataclass(frozen=True, slots=True)
class LineChange:
    """Of whom, where. `rev`: the revision that was looked at; another one in its place is told, and nothing is changed. None: whichever."""

    scope: str
    roster: str
    by: str
    rev: int | None = None


def add(centre: OpenCentre, change: LineChange, values: Mapping[str, str], now: float) -> int:
    """Somebody new, with `values` as the columns of a roster's file. Returns the revision. Raises BadTableError, BadValueError, CentreError."""
    with centre.books.changing() as conn:
        there = opened(conn, centre, change.scope, change.roster)
        if there.rows(centre, values.get("id", "")):
            raise BadValueError("id", _("is in this list already"))
        return _add(conn, centre, change, there, values, now)


def check_new(centre: OpenCentre, change: LineChange, values: Mapping[str, str]) -> None:
    """Whether somebody new could be added so, whatever card they get. Raises as `add`."""
    with centre.books.reading() as conn:
        there = opened(conn, centre, change.scope, change.roster)
        if there.rows(centre, values.get("id", "")):
            raise BadValueError("id", _("is in this list already"))
        _read(conn, centre, there, [{**values, "card": "0"}])


def add_card(centre: OpenCentre, change: LineChange, holder: str, card: str, now: float) -> int:
    """A further card for a holder of the roster, which opens what their first one does. Returns the revision. Raises as `add`."""
    with centre.books.changing() as conn:
        there = opened(conn, centre, change.scope, change.roster)
        mine = there.rows(centre, holder)
        if not mine:
            raise CentreError(_("{roster}: no holder {holder}").format(roster=change.roster, holder=holder), WRONG_USE)
        pins = next(numbers for each, numbers in there.lines if each.id == holder)
        return _add(conn, centre, change, there, mine[0] | {"card": card}, now, pins)


def _add(
    conn: Connection,
    centre: OpenCentre,
    change: LineChange,
    there: OpenRoster,
    values: Mapping[str, str],
    now: float,
    pins: Numbers | None = None,
) -> int:
    holder, numbers = _read(conn, centre, there, [values])[0]
    if any(each.card == numbers.card for _holder, each in there.lines):
        raise BadValueError("card", _("somebody in this list has this card"))
    if pins is not None:
        numbers = numbers.with_pins(pins)
    return _commit(conn, centre, change, there, [*there.lines, (holder, numbers)], holder.id, now)


def alter(centre: OpenCentre, change: LineChange, holder: str, values: Mapping[str, str], now: float) -> int:
    """All lines of an id: those columns of `values` that say another thing than its first line does. Cards stay, and PINs where the room does: they
    belong to it. Returns the revision. Raises as `add`.
    """
    with centre.books.changing() as conn:
        there = opened(conn, centre, change.scope, change.roster)
        mine = there.rows(centre, holder)
        if not mine:
            raise CentreError(_("{roster}: no holder {holder}").format(roster=change.roster, holder=holder), WRONG_USE)
        other = {name: text for name, text in values.items() if name in ALTERED and text != mine[0][name]}
        made = iter(_read(conn, centre, there, [row | other for row in mine]))
        lines = [_altered(had, next(made)) if had[0].id == holder else had for had in there.lines]
        return _commit(conn, centre, change, there, lines, holder, now)


def _altered(had: tuple[Holder, Numbers], made: tuple[Holder, Numbers]) -> tuple[Holder, Numbers]:
    """A PIN is hashed under the room, so whoever moves is given a new one."""
    stays = owner_of(had[0]) == owner_of(made[0])
    return made[0], made[1].with_pins(had[1] if stays else made[1])


def _read(
    conn: Connection, centre: OpenCentre, there: OpenRoster, rows: Sequence[Mapping[str, str]]
) -> list[tuple[Holder, Numbers]]:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, sorted({name for row in rows for name in row}))
    table.writeheader()
    table.writerows(rows)
    refused = rosters.refusals(centre, conn)
    reading = read_csv(text.getvalue().encode(), there.keys, centre.site.zone, there.profiles, refused)
    if reading.faults or len(reading.holders) != len(rows):
        raise BadTableError(reading.faults)
    return list(zip(reading.holders, reading.numbers, strict=True))


def _commit(
    conn: Connection,
    centre: OpenCentre,
    change: LineChange,
    there: OpenRoster,
    lines: list[tuple[Holder, Numbers]],
    holder: str,
    now: float,
) -> int:
    where = parse_scope(change.scope, centre.site.site)
    if change.rev not in {None, state.newest_rev(conn, Kind.ROSTER, where, change.roster)}:
        raise CentreError(_("The list was changed by somebody else meanwhile; look at it again. Nothing was changed."))
    hashed = [(there.keys.hashed(each, numbers), numbers) for each, numbers in lines]
    rev = rosters.commit_again(conn, centre, where, change.roster, hashed, there.keys, now)
    data = {"holder": holder, "roster": [change.scope, change.roster, rev], "by": change.by}
    acts.note(conn, "people", data, now)
    return rev
