"""Runs the agent as it is, with moments written down at its hand-over points: `python -m benchmarks.agent_probe MARKS [--many-opens] CONFIG`.

Wraps methods before `agent.app.run`; what they do stays theirs. The marks:
`card` (last byte read from the reader's line), `order` (unlock order handed to the lock's line), `wire` (a timed-pulse frame was
written to it), `opened PORT` (a serial line was
opened), `accepted` (the broker's CONNACK), `link-up`, `centre` (it is online), `record TOKEN` (facts ordered to be journaled),
`recorded TOKEN FIRST COUNT` (they are durable), `batch FIRST LAST` (handed to the link), `confirmed SEQ` (by the centre),
`part ROSTER NUMBER OF` (read by the link), `holders COUNT`.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.core import effects, events, limits
from agent.devices import Devices
from agent.inbox import Inbox
from agent.link.client import Link
from agent.link.connection import Connection
from agent.store import Store
from benchmarks.marks import Marks
from contract.messages import RosterPart
from drivers import port, reports

MANY = 1_000_000
PULSE = bytes([0x05, 0x02])
"""Function and high address byte of a timed pulse on a waveshare board (0x0200 + output)."""


def watch(marks: Marks) -> None:
    """Wrap the hand-over points."""
    _watch_lines(marks)
    _after(Inbox, "post", lambda event: _heard(marks, event))
    _before(Store, "order", lambda effect: _ordered(marks, effect))
    _after(Link, "order", lambda effect: _ordered(marks, effect))
    _before(Connection, "_on_connect", lambda *_: marks.put("accepted"))


def _watch_lines(marks: Marks) -> None:
    last = threading.local()
    read, write = port.Line.read, port.Line.write
    take, hand, opened = Devices._take, port.Port.order, port.Port._open

    def reading(self: port.Line) -> bytes:
        data = read(self)
        last.at = time.monotonic()
        return data

    def writing(self: port.Line, frame: bytes) -> None:
        write(self, frame)
        if frame[1:3] == PULSE:
            marks.put("wire")

    def taking(self: Devices, fact: reports.Fact) -> None:
        if isinstance(fact, reports.CardSeen):
            marks.put("card", at=last.at)
        take(self, fact)

    def handing(self: port.Port, order: reports.Order) -> None:
        hand(self, order)
        if isinstance(order, reports.PulseOutput):
            marks.put("order")

    def opening(self: port.Port) -> None:
        opened(self)
        marks.put("opened", self.name)

    port.Line.read, port.Line.write = reading, writing  # type: ignore[method-assign]
    Devices._take = taking  # type: ignore[method-assign]
    port.Port.order, port.Port._open = handing, opening  # type: ignore[method-assign]


def _ordered(marks: Marks, effect: effects.Effect) -> None:
    match effect:
        case effects.AppendFacts(token):
            marks.put("record", token)
        case effects.SendBatch():
            marks.put("batch", effect.first, effect.last)


def _heard(marks: Marks, event: events.Event) -> None:
    match event:
        case events.Recorded(token, first, lines):
            marks.put("recorded", token, first, len(lines))
        case events.FactsConfirmed(seq):
            marks.put("confirmed", seq)
        case events.LinkUp():
            marks.put("link-up")
        case events.CentrePresence(online=True):
            marks.put("centre")
        case events.MessageReceived(_, RosterPart() as part):
            marks.put("part", part.id, part.part, part.parts)
        case events.HoldersReplaced():
            marks.put("holders", len(event.by_key))


def _before(kind: Any, name: str, note: Callable[..., None]) -> None:
    wrapped = getattr(kind, name)

    def noted(self: Any, *values: Any) -> Any:
        note(*values)
        return wrapped(self, *values)

    setattr(kind, name, noted)


def _after(kind: Any, name: str, note: Callable[..., None]) -> None:
    wrapped = getattr(kind, name)

    def noted(self: Any, *values: Any) -> Any:
        result = wrapped(self, *values)
        note(*values)
        return result

    setattr(kind, name, noted)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.agent_probe")
    arguments.add_argument("marks", type=Path)
    arguments.add_argument("config", type=Path)
    arguments.add_argument("--many-opens", action="store_true", help="lift the limit of six remote opens a minute")
    given = arguments.parse_args()
    marks = Marks(given.marks)
    marks.put("process", os.getpid())
    watch(marks)
    limits.RENEW_S = MANY  # each card orders a pulse of its own, also while one runs
    if given.many_opens:
        limits.OPEN_RATE = MANY
    from agent.app import run  # noqa: PLC0415
    from agent.config import load  # noqa: PLC0415

    return run(load(given.config), verbose=False)


if __name__ == "__main__":
    sys.exit(main())
