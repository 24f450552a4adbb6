"""A TJC (Nextion) panel: pages of text components, variables, light, sleep and touch, and what a resident would see. Our own model.

Text is taken byte by byte as the firmware takes it: escapes first, then the project's charset, strictly; what does not decode is kept as
a fault and shown as �. It shares no code with drivers/.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from simulator.clockwork import Clockwork
from simulator.line import Voice
from simulator.panel import Panel, Screen
from simulator.trace import Trace

END = b"\xff\xff\xff"
DONE, OVERFLOW, INVALID, ESCAPE = 0x01, 0x24, 0x1A, 0x20
TOUCH, PAGE, NUMBER, STRING, SLEPT, WOKE, READY = 0x65, 0x66, 0x71, 0x70, 0x86, 0x87, 0x88
BUFFER = 1024
"""Bytes the panel keeps while it redraws; what comes beyond is lost."""
_POWER_ON = {"bkcmd": 2, "dim": 100, "thsp": 0, "thup": 0, "sleep": 0, "sys0": 0, "sys1": 0, "sys2": 0}
_ASSIGN = re.compile(rb"([a-z_][a-z0-9_.]*)=(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TjcProject:
    """The panel's project, as its designer made it: the same text components on every page, and which page is which."""

    title: str = "t0"
    body: tuple[str, ...] = ("t1",)
    """One component with line breaks, or one a row."""
    footer: str = "t2"
    columns: int = 20
    rows: int = 8
    pages: tuple[tuple[str, int], ...] = (
        ("idle", 0),
        ("notice", 1),
        ("answer", 2),
        ("refused", 3),
        ("alarm", 4),
    )
    charset: str = "gbk"
    keys: tuple[tuple[str, int], ...] = tuple((key, 10 + place) for place, key in enumerate("0123456789*#"))
    """Keys of a keypad that is on every page, and their component ids."""
    redraw_s: float = 0.4
    """How long a page change holds what comes next."""
    says_when_ready: bool = True
    """Some models say 00 00 00 and 88 when they get power, some nothing."""


