"""People's accounts: who there is, invited, changed, disabled; who is signed in. For administrators, within their own scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from sqlalchemy import Connection

from centre import account_desk, accounts, act_words, invitations, permits, sessions
from centre.account_desk import AccountChange
from centre.accounts import Account, Role
from centre.console.call import Nothing, call
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.permits import Doing
from centre.units import parse_scope
from centre.words import _
from contract.scopes import Scope

T = TypeVar("T")
DEEDS = 20
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=48)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
ScopeText = Annotated[str, msgspec.Meta(min_length=3, max_length=60)]


class Person(msgspec.Struct):
    """`state`: active, invited, disabled, or broken (its row in the books is not what this centre wrote: it may do nothing)."""

    name: str
    label: str
    role: str
    scope: str
    holder: str | None
    state: str


class PersonList(msgspec.Struct):
    accounts: list[Person]


class Invite(msgspec.Struct):
    name: Name
    label: Label
    role: Role
    scope: ScopeText
    holder: Annotated[str, msgspec.Meta(max_length=48)] | None = None


class Link(msgspec.Struct):
    """`path`: a one-time link, below the console's address; told this once."""

    account: str
    path: str
    ends_utc: float


class Of(msgspec.Struct):
    name: Name


class Change(msgspec.Struct):
    """What is missing stays as it is; an empty `holder` takes it away."""

    name: Name
    label: Label | None = None
    role: Role | None = None
    scope: ScopeText | None = None
    holder: Annotated[str, msgspec.Meta(max_length=48)] | None = None


class OpenSession(msgspec.Struct):
    id: str
    account: str
    made_utc: float
    seen_utc: float
    address: str
    agent: str


class SessionList(msgspec.Struct):
    sessions: list[OpenSession]


class EndSessions(msgspec.Struct):
    """`session`: only this one; else all of the account's."""

    name: Name
    session: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class Count(msgspec.Struct):
    count: int


@call("GET", "/accounts", doing=Doing.ACCOUNTS)
def list_accounts(visit: Visit, ask: Nothing) -> PersonList:
    """All accounts of the own scope, by name."""
    return PersonList([person_of(each) for each in theirs(visit)])


@call("POST", "/accounts", doing=Doing.ACCOUNTS)
def invite_person(visit: Visit, ask: Invite) -> Link:
    """A new account, and the link by which its owner sets a password."""
    made = Account(ask.name, ask.label, ask.role, scope_of(visit, ask.scope), ask.holder or None)
    _may(visit, made)
    account_desk.add(visit.centre, made, visit.person.name, visit.now)
    return _invited(visit, ask.name)


@call("POST", "/accounts/{name}/invite", doing=Doing.ACCOUNTS)
def invite_again(visit: Visit, ask: Of) -> Link:
    """Another link, for who lost theirs or forgot the password. One of before ends."""
    _may(visit, one(visit, ask.name))
    return _invited(visit, ask.name)


@call("POST", "/accounts/{name}/change", doing=Doing.ACCOUNTS)
def change_account(visit: Visit, ask: Change) -> Person:
    """Another role, scope, label or holder. With another role or scope its owner signs in anew."""
    mine, wanted = one(visit, ask.name), None if ask.scope is None else scope_of(visit, ask.scope)
    _may(visit, mine)
    _may(visit, Account(mine.name, mine.label, ask.role or mine.role, wanted or mine.scope))
    if mine.name == visit.person.name and (ask.role or wanted):
        raise ForbiddenError(_("your own role is for another administrator to change"))
    change = AccountChange(ask.label, ask.role, wanted, ask.holder)
    return person_of(account_desk.change(visit.centre, ask.name, change, visit.person.name, visit.now))


@call("POST", "/accounts/{name}/disable", doing=Doing.ACCOUNTS)
def disable_account(visit: Visit, ask: Of) -> Nothing:
    """They are signed out at this moment, and do not get in any more."""
    _may(visit, one(visit, ask.name))
    if ask.name == visit.person.name:
        raise ForbiddenError(_("your own account is for another administrator to disable"))
    account_desk.disable(visit.centre, ask.name, visit.person.name, visit.now)
    return Nothing()


