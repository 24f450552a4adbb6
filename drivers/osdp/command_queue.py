"""What a reader was told to do and has not done yet: orders with a deadline, tones and texts without. Speaks to nobody."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from drivers.osdp import messages
from drivers.osdp.messages import LedState, Message
from drivers.reports import MAX_PULSE_S, OrderFailed, PlayTone, PulseOutput, SetOutput, SetReaderLine, ShowText
from drivers.tones import TONES, Sounding

TimedOrder = PulseOutput | SetOutput | SetReaderLine

MAX_ORDERS = 16
"""Waiting for one reader; each lives about a second."""
ORDER_ATTEMPTS = 4
"""New sessions an order may need within its deadline. In one session it is said again until answered, and done once."""
MAX_EXTRAS = 8

LIGHTS = {
    "yes": LedState(colour=2, seconds=2.0),
    "no": LedState(colour=1, seconds=2.0),
    "warning": LedState(colour=3, seconds=6.0, on_tenths=6, off_tenths=9),
    "card": LedState(colour=3, seconds=5.0, on_tenths=2, off_tenths=2),
}
"""What goes with a tone; a key's tick has no light."""


@dataclass(slots=True)
class QueuedCommand:
    """An order in the queue."""

    order: TimedOrder
    attempts: int = 0

    def message(self) -> Message:
        order = self.order
        match order:
            case PulseOutput():
                return messages.pulse(order.number - 1, order.seconds, on=order.on)
            case SetOutput():
                return messages.level(order.number - 1, on=order.on)
            case SetReaderLine():
                return messages.comset(order.address, order.baud)


class CommandQueue:
    """Of one reader."""

    def __init__(self, device: str, outputs: int) -> None:
        self._device = device
        self._outputs = outputs
        self.orders: deque[QueuedCommand] = deque()
        self.extras: deque[Message] = deque(maxlen=MAX_EXTRAS)
        self._sounding = Sounding()
        self.read_back: set[int] = set()
        """Outputs (from 1) whose level must be told after an order, changed or not."""

    def take(self, order: TimedOrder) -> list[OrderFailed]:
        if self._possible(order) and len(self.orders) < MAX_ORDERS:
            self.orders.append(QueuedCommand(order))
            return []
        return [OrderFailed(self._device, order.order, "refused")]

    def _possible(self, order: TimedOrder) -> bool:
        match order:
            case SetReaderLine():
                return 0 <= order.address <= 126 and order.baud in messages.BAUDS
            case PulseOutput() if not 0.0 < order.seconds <= MAX_PULSE_S:
                return False
            case _:
                return 1 <= order.number <= self._outputs

    def show(self, order: PlayTone | ShowText, able: messages.Capabilities, now: float) -> None:
        if isinstance(order, PlayTone):
            self._sound(order, able, now)
        else:
            self._text(order, able)

    def _sound(self, order: PlayTone, able: messages.Capabilities, now: float) -> None:
        """What the reader has of light and buzzer, which repeats by itself. Only the newest tone matters."""
        if not self._sounding.begin(order.tone, now):
            return
        self._sounding.stop()
        self.extras = deque((e for e in self.extras if e.code == messages.TEXT), MAX_EXTRAS)
        light = LIGHTS.get(order.tone)
        if light is not None and messages.LEDS in able:
            self.extras.append(light.message())
        if messages.BUZZER in able:
            self.extras.append(messages.beep(TONES[order.tone]))

    def _text(self, order: ShowText, able: messages.Capabilities) -> None:
        if messages.DISPLAY in able:
            self.extras = deque((e for e in self.extras if e.code != messages.TEXT), MAX_EXTRAS)
            self.extras.append(messages.text(order.text, order.seconds))

    def expire(self, now: float, running: QueuedCommand | None, reason: str) -> list[OrderFailed]:
        """Orders whose time has passed die; one that is on the line is left to its exchange."""
        if not self.orders or all(waiting.order.not_after > now for waiting in self.orders):
            return []
        late = [w for w in self.orders if w is not running and w.order.not_after <= now]
        self.orders = deque(w for w in self.orders if w not in late)
        return [
            OrderFailed(self._device, w.order.order, "silent" if w.attempts and reason == "late" else reason)
            for w in late
        ]

    def drop(self, reason: str) -> list[OrderFailed]:
        """All of them: the reader or the line is gone."""
        failed = [OrderFailed(self._device, waiting.order.order, reason) for waiting in self.orders]
        self.orders.clear()
        self.extras.clear()
        self.read_back.clear()
        return failed
