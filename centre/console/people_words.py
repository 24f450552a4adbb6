"""How accounts are said to people: roles and what each may, states, places."""

from __future__ import annotations

from collections.abc import Mapping

from centre import accounts, units
from centre.accounts import Role
from centre.console.visit import Visit
from centre.words import N_, _
from contract.scopes import LEVELS, Scope, parse_scope

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.VIEWER: (N_("Viewer"), N_("sees doors, notices, rounds and reports")),
    Role.GRID_WORKER: (N_("Grid worker"), N_("also goes rounds, answers reports, takes alarms")),
    Role.OPERATOR: (N_("Operator"), N_("also puts notices, opens and locks down doors, keeps cards")),
    Role.ADMINISTRATOR: (N_("Administrator"), N_("also changes people, units, settings and keys")),
}
STATES: Mapping[str, tuple[str, str]] = {
    "active": ("well", N_("in use")),
    "invited": ("look", N_("invited, has not come yet")),
    "disabled": ("away", N_("disabled")),
    "broken": ("urgent", N_("not what this centre wrote: may do nothing")),
}
LEVEL_WORDS: Mapping[str, str] = {
    "site": N_("the whole site {id}"),
    "community": N_("community {id}"),
    "grid": N_("grid {id}"),
    "yard": N_("yard {id}"),
    "building": N_("building {id}"),
    "unit": N_("unit {id}"),
}


def role_words(role: str) -> str:
    return _(ROLES[Role(role)][0])


def place_words(scope: str) -> str:
    try:
        found = parse_scope(scope)
    except ValueError:
        return "-"
    return _(LEVEL_WORDS[found.level]).format(id=found.id)


BROWSERS = (
    ("MicroMessenger", N_("WeChat")),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
MACHINES = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_words(agent: str) -> str:
    """What a browser said it was, in a word or two; of what is no browser the first of what it said."""
    found = [next((_(words) for mark, words in marks if mark in agent), "") for marks in (BROWSERS, MACHINES)]
    return " · ".join(filter(None, found)) or agent[:40] or _("unknown")


def role_choices(visit: Visit) -> list[tuple[str, str]]:
    """Those that this administrator may give, with what each may."""
    return [
        (role.value, _(": ").join((_(words), _(may))))
        for role, (words, may) in ROLES.items()
        if role <= visit.person.role
    ]


def place_choices(visit: Visit) -> list[tuple[str, str]]:
    """Scopes that units have and that are the administrator's own, the widest first; with how many units each holds."""
    held: dict[Scope, int] = {}
    with visit.centre.books.reading() as conn:
        for unit in units.listed(conn, visit.site):
            for scope in () if unit.revoked else unit.scopes:
                held[scope] = held.get(scope, 0) + 1
        held.setdefault(visit.person.scope, 0)
        mine = [scope for scope in held if accounts.covers(conn, visit.person, scope)]
    mine.sort(key=lambda scope: (LEVELS.index(scope.level), scope.id))
    text = _("{place} ({count} units)")
    return [(str(scope), text.format(place=place_words(str(scope)), count=held[scope])) for scope in mine]