class TjcPanel(Panel):
    """A far end of a line."""

    gap_s = 0.1

    def __init__(self, clockwork: Clockwork, project: TjcProject, trace: Trace, *, name: str = "panel") -> None:
        super().__init__(clockwork, trace, name)
        self.project = project
        self._line: Voice | None = None
        self._buffer = bytearray()
        self._waiting: list[bytes] = []
        self._busy_until = 0.0
        self._overflowed = False
        self._page = 0
        self._texts: dict[str, str] = {}
        self._variables = dict(_POWER_ON)
        self._awake_since = 0.0
        self._restart()

    def connect(self, line: Voice) -> None:
        self._line = line

    def power_cycle(self) -> None:
        """Page 0, all texts and variables gone, bkcmd as from the factory."""
        with self._clockwork.lock:
            self._trace.add(self.name, "power-cycled")
            self._restart()
            if self.project.says_when_ready:
                self._say(b"\x00\x00\x00")
                self._say(bytes((READY,)))
            self._look(power_cycled=True)

    def _restart(self) -> None:
        self._buffer.clear()
        self._waiting.clear()
        self._busy_until = 0.0
        self._overflowed = False
        self._page = 0
        self._texts.clear()
        self._variables = dict(_POWER_ON)
        self._awake_since = time.monotonic()

    # --- what is to be seen, and touched

    @property
    def light(self) -> int:
        """Percent; 0 while it sleeps."""
        return 0 if self.asleep else self._variables["dim"]

    @property
    def asleep(self) -> bool:
        return bool(self._variables["sleep"])

    def screen(self) -> Screen:
        with self._clockwork.lock:
            names = {number: name for name, number in self.project.pages}
            project = self.project
            rows = "\n".join(self._texts.get(name, "") for name in project.body).replace("\r\n", "\n").split("\n")
            body = [row.rstrip(" ") for row in rows]
            while body and not body[-1]:
                body.pop()
            return Screen(
                names.get(self._page, str(self._page)),
                self._texts.get(project.title, ""),
                tuple(body),
                self._texts.get(project.footer, ""),
            )

    def touch(self, key: str) -> None:
        """A finger on a key of the keypad: press and release. It wakes a sleeping panel and does nothing else then."""
        component = dict(self.project.keys)[key]
        with self._clockwork.lock:
            self._trace.add(self.name, "touched")
            if self.asleep:
                if self._variables["thup"]:
                    self._wake()
                    self._say(bytes((WOKE,)))
                return
            for pressed in (1, 0):
                self._say(bytes((TOUCH, self._page, component, pressed)))
            self._stay_awake()

    def _stay_awake(self) -> None:
        """Sleeps after `thsp` seconds without a touch."""
        self._awake_since = since = time.monotonic()
        seconds = self._variables["thsp"]
        if seconds:
            self._clockwork.after(seconds, lambda: self._doze(since))

    def _doze(self, since: float) -> None:
        if since == self._awake_since and self._variables["thsp"] and not self.asleep:
            self._variables["sleep"] = 1
            self._trace.add(self.name, "sleeps")
            self._say(bytes((SLEPT,)))
            self._touched_up()

    def _wake(self) -> None:
        """The page is loaded anew: its texts are the designer's again."""
        self._variables["sleep"] = 0
        self._texts.clear()
        self._trace.add(self.name, "wakes")
        self._stay_awake()
        self._look(power_cycled=True)

    # --- far end of a line

    def heard(self, data: bytes, now: float) -> None:
        room = BUFFER - len(self._buffer) - sum(map(len, self._waiting))
        if len(data) > room:
            self._overflowed = True
        self._buffer += data[: max(0, room)]
        while END in self._buffer:
            said, _, rest = bytes(self._buffer).partition(END)
            self._buffer[:] = rest
            self._waiting.append(said)
        self._work(now)

    def quiet(self, now: float) -> None: ...

    def _work(self, now: float) -> None:
        while self._waiting and now >= self._busy_until:
            self.counts.frames += 1
            self._perform(self._waiting.pop(0), now)
        if self._waiting:
            self._clockwork.at(self._busy_until, lambda: self._work(time.monotonic()))
        elif self._overflowed and now >= self._busy_until:
            self._overflowed = False
            self._say(bytes((OVERFLOW,)))

    def _say(self, body: bytes) -> None:
        if self._line is not None:
            self._line.send(body + END)

    def _perform(self, said: bytes, now: float) -> None:
        word, _, rest = said.partition(b" ")
        if word == b"connect":
            self._say(b"comok 1,101-0,TJC4832T135_011C,52,61488,D264B8204F0E1828,16777216")
        elif word == b"get":
            self._get(rest.decode("latin-1"))
        elif word == b"sendme":
            self._say(bytes((PAGE, self._page)))
        else:
            code = self._carry_out(said, now)
            if code != DONE:
                self.counts.refused.append(said.decode("latin-1"))
            if self._variables["bkcmd"] in ((1, 3) if code == DONE else (2, 3)):
                self._say(bytes((code,)))

    def _get(self, name: str) -> None:
        component, _, attribute = name.rpartition(".")
        if name in self._variables:
            self._say(bytes((NUMBER,)) + self._variables[name].to_bytes(4, "little", signed=True))
        elif attribute == "txt" and component in self._components:
            self._say(bytes((STRING,)) + self._texts.get(component, "").encode(self.project.charset))
        else:
            self._refuse()

    def _refuse(self) -> None:
        if self._variables["bkcmd"] >= 2:
            self._say(bytes((INVALID,)))

    @property
    def _components(self) -> tuple[str, ...]:
        return (self.project.title, *self.project.body, self.project.footer)

    def _carry_out(self, said: bytes, now: float) -> int:
        """The code of the answer. Asleep it only takes what wakes it."""
        if self.asleep and not said.startswith((b"sleep=", b"wup=")):
            return INVALID
        word, _, rest = said.partition(b" ")
        if word == b"page":
            return self._show(rest.decode("latin-1"), now)
        if word == b"beep" and rest.isdigit():
            self._sounded(int(rest) / 1000, now)
            return DONE
        assigned = _ASSIGN.fullmatch(said)
        if assigned is None:
            return INVALID
        name, value = assigned[1].decode("ascii"), assigned[2]
        if value.startswith(b'"'):
            return self._set_text(name, value)
        return self._set_number(name, value)

    def _show(self, page: str, now: float) -> int:
        numbers = dict(self.project.pages) | {str(number): number for _, number in self.project.pages}
        if page not in numbers:
            return INVALID
        self._page = numbers[page]
        self._texts.clear()
        self._busy_until = now + self.project.redraw_s
        self._look()
        return DONE

    def _set_number(self, name: str, value: bytes) -> int:
        if name not in self._variables or not value.isdigit():
            return INVALID
        if name == "sleep" and self.asleep and value == b"0":
            self._wake()
        self._variables[name] = int(value)
        if name == "thsp":
            self._stay_awake()
        return DONE

    def _set_text(self, name: str, value: bytes) -> int:
        component, _, attribute = name.rpartition(".")
        if attribute != "txt" or component not in self._components:
            return INVALID
        raw = unescaped(value)
        if raw is None:
            return ESCAPE
        try:
            text = raw.decode(self.project.charset)
        except UnicodeDecodeError:
            self.counts.text_faults.append(f"{name}: {raw.hex(' ')}")
            text = raw.decode(self.project.charset, "replace")
        self._texts[component] = text
        self._look()
        return DONE


def unescaped(quoted: bytes) -> bytes | None:
    """The text between the quotes; None where the quotes or an escape are wrong."""
    out = bytearray()
    at = 1
    while at < len(quoted):
        byte = quoted[at]
        if byte == 0x22:
            return bytes(out) if at == len(quoted) - 1 else None
        if byte == 0x5C:
            at += 1
            escaped = {0x72: b"\r\n", 0x22: b'"', 0x5C: b"\\"}.get(quoted[at] if at < len(quoted) else 0)
            if escaped is None:
                return None
            out += escaped
        else:
            out.append(byte)
        at += 1
    return None
