"""What a reader sends, as its form only: digits and letters are masked, whatever they are."""

from __future__ import annotations

from drivers.decoding import IN, Seen, spelled
from drivers.wire import Buffer

MAX_LINE = 512
_ENDS = b"\r\n\t\x03"


class LineDecoder:
    def __init__(self) -> None:
        self._buffer = Buffer(MAX_LINE)

    def add(self, data: bytes) -> list[Seen]:
        """A line is told with its end, when the next one begins or it is quiet."""
        seen: list[Seen] = []
        for byte in data:
            held = self._buffer.data
            if held and held[-1] in _ENDS and byte not in _ENDS:
                seen += self.quiet()
            self._buffer.add(bytes((byte,)))
        return seen

    def quiet(self) -> list[Seen]:
        data = bytes(self._buffer.data)
        self._buffer.clear()
        if not data:
            return []
        odd = sum(not 0x20 <= byte < 0x7F and byte not in b"\r\n\t\x02\x03" for byte in data)
        if odd:
            return [Seen(f"{len(data)} bytes, {odd} of them no text: another speed?", IN, frame=False)]
        return [Seen(f"{len(data)} characters: {spelled(data)}", IN)]
