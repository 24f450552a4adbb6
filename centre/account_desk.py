"""Accounts made and changed: who may do what where, who may not any more. Writes the table accounts, each change with its act.

What somebody no longer may ends at once: with a change of password, role or scope, and with being disabled, go their sessions and what they
handed out. There is always an administrator of the whole site. Who may change whom is asked of permits.py before.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from centre import account_key, accounts, acts, adopted, api_tokens, sessions
from centre.account_key import AccountKey
from centre.accounts import Account, Role
from centre.errors import CHECK_FAILED, WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema_accounts import accounts as table
from centre.schema_accounts import invitations
from centre.words import _
from contract.frozen import frozen
from contract.language import CHINESE, ENGLISH
from contract.scopes import Scope
from contract.topics import valid_id

MAX_LABEL = 100


@frozen
class AccountChange:
    """None: as it is. `holder`: empty takes it away."""

    label: str | None = None
    role: Role | None = None
    scope: Scope | None = None
    holder: str | None = None


def add(centre: OpenCentre, wanted: Account, by: str, now: float) -> None:
    """A new one, that nobody can sign in with before its invitation is taken. Raises BadValueError; CentreError where the name is taken."""
    _check(wanted, centre.site.site)
    with centre.books.alone() as conn:
        if conn.execute(select(table.c.name).limit(1)).first() is None:
            account_key.make(centre.folder)
        if conn.execute(select(table.c.name).where(table.c.name == wanted.name)).first() is not None:
            raise CentreError(_("{name}: there already").format(name=wanted.name), WRONG_USE)
        _insert(conn, centre.account_key, wanted, by, now)


def _insert(conn: Connection, key: AccountKey, wanted: Account, by: str, now: float) -> None:
    row: dict[str, Any] = {
        "name": wanted.name,
        "label": wanted.label,
        "role": wanted.role.value,
        "scope": str(wanted.scope),
        "holder": wanted.holder,
        "language": wanted.language,
        "password": None,
        "subject": None,
        "made_utc": now,
        "disabled_utc": None,
    }
    conn.execute(insert(table).values(**row, seal=key.seal("account", *accounts.sealed(row))))
    _note(conn, row, by, now)


def change(centre: OpenCentre, name: str, wanted: AccountChange, by: str, now: float) -> Account:
    """Raises BadValueError; CentreError where there is no such account, or it is the last administrator."""
    with centre.books.alone() as conn:
        mine = accounts.one(conn, centre.account_key, name)
        made = Account(
            name,
            mine.label if wanted.label is None else wanted.label,
            wanted.role or mine.role,
            wanted.scope or mine.scope,
            mine.holder if wanted.holder is None else (wanted.holder or None),
        )
        _check(made, centre.site.site)
        values = {"label": made.label, "role": made.role.value, "scope": str(made.scope), "holder": made.holder}
        put(conn, centre.account_key, name, values, by, now)
        if (made.role, made.scope) != (mine.role, mine.scope):
            _end_all(conn, name, by, now)
        return accounts.one(conn, centre.account_key, name)


def disable(centre: OpenCentre, name: str, by: str, now: float) -> None:
    """They are out at this moment. Raises CentreError where there is no such account, or it is the last administrator."""
    with centre.books.alone() as conn:
        if not accounts.one(conn, centre.account_key, name).enabled:
            raise CentreError(_("{name}: disabled already").format(name=name), WRONG_USE)
        put(conn, centre.account_key, name, {"disabled_utc": now}, by, now)
        conn.execute(invitations.delete().where(invitations.c.account == name))
        _end_all(conn, name, by, now)


def unlink(centre: OpenCentre, name: str, by: str, now: float) -> None:
    """Whoever the site's provider says it is, no longer signs in to this account; the next who is called so there may, before it has a password."""
    with centre.books.alone() as conn:
        accounts.one(conn, centre.account_key, name)
        put(conn, centre.account_key, name, {"subject": None}, by, now)
        sessions.end_all(conn, name)


def enable(centre: OpenCentre, name: str, by: str, now: float) -> None:
    """Back, without the password of before: an invitation sets a new one."""
    with centre.books.alone() as conn:
        if accounts.one(conn, centre.account_key, name).enabled:
            raise CentreError(_("{name}: not disabled").format(name=name), WRONG_USE)
        put(conn, centre.account_key, name, {"disabled_utc": None, "password": None, "subject": None}, by, now)


def set_language(centre: OpenCentre, name: str, language: str | None) -> None:
    """What they read; not a thing for the record."""
    if language not in {None, CHINESE, ENGLISH}:
        raise BadValueError("language", _("one of {known}").format(known=f"{ENGLISH}, {CHINESE}"))
    with centre.books.writing() as conn:
        conn.execute(update(table).where(table.c.name == name).values(language=language))


def set_password(conn: Connection, key: AccountKey, name: str, kept: str, by: str, now: float) -> None:
    """`kept`: hashed. All sessions end."""
    put(conn, key, name, {"password": kept}, by, now)
    conn.execute(invitations.delete().where(invitations.c.account == name))
    sessions.end_all(conn, name)


def put(conn: Connection, key: AccountKey, name: str, values: dict[str, Any], by: str, now: float) -> None:
    """Change a row that is the centre's own. Raises CentreError where it is not, or would take the last administrator away."""
    row = conn.execute(select(table).where(table.c.name == name)).one()
    if not accounts.of_row(key, row).sound:
        raise CentreError(_("{name}: its row is not what this centre wrote; see `verify`").format(name=name))
    before = _administrators(conn, key)
    made = row._asdict() | values
    conn.execute(
        update(table).where(table.c.name == name).values(**values, seal=key.seal("account", *accounts.sealed(made)))
    )
    after = _administrators(conn, key)
    for had, has in zip(before, after, strict=True):
        if had and not has:
            raise CentreError(
                _("{name}: the last administrator of the whole site; make another one first").format(name=name),
                CHECK_FAILED,
            )
    _note(conn, made, by, now)


def _administrators(conn: Connection, key: AccountKey) -> tuple[int, int]:
    """How many there are of the whole site, and how many of them can sign in."""
    found = [
        each
        for each in accounts.known(conn, key).values()
        if each.enabled and each.whole_site and each.role is Role.ADMINISTRATOR
    ]
    return len(found), sum(each.ready for each in found)


def _end_all(conn: Connection, name: str, by: str, now: float) -> None:
    sessions.end_all(conn, name)
    api_tokens.end_all(conn, name, by, now)


def _note(conn: Connection, row: dict[str, Any], by: str, now: float) -> None:
    acts.note(conn, "account", {**adopted.account_data(row), "by": by}, now)


def _check(wanted: Account, site: str) -> None:
    if not valid_id(wanted.name):
        raise BadValueError("name", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=wanted.name))
    if not wanted.label.strip() or len(wanted.label) > MAX_LABEL or not wanted.label.isprintable():
        raise BadValueError("label", _("1 to {most} characters").format(most=MAX_LABEL))
    if wanted.holder is not None and not valid_id(wanted.holder):
        raise BadValueError("holder", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=wanted.holder))
    if wanted.scope.level == "site" and wanted.scope.id != site:
        raise BadValueError("scope", _("{scope}: not of this site").format(scope=wanted.scope))
