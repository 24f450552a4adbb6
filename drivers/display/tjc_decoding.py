"""TJC instructions and returns in words. Keys touched on the panel are masked: they may be a PIN."""

from __future__ import annotations

from drivers.decoding import IN, OUT, FrameDecoder, Seen, no_frame
from drivers.display import hmi

_CODES = frozenset({0x00, 0x01, *hmi.REFUSALS, *range(0x65, 0x72), 0x86, 0x87, 0x88})
_SECRET = (hmi.Touched, hmi.TouchedAt)


class TjcDecoder(FrameDecoder):
    def __init__(self) -> None:
        super().__init__(hmi.MAX_INSTRUCTION)

    def _take(self) -> list[Seen]:
        seen: list[Seen] = []
        while (end := self._end()) is not None:
            seen += _words(bytes(self._buffer.data[:end]))
            self._buffer.drop(end)
        return seen

    def _end(self) -> int | None:
        """Behind the first end mark; a number's four bytes may be FF themselves, so that one has its length."""
        data = self._buffer.data
        begin = 1 + 4 if data[:1] == bytes((hmi.NUMBER,)) else 0
        at = data.find(hmi.END, begin)
        while at >= 0 and data[at + 3 : at + 4] == b"\xff":
            at += 1
        return None if at < 0 else at + len(hmi.END)


def _words(frame: bytes) -> list[Seen]:
    body = frame.rstrip(b"\xff")
    if not body:
        return []
    found = hmi.Returns().add(frame) if frame[0] in _CODES or frame.startswith(hmi.CONNECTED) else []
    if found:
        each = found[0]
        if isinstance(each, _SECRET):
            return [Seen("touched: •", IN)]
        return [Seen(str(each), IN, frame)]
    if all(byte >= 0x20 for byte in body):
        return [Seen(body.decode("gbk", "replace"), OUT, frame)]
    return [no_frame(frame)]
