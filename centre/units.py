"""The register of units: who belongs to the site, its scopes, its pinned keys and its one-time tokens.

Owns the tables units, unit_keys and tokens, but for a unit's presence, which presence.py writes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from centre import acts, adopted
from centre.errors import WRONG_USE, CentreError
from centre.folder import LOGIN
from centre.passwords import hashed
from centre.schema import logins, tokens, unit_keys, units
from centre.words import _
from contract.enrolment import KEY_BYTES
from contract.scopes import LEVELS, Scope
from contract.topics import unit_scopes, valid_id


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the register. `scopes` are all it has, `site` and its own included."""

    unit: str
    name: str
    scopes: tuple[Scope, ...]
    revoked: bool
    password: str | None
    """Of the login of its enrolment, hashed."""
    logins: tuple[tuple[str, str], ...] = ()
    """All its logins at the broker with their hashed passwords; none once it is revoked."""


@dataclass(frozen=True, slots=True)
class PinnedKey:
    id: int
    unit: str
    public: bytes


def parse_scope(text: str, site: str) -> Scope:
    """`level/id`. Raises CentreError (wrong use) with what is wrong."""
    level, _slash, name = text.partition("/")
    if level not in LEVELS:
        raise CentreError(
            _("{text}: a scope is LEVEL/ID, level one of {levels}").format(text=text, levels=", ".join(LEVELS)),
            WRONG_USE,
        )
    if not valid_id(name) or (level == "site" and name != site):
        raise CentreError(_("{text}: {name!r} is no id, or not of this site").format(text=text, name=name), WRONG_USE)
    return Scope(level, name)


def most_specific(scopes: Iterable[Scope]) -> list[Scope]:
    """The scopes of a unit, that which is its own first."""
    return sorted(scopes, key=lambda scope: LEVELS.index(scope.level), reverse=True)


def add(conn: Connection, site: str, unit: str, name: str, scopes: Iterable[Scope], now: float) -> None:
    """Raises CentreError where the id is no id, taken, or the centre's own."""
    if not valid_id(unit) or unit == LOGIN:
        raise CentreError(
            _("{unit}: not an id for a unit (a-z, 0-9, - and _; not {login!r})").format(unit=unit, login=LOGIN),
            WRONG_USE,
        )
    if conn.execute(select(logins.c.login).where(logins.c.login == unit)).first():
        raise CentreError(_("{unit}: the name of another unit's login").format(unit=unit), WRONG_USE)
    there = conn.execute(select(units.c.revoked_utc).where(units.c.unit == unit)).first()
    if there is not None:
        way = _("a replaced box needs only a new `unit enrolment`")
        way = way if there.revoked_utc is None else _("revoked; `unit readmit {unit}` takes it back").format(unit=unit)
        raise CentreError(_("{unit}: there already; {way}").format(unit=unit, way=way), WRONG_USE)
    kept = [scope for scope in dict.fromkeys(scopes) if scope not in unit_scopes(site, unit, ())]
    if any(scope.level == "unit" for scope in kept):
        raise CentreError(_("{unit}: the scope of another unit is not for it").format(unit=unit), WRONG_USE)
    conn.execute(insert(units).values(unit=unit, name=name, scopes=" ".join(map(str, kept)), added_utc=now))
    note_unit(conn, unit, now)


def note_unit(conn: Connection, unit: str, now: float) -> None:
    """What the register says of a unit from now on is an act of the centre."""
    row = conn.execute(select(units).where(units.c.unit == unit)).one()
    acts.note(conn, "unit", adopted.unit_data(row), now)


def listed(conn: Connection, site: str) -> list[Unit]:
    """All units by id, revoked ones included."""
    second, scopes = _second_logins(conn), _Scopes(site)
    return [_unit(row, scopes, second) for row in conn.execute(_REGISTERED.order_by(units.c.unit))]


