"""A card read at a named reader, for a list: asked for, and what became of it. Its number is in no answer: who gives it to somebody names the course."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from centre.card_reading import CardReading, Reader, readers
from centre.console.call import call
from centre.console.calls import orders
from centre.console.calls.doors import UnitId
from centre.console.calls.orders import CourseAsk, CourseView, Once, Why
from centre.console.calls.people import seen
from centre.console.course import Course
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import BadValueError, CentreError
from centre.permits import Doing
from centre.words import _
from contract.commands import READ_CARD_S
from contract.scopes import Scope

ReaderId = Annotated[str, Meta(min_length=1, max_length=48)]


class ReadCardAsk(msgspec.Struct, kw_only=True):
    """`seconds`: so long a card is waited for. `why`: kept in the record with who asked. `once`: the same twice is one order."""

    unit: UnitId
    reader: ReaderId
    seconds: Annotated[int, Meta(ge=10, le=READ_CARD_S)] = READ_CARD_S
    why: Why = ""
    once: Once | None = None


class ReadersAsk(msgspec.Struct):
    unit: UnitId


class ReaderView(msgspec.Struct):
    """`there`: neither it nor its unit is away."""

    reader: str
    door: str
    there: bool


class ReadersView(msgspec.Struct):
    readers: list[ReaderView]


class CardView(msgspec.Struct):
    """`state`: waiting, read, gone (given to somebody, or held for too long) or none (the course says why). `check`: two digits that the unit's
    screen shows. `holders`: who has this card already; `elsewhere`: somebody of a list outside one's own scope has.
    """

    state: str
    check: str | None = None
    holders: list[str] = []
    elsewhere: bool = False


@call("GET", "/units/{unit}/readers", doing=Doing.READ_CARD)
def unit_readers(visit: Visit, ask: ReadersAsk) -> ReadersView:
    """What reads cards at a unit, as far as it has told."""
    visit.sees(ask.unit)
    found = readers_seen(visit, frozenset({ask.unit}))
    return ReadersView([ReaderView(each.name, each.door, each.there) for each in found])


@call("POST", "/units/{unit}/read-card", doing=Doing.READ_CARD)
def read_card(visit: Visit, ask: ReadCardAsk) -> CourseView:
    """Have a reader read the next card shown there, for a list; it opens nothing."""
    return orders.view(visit, begin(visit, ask))


@call("GET", "/courses/{course}/card", doing=Doing.READ_CARD)
def card_read(visit: Visit, ask: CourseAsk) -> CardView:
    """Whether a card was read, and whose it is already."""
    return card_of(one(visit, ask.course))


# --- what pages call as well


def readers_seen(visit: Visit, units: frozenset[str] | None = None) -> list[Reader]:
    with visit.centre.books.reading() as conn:
        return readers(conn, visit.units if units is None else units & visit.units)


def begin(visit: Visit, ask: ReadCardAsk, meant: Mapping[str, str] | None = None) -> Course:
    """`meant`: for whom the card is to be, for the page that asks."""
    visit.sees(ask.unit)
    visit.require(Doing.READ_CARD, f"unit/{ask.unit}")
    if not ask.why.isprintable():
        raise BadValueError("why", _("one line of text"))
    by = visit.person.name
    card = CardReading(visit.centre, ask.unit, ask.reader, by, seen(visit), seconds=ask.seconds, meant=meant)
    steps = card.steps(ask.why.strip() or _("a card for a list"))
    scope = Scope("unit", ask.unit)
    return visit.desk.courses.begin(by, card.order, scope, "/people", visit.catalogue, steps, ask.once, card)


def one(visit: Visit, name: str) -> Course:
    """Raises NotThereError, for an order that was to read no card too."""
    found = orders.one(visit, name)
    if found.card is None:
        raise NotThereError(_("this order was not to read a card"))
    return found


def card_of(course: Course) -> CardView:
    ended, card = course.ended_utc, course.card
    held = None if card is None else card.held()
    if held is not None:
        return CardView("read", held.check, list(held.owners.holders), bool(held.owners.elsewhere))
    if ended is None:
        return CardView("waiting")
    return CardView("gone" if card is not None and card.was_held else "none")


def number_for(visit: Visit, course: str, holder: str) -> str:
    """For a list's line, of a card that is nobody else's. Raises BadValueError."""
    card = one(visit, course).card
    assert card is not None
    try:
        return card.number_for(holder)
    except CentreError as error:
        raise BadValueError("card", str(error)) from None


def given(visit: Visit, course: str) -> None:
    card = one(visit, course).card
    assert card is not None
    card.given()