@call("POST", "/accounts/{name}/enable", doing=Doing.ACCOUNTS)
def enable_account(visit: Visit, ask: Of) -> Link:
    """They are back, by a link that sets another password."""
    _may(visit, one(visit, ask.name))
    account_desk.enable(visit.centre, ask.name, visit.person.name, visit.now)
    return _invited(visit, ask.name)


@call("GET", "/accounts/{name}/sessions", doing=Doing.ACCOUNTS)
def list_sessions(visit: Visit, ask: Of) -> SessionList:
    """Where somebody is signed in, the last used first."""
    _may(visit, one(visit, ask.name))
    return SessionList(open_sessions(visit, ask.name))


@call("POST", "/accounts/{name}/sessions/end", doing=Doing.ACCOUNTS)
def end_sessions(visit: Visit, ask: EndSessions) -> Count:
    """Signs somebody out, everywhere or at one place."""
    _may(visit, one(visit, ask.name))
    return Count(sessions.end(visit.centre.books, ask.name, visit.person.name, visit.now, ask.session))


class Deed(msgspec.Struct):
    n: int
    at_utc: float
    what: str
    why: str
    detail: str


class DeedList(msgspec.Struct):
    acts: list[Deed]


@call("GET", "/accounts/{name}/acts", doing=Doing.ACCOUNTS)
def list_deeds(visit: Visit, ask: Of) -> DeedList:
    """What somebody did lately, newest first; all of it is in the record."""
    _may(visit, one(visit, ask.name))
    with visit.centre.books.reading() as conn:
        found = act_words.by_one(conn, ask.name, DEEDS)
    return DeedList([Deed(each.n, each.at_utc, each.what, each.why, each.detail) for each in found])


def theirs(visit: Visit) -> list[Account]:
    """Accounts that this administrator may change; of the whole site also those that are broken."""
    with visit.centre.books.reading() as conn:
        found = accounts.known(conn, visit.centre.account_key).values()
        return [each for each in found if visit.person.whole_site or accounts.covers(conn, visit.person, each.scope)]


def one(visit: Visit, name: str) -> Account:
    """Raises NotThereError where there is none that this person may know of."""
    try:
        with visit.centre.books.reading() as conn:
            found = accounts.one(conn, visit.centre.account_key, name)
            if visit.person.whole_site or accounts.covers(conn, visit.person, found.scope):
                return found
    except CentreError as error:
        raise NotThereError(str(error)) from None
    raise NotThereError(_("{name}: no such account").format(name=name))


def open_sessions(visit: Visit, name: str) -> list[OpenSession]:
    with visit.centre.books.reading() as conn:
        found = sessions.listed(conn, visit.centre.account_key, visit.now, name)
    return [
        OpenSession(each.id, each.account.name, each.made_utc, each.seen_utc, each.address, each.agent)
        for each in found
    ]


def person_of(each: Account) -> Person:
    state = "broken" if not each.sound else "disabled" if not each.enabled else "active" if each.ready else "invited"
    return Person(each.name, each.label, each.role.value, str(each.scope), each.holder, state)


def scope_of(visit: Visit, text: str) -> Scope:
    """Raises BadValueError."""
    try:
        return parse_scope(text, visit.site)
    except CentreError as error:
        raise BadValueError("scope", str(error)) from None


def by_person(visit: Visit) -> None:
    """A program's token makes no accounts and no tokens: they would outlive it. Raises ForbiddenError."""
    if visit.person.is_program:
        raise ForbiddenError(_("only a person may do this, not a program's token"))


def of_own_scope(visit: Visit, listed: Callable[[Connection], list[T]], scope: Callable[[T], Scope]) -> list[T]:
    """Of what lies in the books those that are for no more than the person is."""
    with visit.centre.books.reading() as conn:
        return [each for each in listed(conn) if accounts.covers(conn, visit.person, scope(each))]


def _may(visit: Visit, other: Account) -> None:
    by_person(visit)
    if not other.sound and visit.person.whole_site:
        return
    with visit.centre.books.reading() as conn:
        permits.require_person(conn, visit.person, other)


def _invited(visit: Visit, name: str) -> Link:
    made = invitations.invite(visit.centre, name, visit.person.name, visit.now)
    return Link(made.account, made.path, made.ends_utc)
