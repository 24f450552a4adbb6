"""Keypads that send each key as one byte. Sans-IO; listens only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field

from contract.frozen import frozen
from drivers.reader.keys import CODES, KEYS, code
from drivers.reader.listening import Listening
from drivers.reports import UNKNOWN


@frozen
class KeypadOptions:
    """`codes` names a row of keys.py; `keys` adds to it or changes it: what is sent (a character or 0x1B), and the key it is. The same
    byte again within `bounce_ms` is a key that bounces, not a second stroke.
    """

    codes: str = "ascii"
    keys: Mapping[str, str] = field(default_factory=dict)
    bounce_ms: int = 40

    def check(self) -> list[tuple[str, str]]:
        faults = []
        if self.codes not in CODES:
            faults.append(("codes", f"no keypad sends {self.codes!r}; known: {', '.join(sorted(CODES))}"))
        for sent, key in self.keys.items():
            if code(sent) is None:
                faults.append((f"keys.{sent}", "what is sent is one character, or a byte like 0x1B"))
            elif len(key) != 1 or key not in KEYS:
                faults.append((f"keys.{sent}", f"no such key; known: {' '.join(KEYS)}"))
        if not 0 <= self.bounce_ms <= 500:
            faults.append(("bounce_ms", f"must be 0 to 500, not {self.bounce_ms}"))
        return faults


class Keypad(Listening):
    """A `drivers.session.Session` for the one keypad on its line."""

    def __init__(self, devices: Sequence[tuple[str, KeypadOptions]], baud: int) -> None:
        ((name, options),) = devices
        super().__init__(name)
        own = {known: key for sent, key in options.keys.items() if (known := code(sent)) is not None}
        self._keys = {**CODES[options.codes], **own}
        self._bounce_s = options.bounce_ms / 1000
        self._last = (-1, -math.inf)

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        for byte in data:
            before, at = self._last
            self._last = (byte, now)
            if byte == before and now - at < self._bounce_s:
                continue
            key = self._keys.get(byte)
            if key is None:
                self.misread += 1
            else:
                self.key(key, now, not_before)

    def forget(self) -> None:
        self._last = (-1, -math.inf)
