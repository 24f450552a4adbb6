"""What units are handed beside desired state that anybody may read: their sealing keys, the `secrets` sealed to them, their second logins.

Owns the tables sealing_keys, applied and logins.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable

from sqlalchemy import Connection, and_, delete, insert, select, update

from centre import rotation_rows, state
from centre.books import insert_or_update
from centre.errors import WRONG_USE, CentreError
from centre.keys import CentreKeys
from centre.passwords import hashed
from centre.schema import applied, logins, rotations, sealing_keys, unit_keys, units
from centre.schema import state as state_table
from centre.signing import Signer
from centre.state import Signed
from centre.words import _
from contract.messages import Kind, Secrets
from contract.scopes import Scope
from contract.sealing import SealedSecrets, seal_secrets
from contract.topics import valid_id

ID_CHARS = 48


# --- what units say


def enter(conn: Connection, unit: str, public: bytes, now: float) -> None:
    """A unit's sealing key, whose signature held; in place of an earlier one, whose secrets it could not open."""
    row = {"unit": unit, "public": public.hex(), "heard_utc": now, "content": ""}
    conn.execute(insert_or_update(conn, sealing_keys, row))


def sealing(conn: Connection) -> dict[str, bytes]:
    """By unit."""
    rows = conn.execute(select(sealing_keys.c.unit, sealing_keys.c.public))
    return {unit: bytes.fromhex(public) for unit, public in rows}


def note_applied(conn: Connection, unit: str, kind: Kind, scope: str, name: str, rev: int, now: float) -> None:
    """Keeps the newest; told again, or late, changes nothing."""
    mine = and_(applied.c.unit == unit, applied.c.kind == kind.value, applied.c.scope == scope, applied.c.id == name)
    known = conn.execute(select(applied.c.rev).where(mine)).scalar()
    if known is None or known < rev:
        row = {"unit": unit, "kind": kind.value, "scope": scope, "id": name, "rev": rev, "heard_utc": now}
        conn.execute(insert_or_update(conn, applied, row))


def has_applied(conn: Connection, kind: Kind) -> dict[tuple[str, str, str], int]:
    """The newest revision by unit, scope and id."""
    rows = conn.execute(select(applied).where(applied.c.kind == kind.value))
    return {(row.unit, row.scope, row.id): row.rev for row in rows}


def forget(conn: Connection, unit: str, now: float) -> bool:
    """Another box, or none any more: what was sealed to the one before, and what it told, holds no longer. Whether topics are to be cleared."""
    conn.execute(delete(sealing_keys).where(sealing_keys.c.unit == unit))
    conn.execute(delete(applied).where(applied.c.unit == unit))
    return state.clear_scope(conn, Scope("unit", unit), now, [Kind.SECRETS]) > 0


def live(conn: Connection) -> dict[str, frozenset[str]]:
    """Enrolled units that are not revoked, each with its scopes: those that a change of keys waits for."""
    pinned = unit_keys.c.retired_utc.is_(None)
    query = select(units.c.unit, units.c.scopes).join(unit_keys, unit_keys.c.unit == units.c.unit)
    rows = conn.execute(query.where(pinned, units.c.revoked_utc.is_(None)).order_by(units.c.unit))
    return {row.unit: frozenset((*row.scopes.split(), f"unit/{row.unit}")) for row in rows}


def live_in(units_live: dict[str, frozenset[str]], scope: str) -> list[str]:
    """Those of them that a scope reaches."""
    return [unit for unit, scopes in units_live.items() if scope in scopes or scope.startswith("site/")]


# --- what they are handed


def issue(conn: Connection, signer: Signer, keys: CentreKeys, ca: str | None, now: float) -> int:
    """`secrets` for every unit that showed a sealing key and should hold other ones than it was sent. Returns for how many."""
    there = live(conn)
    newest = _newest_logins(conn)
    count = 0
    for row in conn.execute(select(sealing_keys)).all():
        if row.unit not in there:
            continue
        login = newest.get(row.unit)
        content = _content(keys, login, ca, row.public)
        if content == row.content:
            continue
        scope = Scope("unit", row.unit)
        rev = state.next_rev(conn, Kind.SECRETS, scope, now)
        password = None if login is None else keys.unit_logins.get(login)
        visitors = keys.visitor_keys_of(signer.site, row.unit)
        what = SealedSecrets(keys.card_keys, keys.pin_keys, login if password else None, password, ca, visitors)
        sealed = seal_secrets(bytes.fromhex(row.public), signer.site, row.unit, rev, what)
        message = Secrets(scope, rev, round(now, 3), row.unit, sealed)
        topic = state.topic_of(signer.site, message)
        state.commit(conn, [Signed(topic, message, signer.sign_state(topic, message))], now)
        conn.execute(update(sealing_keys).where(sealing_keys.c.unit == row.unit).values(content=content))
        count += 1
    return count


