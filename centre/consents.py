"""Acts that one person asks for and another is to agree to, within an hour, before they are carried out: where the site asks for it. Owns the table consents.

Kept is which call it is, with what, and the consequence in words. Whoever agrees has it carried out, once; this module does not.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from centre import accounts, acts, adopted, invitations, permits
from centre.account_key import AccountKey, Part
from centre.accounts import Account
from centre.errors import WRONG_USE, BadValueError, CentreError, ForbiddenError
from centre.opened import OpenCentre
from centre.permits import Doing
from centre.schema_accounts import consents
from centre.sessions import SLACK_S
from centre.words import _
from contract.frozen import frozen
from contract.scopes import Scope, parse_scope

VALID_S = 3600.0
MOST_OPEN = 20
"""Of one person."""
MAX_WHY, MAX_WORDS, MAX_BODY = 500, 500, 20_000


class Decision(StrEnum):
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@frozen
class Consent:
    """`call`, `body`: what is carried out; `words`: the consequence. `state`: asked, or how it was decided, by `second`."""

    id: str
    doing: Doing
    scope: Scope
    call: str
    body: str
    words: str
    by: str
    why: str
    made_utc: float
    ends_utc: float
    state: str
    second: str | None


def wanted(centre: OpenCentre, doing: Doing) -> bool:
    """Whether the site asks for a second person: as `centre.json` says now, not as it was when this process began. Raises CentreError."""
    return doing in permits.SECOND and doing.value in (centre.folder.load().consent or ())


def ask(
    centre: OpenCentre,
    asker: Account,
    doing: Doing,
    scope: Scope,
    call: str,
    body: str,
    words: str,
    why: str,
    now: float,
) -> Consent:
    """Raises BadValueError, ForbiddenError where the asker may not do it themselves, or is a program: nobody knows who is behind it."""
    if asker.is_program:
        raise ForbiddenError(_("this waits for a second person, so a person has to ask for it, not a program's token"))
    for name, text, most in (("why", why, MAX_WHY), ("words", words, MAX_WORDS), ("body", body, MAX_BODY)):
        if not text.strip() or len(text) > most or "\0" in text:
            raise BadValueError(name, _("1 to {most} characters").format(most=most))
    with centre.books.alone() as conn:
        permits.require(conn, asker, doing, scope)
        mine = consents.c.state == "asked", consents.c.ends_utc > now, consents.c.by == asker.name
        theirs = [
            each for each in conn.execute(select(consents).where(*mine)) if _is_open(centre.account_key, each, now)
        ]
        for each in theirs:
            if (each.call, each.body) == (call, body):
                return _of(each)  # asked twice is asked once
        if len(theirs) >= MOST_OPEN:
            raise CentreError(_("{count} acts of yours wait for consent already").format(count=MOST_OPEN), WRONG_USE)
        row: dict[str, Any] = {"id": secrets.token_hex(8), "doing": doing.value, "scope": str(scope), "call": call}
        row |= {"body": body, "words": words, "by": asker.name, "why": why, "made_utc": now, "ends_utc": now + VALID_S}
        seal = centre.account_key.seal(*_sealed(row))
        row |= {"state": "asked", "second": None, "decided_utc": None}
        conn.execute(insert(consents).values(**row, seal=seal))
        acts.note(conn, "consent", adopted.consent_data(row), now)
        return _of(conn.execute(select(consents).where(consents.c.id == row["id"])).one())


def open_for(conn: Connection, key: AccountKey, account: Account, now: float) -> list[Consent]:
    """What waits, and is this person's to ask about or to decide; the oldest first."""
    rows = conn.execute(select(consents).where(consents.c.state == "asked").order_by(consents.c.made_utc))
    found = [_of(row) for row in rows if _is_open(key, row, now)]
    return [each for each in found if each.by == account.name or _may(conn, account, each)]


def decide(centre: OpenCentre, name: str, account: Account, decision: Decision, now: float) -> tuple[Consent, Account]:
    """Returns it and who asked, for whom it is to be carried out. One decision counts, however many come at once.

    Raises ForbiddenError for whoever asked it (who may withdraw it), may not do it, is the same holder, or came in
    by a link that the asker made lately; CentreError where it is open no longer,
    or who asked may not do it any more.
    """
    with centre.books.alone() as conn:
        key = centre.account_key
        row = conn.execute(select(consents).where(consents.c.id == name)).first()
        if row is None or not _is_open(key, row, now):
            raise CentreError(_("this waits for nobody's consent (any more)"), WRONG_USE)
        found, asker = _of(row), accounts.one(conn, key, row.by)
        second = accounts.one(conn, key, account.name)  # as they are at this moment
        _check(conn, found, asker, second, decision, now)
        made = {"state": decision.value, "second": second.name, "decided_utc": now}
        conn.execute(update(consents).where(consents.c.id == name).values(**made))
        acts.note(conn, "consent", adopted.consent_data(row._asdict() | made), now)
    return found, asker


def _check(conn: Connection, found: Consent, asker: Account, second: Account, decision: Decision, now: float) -> None:
    if decision is Decision.WITHDRAWN:
        if second.name != asker.name or not second.enabled:
            raise ForbiddenError(_("only who asked for it takes it back"))
        return
    if second.name == asker.name or (second.holder is not None and second.holder == asker.holder):
        raise ForbiddenError(_("a second person is to agree, not who asked"))
    permits.require(conn, second, found.doing, found.scope)
    if decision is not Decision.AGREED:
        return
    if not _may(conn, asker, found):
        raise CentreError(_("{name} may not do this any more").format(name=asker.label), WRONG_USE)
    if second.name in invitations.let_in_lately(conn, asker.name, now):
        raise ForbiddenError(
            _("{name} made the link of this account in the last {days} days, so somebody else is to agree").format(
                name=asker.label, days=invitations.FRESH_DAYS
            )
        )


def _may(conn: Connection, account: Account, found: Consent) -> bool:
    return permits.allows(account, found.doing) and accounts.covers(conn, account, found.scope)


def _is_open(key: AccountKey, row: Row[Any], now: float) -> bool:
    in_time = row.state == "asked" and row.made_utc - SLACK_S <= now < row.ends_utc
    return in_time and key.holds(row.seal, *_sealed(row._asdict()))


def _of(row: Row[Any]) -> Consent:
    return Consent(
        row.id,
        Doing(row.doing),
        parse_scope(row.scope),
        row.call,
        row.body,
        row.words,
        row.by,
        row.why,
        row.made_utc,
        row.ends_utc,
        row.state,
        row.second,
    )


def _sealed(row: dict[str, Any]) -> tuple[str, *tuple[Part, ...]]:
    names = ("id", "doing", "scope", "call", "body", "words", "by", "why", "made_utc", "ends_utc")
    return ("consent", *(row[name] for name in names))
