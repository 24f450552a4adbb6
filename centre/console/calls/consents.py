"""What waits for a second person: seen, agreed to, refused, taken back."""

from __future__ import annotations

from typing import Annotated

import msgspec

from centre import consents
from centre.consents import Consent, Decision
from centre.console.call import Nothing, call
from centre.console.calls.accounts import by_person
from centre.console.second import carry_out
from centre.console.visit import Visit
from centre.permits import Doing


class Waiting(msgspec.Struct):
    """`words`: the consequence, as it was told to who asked. `mine`: the one who asks now also asked for this."""

    id: str
    doing: str
    scope: str
    words: str
    why: str
    by: str
    made_utc: float
    ends_utc: float
    mine: bool


class WaitingList(msgspec.Struct):
    waiting: list[Waiting]


class OfConsent(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(max_length=16)]


@call("GET", "/consents", doing=Doing.VIEW)
def list_consents(visit: Visit, ask: Nothing) -> WaitingList:
    """What waits for a second person, and is the own to decide or was asked for by oneself; the oldest first."""
    with visit.centre.books.reading() as conn:
        if visit.person.is_program:
            return WaitingList([])
        found = consents.open_for(conn, visit.centre.account_key, visit.person, visit.now)
    return WaitingList([_waiting(visit, each) for each in found])


@call("POST", "/consents/{id}/agree", doing=Doing.VIEW)
def agree(visit: Visit, ask: OfConsent) -> Nothing:
    """Agrees, as a second person: it is carried out now, for whoever asked for it."""
    by_person(visit)
    found, asker = consents.decide(visit.centre, ask.id, visit.person, Decision.AGREED, visit.now)
    carry_out(visit, found, asker)
    return Nothing()


@call("POST", "/consents/{id}/refuse", doing=Doing.VIEW)
def refuse(visit: Visit, ask: OfConsent) -> Nothing:
    """Refuses: it is not carried out."""
    by_person(visit)
    consents.decide(visit.centre, ask.id, visit.person, Decision.REFUSED, visit.now)
    return Nothing()


@call("POST", "/consents/{id}/withdraw", doing=Doing.VIEW)
def withdraw(visit: Visit, ask: OfConsent) -> Nothing:
    """Takes back what one asked for oneself."""
    by_person(visit)
    consents.decide(visit.centre, ask.id, visit.person, Decision.WITHDRAWN, visit.now)
    return Nothing()


def _waiting(visit: Visit, each: Consent) -> Waiting:
    return Waiting(
        each.id,
        each.doing.value,
        str(each.scope),
        each.words,
        each.why,
        each.by,
        each.made_utc,
        each.ends_utc,
        each.by == visit.person.name,
    )
