"""CJ/T 188 in words, both ways. A count is a household's own and an address says which: neither is shown."""

from __future__ import annotations

from drivers.decoding import IN, OUT, FrameDecoder, Seen, no_frame
from drivers.meter import cjt188

_NAMES = {0x01: "read", 0x03: "read the address", 0x04: "write", 0x15: "write the address", 0x16: "set the count"}
_DIGITS = 4


class CjtDecoder(FrameDecoder):
    def __init__(self) -> None:
        super().__init__(cjt188.LONGEST)

    def _take(self) -> list[Seen]:
        seen: list[Seen] = []
        while (found := next(cjt188.frames(self._buffer.data), None)) is not None:
            at, end = found
            data = bytes(self._buffer.data)
            before = data[:at].lstrip(b"\xfe")
            if before:
                seen.append(no_frame(before))
            seen.append(_words(data[at:end]))
            self._buffer.drop(end)
        return seen


def _words(frame: bytes) -> Seen:
    who = "any meter" if frame[2:9] == cjt188.ANYBODY else f"meter …{cjt188.printed(frame[2:9])[-_DIGITS:]}"
    control = frame[9]
    what = _NAMES.get(control & 0x3F, f"control {control:#04x}")
    if not control & 0x80:
        return Seen(f"{who}: {what}", OUT)
    if control & 0x40:
        return Seen(f"{who}: refuses to {what}", IN)
    return Seen(f"{who}: {what}, answered ({frame[10]} bytes)", IN)
