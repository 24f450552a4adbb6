"""Who is asking."""

from __future__ import annotations

import msgspec

from centre.console.call import Nothing, call
from centre.console.visit import Visit
from centre.permits import LEAST, Doing, allows


class Me(msgspec.Struct):
    """`may`: what the account may do, in its own scope; `units`: how many it sees."""

    name: str
    label: str
    role: str
    scope: str
    may: list[str]
    units: int


@call("GET", "/me", doing=Doing.VIEW)
def me(visit: Visit, ask: Nothing) -> Me:
    """Who is asking, and what they may do."""
    person = visit.person
    may = [doing.value for doing in LEAST if allows(person, doing)]
    return Me(person.name, person.label, person.role.value, str(person.scope), may, len(visit.units))
