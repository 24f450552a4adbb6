"""Looks through serial ports: each protocol's harmless question at each speed, then an ear for readers that only send. Writes no output.

One thread a port, so that three ports take as long as one.
"""

from __future__ import annotations

import errno
import select
import termios
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from agent.cli.alone import HELD
from agent.words import _
from contract.frozen import frozen
from drivers.inquiries import HEARINGS, INQUIRIES
from drivers.port import Line
from drivers.probing import SPEEDS, Inquiry, Question, Sighting
from drivers.wire import Parity, wire_s

PAUSE_S = 0.005
"""Between an answer and the next question; at least 3.5 characters, so that Modbus sees two frames."""
QUIET_S = 0.15
"""A card's line is over when nothing came for so long."""
TURN_S = 0.2
MAX_HEARD = 4096
FURTHER = 4
"""A question leads to at most so many further ones."""

T = TypeVar("T")


@frozen
class Look:
    """What one port showed. `speed` None: nothing was found. `fault`: it cannot be opened or went away."""

    port: str
    speed: int | None = None
    found: tuple[Sighting, ...] = ()
    fault: str = ""


class Walk:
    """`speeds` and `addresses` empty: the usual ones of each protocol. `stop` ends it early, from any thread."""

    def __init__(self, speeds: Sequence[int] = (), addresses: Sequence[int] = ()) -> None:
        self._speeds = speeds
        self._addresses = addresses
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def look(self, ports: Sequence[str]) -> list[Look]:
        """Each port asked, in the order given."""
        return self._each(ports, self._look)

    def listen(self, looks: Sequence[Look], seconds: float, again: Callable[[str], None]) -> list[Look]:
        """The silent ones of `looks` listened to, each until it has heard a card or the time is up.

        `again(port)`: something came at a wrong speed, so a card is wanted once more; called on the port's thread.
        """
        end = time.monotonic() + seconds
        return self._each(looks, lambda look: look if look.found or look.fault else self._listen(look.port, end, again))

    def _each(self, items: Sequence[T], work: Callable[[T], Look]) -> list[Look]:
        with ThreadPoolExecutor(max(1, len(items)), thread_name_prefix="probe") as pool:
            try:
                return list(pool.map(work, items))
            except BaseException:
                self.stop()
                raise

    def _look(self, port: str) -> Look:
        """All devices of a line have one speed and one protocol, so the first that answers settles both."""
        try:
            for speed, parity in self._settings():
                line = Line(port, speed, parity)
                try:
                    found = self._ask_all(line, speed, parity)
                finally:
                    line.close()
                if found:
                    return Look(port, speed, found)
        except (OSError, termios.error) as fault:
            return Look(port, fault=why(fault))
        return Look(port)

    def _settings(self) -> list[tuple[int, Parity]]:
        """Speeds and parities to ask at, those without a parity bit first: so are nearly all devices."""
        with_bit = dict.fromkeys((speed, each.parity) for each in INQUIRIES for speed in each.speeds)
        further = [setting for setting in with_bit if setting[1] != "none"]
        if self._speeds:
            parities = dict.fromkeys(("none", *(parity for _, parity in further)))
            return [(speed, parity) for parity in parities for speed in self._speeds]
        return [*((speed, "none") for speed in SPEEDS), *further]

    def _ask_all(self, line: Line, speed: int, parity: Parity) -> tuple[Sighting, ...]:
        for inquiry in INQUIRIES:
            if inquiry.parity == parity and (self._speeds or speed in inquiry.speeds):
                found = self._ask_one(line, speed, inquiry)
                if found:
                    return found
        return ()

    def _ask_one(self, line: Line, speed: int, inquiry: Inquiry) -> tuple[Sighting, ...]:
        found: list[Sighting] = []
        for question in inquiry.questions(self._addresses or inquiry.addresses):
            if self._stop.is_set():
                break
            answer = ask(line, question, speed)
            if answer is not None:
                found.append(answer)
                if not inquiry.shared:
                    break
        return tuple(found)

    def _listen(self, port: str, end: float, again: Callable[[str], None]) -> Look:
        speeds = list(self._speeds or SPEEDS)
        try:
            while not self._stop.is_set() and time.monotonic() < end:
                line = Line(port, speeds[0])
                try:
                    heard = self._hear(line, end)
                finally:
                    line.close()
                sighting = _known(heard, speeds[0])
                if sighting is not None:
                    return Look(port, speeds[0], (sighting,))
                if heard and len(speeds) > 1:
                    speeds.append(speeds.pop(0))
                    again(port)
        except (OSError, termios.error) as fault:
            return Look(port, fault=why(fault))
        return Look(port)

    def _hear(self, line: Line, end: float) -> bytes:
        """What comes until it is quiet again; nothing when the time is up before."""
        heard = b""
        while not self._stop.is_set() and time.monotonic() < end and len(heard) < MAX_HEARD:
            if select.select([line.fd], [], [], QUIET_S if heard else TURN_S)[0]:
                heard += line.read()
            elif heard:
                break
        return heard


def ask(line: Line, question: Question, speed: int) -> Sighting | None:
    """One question and what it leads to. Raises OSError when the port goes away."""
    for _turn in range(1 + FURTHER):
        answer, _took = exchange(line, question, speed)
        if not isinstance(answer, Question):
            return answer
        question = answer
    return None


def exchange(line: Line, question: Question, speed: int) -> tuple[Sighting | Question | None, float | None]:
    """What the answer says, and the seconds until its last byte; those are None where none came."""
    time.sleep(max(PAUSE_S, 38.5 / speed))
    _drain(line)
    begun = time.monotonic()
    line.write(question.frame)
    end = begun + wire_s(len(question.frame) + question.answer_bytes, speed) + question.think_s
    received = b""
    while (left := end - time.monotonic()) > 0:
        if select.select([line.fd], [], [], left)[0]:
            received = (received + line.read())[-MAX_HEARD:]
            answer = question.read(received)
            if answer is not None:
                return answer, time.monotonic() - begun
    return question.silence, None


def _drain(line: Line) -> None:
    while select.select([line.fd], [], [], 0)[0]:
        line.read()


def _known(heard: bytes, speed: int) -> Sighting | None:
    for hearing in HEARINGS:
        if speed in hearing.speeds:
            sighting = hearing.hear(heard)
            if sighting is not None:
                return sighting
    return None


def why(fault: Exception) -> str:
    """In words for a person."""
    number = getattr(fault, "errno", None) or getattr(fault.__cause__, "errno", None)
    if number in {errno.EAGAIN, errno.EBUSY}:
        return _(HELD)
    if number == errno.ENOENT:
        return _("is not there")
    if number == errno.EACCES:
        return _("may not be used by this user: use root, or a member of its group")
    return str(fault) or type(fault).__name__
