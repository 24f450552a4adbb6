"""Signing in with name and password. Says the same, and takes the same time, for a wrong password, a name nobody has, and an account not in use."""

from __future__ import annotations

import secrets
from contextlib import suppress

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from centre import account_desk, accounts, acts, login_passwords, sessions, shown
from centre.account_key import AccountKey, Token
from centre.accounts import Account
from centre.alarms import GUESSED, Alarms
from centre.errors import UNREACHABLE, WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.schema_accounts import accounts as table
from centre.schema_accounts import invitations
from centre.single_sign_on import Identity
from centre.tries import ACCOUNT, ADDRESS, DEVICE, Pace, Tries, network
from centre.words import _
from contract.frozen import frozen

TOLD = Pace(1, 3600.0)
"""How often it is told that somebody guesses at one account."""
MOST_NAME = 48
MOST_DEVICE = 100


class NotSignedInError(CentreError):
    def __init__(self) -> None:
        super().__init__(_("name and password do not go together, or the account is not in use"), WRONG_USE)


class TooManyTriesError(CentreError):
    """`wait_s`: how long nothing is looked at."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        minutes = max(1, round(wait_s / 60))
        text = _("too many tries; again in {minutes} min, or by a link from an administrator").format(minutes=minutes)
        super().__init__(text, UNREACHABLE)


@frozen
class SignedIn:
    """`device`: to be shown at the next sign-in from the same browser, which then is no stranger's."""

    account: Account
    token: Token
    device: str


class SignIns:
    """Of one centre, for all threads of a process."""

    def __init__(self, centre: OpenCentre, tries: Tries | None = None) -> None:
        self._centre = centre
        self._tries = tries or Tries()

    def sign_in(self, name: str, password: str, address: str, agent: str, device: str | None, now: float) -> SignedIn:
        """A session with a token that is new. Raises NotSignedInError, TooManyTriesError; the database's errors."""
        name, key = name.strip().casefold()[:MOST_NAME], self._centre.account_key
        counted = self._count(key, name, address, device, now)
        with self._centre.books.reading() as conn:
            kept = _kept(conn, key, name)
        if not login_passwords.holds(key, name, password[: login_passwords.MOST + 1], kept):
            raise NotSignedInError
        assert kept is not None
        fresh = login_passwords.hashed(key, name, password) if login_passwords.is_old(kept) else None
        with self._centre.books.alone() as conn:
            if _kept(conn, key, name) != kept:  # changed, or disabled, at this moment
                raise NotSignedInError
            if fresh is not None:
                account_desk.put(conn, key, name, {"password": fresh}, name, now)
            token = sessions.begin(conn, key, name, address, agent, now)
            acts.note(conn, "signed_in", {"account": name, "by": name, "from": address, "how": "password"}, now)
            account = accounts.one(conn, key, name)
        for what, whose in counted:
            self._tries.give_back(what, whose)
        return SignedIn(account, token, device_of(key, name))

    def by_provider(self, named: Identity, address: str, agent: str, now: float) -> SignedIn:
        """Whom the site's provider named; joined to the account of that name where that has no password and nobody yet. Raises NotSignedInError."""
        key, name = self._centre.account_key, named.name.strip().casefold()[:MOST_NAME]
        with self._centre.books.alone() as conn:
            row = conn.execute(select(table).where(table.c.subject == named.subject)).first()
            if row is None:
                free = table.c.subject.is_(None) & table.c.password.is_(None)
                row = conn.execute(select(table).where(table.c.name == name, free)).first()
            if row is None or not accounts.of_row(key, row).enabled:
                raise NotSignedInError
            if row.subject is None:
                account_desk.put(conn, key, row.name, {"subject": named.subject}, row.name, now)
                conn.execute(invitations.delete().where(invitations.c.account == row.name))
            token = sessions.begin(conn, key, row.name, address, agent, now)
            acts.note(conn, "signed_in", {"account": row.name, "by": row.name, "from": address, "how": "provider"}, now)
            return SignedIn(accounts.one(conn, key, row.name), token, device_of(key, row.name))

    def slow(self, address: str) -> None:
        """For whoever comes by the provider. Raises TooManyTriesError."""
        wait_s = self._tries.take("address", network(address), ADDRESS)
        if wait_s:
            raise TooManyTriesError(wait_s)

    def change_password(self, session: sessions.Session, old: str, new: str, now: float) -> Token:
        """Ends all sessions of the account, and begins one in place of this. Raises NotSignedInError, TooManyTriesError, BadValueError."""
        key, account = self._centre.account_key, session.account
        wait_s = self._tries.take("session", session.id, DEVICE)
        if wait_s:
            raise TooManyTriesError(wait_s)
        with self._centre.books.reading() as conn:
            kept = _kept(conn, key, account.name)
        if not login_passwords.holds(key, account.name, old[: login_passwords.MOST + 1], kept):
            raise NotSignedInError
        login_passwords.check(account.name, account.label, new)
        fresh = login_passwords.hashed(key, account.name, new)
        with self._centre.books.alone() as conn:
            if _kept(conn, key, account.name) != kept:
                raise NotSignedInError
            account_desk.set_password(conn, key, account.name, fresh, account.name, now)
            return sessions.begin(conn, key, account.name, session.address, session.agent, now)

    def _count(self, key: AccountKey, name: str, address: str, device: str | None, now: float) -> list[tuple[str, str]]:
        """Raises TooManyTriesError. Returns what was counted."""
        if device is not None and _is_device(key, name, device):
            wanted = [("device", device, DEVICE)]
        else:
            wanted = [("address", network(address), ADDRESS), ("account", name, ACCOUNT)]
        counted = []
        for what, whose, pace in wanted:
            wait_s = self._tries.take(what, whose, pace)
            if wait_s:
                if what == "account" and not self._tries.take("told", name, TOLD):
                    self._tell(key, name, address, now)
                raise TooManyTriesError(wait_s)
            counted.append((what, whose))
        return counted

    def _tell(self, key: AccountKey, name: str, address: str, now: float) -> None:
        """An alarm, where it is an account of ours; not for each guess."""
        with suppress(DBAPIError), self._centre.books.changing() as conn:
            if _kept(conn, key, name) is None:
                return
            alarms = Alarms(conn)
            detail = f"wrong passwords for {name}, from {shown.plain(network(address))}"
            alarms.raise_own(conn, "", GUESSED, "", 0, detail, now)
            alarms.flush(conn)


def device_of(key: AccountKey, name: str) -> str:
    """For a browser that signed in to this account."""
    mark = secrets.token_hex(8)
    return f"{mark}.{key.seal('device', name, mark)}"


def _is_device(key: AccountKey, name: str, device: str) -> bool:
    mark, _dot, seal = device[:MOST_DEVICE].partition(".")
    return key.holds(seal, "device", name, mark)


def _kept(conn: Connection, key: AccountKey, name: str) -> str | None:
    """The hash to compare with; None where nobody gets in."""
    row = conn.execute(select(table).where(table.c.name == name)).first()
    if row is None or not accounts.of_row(key, row).enabled:
        return None
    kept: str | None = row.password
    return kept
