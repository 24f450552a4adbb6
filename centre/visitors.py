"""Codes for visitors, made, revoked and listed. A code opens at a door that has heard nothing of it; publishing what revokes it is the caller's next step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from centre import handed, rotations, state, units, visitor_codes
from centre.errors import CONFIGURATION, WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema import epochs, facts
from centre.schema import units as units_table
from centre.state import Signed
from centre.words import _
from contract.chain import parse_line
from contract.codec import FieldError
from contract.facts import VisitorUsed, names_of
from contract.messages import Kind
from contract.scopes import Scope
from contract.topics import valid_id
from contract.visitors import MAX_REVOKED, SERIALS, VisitorCode, Visitors, codes_of

AHEAD_DAYS = 31
"""How far ahead a code may be made."""
MAX_NOTE = 200


@dataclass(frozen=True, slots=True, repr=False)
class MadeCode:
    """For whoever is to tell it; it is kept nowhere."""

    code: str
    unit: str
    door: str
    day: str
    serial: int


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A code by its name. `used_utc`: by the unit's clock, None where no fact says so (yet)."""

    door: str
    day: str
    serial: int
    note: str
    made_utc: float
    revoked_utc: float | None
    used_utc: float | None


def today(centre: OpenCentre, now: float) -> str:
    """The site's local date."""
    return datetime.fromtimestamp(now, centre.site.zone).date().isoformat()


def make(centre: OpenCentre, unit_id: str, door: str, day: str, note: str, now: float) -> MadeCode:
    """One that nobody was told yet. Raises CentreError (wrong use) where all of the day are, or the unit cannot know it."""
    _check_day(day, today(centre, now))
    if not valid_id(door):
        raise BadValueError("door", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=door))
    if len(note) > MAX_NOTE:
        raise BadValueError("for", _("more than {most} characters").format(most=MAX_NOTE))
    with centre.books.changing() as conn:
        unit = units.one(conn, centre.site.site, unit_id)
        if unit.revoked:
            raise CentreError(_("{unit}: revoked").format(unit=unit_id), WRONG_USE)
        key = _key(conn, centre, unit_id)
        taken = {row.serial for row in visitor_codes.of_day(conn, unit_id, door, day)}
        mine = bytes.fromhex(centre.keys.visitor_keys_of(centre.site.site, unit_id)[key])
        free = ((code, serial) for code, serial in codes_of(mine, unit_id, door, day) if serial not in taken)
        code, serial = next(free, ("", SERIALS))
        if not code:
            what = _("{unit} {door}: all {most} codes of {day} are given out")
            raise CentreError(what.format(unit=unit_id, door=door, most=SERIALS, day=day), WRONG_USE)
        row = {"unit": unit_id, "door": door, "day": day, "serial": serial, "key": key, "note": note}
        visitor_codes.enter(conn, {**row, "made_utc": round(now, 3), "revoked_utc": None}, now)
    return MadeCode(code, unit_id, door, day, serial)


def revoke(centre: OpenCentre, unit_id: str, door: str, day: str, serial: int, now: float) -> None:
    """The unit is told in its message `visitors`, with all others of days to come. Raises CentreError (wrong use) where there is none."""
    site, scope = centre.site.site, Scope("unit", unit_id)
    with centre.books.changing() as conn:
        units.one(conn, site, unit_id)
        row = next((row for row in visitor_codes.of_day(conn, unit_id, door, day) if row.serial == serial), None)
        if row is None:
            what = _("{unit} {door}: no code {day}/{serial} was made")
            raise CentreError(what.format(unit=unit_id, door=door, day=day, serial=serial), WRONG_USE)
        if row.revoked_utc is None:
            visitor_codes.enter(conn, {**row._asdict(), "revoked_utc": round(now, 3)}, now)
        since = (date.fromisoformat(today(centre, now)) - timedelta(days=1)).isoformat()
        gone = [each for each in visitor_codes.of_unit(conn, unit_id, since) if each.revoked_utc is not None]
        revoked = tuple(VisitorCode(each.door, each.day, each.serial) for each in gone)
        if len(revoked) > MAX_REVOKED:
            raise CentreError(_("{unit}: too many codes are revoked at once").format(unit=unit_id), WRONG_USE)
        rev = state.next_rev(conn, Kind.VISITORS, scope, now)
        message = Visitors(scope, rev, round(now, 3), revoked)
        topic = state.topic_of(site, message)
        state.commit(conn, [Signed(topic, message, centre.signer.sign_state(topic, message))], now)


