"""Tokens by which programs use the console's calls: a role and a scope of their own, and an end. Owns the table api_tokens.

One that a person made ends with what that person may; each can be taken back.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from centre import accounts, acts, adopted
from centre.account_key import AccountKey, Part, new_token, read_token
from centre.accounts import NOWHERE, Account, Role
from centre.books import Books
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema_accounts import api_tokens
from centre.sessions import SLACK_S
from centre.words import _
from contract.frozen import frozen
from contract.scopes import Scope, parse_scope
from contract.topics import valid_id

PREFIX = "doorward_"
"""By it programs that look for secrets where none belong know one."""
MOST_S = 400 * 86_400.0
TOUCH_S = 600.0


@frozen
class ApiToken:
    """`person`: what it may, as calls are asked; `account`: whose it is, None where it was made at the folder."""

    id: str
    person: Account
    account: str | None
    by: str
    made_utc: float
    ends_utc: float
    used_utc: float | None
    ended_utc: float | None


def make(
    centre: OpenCentre,
    name: str,
    role: Role,
    scope: Scope,
    ends: float,
    by: str,
    now: float,
    account: str | None = None,
) -> str:
    """The token, which is told this once. `account`: whose rights it is to end with. Raises BadValueError; CentreError where the name is in use."""
    if not valid_id(name):
        raise BadValueError("name", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=name))
    if not now < ends <= now + MOST_S:
        raise BadValueError("until", _("within {days} days from now").format(days=int(MOST_S // 86_400)))
    with centre.books.alone() as conn:
        key = centre.account_key
        there = (api_tokens.c.name == name) & api_tokens.c.ended_utc.is_(None) & (api_tokens.c.ends_utc > now)
        if conn.execute(select(api_tokens.c.id).where(there)).first() is not None:
            raise CentreError(_("{name}: there already").format(name=name), WRONG_USE)
        if account is not None and not _still(conn, accounts.one(conn, key, account), role, scope):
            raise CentreError(_("{name}: may less than this token would").format(name=account), WRONG_USE)
        token = new_token()
        row: dict[str, Any] = {"id": token.id, "name": name, "role": role.value, "scope": str(scope)}
        row |= {"account": account, "by": by, "made_utc": now, "ends_utc": ends, "ended_utc": None}
        seal = key.seal(*_sealed(row, token.secret))
        conn.execute(insert(api_tokens).values(**row, seal=seal))
        acts.note(conn, "api_token", adopted.token_data(row), now)
    return f"{PREFIX}{token}"


def find(conn: Connection, key: AccountKey, text: str, now: float) -> ApiToken | None:
    """What this token may, where it counts."""
    if not text.startswith(PREFIX):
        return None
    token = read_token(text.removeprefix(PREFIX))
    row = conn.execute(select(api_tokens).where(api_tokens.c.id == token.id)).first()
    if row is None or row.ended_utc is not None or not row.made_utc - SLACK_S <= now < row.ends_utc:
        return None
    if not key.holds(row.seal, *_sealed(row._asdict(), token.secret)):
        return None
    found = _of(row)
    if row.account is not None:
        maker = accounts.one(conn, key, row.account)
        if not _still(conn, maker, found.person.role, found.person.scope):
            return None
    return found


def touch(books: Books, token: ApiToken, now: float) -> None:
    """It is in use. Raises the database's errors."""
    if token.used_utc is None or abs(now - token.used_utc) >= TOUCH_S:
        with books.writing() as conn:
            conn.execute(update(api_tokens).where(api_tokens.c.id == token.id).values(used_utc=now))


def listed(conn: Connection) -> list[ApiToken]:
    """All that were not taken back, also those whose time is over."""
    rows = conn.execute(select(api_tokens).where(api_tokens.c.ended_utc.is_(None)).order_by(api_tokens.c.name))
    return [_of(row) for row in rows]


def end(centre: OpenCentre, name: str, by: str, now: float) -> None:
    """Take it back. Raises CentreError where there is none of this name."""
    with centre.books.alone() as conn:
        if not _end(conn, api_tokens.c.name == name, by, now):
            raise CentreError(_("{name}: no such token").format(name=name), WRONG_USE)


def end_all(conn: Connection, account: str, by: str, now: float) -> None:
    """What this account made."""
    _end(conn, api_tokens.c.account == account, by, now)


def _end(conn: Connection, which: Any, by: str, now: float) -> int:
    rows = conn.execute(select(api_tokens).where(which, api_tokens.c.ended_utc.is_(None))).all()
    for row in rows:
        conn.execute(update(api_tokens).where(api_tokens.c.id == row.id).values(ended_utc=now))
        acts.note(conn, "api_token", {**adopted.token_data(row._asdict() | {"ended_utc": now}), "ended_by": by}, now)
    return len(rows)


def _still(conn: Connection, maker: Account, role: Role, scope: Scope) -> bool:
    """Whether its maker may as much: also where units were added meanwhile to a place that was all theirs."""
    return maker.enabled and maker.role >= role and accounts.covers(conn, maker, scope)


def _of(row: Row[Any]) -> ApiToken:
    """Of a list the seal is not looked at: the secret half is not there. `find` alone lets anybody in."""
    known = {each.value for each in Role}
    try:
        scope = parse_scope(row.scope)
    except ValueError:
        scope = NOWHERE
    role = Role(row.role) if row.role in known else Role.VIEWER
    person = Account(f"token.{row.name}", row.name, role, scope)
    return ApiToken(row.id, person, row.account, row.by, row.made_utc, row.ends_utc, row.used_utc, row.ended_utc)


def _sealed(row: dict[str, Any], secret: str) -> tuple[str, *tuple[Part, ...]]:
    names = ("id", "name", "role", "scope", "account", "by", "made_utc", "ends_utc")
    return ("api token", *(row[name] for name in names), secret)
