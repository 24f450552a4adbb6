"""Web hooks: where alarms are posted to. Trying one out, plain http and receivers on this machine are left to whoever has it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from centre import hooks
from centre.console.call import Nothing, call
from centre.console.calls.accounts import ScopeText, by_person, of_own_scope, scope_of
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.hooks import MAX_URL, ListedHook
from centre.permits import Doing
from centre.words import _

KindName = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class HookRow(msgspec.Struct):
    """`url`: its host alone. `kinds`: of alarms, none for all. `waiting`: alarms it has not taken; `fault`: why, since `failing_utc`."""

    id: int
    url: str
    kinds: list[str]
    scope: str
    by: str
    added_utc: float
    waiting: int
    refused: int
    taken_utc: float | None
    failing_utc: float | None
    fault: str | None


class HookList(msgspec.Struct):
    hooks: list[HookRow]


class NewHook(msgspec.Struct):
    url: Annotated[str, msgspec.Meta(min_length=8, max_length=MAX_URL)]
    scope: ScopeText
    kinds: Annotated[list[KindName], msgspec.Meta(max_length=50)] = []


class HookMade(msgspec.Struct):
    """`secret`: told this once; messages are signed with it as Standard Webhooks says."""

    id: int
    secret: str


class OfHook(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


@call("GET", "/hooks", doing=Doing.ACCOUNTS)
def list_hooks(visit: Visit, ask: Nothing) -> HookList:
    """Web hooks of the own scope, and what waits for each."""
    return HookList([_row(each) for each in _theirs(visit)])


@call("POST", "/hooks", doing=Doing.ACCOUNTS)
def add_hook(visit: Visit, ask: NewHook) -> HookMade:
    """Has each alarm of a scope posted to an address from now on, signed, until it is taken."""
    by_person(visit)
    scope = scope_of(visit, ask.scope)
    visit.require(Doing.ACCOUNTS, scope)
    made = hooks.add(visit.centre, ask.url, ask.kinds, scope, visit.person.name, visit.now, here=False)
    return HookMade(made.id, made.secret)


@call("POST", "/hooks/{id}/remove", doing=Doing.ACCOUNTS)
def remove_hook(visit: Visit, ask: OfHook) -> Nothing:
    """Nothing more is posted there, nor what waits for it."""
    by_person(visit)
    if ask.id not in {each.hook.id for each in _theirs(visit)}:
        raise NotThereError(_("{number}: no such hook").format(number=ask.id))
    hooks.remove(visit.centre, ask.id, visit.person.name, visit.now)
    return Nothing()


def _theirs(visit: Visit) -> list[ListedHook]:
    return of_own_scope(visit, lambda conn: hooks.listed(conn, visit.site), lambda each: each.hook.scope)


def _row(each: ListedHook) -> HookRow:
    of = each.hook
    return HookRow(
        of.id,
        of.shown,
        sorted(of.kinds),
        str(of.scope),
        of.by,
        of.added_utc,
        each.waiting,
        each.passed,
        of.taken_utc,
        of.failing_utc,
        of.fault,
    )
