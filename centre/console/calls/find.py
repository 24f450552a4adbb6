"""Jumping to something by a part of its name."""

from __future__ import annotations

from typing import Annotated

import msgspec

from centre import notices, units
from centre.console.call import call
from centre.console.visit import Visit
from centre.permits import Doing

MOST = 12
"""Of each kind."""


class Find(msgspec.Struct):
    q: Annotated[str, msgspec.Meta(max_length=80)] = ""


class Hit(msgspec.Struct):
    """`kind`: unit or notice; `path`: its page at the console."""

    kind: str
    id: str
    words: str
    path: str


class Hits(msgspec.Struct):
    hits: list[Hit]


@call("GET", "/find", doing=Doing.VIEW)
def find(visit: Visit, ask: Find) -> Hits:
    """Units and notices whose id, name or title holds the text."""
    text = ask.q.strip().casefold()
    if not text:
        return Hits([])
    with visit.centre.books.reading() as conn:
        every = [each for each in units.listed(conn, visit.site) if each.unit in visit.units]
    named = [each for each in every if text in each.unit.casefold() or text in each.name.casefold()]
    found = [
        Hit("unit", each.unit, each.name or each.unit, f"/doors/unit/{each.unit}")
        for each in sorted(named, key=lambda each: (each.unit != text, each.unit))[:MOST]
    ]
    seen = {str(scope) for each in every for scope in each.scopes}
    standing = [each for each in notices.listed(visit.centre, visit.now) if str(each.scope) in seen]
    found += [
        Hit("notice", each.id, each.title, f"/notices/notice/{each.id}")
        for each in standing
        if text in each.title.casefold() or text == each.id.casefold()
    ][:MOST]
    return Hits(found)
