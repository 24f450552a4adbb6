"""Units added, enrolled, revoked and listed: whole acts of the register, with all that follows from them in books and broker files.

The tables are those of units.py.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import select

from centre import acceptance, handed, holders, rotations, state, units
from centre.acceptance import BoxStanding
from centre.errors import WRONG_USE, CentreError
from centre.folder import make_folder, write_secret
from centre.keys import CentreKeys
from centre.opened import OpenCentre
from centre.schema import units as units_table
from centre.sheet import BadTableError, Fault
from centre.unit_csv import read_units
from centre.units import Unit
from centre.words import reason_of
from contract.enrolment import Enrolment, build_enrolment
from contract.scopes import Scope


class Membership(StrEnum):
    """Where a unit is on its way."""

    NOT_ENROLLED = "not enrolled"
    ENROLLED = "enrolled"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A unit of the register; `status`: the plain values of its last status by their names there, empty where it never sent one."""

    unit: str
    name: str
    scopes: tuple[Scope, ...]
    state: Membership
    online: bool
    heard_utc: float | None
    status: dict[str, Any]
    standing: BoxStanding = BoxStanding.NOT_ASKED


@dataclass(frozen=True, slots=True)
class Revoked:
    """`left`: what is left to the operator, a line each. `cleared`: topics to be cleared at the broker."""

    left: tuple[str, ...]
    cleared: int


def add(centre: OpenCentre, unit_id: str, name: str, scopes: Iterable[Scope], now: float) -> None:
    """Raises CentreError (wrong use) where the id is no id, taken, or the centre's own."""
    with centre.books.changing() as conn:
        units.add(conn, centre.site.site, unit_id, name, scopes, now)


def add_all(centre: OpenCentre, data: bytes, now: float) -> list[str]:
    """The units of a CSV file (unit_csv.py), all or none. Returns their ids. Raises BadTableError."""
    faults: list[Fault] = []
    found = read_units(data, faults)
    with centre.books.changing() as conn:
        for each in found:
            try:
                units.add(conn, centre.site.site, each.unit, each.name, each.scopes, now)
            except CentreError as error:
                faults.append(Fault(each.line, each.heading, str(error)))
        if faults or not found:
            raise BadTableError(sorted(faults, key=lambda fault: fault.line))
    return [each.unit for each in found]


def listed(centre: OpenCentre) -> list[ListedUnit]:
    """All units by id, revoked ones included."""
    with centre.books.reading() as conn:
        known = units.listed(conn, centre.site.site)
        pinned = units.enrolled(conn)
        standings = acceptance.standings(conn, known)
        rows = {row.unit: row for row in conn.execute(select(units_table))}
    found = []
    for item in known:
        row = rows[item.unit]
        enrolled = Membership.ENROLLED if item.unit in pinned else Membership.NOT_ENROLLED
        member = Membership.REVOKED if item.revoked else enrolled
        status = json.loads(row.status) if row.status else {}
        about = (item.unit, item.name, item.scopes, member, bool(row.online), row.heard_utc, status)
        found.append(ListedUnit(*about, standings[item.unit]))
    return found


def enrol(centre: OpenCentre, unit_id: str, out: Path | None, now: float) -> Path:
    """Write the unit's enrolment file, mode 0600; an earlier one works no more, nor do the unit's second logins. Returns where it is.

    `out` None: in the folder's enrolments/. The broker's files are to be written after it. Raises CentreError (wrong use).
    """
    keys = centre.keys  # before anything is changed: they may be missing
    with centre.books.changing() as conn:
        unit = units.one(conn, centre.site.site, unit_id)
        password, token = units.new_login(conn, unit, now)
        handed.end_logins(conn, unit_id, now)
        asks = acceptance.is_asked(conn, unit)
        if asks:
            acceptance.note_asked(conn, token)
    if out is None:
        out = centre.folder.path / "enrolments" / f"{unit_id}.enrolment.json"
        make_folder(out.parent)
    try:
        write_secret(out, build_enrolment(enrolment_of(centre, keys, unit_id, password, token, asks=asks)))
    except OSError as error:
        raise CentreError(f"{out}: {reason_of(error)}", WRONG_USE) from None
    return out


def readmit(centre: OpenCentre, unit_id: str, out: Path | None, now: float) -> Path:
    """Take a revoked unit back, with its name and scopes, and write its enrolment file as enrol does. Raises CentreError (wrong use)."""
    with centre.books.changing() as conn:
        units.readmit(conn, units.one(conn, centre.site.site, unit_id), now)
    return enrol(centre, unit_id, out, now)


LIST = "units.csv"


def enrol_all(centre: OpenCentre, out: Path, now: float) -> list[Unit]:
    """Into the folder `out` a file for each unit that is not enrolled yet, as enrol writes it, and a list of them. Returns whose.

    Enrolled units are left alone: a new file would end the login of a box that works.
    """
    keys = centre.keys
    with centre.books.changing() as conn:
        enrolled = units.enrolled(conn)
        due = [unit for unit in units.listed(conn, centre.site.site) if not unit.revoked and unit.unit not in enrolled]
        made = [(unit, *units.new_login(conn, unit, now)) for unit in due]
        said = acceptance.policies(conn)
        asking = {unit.unit for unit in due if acceptance.in_force(said, unit.scopes) != acceptance.ANY}
        for unit, _password, token in made:
            if unit.unit in asking:
                acceptance.note_asked(conn, token)
    try:
        make_folder(out)
        rows = io.StringIO()
        table = csv.writer(rows, lineterminator="\n")
        table.writerow(["unit", "name", "file"])
        for unit, password, token in made:
            name = f"{unit.unit}.enrolment.json"
            given = enrolment_of(centre, keys, unit.unit, password, token, asks=unit.unit in asking)
            write_secret(out / name, build_enrolment(given))
            table.writerow([unit.unit, unit.name, name])
        write_secret(out / LIST, rows.getvalue().encode("utf-8-sig"))  # the mark tells Excel the charset
    except OSError as error:
        raise CentreError(f"{error.filename or out}: {reason_of(error)}", WRONG_USE) from None
    return due


def enrolment_of(
    centre: OpenCentre, keys: CentreKeys, unit_id: str, password: str, token: str, *, asks: bool = False
) -> Enrolment:
    """What a box is handed to become this unit. `asks`: that somebody accepts it."""
    ca = centre.folder.ca
    return Enrolment(
        site=centre.site.site,
        unit=unit_id,
        broker=centre.site.broker,
        password=password,
        root_key=keys.root_public,
        working_keys=keys.working,
        card_keys=keys.card_keys,
        pin_keys=keys.pin_keys,
        visitor_keys=keys.visitor_keys_of(centre.site.site, unit_id),
        token=token,
        ca=ca.read_text() if ca.exists() else None,
        acceptance=asks,
    )


def revoke(centre: OpenCentre, unit_id: str, now: float) -> Revoked:
    """Its logins and its key end, what is kept for it alone is cleared. The broker's files are to be written after it, and what was
    cleared published. Raises CentreError (wrong use) where there is no such unit, or it is revoked already.
    """
    with centre.books.changing() as conn:
        scope = Scope("unit", unit_id)
        left = rotations.taken_along(conn, unit_id, now)
        units.revoke(conn, units.one(conn, centre.site.site, unit_id), now)
        handed.end_logins(conn, unit_id, now)
        handed.forget(conn, unit_id, now)
        holders.forget(conn, str(scope))
        cleared = state.clear_scope(conn, scope, now)
    return Revoked(tuple(left), cleared)
