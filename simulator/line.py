"""A serial line on a pseudo-terminal, slowed to its baud rate, with the faults of real wire to switch on.

A pty ignores the baud rate: here a chunk is delivered when its last byte would have arrived, 10 bits a byte (8N1), in both
directions. The line knows no protocol. A host set to another speed than the far end's hears and sends noise, as on a wire.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import termios
import time
import tty
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from simulator.clockwork import Clockwork, DueAction
from simulator.trace import Trace

_BITS_A_BYTE = 10
_READ_BYTES = 65536

_SPEEDS = {getattr(termios, f"B{rate}"): rate for rate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)}
_CODES = {rate: code for code, rate in _SPEEDS.items()}


class Voice(Protocol):
    """What a device that has one line alone needs of it."""

    def send(self, data: bytes) -> None: ...


class FarEnd(Protocol):
    """A device at the end of a line. `gap_s` of silence after the last byte calls `quiet`."""

    gap_s: float

    def connect(self, line: Line) -> None: ...

    def heard(self, data: bytes, now: float) -> None: ...

    def quiet(self, now: float) -> None: ...


@dataclass(slots=True)
class Faults:
    """What is wrong with a line. `flip` and `drop` are chances for each byte, in both directions."""

    flip: float = 0.0
    drop: float = 0.0
    silent: bool = False
    """The far end has no power: it hears and says nothing."""
    slow_s: float = 0.0
    """Extra time before each answer."""
    echo: bool = False
    """A two-wire adapter that hears itself: what the host sends comes back to it."""
    hang: bool = False
    """The adapter takes no more bytes: the host's writes pile up."""


class Line:
    """One line under a stable path `link` (a symlink to a pty that changes its number at each `plug`)."""

    def __init__(self, clockwork: Clockwork, name: str, link: Path, baud: int, trace: Trace, seed: int = 1) -> None:
        self.name = name
        self.link = link
        self.baud = baud
        self.faults = Faults()
        self._clockwork = clockwork
        self._trace = trace
        self._random = random.Random(seed)
        self._far_ends: list[FarEnd] = []
        self._master: int | None = None
        self._number = ""
        self._plugged = 0
        self._in_free = 0.0
        self._out_free = 0.0
        self._quiet: dict[int, DueAction] = {}

    def attach(self, far_end: FarEnd) -> None:
        self._far_ends.append(far_end)
        far_end.connect(self)

    @property
    def plugged(self) -> bool:
        return self._master is not None

    @property
    def tty(self) -> str:
        """The pty's own path at the moment, as /dev/ttyUSBn would be."""
        return self._number

    def plug(self) -> None:
        """Put the adapter in: a new pty, never the number it had before, under the same link."""
        with self._clockwork.lock:
            if self._master is not None:
                return
            master, number = _open_pty(self._number, self.baud)
            self._master, self._number = master, number
            self._plugged += 1
            self._in_free = self._out_free = 0.0
            fresh = self.link.with_name(f".{self.link.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(number)
            fresh.replace(self.link)
            self._clockwork.watch(master, self._readable)
            self._trace.add(self.name, "plugged", number)

    def unplug(self) -> None:
        """Pull the adapter: the link is gone, and whoever has it open gets the error a pulled USB adapter gives."""
        with self._clockwork.lock:
            if self._master is None:
                return
            self._clockwork.forget(self._master)
            self.link.unlink(missing_ok=True)
            os.close(self._master)
            self._master = None
            self._plugged += 1
            for alarm in self._quiet.values():
                alarm.cancel()
            self._trace.add(self.name, "unplugged", self._number)

    def resume(self) -> None:
        """End of a hang: take the bytes that piled up."""
        with self._clockwork.lock:
            self.faults.hang = False
            self._readable()

    def send(self, data: bytes, after_s: float = 0.0) -> None:
        """Say `data` to the host: it is there when its last byte has had the time to arrive."""
        if not data or self.faults.silent or self._master is None:
            return
        start = max(time.monotonic() + after_s + self.faults.slow_s, self._out_free)
        self._out_free = start + self.wire_s(len(data))
        self._clockwork.at(self._out_free, partial(self._deliver_out, self._damage(data), self._plugged))

    def wire_s(self, size: int) -> float:
        return size * _BITS_A_BYTE / self.baud

    def _readable(self) -> None:
        while self._master is not None and not self.faults.hang:
            try:
                data = os.read(self._master, _READ_BYTES)
            except OSError:  # nothing more (EAGAIN), or nobody has the line open (EIO)
                return
            if not data:
                return
            start = max(time.monotonic(), self._in_free)
            self._in_free = start + self.wire_s(len(data))
            self._clockwork.at(self._in_free, partial(self._deliver_in, self._damage(data), data, self._plugged))

    def _deliver_in(self, heard: bytes, raw: bytes, plugged: int) -> None:
        if plugged != self._plugged:
            return
        if self.faults.echo:
            self._write(raw)
        if self.faults.silent:
            return
        now = time.monotonic()
        for number, far_end in enumerate(self._far_ends):
            if heard:
                far_end.heard(heard, now)
            waiting = self._quiet.get(number)
            if waiting is not None:
                waiting.cancel()
            self._quiet[number] = self._clockwork.at(now + far_end.gap_s, partial(self._fall_quiet, far_end))

    def _fall_quiet(self, far_end: FarEnd) -> None:
        now = time.monotonic()
        if self._in_free > now:
            return  # the next bytes are on the wire already: no silence
        far_end.quiet(now)

    def _deliver_out(self, data: bytes, plugged: int) -> None:
        if plugged == self._plugged and not self.faults.silent:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._master is None or not data or _hung_up(self._master):
            return  # nobody listens: the bytes are lost, as on a wire
        with contextlib.suppress(BlockingIOError):  # the host does not read: its buffer overruns
            os.write(self._master, data)

    def _damage(self, data: bytes) -> bytes:
        flip = 0.6 if self._host_speed() not in {0, self.baud} else self.faults.flip
        drop = self.faults.drop
        if not flip and not drop:
            return data
        kept = bytearray()
        for byte in data:
            if self._random.random() < drop:
                continue
            kept.append(byte ^ (1 << self._random.randrange(8)) if self._random.random() < flip else byte)
        return bytes(kept)

    def _host_speed(self) -> int:
        """The speed the host set, 0 where it is one we do not know."""
        if self._master is None:
            return 0
        try:
            return _SPEEDS.get(termios.tcgetattr(self._master)[5], 0)
        except termios.error:
            return 0


def _hung_up(master: int) -> bool:
    poll = select.poll()
    poll.register(master, select.POLLIN)
    return any(mask & select.POLLHUP for _, mask in poll.poll(0))


def _open_pty(avoid: str, baud: int) -> tuple[int, str]:
    """A raw pty at `baud` whose path is not `avoid`. The slave is not kept open, so the host's exclusive use stays the host's."""
    master, slave = os.openpty()
    number = os.ttyname(slave)
    if number == avoid:
        try:
            return _open_pty(avoid, baud)
        finally:
            os.close(slave)
            os.close(master)
    tty.setraw(slave)
    settings = termios.tcgetattr(slave)
    settings[4] = settings[5] = _CODES.get(baud, settings[5])
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    os.close(slave)
    os.set_blocking(master, False)
    return master, number
