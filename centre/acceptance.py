"""Units put into service: the sheet that a box sent of its self-test, who accepted it, and what the box is told. Owns the tables acceptances and acceptance_asked.

A box is accepted, not a unit: who replaces the box accepts anew. Boxes from before acceptances were asked for are never shown as lacking one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, and_, insert, select

from centre import acts, adopted, settings, units
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.schema import batches, epochs, facts, tokens, unit_keys
from centre.schema import state as state_table
from centre.schema_acceptance import SHEETS, acceptances, asked
from centre.settings import Change
from centre.units import PinnedKey, Unit
from centre.words import _
from contract.chain import FactLine, parse_line
from contract.codec import FieldError
from contract.facts import SheetRow, UnitSheet
from contract.messages import Kind
from contract.scopes import Scope

ANY = "any"
"""In settings: here no box has to be accepted."""
LOOKED = 500
"""Parts of sheets that are looked through for a whole one, the newest first: what a box sends beyond reason costs nobody else anything."""


class BoxStanding(StrEnum):
    """Whether the box of a unit is accepted. Empty: nobody asked for it."""

    NOT_ASKED = ""
    DUE = "not accepted"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class AcceptanceSheet:
    """A whole acceptance sheet, signed by the box's own key with its facts. `tried_utc`: by the clock of the box, which may not know the time."""

    id: str
    tried_utc: float
    attended: bool
    version: str
    rows: tuple[SheetRow, ...]

    @property
    def failed(self) -> int:
        return sum(row.passed is False for row in self.rows)

    @property
    def open(self) -> int:
        return sum(row.passed is None for row in self.rows)

    def as_value(self) -> dict[str, Any]:
        rows = [{"about": row.about, "passed": row.passed, "text": row.text} for row in self.rows]
        known = {"sheet": self.id, "tried": self.tried_utc, "attended": self.attended, "version": self.version}
        return known | {"rows": rows}


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who said that a box is in order, and when; `despite`: why, although something had failed or was open."""

    by: str
    why: str
    despite: str
    at_utc: float


@dataclass(frozen=True, slots=True)
class UnitPage:
    """What stands on a unit's page of its putting into service. `sheet`: the newest whole one of the box with the key in force."""

    standing: BoxStanding
    key: str | None
    sheet: AcceptanceSheet | None
    accepted: Accepted | None


def policies(conn: Connection) -> dict[str, str]:
    """By scope, what its settings say of acceptance, where they say anything."""
    mine = state_table.c.kind == Kind.SETTINGS.value
    rows = conn.execute(select(state_table.c.scope, state_table.c.title).where(mine, state_table.c.token.is_not(None)))
    found = {row.scope: json.loads(row.title or "{}").get("accepted") for row in rows}
    return {scope: said for scope, said in found.items() if said is not None}


def in_force(known: Mapping[str, str], scopes: Iterable[Scope]) -> str:
    """As the unit works it out: the most specific scope wins. Empty where none says anything."""
    return next((known[str(each)] for each in units.most_specific(scopes) if str(each) in known), "")


def is_asked(conn: Connection, unit: Unit) -> bool:
    """Whether an enrolment file for this unit asks for an acceptance: unless its scopes' settings say that none is needed."""
    return in_force(policies(conn), unit.scopes) != ANY


def note_asked(conn: Connection, token: str) -> None:
    """The enrolment file with this token asks for it."""
    number = conn.execute(select(tokens.c.id).where(tokens.c.token == token)).scalar_one()
    conn.execute(insert(asked).values(token=number))


def standings(conn: Connection, listed: Sequence[Unit]) -> dict[str, BoxStanding]:
    """Of these units; it is what their displays say."""
    known, keys = policies(conn), {}
    joined = select(tokens.c.unit, tokens.c.spent_utc).join(asked, asked.c.token == tokens.c.id)
    awaited = {(row.unit, row.spent_utc) for row in conn.execute(joined)}
    for row in conn.execute(select(unit_keys).where(unit_keys.c.retired_utc.is_(None))):
        keys[row.unit] = (row.public, (row.unit, row.pinned_utc) in awaited)
    return {unit.unit: _standing(in_force(known, unit.scopes), *keys.get(unit.unit, ("", False))) for unit in listed}


def _standing(said: str, public: str, awaited: bool) -> BoxStanding:
    if public and said == public:
        return BoxStanding.ACCEPTED
    return BoxStanding.DUE if awaited and said != ANY else BoxStanding.NOT_ASKED


