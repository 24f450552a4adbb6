"""A DWIN DGUS II panel: it keeps variables (VPs) and pages, and shows what a resident would see. Our own model, no vendor code.

It decodes text strictly as GBK up to FF FF; what does not decode is kept as a fault and shown as �. It shares no code with drivers/.
With the files of a project it has that project's pages, fields and touch keys, and its screen as pixels too.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from simulator.clockwork import Clockwork
from simulator.dwin_set.project import DwinProject
from simulator.dwin_set.touch_file import HIGH_BYTE, LOW_BYTE, NO_PAGE, RETURN_KEY, Touch
from simulator.line import Voice
from simulator.modbus_slave import crc16
from simulator.panel import Panel, Screen
from simulator.trace import Trace

if TYPE_CHECKING:
    from PIL.Image import Image

    from simulator.dwin_set.render import Drawn, Renderer

RESET, VERSION, RTC, PAGE_NOW, BACKLIGHT, PAGE_SET, RTC_SET, BUZZER = (
    0x0004, 0x000F, 0x0010, 0x0014, 0x0082, 0x0084, 0x009C, 0x00A0,
)  # fmt: skip
WRITE, READ = 0x82, 0x83
MAX_READ_WORDS = 0x7C
_BUZZER_UNIT_S = 0.008
_OK = b"\x4f\x4b"


@dataclass(frozen=True, slots=True)
class Layout:
    """The text fields of the panel's pages, as its designer laid them out: VP addresses, and the body's rows.

    `line_words` is the distance in words between the VPs of two body rows; 0 means one field with line breaks.
    """

    title: int = 0x1000
    body: int = 0x1100
    footer: int = 0x1800
    columns: int = 20
    rows: int = 8
    line_words: int = 0
    pages: tuple[tuple[str, int], ...] = (
        ("idle", 0),
        ("notice", 1),
        ("answer", 2),
        ("refused", 3),
        ("alarm", 4),
    )


class DwinPanel(Panel):
    """A far end of a line."""

    gap_s = 0.1

    def __init__(
        self,
        clockwork: Clockwork,
        layout: Layout,
        trace: Trace,
        *,
        crc: bool = False,
        acks: bool = True,
        name: str = "panel",
        project: DwinProject | None = None,
    ) -> None:
        """With a project its own files say what is on the pages, and whether frames have a CRC; `layout` is not used then."""
        super().__init__(clockwork, trace, name)
        self.layout = layout
        self.project = project
        self.frame = 0
        """Grows with everything that changes what is to be seen."""
        self._renderer: Renderer | None = None
        self._drawn: tuple[int, Drawn] | None = None
        self._drawing = Lock()
        self._crc = crc or (project is not None and project.folder.settings.crc)
        self._acks = acks
        self._line: Voice | None = None
        self._buffer = bytearray()
        self._memory = bytearray()
        self.power_cycle()

    def connect(self, line: Voice) -> None:
        self._line = line

    def power_cycle(self) -> None:
        """Power lost and returned: page 0, all variables empty but for a project's initial values, no banner."""
        with self._clockwork.lock:
            self._memory = self.project.folder.memory() if self.project else bytearray(0x20000)
            self.frame += 1
            self._store(VERSION, b"\x40\x10")
            self._buffer.clear()
            self._trace.add(self.name, "power-cycled")
            self._look(power_cycled=True)

    # --- what is to be seen

    @property
    def page_number(self) -> int:
        return self._word(PAGE_NOW)

    @property
    def backlight(self) -> int:
        """Percent, as last set (0 when never set)."""
        return self._memory[2 * BACKLIGHT]

    def screen(self) -> Screen:
        with self._clockwork.lock:
            if self.project is not None:
                return self.project.screen(self._memory, self.page_number, self.counts.text_faults)
            names = {number: name for name, number in self.layout.pages}
            if self.page_number not in names:
                return Screen(str(self.page_number), "", (), "")  # a page with no text fields on it
            body = self._rows()
            while body and not body[-1]:
                body.pop()
            return Screen(
                names.get(self.page_number, str(self.page_number)),
                self._text(self.layout.title, self.layout.body),
                tuple(body),
                self._text(self.layout.footer, self.layout.footer + 0x80),
            )

    def _rows(self) -> list[str]:
        layout = self.layout
        if not layout.line_words:
            whole = self._text(layout.body, layout.footer)
            return [line.rstrip() for line in whole.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        starts = [layout.body + row * layout.line_words for row in range(layout.rows)]
        return [self._text(start, start + layout.line_words) for start in starts]

    def _text(self, vp: int, end: int) -> str:
        """The text control at `vp`: GBK until FF FF, 00 or the end of its field."""
        raw = bytes(self._memory[2 * vp : 2 * end])
        size = _text_size(raw)
        try:
            return raw[:size].decode("gbk").rstrip(" ")
        except UnicodeDecodeError:
            fault = f"VP {vp:04X}: {raw[:size].hex(' ')}"
            if fault not in self.counts.text_faults:
                self.counts.text_faults.append(fault)
            return raw[:size].decode("gbk", "replace").rstrip(" ")

    # --- a project's pixels and keys

    def pixels(self) -> Image:
        """The screen as it is now; needs Pillow and a project. The same picture as before, unless `frame` has grown."""
        return self.drawn().image

    def drawn(self) -> Drawn:
        """The same, with what was drawn where, and what could not be."""
        from simulator.dwin_set.render import Renderer  # noqa: PLC0415  # only who looks needs Pillow

        assert self.project is not None, "a panel without a project has no pixels"
        with self._drawing:
            with self._clockwork.lock:
                frame, memory, page = self.frame, bytes(self._memory), self.page_number
            if self._renderer is None:
                self._renderer = Renderer(self.project.folder)
            if self._drawn is None or self._drawn[0] != frame:
                self._drawn = frame, self._renderer.draw(memory, page)
            return self._drawn[1]

    def touch(self, x: int, y: int) -> bool:
        """A finger on a pixel. Whether there was something to touch."""
        assert self.project is not None, "a panel without a project has nothing to touch"
        with self._clockwork.lock:
            touches = self.project.folder.touches.page(self.page_number)
            touched = next((each for each in touches if each.at(x, y)), None)
            if touched is None:
                return False
            self._trace.add(self.name, "touched")
            if touched.function == RETURN_KEY:
                self._return(touched)
            if touched.next_page != NO_PAGE and (touched.code == 0 or touched.function == RETURN_KEY):
                self._turn(touched.next_page)
            self._look()
            return True

    def press(self, key: str) -> bool:
        """A finger on the key of this page that returns that character. Whether there is one."""
        assert self.project is not None, "a panel without a project has no keys"
        touches = self.project.folder.touches.page(self.page_number)
        keys = [each for each in touches if each.function == RETURN_KEY and each.value == ord(key)]
        return bool(keys) and self.touch((keys[0].left + keys[0].right) // 2, (keys[0].top + keys[0].bottom) // 2)

    def _return(self, touched: Touch) -> None:
        """The key's value goes to its variable, and to the host where the panel uploads by itself."""
        assert self.project is not None
        word = bytearray(self._memory[2 * touched.vp : 2 * touched.vp + 2])
        if touched.mode == HIGH_BYTE:
            word[0] = touched.value & 0xFF
        elif touched.mode == LOW_BYTE:
            word[1] = touched.value & 0xFF
        else:
            word[:] = touched.value.to_bytes(2, "big")
        self._store(touched.vp, bytes(word))
        if touched.uploads and self.project.folder.settings.uploads:
            self._say(bytes([READ]) + touched.vp.to_bytes(2, "big") + b"\x01" + bytes(word))

    def _turn(self, page: int) -> None:
        self._store(PAGE_NOW, page.to_bytes(2, "big"))
        self.frame += 1
        if self.project is not None:
            self.project.folder.enter(page, self._memory)

    # --- far end of a line

    def heard(self, data: bytes, now: float) -> None:
        self._buffer += data
        while self._take_frame(now):
            pass

    def quiet(self, now: float) -> None:
        self.counts.junk_bytes += len(self._buffer)
        self._buffer.clear()

    def _take_frame(self, now: float) -> bool:
        start = self._buffer.find(b"\x5a\xa5")
        junk = start if start >= 0 else max(0, len(self._buffer) - 1)
        self.counts.junk_bytes += junk
        del self._buffer[:junk]
        if start < 0 or len(self._buffer) < 3:
            return False
        length = self._buffer[2]
        if length < 3:
            self.counts.junk_bytes += 2
            del self._buffer[:2]
            return True
        if len(self._buffer) < 3 + length:
            return False
        body = bytes(self._buffer[3 : 3 + length])
        del self._buffer[: 3 + length]
        if self._crc:
            if length < 5 or struct.pack("<H", crc16(body[:-2])) != body[-2:]:
                self.counts.crc_errors += 1
                return True
            body = body[:-2]
        self.counts.frames += 1
        self._perform(body, now)
        return True

    def _perform(self, body: bytes, now: float) -> None:
        command, vp = body[0], int.from_bytes(body[1:3], "big")
        if command == WRITE and len(body) > 3:
            self._write(vp, body[3:], now)
            if self._acks:
                self._say(bytes([WRITE]) + _OK)
        elif command == READ and len(body) == 4 and 1 <= body[3] <= MAX_READ_WORDS:
            self._say(body + bytes(self._memory[2 * vp : 2 * (vp + body[3])]))

    def _say(self, body: bytes) -> None:
        tail = struct.pack("<H", crc16(body)) if self._crc else b""
        if self._line is not None:
            self._line.send(b"\x5a\xa5" + bytes([len(body) + len(tail)]) + body + tail)

    # --- variables

    def _word(self, vp: int) -> int:
        return int.from_bytes(self._memory[2 * vp : 2 * vp + 2], "big")

    def _store(self, vp: int, data: bytes) -> None:
        room = data[: len(self._memory) - 2 * vp]
        place = slice(2 * vp, 2 * vp + len(room))
        if self.project is None or (
            self._memory[place] != room
            and not self.project.watched(self.page_number).isdisjoint(range(vp, vp + (len(room) + 1) // 2))
        ):
            self.frame += 1
        self._memory[place] = room

    def _write(self, vp: int, data: bytes, now: float) -> None:
        if vp == RESET and data == b"\x55\xaa\x5a\xa5":
            self.power_cycle()
            return
        if vp == PAGE_SET and data[:2] == b"\x5a\x01" and len(data) == 4:
            self._turn(int.from_bytes(data[2:], "big"))
        elif vp == BUZZER:
            self._sound(data, now)
        elif vp == RTC_SET and data[:2] == b"\x5a\xa5" and len(data) == 8:
            self._store(RTC, data[2:5] + b"\x00" + data[5:8] + b"\x00")
        elif vp not in {VERSION, PAGE_NOW}:
            self._store(vp, data)
        self._look()

    def _sound(self, data: bytes, now: float) -> None:
        """Two bytes: how long, in 8 ms. Four bytes on boards with music: the piece, its length in 8 ms … volume."""
        units = int.from_bytes(data[:2], "big") if len(data) == 2 else data[1]
        self._sounded(units * _BUZZER_UNIT_S, now)


def _text_size(raw: bytes) -> int:
    """Bytes of text before its end mark, walking by characters: a GBK lead byte takes the next byte with it."""
    at = 0
    while at < len(raw):
        if raw[at] == 0x00 or raw[at : at + 2] == b"\xff\xff":
            return at
        at += 2 if 0x81 <= raw[at] <= 0xFE and at + 1 < len(raw) else 1
    return at
