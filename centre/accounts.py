"""People who work with the centre by name: their role, and the scope it holds for. Reads the table accounts; account_desk.py writes it.

Whoever has the folder is the site and needs no account: the command line asks for none.
"""

from __future__ import annotations

from enum import Enum
from functools import total_ordering
from typing import Any

from sqlalchemy import Connection, Row, select

from centre.account_key import AccountKey, Part
from centre.errors import WRONG_USE, CentreError
from centre.schema import units
from centre.schema_accounts import accounts
from centre.words import _
from contract.frozen import frozen
from contract.scopes import Scope, parse_scope

NOWHERE = Scope("unit", "")
"""Holds no unit."""


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
    ready: bool = True
    """Has a password, or came by the site's provider. False: invited, and has not come yet."""
    sound: bool = True
    """False: its row in the books is not what this centre wrote. It may do nothing."""

    @property
    def enabled(self) -> bool:
        return self.sound and self.disabled_utc is None

    @property
    def is_program(self) -> bool:
        """It is a token's (centre/api_tokens.py): no account has a dot in its name."""
        return "." in self.name

    @property
    def whole_site(self) -> bool:
        """Also sees what belongs to no unit: alarms of the centre itself, its software, its accounts."""
        return self.scope.level == "site"


def known(conn: Connection, key: AccountKey) -> dict[str, Account]:
    """All, by name, disabled ones included."""
    rows = conn.execute(select(accounts).order_by(accounts.c.name))
    return {row.name: of_row(key, row) for row in rows}


def any_there(conn: Connection) -> bool:
    """Books from before there were accounts have none, and their folder no key of them."""
    return conn.execute(select(accounts.c.name).limit(1)).first() is not None


def one(conn: Connection, key: AccountKey, name: str) -> Account:
    """Raises CentreError (wrong use) where there is none of this name."""
    row = conn.execute(select(accounts).where(accounts.c.name == name)).first()
    if row is None:
        raise CentreError(_("{name}: no such account").format(name=name), WRONG_USE)
    return of_row(key, row)


def of_row(key: AccountKey, row: Row[Any]) -> Account:
    values = row._asdict()
    if not key.holds(row.seal, "account", *sealed(values)):
        return Account(row.name, row.label, Role.VIEWER, NOWHERE, ready=False, sound=False)
    return Account(
        row.name,
        row.label,
        Role(row.role),
        parse_scope(row.scope),
        row.holder,
        row.language,
        row.disabled_utc,
        row.password is not None or row.subject is not None,
    )


def sealed(values: dict[str, Any]) -> list[Part]:
    """What of a row its seal is over."""
    names = ("name", "label", "role", "scope", "holder", "password", "subject", "made_utc", "disabled_utc")
    return [values[name] for name in names]


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
