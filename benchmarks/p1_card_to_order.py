"""P1: from a card's last byte, read from the line, to the unlock order in the lock's line, while the unit has other troubles."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import backlog
from benchmarks.figures import Figure, Row, spread
from benchmarks.flood import Flood
from benchmarks.marks import Mark
from benchmarks.process import Process
from benchmarks.site import SITE, UNIT, Site
from simulator.demo.stage import READERS_S
from simulator.demo.waiting import until

CARDS, QUICK_CARDS = 300, 30
MANY_HOLDERS, QUICK_HOLDERS = 20_000, 2_000
BACKLOG, QUICK_BACKLOG = 150_000, 20_000
"""At the product's 5,000 facts a second enough for as long as the cards take; 72 hours of a busy entrance are about 30,000."""
FLOOD_A_SECOND = 1_000
FSYNC_S = 2.0
OTHER_LINES = (("line", "decimal", 115_200), ("OSDP", "osdp", 9_600), ("OSDP", "osdp", 115_200))
"""Readers besides the line reader at 9600 baud; the Modbus lock's line has the same speed."""


def measure(quick: bool = False) -> Row:
    cards, holders = (QUICK_CARDS, QUICK_HOLDERS) if quick else (CARDS, MANY_HOLDERS)
    figures = []
    with Site(50) as site:
        site.settle()
        figures.append(spread("idle, 50 holders", tap_cards(site, cards)))
    for kind, form, baud in OTHER_LINES:
        figures.append(_on_line(kind, form, baud, cards // 3))
    with Site(holders) as site:
        site.settle()
        figures.append(spread(f"{holders:,} holders", tap_cards(site, cards)))
        figures.append(_flooded(site, cards, "a flood"))
        figures.append(_draining(site, cards, QUICK_BACKLOG if quick else BACKLOG))
        figures.append(_slow_disk(site, cards))
    return Row("P1", "card's last byte read → unlock order handed to the lock's line", GOAL, tuple(figures), REMARKS)


GOAL = "p50 ≤ 1 ms, p99 ≤ 5 ms, in every condition"
REMARKS = (
    "Both moments are taken inside the agent, by `benchmarks/agent_probe.py`; writing one down costs about 5 µs.",
    (
        "Cards are tapped every 40 to 70 ms, where no line is named at a line reader of 9600 baud; each is of another resident. An OSDP reader at that speed "
        "shows and sounds each answer, which takes 150 ms of its line: where a line is named, cards come every 200 to 250 ms. "
        "The conditions after the one with many holders add to it."
    ),
    (
        "The flood is half validly signed notices sent again and half garbage, on topics of the unit's scopes at QoS 1, "
        "from a process on the same two cores as broker, centre, agent and simulated hardware."
    ),
    "The backlog drains as fast as the product lets it, 5,000 facts a second, all the while; 72 hours of a busy entrance are 30,000.",
    "Syncs are held up by strace, which stops the process for nothing else (`--seccomp-bpf`); where it is missing, that row is not measured.",
)


def tap_cards(site: Site, count: int, pause_s: tuple[float, float] = (0.025, 0.055)) -> list[float]:
    """Tap so many cards; seconds from each to its order. A card without an order is an error of the measurement."""
    since, dice = time.monotonic(), random.Random(1)  # a rhythm that does not beat with the polls
    for n in range(count):
        site.tap(n)
        time.sleep(dice.uniform(*pause_s))

    def all_ordered() -> list[float] | None:
        found = pairs([mark for mark in site.marks("card", "order") if mark.at >= since])
        return found if len(found) >= count else None

    return until(f"{count} cards answered", all_ordered, 10.0) or []


def pairs(marks: list[Mark]) -> list[float]:
    """Each order belongs to the oldest card that has none yet."""
    waiting: list[float] = []
    found = []
    for mark in marks:
        if mark.name == "card":
            waiting.append(mark.at)
        elif waiting:
            found.append(mark.at - waiting.pop(0))
    return found


def _on_line(kind: str, form: str, baud: int, cards: int) -> Figure:
    with Site(50, io_baud=baud, reader_baud=baud, reader_form=form) as site:
        site.settle()
        time.sleep(2.0)  # an OSDP reader's session stands
        return spread(
            f"idle, 50 holders, {kind} reader and Modbus lock at {baud:,} baud", tap_cards(site, cards, (0.2, 0.25))
        )


def _flooded(site: Site, cards: int, name: str) -> Figure:
    with Flood(site, FLOOD_A_SECOND) as flood:
        found = tap_cards(site, cards)
        rate = flood.rate()
    return spread(f"+ {name} of {FLOOD_A_SECOND:,} MQTT messages a second", found, note=f"; {rate:,.0f}/s were sent")


def _draining(site: Site, cards: int, facts: int) -> Figure:
    """Start on a full journal and tap while it drains."""
    site.watched.stop()
    last = backlog.fill(site.state, SITE, UNIT, facts)
    began = time.monotonic()
    site.start_agent()
    site.await_mark("centre", after=began)
    time.sleep(READERS_S)
    found = tap_cards(site, cards)
    done = max((int(mark.values[0]) for mark in site.marks("confirmed") if mark.at >= began), default=0)
    left = max(0, last - done)
    return spread("+ a backlog draining", found, note=f"; of {facts:,} facts {left:,} were left at the end")


def _slow_disk(site: Site, cards: int) -> Figure:
    name = f"+ each fsync and fdatasync taking {FSYNC_S:g} s"
    if shutil.which("strace") is None:
        return Figure(name, "not measured: strace is not on this machine")
    site.watched.stop()
    with _delayed(site):
        found = tap_cards(site, cards)
    return spread(name, found)


@contextmanager
def _delayed(site: Site) -> Iterator[None]:
    """The agent with its syncs held up by strace. Only they are stopped for: --seccomp-bpf lets all other calls through unseen."""
    calls = "fsync,fdatasync"
    inject = f"inject={calls}:delay_enter={FSYNC_S * 1e6:.0f}"
    tracer = ["strace", "-f", "--seccomp-bpf", "--kill-on-exit", "-qq", "-o", str(site.folder / "strace.log")]
    agent = Process.python(*site.probe_command, log=site.folder / "agent.log", extra=site.runtime)
    slow = Process([*tracer, "-e", f"trace={calls}", "-e", inject, *agent.command], agent.log, site.runtime)
    began = time.monotonic()
    try:
        site.start_agent(slow, 60.0)
        site.await_mark("centre", 60.0, after=began)
        time.sleep(READERS_S)
        yield
    finally:
        slow.kill()
