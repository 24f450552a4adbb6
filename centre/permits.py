"""What each role may do at the centre, where it may, and what the site may ask a second person for. Decides; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Connection

from centre.accounts import Account, Role, covers
from centre.errors import ForbiddenError
from centre.folder import CONSENTS
from centre.words import N_, _
from contract.scopes import Scope


class Doing(StrEnum):
    """What can be asked for or done."""

    VIEW = "view"
    """States, notices, cases, rounds and facts of one's own scope."""
    FIELD = "field"
    """A grid worker's own: her round, her tasks, a report with a photo, a follow-up call noted."""
    ACKNOWLEDGE = "acknowledge"
    """Take an alarm, with a note."""
    IDENTIFY = "identify"
    """Have a unit show or sound which one it is."""
    ANSWER = "answer"
    """Answer and close a report."""
    ASSIGN = "assign"
    """Say who deals with a report, and until when."""
    NOTICE = "notice"
    """Put and withdraw notices."""
    POLL = "poll"
    OPEN = "open"
    """One opening of one door."""
    HOLD_OPEN = "hold_open"
    """Held open, or back to what the calendar says."""
    LOCKDOWN = "lockdown"
    FIRE_RESET = "fire_reset"
    PATROL = "patrol"
    """Make and change rounds."""
    PEOPLE = "people"
    """Rosters, cards, PINs, visitors' codes; who a card is."""
    CARD_NUMBERS = "card_numbers"
    """Take a list of people out with its card numbers: whoever has the file can make such cards."""
    READ_CARD = "read_card"
    """Have a reader read a card for a list, in place of letting its holder in."""
    LOST_CARD = "lost_card"
    ERASE = "erase"
    """Have all units forget somebody."""
    RECORD = "record"
    """Search and export facts, who did what, verify."""
    CHECKPOINT = "checkpoint"
    PLACES = "places"
    """Where units, yards and buildings are on the map."""
    RECIPIENTS = "recipients"
    """Who reports and services go to."""
    UNITS = "units"
    """Add, enrol, accept, restart, resync, revoke units."""
    SETTINGS = "settings"
    """Settings of units: hours, codes, screens."""
    SOFTWARE = "software"
    KEYS = "keys"
    """Change keys."""
    ACCOUNTS = "accounts"
    """Invite people, change what they may, end their sessions; API tokens and web hooks."""


LEAST: Mapping[Doing, Role] = {
    Doing.VIEW: Role.VIEWER,
    Doing.FIELD: Role.GRID_WORKER,
    Doing.ACKNOWLEDGE: Role.GRID_WORKER,
    Doing.IDENTIFY: Role.GRID_WORKER,
    Doing.ANSWER: Role.GRID_WORKER,
    Doing.ASSIGN: Role.OPERATOR,
    Doing.NOTICE: Role.OPERATOR,
    Doing.POLL: Role.OPERATOR,
    Doing.OPEN: Role.OPERATOR,
    Doing.HOLD_OPEN: Role.OPERATOR,
    Doing.LOCKDOWN: Role.OPERATOR,
    Doing.PATROL: Role.OPERATOR,
    Doing.PEOPLE: Role.OPERATOR,
    Doing.READ_CARD: Role.OPERATOR,
    Doing.LOST_CARD: Role.OPERATOR,
    Doing.RECORD: Role.OPERATOR,
    Doing.CHECKPOINT: Role.OPERATOR,
    Doing.FIRE_RESET: Role.ADMINISTRATOR,
    Doing.ERASE: Role.ADMINISTRATOR,
    Doing.CARD_NUMBERS: Role.ADMINISTRATOR,
    Doing.PLACES: Role.ADMINISTRATOR,
    Doing.RECIPIENTS: Role.ADMINISTRATOR,
    Doing.UNITS: Role.ADMINISTRATOR,
    Doing.SETTINGS: Role.ADMINISTRATOR,
    Doing.SOFTWARE: Role.ADMINISTRATOR,
    Doing.KEYS: Role.ADMINISTRATOR,
    Doing.ACCOUNTS: Role.ADMINISTRATOR,
}
"""The least role that may do it, in its own scope."""

SECOND = frozenset(map(Doing, CONSENTS))
"""What waits for a second person's consent where the site asks for that (`consent` in centre.json)."""
SECOND_WORDS: Mapping[str, str] = {
    Doing.LOCKDOWN: N_("Lockdown"),
    Doing.ERASE: N_("Erase a person"),
    Doing.KEYS: N_("Change of keys"),
}


def allows(account: Account, doing: Doing) -> bool:
    """Whether the role may do it at all; where, `centre.accounts.covers` says."""
    return account.enabled and account.role >= LEAST[doing]


def require(conn: Connection, account: Account, doing: Doing, scope: Scope) -> None:
    """Raises ForbiddenError where the role does not allow it, or some unit of the scope is not the account's."""
    if not allows(account, doing):
        raise ForbiddenError
    if not covers(conn, account, scope):
        raise ForbiddenError(_("{scope}: not within your own {own}").format(scope=scope, own=account.scope))


def require_person(conn: Connection, account: Account, other: Account) -> None:
    """For whoever makes, invites, changes or disables `other`, as they are and as they are to be: of one's own scope, and of no higher role.

    Raises ForbiddenError.
    """
    require(conn, account, Doing.ACCOUNTS, other.scope)
    if other.role > account.role:
        raise ForbiddenError
