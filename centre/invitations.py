"""One-time links by which somebody sets the password of an account: the first, or another where the first is forgotten. Owns the table invitations.

A link is taken with the password that is set, not by being looked at: programs that open links before people do spoil nothing.
"""

from __future__ import annotations

from itertools import takewhile

from sqlalchemy import Connection, select

from centre import account_desk, accounts, acts, login_passwords, sessions
from centre.account_key import AccountKey, Token, new_token, read_token
from centre.accounts import Account
from centre.books import insert_or_update
from centre.errors import WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.schema_accounts import api_tokens, invitations
from centre.sessions import SLACK_S
from centre.words import _
from contract.frozen import frozen

VALID_S = 3 * 86_400.0
FRESH_DAYS = 7
"""For so long nobody can tell whoever made a link from whoever it was for. A link ends after three; the record shows it to the others from the first."""
PATH = "/invitation/"
"""Below the console's address."""


@frozen
class Invitation:
    """`path`: what is opened below the console's address."""

    account: str
    path: str
    ends_utc: float


def invite(centre: OpenCentre, name: str, by: str, now: float) -> Invitation:
    """A link of before ends. Raises CentreError where there is no such account, or it is disabled."""
    with centre.books.alone() as conn:
        key = centre.account_key
        if not accounts.one(conn, key, name).enabled:
            raise CentreError(_("{name}: disabled; `account enable` takes them back").format(name=name), WRONG_USE)
        token, ends = new_token(), now + VALID_S
        row = {"account": name, "id": token.id, "made_utc": now, "ends_utc": ends, "by": by}
        seal = key.seal("invitation", token.id, name, now, ends, token.secret)
        conn.execute(insert_or_update(conn, invitations, {**row, "seal": seal}))
        acts.note(conn, "invited", {"account": name, "ends": ends, "by": by}, now)
    return Invitation(name, f"{PATH}{token}", ends)


def let_in_lately(conn: Connection, name: str, now: float) -> set[str]:
    """`name`, and each account whose link was made in the last FRESH_DAYS by one of these or by a token of theirs: `name` may have taken them all."""
    owners = {
        (f"token.{row.name}", row.account) for row in conn.execute(select(api_tokens.c.name, api_tokens.c.account))
    }
    lately = takewhile(lambda act: act["at"] > now - FRESH_DAYS * 86_400.0, acts.newest(conn))
    found = {name}
    for act in reversed([act for act in lately if act["act"] == "invited"]):
        if act["by"] in found or any((act["by"], owner) in owners for owner in found):
            found.add(act["account"])
    return found


def look(conn: Connection, key: AccountKey, text: str, now: float) -> Account | None:
    """Whom a link is for, where it can be taken."""
    token = read_token(text)
    row = conn.execute(select(invitations).where(invitations.c.id == token.id)).first()
    if row is None or not row.made_utc - SLACK_S <= now < row.ends_utc:
        return None
    if not key.holds(row.seal, "invitation", row.id, row.account, row.made_utc, row.ends_utc, token.secret):
        return None
    account = accounts.one(conn, key, row.account)
    return account if account.enabled else None


def take(centre: OpenCentre, text: str, password: str, address: str, agent: str, now: float) -> tuple[Account, Token]:
    """Sets the password, ends every session of the account and begins one. Raises BadValueError; CentreError where the link is no good (any more)."""
    key = centre.account_key
    with centre.books.reading() as conn:
        account = _good(look(conn, key, text, now))
    login_passwords.check(account.name, account.label, password)
    kept = login_passwords.hashed(key, account.name, password)
    with centre.books.alone() as conn:
        account = _good(look(conn, key, text, now))  # another may have been first
        account_desk.set_password(conn, key, account.name, kept, account.name, now)
        token = sessions.begin(conn, key, account.name, address, agent, now)
        acts.note(
            conn, "signed_in", {"account": account.name, "by": account.name, "from": address, "how": "invitation"}, now
        )
        return accounts.one(conn, key, account.name), token


def _good(account: Account | None) -> Account:
    if account is None:
        raise CentreError(_("this link was used, replaced or has ended; ask an administrator for another"), WRONG_USE)
    return account
