"""The signed command, what it may ask for, and why it may be refused. Times as in messages.py."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar

from contract.bounds import Hex64, Id, Length, Moment, Pattern, Range, Reading, Tagged, WireName
from contract.frozen import frozen
from contract.messages import Address, Kind, Message, Name, message
from contract.scopes import ScopeText


class Mode(StrEnum):
    """A door's mode by command, always with an end."""

    NORMAL = "normal"
    HOLD_OPEN = "hold_open"
    LOCKDOWN = "lockdown"


@frozen
class Open:
    """Unlock once, as a card does."""

    TAG: ClassVar = "open"
    door: Id


@frozen
class SetMode:
    """`mode`: `normal`, `hold_open`, `lockdown`. Without `door`: all doors of the unit."""

    TAG: ClassVar = "mode"
    mode: Mode
    until_utc: Annotated[Moment, WireName("until")]
    """`until`: within 31 days."""
    door: Id | None = None


@frozen
class Identify:
    """Show and sound which unit this is."""

    TAG: ClassVar = "identify"
    door: Id | None = None


@frozen
class Selftest:
    """Not done by this version."""

    TAG: ClassVar = "selftest"
    door: Id | None = None


@frozen
class Resync:
    """Read the retained state again, and send the list of revisions."""

    TAG: ClassVar = "resync"
    door: Id | None = None


@frozen
class FireReset:
    """End a release by fire; without `door`, of every door."""

    TAG: ClassVar = "fire_reset"
    door: Id | None = None


@frozen
class Restart:
    """Start the agent again."""

    TAG: ClassVar = "restart"
    door: Id | None = None


@frozen
class Erase:
    """Remove what the unit keeps of this holder beside its journal: the keyed hashes of cards and PINs first of all. Refused while a roster names them."""

    TAG: ClassVar = "erase"
    holder: Id
    door: Id | None = None


@frozen
class Say:
    """Show this text on the displays, as an answer to whoever stands there."""

    TAG: ClassVar = "say"
    text: Annotated[str, Length(1, 60)]
    seconds: Annotated[int, Range(5, 60)] = 60
    door: Id | None = None


@frozen
class Pair:
    """Not done by this version: pairing is done on site."""

    TAG: ClassVar = "pair"
    door: Id | None = None


READ_CARD_S = 60
"""The longest that a reader waits for a card to be enrolled: whoever shows theirs meanwhile has to show it twice."""


@frozen
class ReadCard:
    """The next card shown at `reader` is read for enrolment and opens nothing; its number goes up sealed to the X25519 key `seal_to`. `seconds`: so long it is waited for."""

    TAG: ClassVar = "read_card"
    reader: Id
    seal_to: Hex64
    seconds: Annotated[int, Range(10, READ_CARD_S)] = READ_CARD_S
    door: Id | None = None


Order = Open | SetMode | Identify | Selftest | Resync | FireReset | Restart | Erase | Pair | Say | ReadCard
"""What a command asks for."""
OPEN_LIFETIME_S = 30.0
COMMAND_LIFETIME_S = 600.0
MODE_MAX_S = 31 * 86_400.0
"""A mode that ends further off than a month is a slip of the pen."""


@message(Kind.COMMAND, Address("signed `command`", retained=False))
class Command(Message):
    """Published without retain, single use, short-lived."""

    site: Id
    scope: ScopeText
    id: Id
    unit: Annotated[str, Pattern(r"[a-z0-9][a-z0-9_-]{0,47}|\*", "an id or *")]
    """`*` (every unit of the scope) for `mode` only."""
    iat: Reading
    exp: Moment
    """Not done after this; not before `iat`, and at most 30 s after it for `open`, 600 s for the rest (take both from one reading of the clock)."""
    order: Annotated[Order, Tagged("action", "args")]
    actor: Name
    """Who asked for it, for the books."""
    why: Annotated[str, Length(0, 500)]

    @property
    def action(self) -> str:
        """The order's name on the wire."""
        return self.order.TAG

    def faults(self) -> Iterator[str]:
        if self.exp < self.iat:
            yield "exp: before iat"
        if self.unit == "*" and not isinstance(self.order, SetMode):
            yield "unit: not an id"


class Reason(StrEnum):
    """Why a command was refused (contract.md, Replies)."""

    RETAINED = "retained"
    UNKNOWN_KEY = "unknown_key"
    WRONG_KEY = "wrong_key"
    BAD_SIGNATURE = "bad_signature"
    NOT_MINE = "not_mine"
    EXPIRED = "expired"
    TOO_LONG = "too_long"
    REPLAYED = "replayed"
    RATE = "rate"
    CLOCK = "clock"
    LOCKDOWN = "lockdown"
    DEVICE = "device"
    STORAGE = "storage"
    ABANDONED = "abandoned"
    FIRE = "fire"
    """A door is released by fire."""
    BUSY = "busy"
    """A card is waited for already."""
    NO_CARD = "no_card"
    """Nobody showed one in time."""
    INTERNAL = "internal"
    MALFORMED = "malformed"
    """Signed, but not a message of the contract: a field is missing, or has a type or value it may not have."""
