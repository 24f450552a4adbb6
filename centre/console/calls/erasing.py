"""Somebody is erased: out of every list, out of the doors, and out of what was written about them here."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from centre import acts, holder_desk, written_about
from centre.cases import CaseFilter
from centre.console.call import call
from centre.console.calls.people import ChangedLists, HolderId, changed, of_id, one, own_only
from centre.console.calls.reports import of_person
from centre.console.errors import NotThereError
from centre.console.second import second
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.permits import Doing
from centre.words import _
from contract.scopes import Scope
from contract.topics import valid_id

MOST_TEXTS = 200


class EraseAsk(msgspec.Struct):
    """`reports`: of which what was written goes too, beside those that the person filed."""

    holder: HolderId
    why: Annotated[str, Meta(min_length=1, max_length=500)]
    reports: Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=200)] = []


class TextsAsk(msgspec.Struct):
    """`words`: names, rooms, with commas between them; they are looked for, and kept nowhere."""

    holder: HolderId
    words: Annotated[str, Meta(max_length=200)] = ""


class TextsOfReport(msgspec.Struct):
    """`own`: filed by the person, so that it goes in any case."""

    report: str
    unit: str
    texts: list[str]
    photos: int
    own: bool


class TextsFound(msgspec.Struct):
    """At most 200."""

    reports: list[TextsOfReport]


@call("POST", "/people/{holder}/erase", doing=Doing.ERASE)
def person_erased(visit: Visit, ask: EraseAsk) -> ChangedLists:
    """Out of every list, and every unit removes what it keeps of them. Also of somebody who is in no list by now, for whom the whole site is."""
    if not valid_id(ask.holder):
        raise BadValueError("holder", _("not an id"))
    if visit.seen is not None:
        one(visit, ask.holder)
        own_only(visit, of_id(ask.holder))
    words = _("{holder} is taken out of every list, and every unit removes what it keeps of them.").format(
        holder=ask.holder
    )
    where: Scope = visit.person.scope
    second(visit, Doing.ERASE, where, "person_erased", ask, words, ask.why)
    done = holder_desk.erase(
        visit.centre, ask.holder, visit.person.name, ask.why.strip(), visit.now, _seen_reports(visit, ask.reports)
    )
    return changed(list(done.left))


def _seen_reports(visit: Visit, reports: list[str]) -> list[str]:
    """Raises NotThereError for one that is elsewhere, or none."""
    known = {each.id for each in of_person(visit, CaseFilter())} if reports else frozenset()
    for each in reports:
        if each not in known:
            raise NotThereError(_("{name}: no such report").format(name=each))
    return reports


@call("POST", "/people/{holder}/texts", doing=Doing.ERASE)
def texts_about(visit: Visit, ask: TextsAsk) -> TextsFound:
    """What was written about the reports that a person filed, and where a text has one of the words: for erasing it with them."""
    if visit.seen is not None:
        one(visit, ask.holder)
    words = [each for each in re.split(r"[,，、;；\s]+", ask.words) if each]
    with visit.centre.books.writing() as conn:
        own = [each for each in written_about.of_holder(conn, ask.holder) if each.unit in visit.units]
        known = {each.report for each in own}
        others = [each for each in written_about.naming(conn, words) if each.unit in visit.units]
        acts.note(conn, "looked", {"by": visit.person.name, "holder": ask.holder, "what": "texts"}, visit.now)
    found = [*own, *(each for each in others if each.report not in known)]
    made = [
        TextsOfReport(each.report, each.unit, list(each.texts), each.photos, each.report in known) for each in found
    ]
    return TextsFound(made[:MOST_TEXTS])
