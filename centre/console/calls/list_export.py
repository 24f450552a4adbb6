"""A list of people taken out as a table: by whom it may be, and entered before it goes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from centre import roster_export
from centre.console.call import call
from centre.console.calls.rosters import RosterId, ScopeText, one_list
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.permits import Doing
from centre.roster_export import Exported
from centre.words import _


class ExportAsk(msgspec.Struct):
    """`cards`: with the card numbers, so that it can be put again; that is an administrator's, and wants `why`."""

    scope: ScopeText
    roster: RosterId
    cards: bool = False
    why: Annotated[str, Meta(max_length=500)] = ""


class ExportedList(msgspec.Struct):
    """`csv`: as a list is put; `hours`: its weekly profiles, where it has any. `numbers`: how many lines have their card's number."""

    csv: str
    hours: str | None
    lines: int
    numbers: int


@call("POST", "/rosters/export", doing=Doing.PEOPLE)
def roster_exported(visit: Visit, ask: ExportAsk) -> ExportedList:
    """A list as a table for spreadsheets, never with a PIN. It is entered who took it, before it goes out."""
    made = taken_out(visit, ask)
    hours = None if made.hours is None else made.hours.decode("utf-8-sig")
    return ExportedList(made.table.decode("utf-8-sig"), hours, made.holders, made.cards)


def taken_out(visit: Visit, ask: ExportAsk) -> Exported:
    one_list(visit, ask.scope, ask.roster)
    visit.require(Doing.PEOPLE, ask.scope)
    why = ask.why.strip()
    if ask.cards:
        visit.require(Doing.CARD_NUMBERS, ask.scope)
        if not why:
            raise BadValueError("why", _("say what the card numbers are for: it is entered"))
    by = visit.person.name
    return roster_export.export(visit.centre, ask.roster, ask.scope, by, visit.now, cards=ask.cards, why=why)
