"""Bytes on a line in words, for a person who looks on. No secrets: what could be a card number or a PIN is masked. No I/O, no time.

A further protocol is one `Decoder` beside its driver and one row in decoders.py.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Protocol

from contract.frozen import frozen
from drivers.wire import Buffer

OUT, IN, UNKNOWN = "out", "in", ""
"""To the device, from it, not known."""
SHOWN_BYTES = 2
"""Of bytes that are no known frame, so many are shown: enough to see a protocol's head, too few for a number."""
LONG_RUN = 8


@frozen
class Seen:
    """One frame, or bytes that are none (`frame` False). `raw` is what may be shown of it in hex: None where it could hold a number."""

    text: str
    way: str = UNKNOWN
    raw: bytes | None = None
    frame: bool = True


class Decoder(Protocol):
    """Holds back the beginning of a frame, at most a frame's length."""

    def add(self, data: bytes) -> list[Seen]:
        """Whole frames in what came, in any portions."""

    def quiet(self) -> list[Seen]:
        """Nothing came for a while: what is held back is no frame."""


class FrameDecoder(ABC):
    """A `Decoder` of a protocol whose frames are at most `longest` bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._buffer = Buffer(2 * longest)

    def add(self, data: bytes) -> list[Seen]:
        seen: list[Seen] = []
        for begin in range(0, len(data), self._longest):
            self._buffer.add(data[begin : begin + self._longest])
            seen += self._take()
        return seen

    def quiet(self) -> list[Seen]:
        data = self._left_over(bytes(self._buffer.data))
        self._buffer.clear()
        return [no_frame(data)] if data else []

    @abstractmethod
    def _take(self) -> list[Seen]:
        """Whole frames, taken out of the buffer with what stands before them."""

    def _left_over(self, data: bytes) -> bytes:
        """What of bytes that are no frame is told."""
        return data


def masked(text: str) -> str:
    """Letters and digits hidden: of a run of eight or more the first two stay, so that the form is still to be seen."""

    def hide(run: re.Match[str]) -> str:
        kept = run[0][:2] if len(run[0]) >= LONG_RUN else ""
        return kept + "•" * (len(run[0]) - len(kept))

    return re.sub(r"[0-9A-Za-z]+", hide, text)


def no_frame(data: bytes) -> Seen:
    """Bytes of which nothing is known."""
    return Seen(f"{len(data)} byte{'' if len(data) == 1 else 's'} that are no frame: {_shape(data)}", frame=False)


def _shape(data: bytes) -> str:
    if all(0x20 <= byte < 0x7F or byte in b"\r\n\t\x02\x03" for byte in data):
        return spelled(data)
    head = data[:SHOWN_BYTES].hex(" ")
    return f"{head} …" if len(data) > SHOWN_BYTES else head


_NAMES = {0x0D: "<CR>", 0x0A: "<LF>", 0x09: "<TAB>", 0x02: "<STX>", 0x03: "<ETX>"}


def spelled(data: bytes) -> str:
    """Text, masked, with its control characters by name."""
    return masked(data.decode("latin-1")).translate({code: _NAMES.get(code, "<?>") for code in _UNPRINTABLE})


_UNPRINTABLE = (*range(0x20), *range(0x7F, 0x100))