def _content(keys: CentreKeys, login: str | None, ca: str | None, public: str) -> str:
    """What stands in a unit's secrets, by names: the same text, the same secrets."""
    mark = "" if ca is None else hashlib.sha256(ca.encode()).hexdigest()[:16]
    names = (",".join(keys.card_keys), ",".join(keys.pin_keys), login or "", mark, public[:16])
    return "|".join((*names, ",".join(keys.visitor_keys)) if keys.visitor_keys else names)


def held(conn: Connection, unit: str) -> frozenset[str]:
    """Ids of the card, PIN and visitors' keys a unit was handed: by its newest secrets, or else by its enrolment, of which nobody kept a list."""
    content = conn.execute(select(sealing_keys.c.content).where(sealing_keys.c.unit == unit)).scalar()
    pinned = unit_keys.c.unit == unit
    if not content:
        enrolled = conn.execute(select(unit_keys.c.id).where(pinned, unit_keys.c.retired_utc.is_(None))).first()
        return frozenset({"those of its enrolment"}) if enrolled else frozenset()
    cards, pins, _login, _mark, _public, *visitors = content.split("|")
    return frozenset(name for names in (cards, pins, *visitors) for name in names.split(",") if name)


def secrets_revs(conn: Connection) -> dict[str, int]:
    """The newest revision of `secrets` by unit; none where they are cleared."""
    mine = and_(state_table.c.kind == Kind.SECRETS.value, state_table.c.token.is_not(None))
    rows = conn.execute(select(state_table.c.scope, state_table.c.rev).where(mine))
    return {row.scope.removeprefix("unit/"): row.rev for row in rows}


# --- second logins


def logins_of(conn: Connection) -> dict[str, list[tuple[str, str]]]:
    """Second logins by unit: name and hashed password, the oldest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in conn.execute(select(logins).order_by(logins.c.made_utc, logins.c.login)):
        found.setdefault(row.unit, []).append((row.login, row.password))
    return found


def login_names(conn: Connection) -> frozenset[str]:
    """Of all second logins."""
    return frozenset(conn.execute(select(logins.c.login)).scalars())


def _newest_logins(conn: Connection) -> dict[str, str]:
    return {unit: rows[-1][0] for unit, rows in logins_of(conn).items()}


def current_login(conn: Connection, unit: str) -> str | None:
    """The newest login the unit has; None before its first enrolment file."""
    second = _newest_logins(conn).get(unit)
    if second is not None:
        return second
    password = conn.execute(select(units.c.password).where(units.c.unit == unit)).scalar()
    return None if password is None else unit


def free_login(conn: Connection, unit: str) -> str:
    """A name beside the unit's current login: `UNIT_2`, and back to `UNIT` the next time."""
    if current_login(conn, unit) != unit:
        return unit
    taken = {*conn.execute(select(units.c.unit)).scalars(), *conn.execute(select(logins.c.login)).scalars()}
    names = (f"{unit[: ID_CHARS - 3]}_{number}" for number in range(2, 100))
    found = next((name for name in names if name not in taken), None)
    if found is None or not valid_id(found):
        raise CentreError(_("{unit}: no name is free for a second login").format(unit=unit), WRONG_USE)
    return found


def add_login(conn: Connection, unit: str, login: str, now: float) -> str:
    """The password of a login that is new in the books, which keep its hash."""
    password = secrets.token_urlsafe(24)
    row = {"login": login, "unit": unit, "password": hashed(password), "made_utc": now}
    conn.execute(insert(logins).values(**row))
    return password


def drop_logins(conn: Connection, unit: str, names: Iterable[str]) -> None:
    """These are let in no longer."""
    gone = list(names)
    conn.execute(delete(logins).where(logins.c.unit == unit, logins.c.login.in_(gone)))
    if unit in gone and not conn.execute(select(logins.c.login).where(logins.c.login == unit)).first():
        conn.execute(update(units).where(units.c.unit == unit).values(password=None))


def end_logins(conn: Connection, unit: str, now: float) -> None:
    """A new enrolment, or none any more: second logins end, and a change of logins that is under way."""
    conn.execute(delete(logins).where(logins.c.unit == unit))
    mine = and_(rotations.c.what == "login", rotations.c.unit == unit, rotations.c.done_utc.is_(None))
    for number in conn.execute(select(rotations.c.id).where(mine)).scalars().all():
        rotation_rows.enter(conn, {"done_utc": now}, now, number)


def changing_login(conn: Connection) -> frozenset[str]:
    """Units whose login is being changed."""
    mine = and_(rotations.c.what == "login", rotations.c.done_utc.is_(None))
    return frozenset(conn.execute(select(rotations.c.unit).where(mine)).scalars())


def said_login(status: str | None) -> str | None:
    """The login that a status names."""
    found = json.loads(status).get("login") if status else None
    return found if isinstance(found, str) else None
