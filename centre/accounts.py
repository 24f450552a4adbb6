"""People who work with the centre by name: their role, and the scope it holds for. Owns the table accounts.

Whoever has the folder is the site and needs no account: the command line asks for none.
"""

from __future__ import annotations

from enum import Enum
from functools import total_ordering

from sqlalchemy import Connection, select

from centre.schema import units
from contract.frozen import frozen
from contract.scopes import Scope


@total_ordering
class Role(Enum):
    """What somebody may do, least first; each may also do what those before it may (centre/permits.py)."""

    VIEWER = "viewer"
    GRID_WORKER = "grid_worker"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"

    def __lt__(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) < order.index(other)


@frozen
class Account:
    """`name`: what they sign in with, and what acts are entered under; `label`: how people call them; `holder`: a grid worker's id in the rosters."""

    name: str
    label: str
    role: Role
    scope: Scope
    holder: str | None = None
    language: str | None = None
    """None: as the browser asks."""
    disabled_utc: float | None = None

    @property
    def enabled(self) -> bool:
        return self.disabled_utc is None

    @property
    def whole_site(self) -> bool:
        """Also sees what belongs to no unit: alarms of the centre itself, its software, its accounts."""
        return self.scope.level == "site"


def units_of(conn: Connection, site: str, account: Account) -> frozenset[str]:
    """Ids of the units that the person sees, revoked ones included: what they did stays in the record."""
    rows = conn.execute(select(units.c.unit, units.c.scopes))
    if account.whole_site:
        return frozenset(row.unit for row in rows) if account.scope.id == site else frozenset()
    return frozenset(row.unit for row in rows if _has(row.unit, row.scopes, account.scope))


def covers(conn: Connection, account: Account, scope: Scope) -> bool:
    """Whether all units of that scope are in the account's own. A scope that no unit has yet is only the whole site's, or the account's very own."""
    if account.whole_site or scope == account.scope:
        return True
    if scope.level == "site":
        return False
    live = conn.execute(select(units.c.unit, units.c.scopes).where(units.c.revoked_utc.is_(None)))
    found = [(row.unit, row.scopes) for row in live if _has(row.unit, row.scopes, scope)]
    return bool(found) and all(_has(unit, scopes, account.scope) for unit, scopes in found)


def _has(unit: str, scopes: str, scope: Scope) -> bool:
    """`scopes` as the register has them: site and the unit's own are implied."""
    return scope.id == unit if scope.level == "unit" else str(scope) in scopes.split()
