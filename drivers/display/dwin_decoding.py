"""DGUS II frames in words, both ways, with or without CRC. What is on a display is no secret; it is shown. Keys touched on it are masked:
they may be a PIN.
"""

from __future__ import annotations

from drivers.decoding import IN, OUT, UNKNOWN, FrameDecoder, Seen, no_frame
from drivers.display import dgus
from drivers.display.design import KEY_VP
from drivers.wire import crc16


class DwinDecoder(FrameDecoder):
    def __init__(self) -> None:
        super().__init__(dgus.MAX_FRAME)

    def _take(self) -> list[Seen]:
        seen: list[Seen] = []
        while True:
            data = bytes(self._buffer.data)
            at = data.find(dgus.HEAD)
            if at < 0 or at + 3 > len(data):
                return seen
            end = at + 3 + data[at + 2]
            if end > len(data):
                return seen
            if at:
                seen.append(no_frame(data[:at]))
            seen.append(_words(data[at:end]))
            self._buffer.drop(end)


def _words(frame: bytes) -> Seen:
    body = frame[3:]
    if len(body) >= 5 and crc16(body[:-2]) == body[-2:]:
        body = body[:-2]
    if body == bytes((dgus.WRITE,)) + dgus.OK:
        return Seen("acknowledged", IN, frame)
    if len(body) < 4 or body[0] not in {dgus.WRITE, dgus.READ}:
        return Seen("a frame of another kind", UNKNOWN, frame)
    vp = int.from_bytes(body[1:3], "big")
    if body[0] == dgus.READ and len(body) == 4:
        return Seen(f"read {body[3]} words from {vp:#06x}", OUT, frame)
    if body[0] == dgus.READ and vp == KEY_VP:
        return Seen("touched: •", IN)
    if body[0] == dgus.READ:
        return Seen(f"{body[3]} words from {vp:#06x}: {body[4:].hex(' ')}", IN, frame)
    if vp == dgus.VP_PAGE and body[3:5] == dgus.PAGE_MARK:
        return Seen(f"show page {int.from_bytes(body[5:], 'big')}", OUT, frame)
    return Seen(f"write {vp:#06x}: {_text(body[3:])}", OUT, frame)


def _text(data: bytes) -> str:
    """The texts up to their ends, as a Chinese panel has them; numbers in hex."""
    if not data.endswith(dgus.TEXT_END):
        return data.hex(" ")
    lines = [line for line in data.split(dgus.TEXT_END) if line.strip(b"\xff")]
    text = b"\r\n".join(lines).decode("gbk", "replace")
    return '"' + "".join(char if char.isprintable() else "/" for char in text.replace("\r\n", "/")).rstrip() + '"'
