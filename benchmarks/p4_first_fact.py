"""P4: from the broker's yes to a connecting unit to its first fact in the centre's books."""

from __future__ import annotations

import time

from benchmarks.figures import Figure, Row, spread
from benchmarks.site import Site
from simulator.demo.waiting import until

STARTS, QUICK_STARTS = 15, 2
GOAL = "≤ 50 ms; reconnecting backs off 1 → 120 s with full jitter"
REMARKS = (
    (
        "From the CONNACK, as the unit's link hears it, to the centre's commit of the first batch after it. In between: subscribing, "
        "the retained state of the unit's scopes, the centre's presence, reading the journal, signing, the broker, checking, the commit."
    ),
    (
        "A unit that is just starting, so that it is also busy with its roster and its screen. The time before the connection is the "
        "back-off's and not in the figure."
    ),
)


def measure(quick: bool = False) -> Row:
    with Site(50) as site:
        site.settle()
        found = [_one(site) for _ in range(QUICK_STARTS if quick else STARTS)]
    figure: Figure = spread("a unit's start, the centre online", found)
    return Row("P4", "connection accepted → first fact at the centre", GOAL, (figure,), REMARKS)


def _one(site: Site) -> float:
    site.watched.stop()
    began = time.monotonic()
    site.start_agent()
    accepted = site.await_mark("accepted", after=began).at

    def committed() -> float | None:
        return next((mark.at for mark in site.committed() if mark.at > accepted), None)

    end = until("a fact reaches the books", committed, 20.0)
    assert end is not None
    return end - accepted
