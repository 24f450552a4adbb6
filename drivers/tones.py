"""What a buzzer sounds for each tone, the same at every device: told apart without looking, by somebody who hears badly, by number and length."""

from __future__ import annotations

from collections.abc import Mapping

from contract.frozen import frozen

TONE_LIFE_S = 1.0
"""A beep that could not be sounded within a second says nothing any more."""


@frozen
class Tone:
    """`beeps` of `on_s` seconds each, `off_s` between them."""

    beeps: int
    on_s: float
    off_s: float = 0.0

    @property
    def length_s(self) -> float:
        return self.beeps * (self.on_s + self.off_s)


KEY = "key"
TONES: Mapping[str, Tone] = {
    "yes": Tone(1, 0.8),
    "no": Tone(3, 0.2, 0.2),
    "warning": Tone(4, 0.6, 0.9),
    "card": Tone(2, 0.1, 0.15),
    KEY: Tone(1, 0.04),
}
"""Yes is one long beep, no three short ones, a warning repeats slowly, a key ticks. Two very short ones: a card is waited for or was read for the list; no door moves."""


class Sounding:
    """The tone that a device is to sound, and is sounding. A key's tick cuts no other tone short; every other begins at once."""

    def __init__(self) -> None:
        self.number = 0
        """Counts the tones, so that an answer to a beep of the one before is known for that."""
        self._tone = TONES[KEY]
        self._left = 0
        self._at = 0.0
        self._until = 0.0

    def begin(self, name: str, now: float) -> bool:
        """False where it is not sounded: no such tone, or a tick while another sounds."""
        if name not in TONES or (name == KEY and (now < self._until or self._left)):
            return False
        self.number += 1
        self._tone = TONES[name]
        self._left, self._at, self._until = self._tone.beeps, now, now + self._tone.length_s
        return True

    @property
    def beep_s(self) -> float:
        """How long one beep of it lasts."""
        return self._tone.on_s

    def due(self, now: float) -> bool:
        """Whether a beep is to be sounded now. One that is too late ends its tone."""
        if self._left and now > self._at + TONE_LIFE_S:
            self._left = 0
        return self._left > 0 and now >= self._at

    @property
    def next_at(self) -> float | None:
        """When the next beep is due, of those that are left."""
        return self._at if self._left else None

    def sounded(self, number: int, now: float) -> None:
        """A beep of the tone with this number has begun."""
        if number == self.number and self._left:
            self._left -= 1
            self._at = now + self._tone.on_s + self._tone.off_s
            self._until = max(self._until, self._at)

    def stop(self) -> None:
        self._left = 0