def listed(centre: OpenCentre, unit_id: str, since: str) -> list[ListedCode]:
    """Those that were told, from this day on."""
    with centre.books.reading() as conn:
        units.one(conn, centre.site.site, unit_id)
        rows = visitor_codes.of_unit(conn, unit_id, since)
        used = _used(conn, unit_id, since)
    return [
        ListedCode(
            row.door,
            row.day,
            row.serial,
            row.note,
            row.made_utc,
            row.revoked_utc,
            used.get((row.door, row.day, row.serial)),
        )
        for row in rows
    ]


def doors_of(centre: OpenCentre, unit_id: str) -> list[str]:
    """Doors that the unit's last status names."""
    with centre.books.reading() as conn:
        text = conn.execute(select(units_table.c.status).where(units_table.c.unit == unit_id)).scalar()
    found = json.loads(text).get("doors") if text else None
    return sorted(found) if isinstance(found, Mapping) else []


def _check_day(day: str, first: str) -> None:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise BadValueError("day", _("not a date as 2026-10-01")) from None
    last = date.fromisoformat(first) + timedelta(days=AHEAD_DAYS)
    if day != found.isoformat() or not first <= day <= last.isoformat():
        raise BadValueError("day", _("it has to be a day from today to {last}").format(last=last.isoformat()))


def _key(conn: Connection, centre: OpenCentre, unit_id: str) -> str:
    """The id of the master key for this unit: the newest, but for the one before while a change is not known to have reached it."""
    known = list(centre.keys.visitor_keys)
    if not known:
        what = _("there is no key for visitors' codes yet: `keys rotate visitor` makes one")
        raise CentreError(what, CONFIGURATION)
    changes = [each for each in rotations.listed(conn) if each.what == "visitor"]
    if not changes:
        return known[-1]  # of the beginning: the enrolment brought it
    due = handed.secrets_revs(conn).get(unit_id, 0)
    told = handed.has_applied(conn, Kind.SECRETS).get((unit_id, f"unit/{unit_id}", ""), 0)
    held = handed.held(conn, unit_id)
    if due and told >= due and known[-1] in held:
        return known[-1]
    before = [name for name in known if name in changes[-1].old]
    if before and changes[-1].done_utc is None:
        return before[-1]
    raise CentreError(_("{unit}: has not been handed the key for visitors' codes yet").format(unit=unit_id), WRONG_USE)


def _used(conn: Connection, unit_id: str, since: str) -> dict[tuple[str, str, int], float]:
    """When each was used, by what the unit's facts say."""
    mine = (epochs.c.unit == unit_id) & facts.c.kind.in_(names_of(VisitorUsed)) & facts.c.again.is_(False)
    rows = conn.execute(select(facts.c.line, facts.c.at_utc).join(epochs, facts.c.epoch_id == epochs.c.id).where(mine))
    found: dict[tuple[str, str, int], float] = {}
    for line, at_utc in rows:
        fact: Any = _read(bytes(line))
        if isinstance(fact, VisitorUsed) and fact.day >= since:
            found.setdefault((fact.door, fact.day, fact.serial), at_utc)
    return found


def _read(line: bytes) -> object:
    try:
        return getattr(parse_line(line), "fact", None)
    except (FieldError, ValueError):
        return None
