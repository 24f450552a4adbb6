"""A visitor's code, and the message that revokes some: eight digits that a unit knows by itself, so that one made while it is away opens there all the same. Good on one local day, once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Annotated, Final

from contract.bounds import Id, Items, Pattern, Range, Reading, Revision
from contract.frozen import frozen
from contract.messages import Address, Kind, StateMessage, message
from contract.scopes import ScopeText

CODE_DIGITS: Final = 8
SERIALS: Final = 20
"""Codes of a door and day: with eight digits and five tries a lock-out, who guesses finds one of them in less than one day of three thousand."""


def visitor_key(master: bytes, site: str, unit: str) -> bytes:
    """The 32 bytes a unit is given: HMAC-SHA256 by the site's master key. A box gives away no other's."""
    return hmac.digest(master, f"doorward-visitor-key-1|{site}|{unit}".encode(), hashlib.sha256)


def visitor_code(key: bytes, unit: str, door: str, day: str, serial: int) -> str:
    """Of a door, a local day (`2026-11-26`) and a serial from 0: the first 8 bytes of HMAC-SHA256 as a number, its last eight digits."""
    text = f"doorward-visitor-1|{unit}|{door}|{day}|{serial}"
    made = hmac.digest(key, text.encode(), hashlib.sha256)
    return f"{int.from_bytes(made[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def codes_of(key: bytes, unit: str, door: str, day: str) -> Iterator[tuple[str, int]]:
    """All codes of that day with their serials. Of two that are the same only the first counts."""
    made: set[str] = set()
    for serial in range(SERIALS):
        code = visitor_code(key, unit, door, day, serial)
        if code not in made:
            made.add(code)
            yield code, serial


MAX_REVOKED: Final = 400


@frozen
class VisitorCode:
    """The code of this serial of a local day at one door of the unit. The code itself is nowhere in a message."""

    door: Id
    day: Annotated[str, Pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date as 2026-11-26")]
    serial: Annotated[int, Range(0, SERIALS - 1)]


@message(Kind.VISITORS, Address("signed `visitors`", level="unit"))
class Visitors(StateMessage):
    """Codes of visitors that no longer open, in place of those before. Days that are over need not be named."""

    scope: ScopeText
    rev: Revision
    iat: Reading
    revoked: Annotated[tuple[VisitorCode, ...], Items(0, MAX_REVOKED)]
