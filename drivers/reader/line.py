"""Readers that send a card as a line of text: Wiegand converters, QR scanners, keyboards-as-serial. Sans-IO; listens only.

What a line must look like, how it ends and how its number is written is configuration: there is no standard.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from contract.frozen import frozen
from drivers.reader.card import FORMS, CardFormError
from drivers.reader.keys import CODES
from drivers.reader.listening import STALE_S, Listening
from drivers.reports import UNKNOWN
from drivers.wire import Buffer

ENDS = {"line": b"\r\n", "cr": b"\r", "lf": b"\n", "tab": b"\t", "etx": b"\x03", "none": b""}
"""By name: any one of these bytes ends a message. `line` takes CR, LF or both."""
DEFAULT_GAP_MS = 50
NUMBER = r"[\x02\s]*(?P<card>[0-9A-Fa-f,]+)\s*"
"""What a message must look like where no pattern is given."""
MAX_LENGTH = 512
LONE_KEY_MS = 40
"""A key of a reader with a keypad stands alone: nothing follows it for so long."""
ANY_TEXT = r"\s*(?P<card>\S(?:.*\S)?)\s*"
"""What `radix: text` takes where no pattern is given."""


@frozen
class LineOptions:
    """`pattern`: a regular expression that the whole message must match, its group `card` (or the whole) is the number; `radix` a form
    of card.py. A message ends with a byte of `end`, or when nothing came for `gap_ms` (0: never; needed where `end` is none).
    A card held to the reader counts once: again only after it was silent for `repeat_s`. `keys`: a lone 0-9, * or # is a key of the
    reader's keypad.
    """

    pattern: str = ""
    radix: str = "decimal"
    end: str = "line"
    gap_ms: int = 0
    max_length: int = 64
    repeat_s: float = 1.5
    keys: bool = False

    def check(self) -> list[tuple[str, str]]:
        faults = []
        try:
            re.compile(self.expression)
        except re.error as fault:
            faults.append(("pattern", f"not a regular expression: {fault}"))
        if self.radix not in FORMS:
            faults.append(("radix", f"no card form is called {self.radix!r}; known: {', '.join(sorted(FORMS))}"))
        if self.end not in ENDS:
            faults.append(("end", f"no end is called {self.end!r}; known: {', '.join(sorted(ENDS))}"))
        if not 0 <= self.gap_ms <= 1000:
            faults.append(("gap_ms", f"must be 0 to 1000, not {self.gap_ms}"))
        if not 1 <= self.max_length <= MAX_LENGTH:
            faults.append(("max_length", f"must be 1 to {MAX_LENGTH}, not {self.max_length}"))
        if not 0 <= self.repeat_s <= 10:
            faults.append(("repeat_s", f"must be 0 to 10, not {self.repeat_s}"))
        return faults

    @property
    def expression(self) -> str:
        """`pattern`, or what suits the radix."""
        return self.pattern or (ANY_TEXT if self.radix == "text" else NUMBER)


class LineReader(Listening):
    """A `drivers.session.Session` for the one reader on its line. Messages that do not match are counted in `misread`, never told."""

    def __init__(self, devices: Sequence[tuple[str, LineOptions]], baud: int) -> None:
        ((name, self._options),) = devices
        super().__init__(name, self._options.repeat_s)
        self._pattern = re.compile(self._options.expression)
        self._form = FORMS[self._options.radix]
        self._end = ENDS[self._options.end]
        gap_ms = self._options.gap_ms or (0 if self._end else DEFAULT_GAP_MS)
        self._gap_s = gap_ms / 1000 if gap_ms else math.inf
        self._buffer = Buffer(self._options.max_length + 1)
        self._too_long = False
        self._last_byte = -math.inf
        self._begun = self._newest = UNKNOWN
        """`not_before` of the first byte of the message, and of the last bytes that came."""

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        self._end_by_gap(now)
        self._newest = not_before
        if now - self._last_byte >= STALE_S or not len(self._buffer):
            self.forget()
        self._last_byte = now
        for byte in data:
            if byte in self._end:
                self._message(now)
            elif len(self._buffer) >= self._options.max_length:
                self._too_long = True
            else:
                self._buffer.add(bytes((byte,)))

    def send(self, now: float) -> bytes | None:
        self._end_by_gap(now)
        return None

    def wait(self, now: float) -> float:
        if not len(self._buffer) and not self._too_long:
            return math.inf
        return max(0.0, self._last_byte + self._patience() - now)

    def forget(self) -> None:
        self._buffer.clear()
        self._too_long = False
        self._begun = self._newest

    def _lone_key(self) -> str | None:
        """The key that the only byte there is, where the reader has a keypad."""
        if not self._options.keys or len(self._buffer) != 1:
            return None
        return CODES["ascii"].get(self._buffer.data[0])

    def _patience(self) -> float:
        """How long a silence ends what is there."""
        return min(self._gap_s, LONE_KEY_MS / 1000) if self._lone_key() is not None else self._gap_s

    def _end_by_gap(self, now: float) -> None:
        if now - self._last_byte >= self._patience() and (len(self._buffer) or self._too_long):
            self._message(now)

    def _message(self, now: float) -> None:
        key = self._lone_key()
        message, too_long, begun = bytes(self._buffer.data), self._too_long, self._begun
        self.forget()
        if key is not None:
            self.key(key, now, begun)
        elif message or too_long:
            card = None if too_long else self._card(message)
            if card is None:
                self.misread += 1
            else:
                self.card(card, now, begun)

    def _card(self, message: bytes) -> str | None:
        try:
            text = message.decode("utf-8")
        except UnicodeDecodeError:
            return None
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        number = match.group("card") if "card" in self._pattern.groupindex else match.group(0)
        try:
            return self._form(number)
        except (CardFormError, TypeError):  # a group that took no part is None
            return None
