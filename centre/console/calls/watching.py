"""What needs a person, and taking it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from centre import acknowledgements
from centre import needs as needs_of
from centre.console.call import Nothing, call
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.needs import Need
from centre.permits import Doing
from centre.words import _

AlarmNumber = Annotated[int, Meta(ge=1, le=2**53)]
MOST = 100


class NeedView(msgspec.Struct):
    """`about`: what it is, as duress, forced or offline; `urgency`: urgent or look. `since`: seconds since 1970. `alarm`: where it can be taken."""

    about: str
    urgency: str
    unit: str | None
    door: str | None
    title: str
    words: str
    since: float | None
    alarm: int | None
    more: int


class NeedsView(msgspec.Struct):
    """The most urgent first; `count`: of all."""

    needs: list[NeedView]
    count: int


class Take(msgspec.Struct):
    """`note`: what is done about it."""

    alarms: Annotated[list[AlarmNumber], Meta(min_length=1, max_length=MOST)]
    note: Annotated[str, Meta(max_length=acknowledgements.MAX_WHY)]


def seen_by(visit: Visit) -> list[Need]:
    """What needs a person of those whom the visitor sees."""
    shown = visit.units | ({""} if visit.person.whole_site else frozenset())
    return [each for each in visit.desk.states.look(visit.language).needs if each.unit in shown]


@call("GET", "/needs", doing=Doing.VIEW)
def needs(visit: Visit, ask: Nothing) -> NeedsView:
    """What needs a person now, the most urgent first."""
    found = seen_by(visit)
    return NeedsView([view(each) for each in found[:MOST]], len(found))


def view(need: Need) -> NeedView:
    about = (need.about.value, need.urgency.value, need.unit or None, need.door)
    return NeedView(*about, need.title, need.words, need.since_utc, need.alarm, need.more)


@call("POST", "/alarms/take", doing=Doing.ACKNOWLEDGE)
def take(visit: Visit, ask: Take) -> Nothing:
    """Take note of alarms: all of them, or none."""
    whose = needs_of.units_of_alarms(visit.centre, ask.alarms)
    for number in ask.alarms:
        unit = whose.get(number)
        if unit is None or not _sees(visit, unit):
            raise NotThereError(_("{number}: no such alarm").format(number=number))
        if unit:
            visit.require(Doing.ACKNOWLEDGE, f"unit/{unit}")
    if not ask.note.strip():
        raise BadValueError("note", _("say in a few words what is done about it"))
    acknowledgements.acknowledge(visit.centre, ask.alarms, visit.person.name, ask.note.strip(), visit.now)
    return Nothing()


def _sees(visit: Visit, unit: str) -> bool:
    return unit in visit.units if unit else visit.person.whole_site
