"""DWIN DGUS II (T5L) frames: `5A A5 | length | command | …`, built and found in received bytes. No state but the buffer, no time.

Lengths count from the command on, CRC included. CRC16-Modbus over command and data, low byte first, where the panel's .CFG asks
for it (0x05.7). Addresses of variables (VP) are of 16-bit words, numbers big-endian. Source: DWIN T5L_DGUSII application guide, 4 and 5.
"""

from __future__ import annotations

from contract.frozen import frozen
from drivers.wire import Buffer, crc16

HEAD = b"\x5a\xa5"
WRITE = 0x82
READ = 0x83
OK = b"\x4f\x4b"
MAX_DATA = 240
"""Bytes of data a write carries at most: 248 fit with CRC; whole words and room to spare."""
MAX_FRAME = 3 + 255

VP_VERSION = 0x000F
VP_SHOWN = 0x0014
"""Which page shows, to be read."""
VP_PAGE = 0x0084
VP_BUZZER = 0x00A0
PAGE_MARK = b"\x5a\x01"
BUZZER_UNIT_S = 0.008
TEXT_END = b"\xff\xff"


@frozen
class Acknowledged:
    """The panel took the last write."""


@frozen
class Words:
    """A read's reply, or what a touch uploads unasked: `data` from `vp` on."""

    vp: int
    data: bytes


Answer = Acknowledged | Words


def _frame(command: int, data: bytes, crc: bool) -> bytes:
    body = bytes((command,)) + data
    if crc:
        body += crc16(body)
    return HEAD + bytes((len(body),)) + body


def write_vp(vp: int, data: bytes, *, crc: bool = False) -> bytes:
    """Write whole words from `vp` on; at most `MAX_DATA` bytes."""
    assert len(data) <= MAX_DATA
    return _frame(WRITE, vp.to_bytes(2, "big") + data, crc)


def read_vp(vp: int, words: int, *, crc: bool = False) -> bytes:
    return _frame(READ, vp.to_bytes(2, "big") + bytes((words,)), crc)


def switch_page(page: int, *, crc: bool = False) -> bytes:
    return write_vp(VP_PAGE, PAGE_MARK + page.to_bytes(2, "big"), crc=crc)


def sound_buzzer(seconds: float, *, crc: bool = False) -> bytes:
    """In units of 8 ms, one word, at most 2 s."""
    units = min(0xFF, max(1, round(seconds / BUZZER_UNIT_S)))
    return write_vp(VP_BUZZER, units.to_bytes(2, "big"), crc=crc)


class AnswerDecoder:
    """Finds answers in received bytes, in any portions; noise before, between and inside is passed over."""

    def __init__(self, *, crc: bool) -> None:
        self._crc = crc
        self._buffer = Buffer(2 * MAX_FRAME)

    def __len__(self) -> int:
        """Bytes held back: the beginning of a frame."""
        return len(self._buffer)

    def clear(self, but: int | None = None) -> None:
        """Forget what is held back; `but`: unless it is the beginning of what a touch uploads at that VP."""
        upload = HEAD + bytes((8 if self._crc else 6, READ)) + (but or 0).to_bytes(2, "big")
        held = bytes(self._buffer.data[: len(upload)])
        if but is None or len(self._buffer) >= len(upload) + (5 if self._crc else 3) or not upload.startswith(held):
            self._buffer.clear()

    def add(self, data: bytes) -> list[Answer]:
        answers = []
        for begin in range(0, len(data), MAX_FRAME):
            self._buffer.add(data[begin : begin + MAX_FRAME])
            answers += self._take()
        return answers

    def _take(self) -> list[Answer]:
        found: list[Answer] = []
        data = self._buffer.data
        while True:
            at = data.find(HEAD)
            if at < 0:
                self._buffer.drop(len(data) - (1 if data[-1:] == HEAD[:1] else 0))
                return found
            self._buffer.drop(at)
            if len(data) < 3:
                return found
            if not 3 <= data[2] <= 255:
                self._buffer.drop(1)
                continue
            end = 3 + data[2]
            if len(data) < end:
                return found
            answer = self._answer(bytes(data[3:end]))
            self._buffer.drop(1 if answer is None else end)
            if answer is not None:
                found.append(answer)

    def _answer(self, body: bytes) -> Answer | None:
        if self._crc:
            if len(body) < 3 or crc16(body[:-2]) != body[-2:]:
                return None
            body = body[:-2]
        if body == bytes((WRITE,)) + OK:
            return Acknowledged()
        if len(body) >= 4 and body[0] == READ and len(body) == 4 + 2 * body[3]:
            return Words(int.from_bytes(body[1:3], "big"), body[4:])
        return None
