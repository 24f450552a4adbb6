"""What of the books Home Assistant is shown: units of one scope by their last word, and what happened at their doors just now. Only reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from centre import reports
from centre.books import Books
from centre.home_assistant.device import EVENTS, Json, ShownUnit, event_of
from centre.reports import FactFilter
from centre.schema import facts, units
from contract.chain import FactLine, parse_line
from contract.codec import FieldError
from contract.plain import Status, parse_status
from contract.scopes import Scope

FRESH_S = 30.0
"""What happened longer ago is no event any more: a backlog that comes home opens no light."""
ASKED = 500


@dataclass(frozen=True, slots=True)
class JustHappened:
    """At a door, just now. `told`: what is said of it."""

    unit: str
    door: str
    told: Json


class View:
    """For one thread. Raises the database's errors."""

    def __init__(self, books: Books, site: str, scope: Scope) -> None:
        self._books, self._site, self._scope = books, site, scope
        self._known: dict[str, tuple[Any, ShownUnit]] = {}
        self._newest: int | None = None

    @property
    def units(self) -> dict[str, ShownUnit]:
        """By the last look."""
        return {unit: shown for unit, (_mark, shown) in self._known.items()}

    def forget(self) -> None:
        """All is told anew by the next look."""
        self._known = {}

    def look(self) -> list[ShownUnit]:
        """Reads which units there are; returns those that are new, or told something since."""
        with self._books.reading() as conn:
            rows = [row for row in conn.execute(_REGISTERED) if self._reaches(row.unit, row.scopes)]
            marks = {row.unit: (row.name, bool(row.online), row.heard_utc) for row in rows}
            fresh = [row for row in rows if _mark_of(self._known, row.unit) != marks[row.unit]]
            statuses = _statuses(conn, [row.unit for row in fresh])
        for gone in self._known.keys() - marks.keys():
            del self._known[gone]
        changed = []
        for row in fresh:
            shown = ShownUnit(row.unit, row.name, bool(row.online), statuses[row.unit])
            self._known[row.unit] = (marks[row.unit], shown)
            changed.append(shown)
        return changed

    def _reaches(self, unit: str, scopes: str) -> bool:
        return str(self._scope) in (f"site/{self._site}", f"unit/{unit}", *scopes.split())

    def happened(self, now: float) -> Iterator[JustHappened]:
        """Since the last time; the first time nothing."""
        with self._books.reading() as conn:
            if self._newest is None:
                self._newest = conn.execute(select(func.max(facts.c.n))).scalar() or 0
                return
            page = reports.entries(conn, FactFilter(), after=self._newest)
        for entry in page:
            self._newest = entry.n
            if entry.kind in EVENTS and entry.unit in self._known and abs(now - entry.at_utc) <= FRESH_S:
                found = _event(entry.line)
                if found is not None:
                    yield JustHappened(entry.unit, *found)


_REGISTERED = select(units.c.unit, units.c.name, units.c.scopes, units.c.online, units.c.heard_utc).where(
    units.c.revoked_utc.is_(None)
)


def _mark_of(known: dict[str, tuple[Any, ShownUnit]], unit: str) -> Any:
    return known[unit][0] if unit in known else None


def _statuses(conn: Connection, wanted: list[str]) -> dict[str, Status | None]:
    found: dict[str, Status | None] = dict.fromkeys(wanted)
    for start in range(0, len(wanted), ASKED):
        query = select(units.c.unit, units.c.status).where(units.c.unit.in_(wanted[start : start + ASKED]))
        for row in conn.execute(query):
            status = parse_status(row.status.encode()) if row.status else None
            found[row.unit] = status if isinstance(status, Status) else None
    return found


def _event(line: bytes) -> tuple[str, Json] | None:
    element = parse_line(line)
    if not isinstance(element, FactLine):
        return None
    try:
        fact = element.fact
    except FieldError:
        return None
    return None if fact is None else event_of(fact)