def places(conn: Connection, site: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Id and all scopes of each unit that is not revoked, as text: far quicker than `listed`, where nothing else is wanted."""
    here = select(units.c.unit, units.c.scopes).where(units.c.revoked_utc.is_(None)).order_by(units.c.unit)
    for unit, given in conn.execute(here):
        yield unit, tuple(dict.fromkeys((f"site/{site}", *given.split(), f"unit/{unit}")))


def one(conn: Connection, site: str, unit: str) -> Unit:
    """Raises CentreError where there is none of this id."""
    row = conn.execute(_REGISTERED.where(units.c.unit == unit)).first()
    if row is None:
        raise CentreError(_("{unit}: no such unit").format(unit=unit), WRONG_USE)
    return _unit(row, _Scopes(site), _second_logins(conn))


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a scope reaches: its `units`; `known` are the scopes of its level that units have."""

    units: tuple[str, ...]
    known: tuple[str, ...]


def reach(conn: Connection, site: str, scope: Scope) -> Reach:
    """Revoked units count for nothing."""
    live = [unit for unit in listed(conn, site) if not unit.revoked]
    known = {str(each) for unit in live for each in unit.scopes if each.level == scope.level}
    return Reach(tuple(unit.unit for unit in live if scope in unit.scopes), tuple(sorted(known)))


def _second_logins(conn: Connection) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row in conn.execute(select(logins).order_by(logins.c.made_utc, logins.c.login)):
        found.setdefault(row.unit, []).append((row.login, row.password))
    return found


class _Scopes:
    """The scopes of one unit after another: those that many of a street's units have are made once."""

    def __init__(self, site: str) -> None:
        self._site, self._known = f"site/{site}", dict[str, Scope]()

    def of(self, unit: str, given: str) -> tuple[Scope, ...]:
        """As contract.topics.unit_scopes; `given` as the register has them."""
        known = self._known
        texts = dict.fromkeys((self._site, *given.split(), f"unit/{unit}"))
        return tuple(known.get(text) or known.setdefault(text, Scope(*text.split("/", 1))) for text in texts)


_REGISTERED = select(units.c.unit, units.c.name, units.c.scopes, units.c.revoked_utc, units.c.password)


def _unit(row: Sequence[Any], scopes: _Scopes, second: Mapping[str, list[tuple[str, str]]]) -> Unit:
    unit, name, given, revoked_utc, password = row
    revoked = revoked_utc is not None
    enrolled = () if password is None else ((unit, password),)
    names = () if revoked else (*enrolled, *second.get(unit, ()))
    return Unit(unit, name, scopes.of(unit, given), revoked, password, names)


def enrolled(conn: Connection) -> set[str]:
    """Units with a pinned key in force."""
    return set(conn.execute(select(unit_keys.c.unit).where(unit_keys.c.retired_utc.is_(None))).scalars())


def pinned(conn: Connection) -> dict[str, PinnedKey]:
    """The key in force of each enrolled unit."""
    columns = (unit_keys.c.id, unit_keys.c.unit, unit_keys.c.public)
    rows = conn.execute(select(*columns).where(unit_keys.c.retired_utc.is_(None)))
    return {unit: PinnedKey(number, unit, bytes.fromhex(public)) for number, unit, public in rows}


def key_of(conn: Connection, unit: str) -> PinnedKey | None:
    """The unit's key in force."""
    mine = (unit_keys.c.unit == unit) & unit_keys.c.retired_utc.is_(None)
    row = conn.execute(select(unit_keys).where(mine)).first()
    return None if row is None else PinnedKey(row.id, row.unit, bytes.fromhex(row.public))


def new_login(conn: Connection, unit: Unit, now: float) -> tuple[str, str]:
    """A new broker password and one-time token (hex) for an enrolment file; those of an earlier file end. A pinned key stays."""
    if unit.revoked:
        raise CentreError(_("{unit}: revoked; `unit readmit {unit}` takes it back").format(unit=unit.unit), WRONG_USE)
    password, token = secrets.token_urlsafe(24), secrets.token_hex(KEY_BYTES)
    conn.execute(update(units).where(units.c.unit == unit.unit).values(password=hashed(password)))
    conn.execute(update(tokens).where(tokens.c.unit == unit.unit).values(token=None))
    conn.execute(insert(tokens).values(unit=unit.unit, token=token, made_utc=now))
    acts.note(conn, "enrolment", {"unit": unit.unit}, now)
    return password, token


def open_tokens(conn: Connection) -> dict[str, tuple[int, bytes]]:
    """The unspent token of each unit that has one: row id and bytes."""
    rows = conn.execute(select(tokens).where(tokens.c.token.is_not(None), tokens.c.spent_utc.is_(None)))
    return {row.unit: (row.id, bytes.fromhex(row.token)) for row in rows}


def pin(conn: Connection, unit: str, public: bytes, token_id: int, now: float) -> PinnedKey:
    """The token is spent, the unit's earlier key retired, this one in force."""
    conn.execute(update(tokens).where(tokens.c.id == token_id).values(token=None, spent_utc=now))
    mine = unit_keys.c.unit == unit
    conn.execute(update(unit_keys).where(mine, unit_keys.c.retired_utc.is_(None)).values(retired_utc=now))
    values = {"unit": unit, "public": public.hex(), "pinned_utc": now}
    again = update(unit_keys).where(mine, unit_keys.c.public == public.hex()).values(retired_utc=None, pinned_utc=now)
    if not conn.execute(again).rowcount:
        conn.execute(insert(unit_keys).values(**values))
    row = conn.execute(select(unit_keys.c.id).where(mine, unit_keys.c.public == public.hex())).one()
    acts.note(conn, "key", adopted.key_data(unit, public.hex()), now)
    return PinnedKey(row.id, unit, public)


def revoke(conn: Connection, unit: Unit, now: float) -> None:
    """No login, no key, no token any more. What it sent stays in the books."""
    if unit.revoked:
        raise CentreError(_("{unit}: revoked already").format(unit=unit.unit), WRONG_USE)
    conn.execute(update(units).where(units.c.unit == unit.unit).values(revoked_utc=now, password=None))
    mine = unit_keys.c.unit == unit.unit
    conn.execute(update(unit_keys).where(mine, unit_keys.c.retired_utc.is_(None)).values(retired_utc=now))
    conn.execute(update(tokens).where(tokens.c.unit == unit.unit).values(token=None))
    note_unit(conn, unit.unit, now)


def readmit(conn: Connection, unit: Unit, now: float) -> None:
    """It belongs to the site again, and has no login and no key until a new enrolment: what it had before ended for good."""
    if not unit.revoked:
        raise CentreError(_("{unit}: not revoked").format(unit=unit.unit), WRONG_USE)
    conn.execute(update(units).where(units.c.unit == unit.unit).values(revoked_utc=None))
    note_unit(conn, unit.unit, now)
