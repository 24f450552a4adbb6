"""P5: from a fact's order to the journal, to the unit's disk, to the centre's commit, while online and nothing waits."""

from __future__ import annotations

import random
import time

from benchmarks.figures import Row, spread
from benchmarks.site import Site
from simulator.demo.waiting import until

TAPS, QUICK_TAPS = 300, 30
GOAL = "median ≤ 4 ms"
REMARKS = (
    (
        "Begins when the core's fact is handed to the unit's store, in the same step that unlocks; ends when the transaction of the "
        "centre's books that holds it has been committed. Both disks are written with `synchronous=FULL` in between."
    ),
)


def measure(quick: bool = False) -> Row:
    taps, dice = (QUICK_TAPS if quick else TAPS), random.Random(5)
    with Site(50) as site:
        site.settle()
        since = time.monotonic()
        for n in range(taps):
            site.tap(n)
            time.sleep(dice.uniform(0.04, 0.08))
        moments = until("all of it is in the books", lambda: _moments(site, since, taps), 20.0) or []
    figures = (
        spread("fact → committed at the centre", [end - start for start, _, end in moments]),
        spread("of which: → durable at the unit", [durable - start for start, durable, _ in moments]),
    )
    return Row("P5", "fact → centre when online", GOAL, figures, REMARKS)


def _moments(site: Site, since: float, least: int) -> list[tuple[float, float, float]] | None:
    """(ordered, durable, in the books) of each fact; None while some are missing."""
    ordered = {mark.values[0]: mark.at for mark in site.marks("record") if mark.at >= since}
    committed = {int(mark.values[0]): mark.at for mark in reversed(site.committed())}
    found = []
    for mark in site.marks("recorded"):
        token, first, _ = mark.values
        if token not in ordered:
            continue
        end = committed.get(int(first))
        if end is None:
            return None
        found.append((ordered[token], mark.at, end))
    return found if len(found) >= least else None
