"""What a driver tells (facts) and what it is told (orders): plain values without bytes. Inputs and outputs count from 1.

Times are monotonic seconds of the port's own clock (`time.monotonic`).
"""

from __future__ import annotations

import math
from dataclasses import field

from contract.frozen import frozen

UNKNOWN = -math.inf
"""Instead of a moment: it may have been at any time before."""


@frozen
class InputLevel:
    """A digital input's debounced level: once when the device is found, then at each change (edges kept, never merged)."""

    device: str
    number: int
    high: bool
    at: float


@frozen
class OutputLevel:
    """An output as read back: once when the device is found, at each change, and after each order."""

    device: str
    number: int
    on: bool
    at: float


@frozen
class OrderSent:
    """The order was handed to the line at `at`, the last time it was said, and the device acknowledged it, however much later that was heard."""

    device: str
    order: int
    at: float


@frozen
class OrderFailed:
    """The order was not carried out. `reason`: late (its time had passed), silent, refused, lost (device or port gone)."""

    device: str
    order: int
    reason: str


@frozen
class CardSeen:
    """A card in its normal form (see drivers/reader/card.py). The only fact that holds a card number; it stops in agent/devices.py.

    Read at `at`; it was shown at some time from `not_before` on. Both are near to each other while line and reader are served.
    """

    device: str
    card: str
    at: float
    not_before: float = UNKNOWN

    def __repr__(self) -> str:
        return f"CardSeen(device={self.device!r}, at={self.at!r})"


@frozen
class KeyReport:
    """One key of a keypad: `0`-`9`, `*` or `#`; a space where a screen was touched beside its keys. The key is in no repr; it stops where agent/devices.py hands it to the core.

    Pressed at some time from `not_before` on, as with CardSeen.
    """

    device: str
    key: str
    at: float
    not_before: float = UNKNOWN

    def __repr__(self) -> str:
        return f"KeyPressed(device={self.device!r}, at={self.at!r})"


@frozen
class TamperReport:
    """What a device says of itself: `what` is tamper (its case is open) or power (it fails). Once when found, then at each change."""

    device: str
    what: str
    active: bool
    at: float


@frozen
class SecurityAlarm:
    """Somebody may be attacking the line; what was attempted was refused. One kind at most once a minute for each device.

    `what`: downgrade (it no longer offers Secure Channel), default_key (it offers the key everybody knows), handshake (its cryptogram
    does not hold: wrong key or replay), plaintext (an unsecured reply inside a session, or a card outside one), mac (replies that do
    not authenticate), sequence (replies out of turn, again and again), resets (its session breaks off again and again).
    `count`: how often since it was last told.
    """

    device: str
    what: str
    count: int
    at: float


@frozen
class SecureSeen:
    """The device has spoken Secure Channel for the first time: to be remembered for good (option `remembered`), so that less is a downgrade."""

    device: str


@frozen
class PairingStep:
    """How far a provisioning window (PairReader) has come, each step told once. Without `offered` the reader cannot have the new key.

    `step`: factory_refused (no handshake under the key that everybody knows), other_key (it answered a handshake with a key that we do
    not have), offered (the new key goes on the line: from now on it may have it), declined (it refused the new key in its session).
    """

    device: str
    order: int
    step: str


@frozen
class DeviceFoundReport:
    device: str
    detail: str


@frozen
class DeviceLostReport:
    """`reason`: port (cannot be opened or went away), silent, wrong (answers, but not as this kind of device), hung,
    insecure (answers, but not as safely as it must).
    """

    device: str
    reason: str
    detail: str


@frozen
class PageReport:
    """All of the page ordered with `token` is on the display, acknowledged."""

    device: str
    token: int


@frozen
class MeterReading:
    """What a meter counts, in whole litres; it counts by `step` of them. A household's own: in no repr, and in no log."""

    device: str
    litres: int = field(repr=False)
    step: int
    at: float


Fact = (
    InputLevel
    | OutputLevel
    | OrderSent
    | OrderFailed
    | CardSeen
    | KeyReport
    | TamperReport
    | SecurityAlarm
    | SecureSeen
    | PairingStep
    | DeviceFoundReport
    | DeviceLostReport
    | PageReport
    | MeterReading
)


MAX_PULSE_S = 60.0
"""No pulse is longer, whoever asks: the hard cap of an unlock (rule D3), as the contract has it."""


@frozen
class PulseOutput:
    """Drive the output to `on` for `seconds`, timed by the device itself, then back. Dies when not on the wire by `not_after`."""

    device: str
    number: int
    on: bool
    seconds: float
    order: int
    not_after: float


@frozen
class SetOutput:
    """Drive the output to `on` for good (ends a running pulse of the device)."""

    device: str
    number: int
    on: bool
    order: int
    not_after: float


@frozen
class DrawPage:
    """Show this page: `page` names the layout's page (idle, notice, answer, refused, alarm), the texts fill its fields. Newest wins, older unsent ones are dropped.

    What follows is of a designed page (drivers/display/design.py): its look, its further parts, by part which of its sizes where that is
    not the first, and whether it is drawn in large letters.
    """

    device: str
    token: int
    page: str
    title: str
    body: tuple[str, ...]
    footer: str
    look: str = ""
    large: str = ""
    aside: str = ""
    contact: str = ""
    sizes: tuple[tuple[str, int], ...] = ()
    enlarged: bool = False


@frozen
class PlayTone:
    """`tone`: yes, no, warning, card, key (drivers/tones.py). A device without a buzzer ignores it."""

    device: str
    tone: str


@frozen
class ShowText:
    """A short text (ASCII, 32 characters) on a reader's own display, for `seconds` (0: until the next). A device without one ignores it."""

    device: str
    text: str
    seconds: int


@frozen
class PairReader:
    """Open the provisioning window of this one reader until `not_after`, ten minutes at most: give it the fresh random `key` (16 bytes)
    and begin a session with it. The only way to use the key that everybody knows. Sent when a session with the new key stands.
    """

    device: str
    key: bytes = field(repr=False)
    order: int
    not_after: float


@frozen
class SetReaderLine:
    """Tell the reader another address and speed. Never done unasked; the port and the configuration must follow."""

    device: str
    address: int
    baud: int
    order: int
    not_after: float


AnsweredOrder = PulseOutput | SetOutput | PairReader | SetReaderLine
"""Orders whose outcome is told as OrderSent or OrderFailed."""

Order = AnsweredOrder | DrawPage | PlayTone | ShowText
