"""Tokens for programs: made, listed, taken back."""

from __future__ import annotations

from typing import Annotated

import msgspec

from centre import api_tokens, permits
from centre.accounts import Account, Role
from centre.api_tokens import ApiToken
from centre.console.call import Nothing, call
from centre.console.calls.accounts import Name, ScopeText, by_person, of_own_scope, scope_of
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.permits import Doing
from centre.words import _

DAY_S = 86_400.0


class Program(msgspec.Struct):
    """`name`: what it does is entered under token.NAME."""

    name: str
    role: str
    scope: str
    by: str
    made_utc: float
    ends_utc: float
    used_utc: float | None


class ProgramList(msgspec.Struct):
    tokens: list[Program]


class NewToken(msgspec.Struct):
    name: Name
    role: Role
    scope: ScopeText
    days: Annotated[int, msgspec.Meta(ge=1, le=400)] = 90


class TokenMade(msgspec.Struct):
    """`token`: told this once; for the header `Authorization: Bearer …`."""

    name: str
    token: str
    ends_utc: float


class OfToken(msgspec.Struct):
    name: Name


@call("GET", "/tokens", doing=Doing.ACCOUNTS)
def list_tokens(visit: Visit, ask: Nothing) -> ProgramList:
    """Tokens of the own scope that were not taken back, by name."""
    return ProgramList([_program(each) for each in _theirs(visit)])


@call("POST", "/tokens", doing=Doing.ACCOUNTS)
def make_token(visit: Visit, ask: NewToken) -> TokenMade:
    """A token by which a program uses these calls, until its end; never for more than its maker may."""
    by_person(visit)
    scope, person, ends = scope_of(visit, ask.scope), visit.person, visit.now + ask.days * DAY_S
    with visit.centre.books.reading() as conn:
        permits.require_person(conn, person, Account(ask.name, ask.name, ask.role, scope))
    made = visit.centre, ask.name, ask.role, scope, ends, person.name, visit.now, person.name
    return TokenMade(ask.name, api_tokens.make(*made), ends)


@call("POST", "/tokens/{name}/end", doing=Doing.ACCOUNTS)
def end_token(visit: Visit, ask: OfToken) -> Nothing:
    """Takes a token back, at once."""
    by_person(visit)
    if ask.name not in {each.person.label for each in _theirs(visit)}:
        raise NotThereError(_("{name}: no such token").format(name=ask.name))
    api_tokens.end(visit.centre, ask.name, visit.person.name, visit.now)
    return Nothing()


def _theirs(visit: Visit) -> list[ApiToken]:
    return of_own_scope(visit, api_tokens.listed, lambda each: each.person.scope)


def _program(each: ApiToken) -> Program:
    who = each.person
    return Program(who.label, who.role.value, str(who.scope), each.by, each.made_utc, each.ends_utc, each.used_utc)
