"""The vocabulary in which the contract's fields are declared: what a text, a number or a list may be, as `Annotated` metadata. codec.py reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from contract.base64url import b64url, unb64url
from contract.frozen import frozen

MAX_INTEGER: Final = 2**53 - 1
"""The largest whole number every JSON reader keeps exactly, either side of 0 (RFC 8259, 6)."""
MAX_UTC: Final = 253_402_300_799.0
"""Last second of the year 9999."""
MAX_CLOCK_UTC: Final = 7_258_118_399.0
"""Last second of the year 2199: the latest reading of a clock (`iat`, `now`) that is believed. A clock set near the calendar's end would run over it."""


@frozen
class Length:
    """Of a text, in characters. `cut`: where it is written a longer one ends there; otherwise nobody looks."""

    least: int
    most: int
    cut: bool = False


@frozen
class Range:
    """Of a number, both ends included."""

    least: float
    most: float


@frozen
class Pattern:
    """The whole text matches `regex`; `words` say what it is, behind "not"."""

    regex: str
    words: str


@frozen
class Items:
    """How many elements a list, or keys an object, may have."""

    least: int
    most: int


@frozen
class Named:
    """What a reader of docs/contract.md is told of the type, in place of its bounds."""

    words: str


@frozen
class WireName:
    """The key in JSON, where it is not the attribute's name."""

    name: str


@frozen
class TextForm:
    """A value written as a text: `read` gives the value or raises ValueError; `words` say what the text is, behind "not"."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    words: str
    schema: Mapping[str, Any] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.read, self.write, self.words))


@frozen
class Tagged:
    """One of several dataclasses. The key `tag` holds its `TAG`; its fields stand beside that, or in an object under `body`."""

    tag: str
    body: str | None = None


@frozen
class Always:
    """Written also where it has its default. `required`: nor may it be absent when read."""

    required: bool = False


class OnlyKnown:
    """Elements of the list that this version does not know are left out."""


class Rest:
    """All keys that are not declared, as they came: a reader keeps what a later version says."""


class ByName:
    """Written as a name: the value itself stands once in a table of the message, whose `TABLES` says under which key."""


_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def rfc3339(utc: float) -> str:
    """Seconds since 1970 as `2026-11-24T07:35:54.123Z`, to the nearest millisecond. Times outside the calendar are held at its ends."""
    held = min(utc, MAX_UTC) if utc > 0.0 else 0.0  # also for what is no number
    whole, millis = divmod(round(held * 1000), 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def parse_rfc3339(text: str) -> float:
    """The inverse of rfc3339; exactly its form, else ValueError."""
    if not _AT.fullmatch(text):
        raise ValueError("not a time as 2026-11-24T07:35:54.123Z")
    return datetime.fromisoformat(text[:-5] + "+00:00").timestamp() + int(text[-4:-1]) / 1000


def _hex(digits: int) -> Pattern:
    return Pattern(rf"[0-9a-f]{{{digits}}}", f"{digits} lower-case hex digits")


Id = Annotated[str, Pattern(r"[a-z0-9][a-z0-9_-]{0,47}", "an id")]
"""Of a site, unit, scope, notice, roster, door, holder, key, command, epoch, batch."""
Revision = Annotated[int, Range(1, MAX_INTEGER), Named("revision")]
Count = Annotated[int, Range(0, MAX_INTEGER), Named("whole number from 0")]
Moment = Annotated[float, Range(0, MAX_UTC), Named("time")]
"""Seconds since 1970 UTC, whole or with a fraction, up to the year 9999."""
Reading = Annotated[float, Range(0, MAX_CLOCK_UTC), Named("time, up to the year 2199")]
"""What a clock said when the message was made: seconds since 1970, up to the year 2199."""
At = Annotated[
    float,
    TextForm(
        parse_rfc3339,
        rfc3339,
        "a time as 2026-11-24T07:35:54.123Z",
        {"format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
    ),
]
"""Seconds since 1970 UTC, written as RFC 3339 with three decimals."""
Hex32 = Annotated[str, _hex(32)]
Hex64 = Annotated[str, _hex(64)]


def _signature(text: str) -> bytes:
    made = unb64url(text.encode())
    if made is None or len(made) != 64:
        raise ValueError("not 64 bytes in base64url")
    return made


def _sealed_card(text: str) -> bytes:
    made = unb64url(text.encode()) if len(text) <= MAX_SEALED_CARD_CHARS else None
    if not made:
        raise ValueError("not sealed bytes in base64url")
    return made


MAX_SEALED_CARD_CHARS: Final = 400
SealedCard = Annotated[
    bytes,
    TextForm(
        _sealed_card,
        b64url,
        "base64url, up to 400 characters",
        {"pattern": "^[A-Za-z0-9_-]+$", "maxLength": MAX_SEALED_CARD_CHARS},
    ),
]
"""A card's number, sealed to the desk that asked for it (card_reading.py)."""
Signature = Annotated[bytes, TextForm(_signature, b64url, "64 bytes in base64url", {"pattern": "^[A-Za-z0-9_-]{86}$"})]
"""Ed25519, 64 bytes, in base64url without padding."""
