"""Of the devices: readers, contacts, buttons, locks, displays; most in the lane of the door."""

from __future__ import annotations

from dataclasses import field

from contract.frozen import frozen


@frozen
class CardSealed:
    """The number of a card, sealed at the reader's port for the desk whose command `command` asked for one. `check`: two random digits, sealed in it too."""

    command: str
    sealed: bytes = field(repr=False)
    check: str


@frozen
class CardRead:
    """A card at a reader. `hashes`: its keyed hash under each card key the unit has (32 hex digits each).

    It was shown at some time from `not_before_mono` on; None stands for just now, in records from before this was kept.
    `sealed`: where the reader waits for a card to be enrolled.
    """

    reader: str
    hashes: tuple[str, ...]
    not_before_mono: float | None = None
    sealed: CardSealed | None = None


@frozen
class KeyPressed:
    """Of records of earlier versions: a key of a reader's keypad, digits kept as 0. Nothing makes it any more, and it does nothing."""

    reader: str
    key: str = field(repr=False, metadata={"secret": True})
    not_before_mono: float | None = None


@frozen
class Typed:
    """An entry in progress at a keypad: so many digits and stars so far, without a leading `*` (`starred`); 0 and not starred: cleared.

    `not_before_mono` here and below: the last key was pressed then or later, as in CardRead. Each key before it was judged when it came.
    """

    reader: str
    count: int
    starred: bool
    not_before_mono: float | None = None


@frozen
class Approached:
    """Somebody touched a screen where it draws no key: they may want to type."""

    reader: str
    not_before_mono: float | None = None


@frozen
class PinEntered:
    """`room*PIN#`, or `PIN#` while one is expected: its keyed hash under each PIN key, and for each owner it may be of."""

    reader: str
    hashes: tuple[str, ...]
    not_before_mono: float | None = None


@frozen
class VisitorEntered:
    """Eight digits and `#`: the code of this serial of that local day, or none (None) of those that the door has."""

    reader: str
    serial: int | None
    day: str | None
    not_before_mono: float | None = None


@frozen
class CodeEntered:
    """`*code#`: 1 to 3 digits, as printed on the wall: no PIN is as short."""

    reader: str
    code: str
    not_before_mono: float | None = None


@frozen
class Chosen:
    """A digit alone while a question is open."""

    reader: str
    choice: int
    not_before_mono: float | None = None


@frozen
class Confirmed:
    """`#` alone."""

    reader: str
    not_before_mono: float | None = None


@frozen
class Cancelled:
    """`*` twice, or an entry of which a key was too old to count."""

    reader: str
    not_before_mono: float | None = None


@frozen
class BadEntry:
    """Ended by `#`, and nothing that means anything."""

    reader: str
    count: int
    not_before_mono: float | None = None


KeypadEvent = Approached | Typed | PinEntered | VisitorEntered | CodeEntered | Chosen | Confirmed | Cancelled | BadEntry


@frozen
class ContactChanged:
    door: str
    open: bool


@frozen
class ExitChanged:
    door: str
    pressed: bool


@frozen
class FireChanged:
    """The door's fire input; an open wire of a normally closed input is active."""

    door: str
    active: bool


@frozen
class UnitInputChanged:
    """A further wired input by its configured name."""

    name: str
    active: bool


@frozen
class LockRead:
    """The lock's output as read back, in the lock's terms."""

    door: str
    unlocked: bool


@frozen
class LockOrderSent:
    """The lock order went out and the device acknowledged it; the read-back follows as LockRead.

    It went out at `at_mono`, however long the answer took to get here; None stands for just now, in records from before this was kept.
    """

    door: str
    order: int
    at_mono: float | None = None


@frozen
class LockOrderFailed:
    """`reason`: late, silent, refused, lost."""

    door: str
    order: int
    reason: str


@frozen
class DeviceBack:
    device: str
    detail: str


@frozen
class DeviceGone:
    """`reason`: port, silent, wrong, hung, insecure."""

    device: str
    reason: str
    detail: str


@frozen
class TamperRead:
    """A device's own state: `what` is tamper (its case is open) or power (it fails)."""

    device: str
    what: str
    active: bool


@frozen
class LineAttacked:
    """Somebody may be attacking this device's line; what was attempted was refused. `what` as in drivers/reports.py, `count` since last told."""

    device: str
    what: str
    count: int


@frozen
class MeterCounted:
    """What a water meter counts, in whole litres; it counts by `step` of them."""

    device: str
    litres: int
    step: int = 1


@frozen
class PageDrawn:
    """All of the page shown with `token` is on the display."""

    display: str
    token: int
