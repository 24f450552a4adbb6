"""Of the devices: readers, contacts, buttons, locks, displays; most in the lane of the door."""

from __future__ import annotations

from dataclasses import field

from contract.frozen import frozen


@frozen
class CardRead:
    """A card at a reader. `hashes`: its keyed hash under each card key the unit has (32 hex digits each).

    It was shown at some time from `not_before_mono` on; None stands for just now, in records from before this was kept.
    """

    reader: str
    hashes: tuple[str, ...]
    not_before_mono: float | None = None


@frozen
class KeyPressed:
    """A key of a reader's keypad: `0`-`9`, `*` or `#`. The record keeps digits as 0. `not_before_mono` as in CardRead."""

    reader: str
    key: str = field(repr=False, metadata={"secret": True})
    not_before_mono: float | None = None


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
    """The lock order went out and the device acknowledged it; the read-back follows as LockRead."""

    door: str
    order: int


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
class PageDrawn:
    """All of the page shown with `token` is on the display."""

    display: str
    token: int
