"""How each unit is now: by its last status and by what needs a person there. Only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, select

from centre import needs as needs_of
from centre import units as register
from centre.conditions import About, read_status
from centre.needs import Need, Urgency
from centre.opened import OpenCentre
from centre.schema import units as units_table
from centre.scope_tree import natural
from centre.units import Unit
from centre.words import N_, _
from contract.scopes import Scope


class UnitSign(Enum):
    """Each has a shape of its own."""

    URGENT = "urgent"
    LOOK = "look"
    AWAY = "away"
    WELL = "well"


@dataclass(frozen=True, slots=True)
class DoorNow:
    """By the unit's last status. `open`, `unlocked`: None where nobody can say."""

    door: str
    mode: str
    open: bool | None
    unlocked: bool | None
    lock: str
    held: bool


@dataclass(frozen=True, slots=True)
class UnitNow:
    """`status`: its last one, plain; empty where it never sent one. `needs`: what needs a person there, the most urgent first."""

    unit: str
    name: str
    scopes: tuple[Scope, ...]
    enrolled: bool
    revoked: bool
    online: bool
    heard_utc: float | None
    status: Mapping[str, Any]
    needs: Sequence[Need]

    @property
    def label(self) -> str:
        """As people call it."""
        return self.name or self.unit

    @property
    def sign(self) -> UnitSign:
        if any(each.urgency is Urgency.URGENT for each in self.needs):
            return UnitSign.URGENT
        if not self.online:
            return UnitSign.AWAY
        return UnitSign.LOOK if self.needs else UnitSign.WELL

    @property
    def words(self) -> str:
        """What the sign means, in a few words."""
        if self.revoked:
            return _("revoked")
        if not self.enrolled:
            return _("not enrolled yet")
        if self.sign is UnitSign.AWAY:
            return _("offline") if self.heard_utc is not None else _("it was never heard of")
        return self.needs[0].title if self.needs else _(NAMES[UnitSign.WELL])

    @property
    def doors(self) -> list[DoorNow]:
        """Empty where it told none."""
        told = self.status.get("doors")
        found = sorted(told.items()) if isinstance(told, dict) else []
        return [_door(name, each) for name, each in found if isinstance(each, dict)]


NAMES = {
    UnitSign.URGENT: N_("urgent"),
    UnitSign.LOOK: N_("needs a look"),
    UnitSign.AWAY: N_("away"),
    UnitSign.WELL: N_("well"),
}
ELSEWHERE = frozenset({About.OVERDUE, About.MISSED})
"""What says nothing of the unit's own health."""


def _door(name: str, told: Mapping[str, Any]) -> DoorNow:
    level = {key: told.get(key) if isinstance(told.get(key), bool) else None for key in ("open", "unlocked")}
    return DoorNow(
        name, str(told.get("mode")), level["open"], level["unlocked"], str(told.get("lock")), bool(told.get("held"))
    )


def all_of(centre: OpenCentre, found: Sequence[Need]) -> list[UnitNow]:
    """Those that are not revoked, in the order that people count in. `found`: what needs a person."""
    mine = needs_of.by_unit(each for each in found if each.about not in ELSEWHERE)
    with centre.books.reading() as conn:
        known = [unit for unit in register.listed(conn, centre.site.site) if not unit.revoked]
        enrolled = register.enrolled(conn)
        rows = _rows(conn, None)
    made = [_now(unit, rows[unit.unit], unit.unit in enrolled, mine.get(unit.unit, ())) for unit in known]
    return sorted(made, key=lambda each: natural(each.unit))


def one(conn: Connection, site: str, unit_id: str, found: Sequence[Need]) -> UnitNow:
    """Raises CentreError where there is none of this id."""
    unit = register.one(conn, site, unit_id)
    mine = [each for each in found if each.unit == unit_id and each.about not in ELSEWHERE]
    return _now(unit, _rows(conn, unit_id)[unit_id], register.key_of(conn, unit_id) is not None, mine)


def _rows(conn: Connection, unit: str | None) -> dict[str, Any]:
    columns = (units_table.c.unit, units_table.c.online, units_table.c.heard_utc, units_table.c.status)
    wanted = select(*columns)
    wanted = wanted if unit is None else wanted.where(units_table.c.unit == unit)
    return {row.unit: row for row in conn.execute(wanted)}


def _now(unit: Unit, row: Any, enrolled: bool, mine: Sequence[Need]) -> UnitNow:
    about = (unit.unit, unit.name, unit.scopes, enrolled, unit.revoked)
    return UnitNow(*about, bool(row.online), row.heard_utc, read_status(row.status), tuple(mine))
