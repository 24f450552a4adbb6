"""What a driver tells (facts) and what it is told (orders): plain values without bytes. Inputs and outputs count from 1.

Times are monotonic seconds of the port's own clock (`time.monotonic`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputLevel:
    """A digital input's debounced level: once when the device is found, then at each change (edges kept, never merged)."""

    device: str
    number: int
    high: bool
    at: float


@dataclass(frozen=True, slots=True)
class OutputLevel:
    """An output as read back: once when the device is found, at each change, and after each order."""

    device: str
    number: int
    on: bool
    at: float


@dataclass(frozen=True, slots=True)
class OrderSent:
    """The order's last byte was handed to the line at `at` and the device acknowledged it."""

    device: str
    order: int
    at: float


@dataclass(frozen=True, slots=True)
class OrderFailed:
    """The order was not carried out. `reason`: late (its time had passed), silent, refused, lost (device or port gone)."""

    device: str
    order: int
    reason: str


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card in its normal form (see drivers/reader/card.py). The only fact that holds a card number; it stops in agent/devices.py."""

    device: str
    card: str
    at: float

    def __repr__(self) -> str:
        return f"CardSeen(device={self.device!r}, at={self.at!r})"


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of a keypad or a touch panel: `0`-`9`, `*` or `#`. Part of a secret: it stops in agent/devices.py, and its repr hides it."""

    device: str
    key: str
    at: float

    def __repr__(self) -> str:
        return f"KeyPressed(device={self.device!r}, at={self.at!r})"


@dataclass(frozen=True, slots=True)
class DeviceFound:
    device: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """`reason`: port (cannot be opened or went away), silent, wrong (answers, but not as this kind of device), hung."""

    device: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class PageDrawn:
    """All of the page ordered with `token` is on the display, acknowledged."""

    device: str
    token: int


Fact = InputLevel | OutputLevel | OrderSent | OrderFailed | CardSeen | KeyPressed | DeviceFound | DeviceLost | PageDrawn


@dataclass(frozen=True, slots=True)
class PulseOutput:
    """Drive the output to `on` for `seconds`, timed by the device itself, then back. Dies when not on the wire by `not_after`."""

    device: str
    number: int
    on: bool
    seconds: float
    order: int
    not_after: float


@dataclass(frozen=True, slots=True)
class SetOutput:
    """Drive the output to `on` for good (ends a running pulse of the device)."""

    device: str
    number: int
    on: bool
    order: int
    not_after: float


@dataclass(frozen=True, slots=True)
class DrawPage:
    """Show this page: `page` names the layout's page (idle, notice, answer, refused, alarm), the texts fill its fields. Newest wins, older unsent ones are dropped."""

    device: str
    token: int
    page: str
    title: str
    body: tuple[str, ...]
    footer: str


@dataclass(frozen=True, slots=True)
class SoundTone:
    """`tone`: yes, no, warning. A device without a buzzer ignores it."""

    device: str
    tone: str


Order = PulseOutput | SetOutput | DrawPage | SoundTone