def page(conn: Connection, site: str, unit_id: str) -> UnitPage:
    """Raises CentreError (wrong use) where there is no such unit."""
    unit = units.one(conn, site, unit_id)
    key = units.key_of(conn, unit_id)
    if key is None:
        return UnitPage(BoxStanding.NOT_ASKED, None, None, None)
    mine = and_(acceptances.c.unit == unit_id, acceptances.c.public == key.public.hex())
    row = conn.execute(select(acceptances).where(mine).order_by(acceptances.c.id.desc()).limit(1)).first()
    accepted = None if row is None else Accepted(row.by, row.why, row.despite, row.at_utc)
    sheet = newest_sheet(conn, key)
    if sheet is None and row is not None and row.sheet is not None:
        sheet = _kept(row.sheet)  # its facts are given up with age, and what was accepted stays
    return UnitPage(standings(conn, [unit])[unit_id], key.public.hex(), sheet, accepted)


def newest_sheet(conn: Connection, key: PinnedKey) -> AcceptanceSheet | None:
    """The newest whole sheet that was signed with this key: one of a box before says nothing of this one."""
    signed = and_(
        batches.c.epoch_id == facts.c.epoch_id,
        batches.c.first <= facts.c.seq,
        batches.c.last >= facts.c.seq,
        batches.c.key_id == key.id,
    )
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id).join(batches, signed)
    mine = and_(SHEETS, epochs.c.unit == key.unit, facts.c.again.is_(False))
    found: dict[str, dict[int, UnitSheet]] = {}
    newest = select(facts.c.line).select_from(joined).where(mine).order_by(facts.c.n.desc()).limit(LOOKED)
    for line in conn.execute(newest).scalars():
        part = _part(line)
        if part is None:
            continue
        known = found.setdefault(part.sheet, {})
        known.setdefault(part.part, part)
        if len(known) == part.parts:
            return _whole(known)
    return None


def _part(line: bytes) -> UnitSheet | None:
    """Data that is not of the contract's form is kept in the books and means nothing here."""
    read = parse_line(line)
    with suppress(FieldError):
        if isinstance(read, FactLine) and isinstance(read.fact, UnitSheet):
            return read.fact
    return None


def _whole(parts: Mapping[int, UnitSheet]) -> AcceptanceSheet:
    first = parts[min(parts)]
    rows = tuple(row for number in sorted(parts) for row in parts[number].rows)
    return AcceptanceSheet(first.sheet, first.tried_utc, first.attended, first.version, rows)


def _kept(text: str) -> AcceptanceSheet:
    value = json.loads(text)
    rows = tuple(SheetRow(row["about"], row["passed"], row["text"]) for row in value["rows"])
    return AcceptanceSheet(value["sheet"], value["tried"], value["attended"], value["version"], rows)


def accept(centre: OpenCentre, unit_id: str, by: str, why: str, despite: str, now: float) -> UnitPage:
    """Say that the unit's box is in order. Publishing is the caller's next step.

    Raises CentreError: wrong use where there is no such unit or no box of it, CHECK_FAILED where its sheet is missing, or has rows that
    failed or that nobody looked at, and nothing says why that may be.
    """
    site = centre.site.site
    with centre.books.changing() as conn:
        key = units.key_of(conn, units.one(conn, site, unit_id).unit)
        if key is None:
            raise CentreError(_("{unit}: not enrolled yet").format(unit=unit_id), WRONG_USE)
        sheet = newest_sheet(conn, key)
        against = objection(sheet)
        if against and not despite:
            raise CentreError(
                _("{unit}: {against}. With --despite REASON it is accepted all the same").format(
                    unit=unit_id, against=against
                ),
                CHECK_FAILED,
            )
        values = {
            "unit": unit_id,
            "public": key.public.hex(),
            "sheet": None if sheet is None else json.dumps(sheet.as_value(), ensure_ascii=False),
            "failed": 0 if sheet is None else sheet.failed,
            "open": 0 if sheet is None else sheet.open,
            "by": by,
            "why": why,
            "despite": despite if against else "",
            "at_utc": now,
        }
        number = conn.execute(insert(acceptances).values(**values).returning(acceptances.c.id)).scalar_one()
        acts.note(conn, "acceptance", adopted.acceptance_data({"id": number, **values}), now)
        settings.change(centre, conn, Scope("unit", unit_id), Change(accepted=key.public.hex()), now)
        return page(conn, site, unit_id)


def objection(sheet: AcceptanceSheet | None) -> str:
    """Why a box with this sheet is not simply accepted; empty where nothing is against it."""
    if sheet is None:
        return _("no acceptance sheet of this box has come: doorward selftest makes one")
    counts = [_("{count} failed").format(count=sheet.failed)] if sheet.failed else []
    counts += [_("{count} nobody has looked at").format(count=sheet.open)] if sheet.open else []
    return _("its sheet has rows that are not in order: {counts}").format(counts=", ".join(counts)) if counts else ""
