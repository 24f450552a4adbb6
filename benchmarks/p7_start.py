"""P7: from the start of the process to a door that works, and to the first message at the broker."""

from __future__ import annotations

import time

from benchmarks.ear import Ear
from benchmarks.figures import Row, spread
from benchmarks.site import SITE, UNIT, Site
from simulator.demo.waiting import until

STARTS, QUICK_STARTS = 15, 3
HOLDERS = 5_000
GOAL = "≤ 0.4 s to the door, ≤ 0.7 s to the first publish, medians"
REMARKS = (
    (
        "Begins before the process is made. The door is ready when the lock's safe output has been written, the relay board has "
        "been polled and the reader's line is open. The first publish is when another client hears it from the broker."
    ),
    (
        "A start after a clean stop, on warm files: the interpreter, the libraries and their byte code are in the page cache, as on a "
        "restart by systemd. A cold start from a memory card is not measured here."
    ),
    "Cards work when the roster has been read from the cache, by the store's own thread, while the door's lines are being opened.",
)


def measure(quick: bool = False) -> Row:
    ready: list[float] = []
    cards: list[float] = []
    published: list[float] = []
    with Site(200 if quick else HOLDERS) as site:
        site.settle()
        with Ear(site.port, f"doorward/1/{SITE}/up/{UNIT}/#") as ear:
            for _ in range(QUICK_STARTS if quick else STARTS):
                _one(site, ear, ready, cards, published)
        figures = (
            spread("start → door ready", ready),
            spread(f"start → cards of {site.holders:,} holders work", cards),
            spread("start → first publish", published),
        )
    return Row("P7", "start → door ready / → first publish", GOAL, figures, REMARKS)


def _one(site: Site, ear: Ear, ready: list[float], cards: list[float], published: list[float]) -> None:
    site.watched.stop()
    time.sleep(0.2)
    while not ear.heard.empty():
        ear.heard.get()
    relay = site.box.relay
    polls = relay.polls
    site.watched.start()
    start = site.watched.started_mono
    until("the board is polled", lambda: site.watched.pid and relay.polls > polls, 20.0, 0.001)
    polled = time.monotonic()
    written = until("the safe output", lambda: site.box.trace.moments("relay", "frame", since=start), 20.0, 0.001)
    opened = next(mark.at for mark in site.marks("opened") if mark.at > start and mark.values == ("reader",))
    ready.append(max(polled, written[0].at, opened) - start)
    cards.append(site.await_mark("holders", after=start).at - start)
    published.append(ear.heard.get(timeout=20.0)[0] - start)
