"""P3: facts that were journaled offline, drained and confirmed by the centre once the broker is back. Chained, signed, no limit set."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks import backlog
from benchmarks.figures import Figure, Row, median, ms
from benchmarks.site import SITE, UNIT, Site
from simulator.demo.waiting import until

FACTS, MANY = 10_000, 100_000
RUNS = 5
GOAL = "10,000 facts at ≥ 50,000 a second"
REMARKS = (
    (
        "From the moment the unit, connected again, heard that the centre is online, to the moment it heard the centre's signed "
        "confirm of the last fact. `drain_facts_s` is 0; as shipped a unit drains at 5,000 a second, so that a district's units "
        "coming back together leave the centre air."
    ),
    (
        "Each fact is a line of about 150 bytes in a batch of at most 60 KiB, eight batches on their way; read from SQLite with its "
        "chain checked, signed, published at QoS 1; verified, its chain and JSON checked, committed to the books with "
        "`synchronous=FULL`, confirmed."
    ),
    "Unit, broker, centre and simulated hardware share the machine's cores.",
)


@dataclass(frozen=True, slots=True)
class Drain:
    """Seconds from the centre's presence: the last batch handed over, the last commit at the centre, the last confirm heard."""

    facts: int
    sent: float
    committed: float
    confirmed: float


def measure(quick: bool = False) -> Row:
    with Site(50, drain_facts_s=0) as site:
        site.settle()
        drains = [drain(site, FACTS) for _ in range(1 if quick else RUNS)]
        figures = [_figure(f"{FACTS:,} facts, median of {len(drains)}", drains)]
        if not quick:
            figures.append(_figure(f"{MANY:,} facts, once", [drain(site, MANY)]))
    return Row("P3", "facts queued offline, drained and confirmed by the centre", GOAL, tuple(figures), REMARKS)


def drain(site: Site, facts: int) -> Drain:
    """Fill the journal while nothing runs, start the unit without a broker, then bring broker and centre back."""
    site.watched.stop()
    site.centre.stop()
    site.stop_broker()
    last = backlog.fill(site.state, SITE, UNIT, facts)
    site.start_agent()
    began = time.monotonic()
    site.start_broker()
    site.centre.start()

    def confirmed() -> float | None:
        marks = [mark for mark in site.marks("confirmed") if mark.at >= began]
        return next((mark.at for mark in marks if int(mark.values[0]) >= last), None)

    end = until("the backlog is confirmed", confirmed, 120.0, 0.05)
    assert end is not None
    start = site.await_mark("centre", after=began).at
    sent = next(mark.at for mark in site.marks("batch") if mark.at >= began and int(mark.values[1]) >= last)
    committed = next(mark.at for mark in site.committed() if mark.at >= began and int(mark.values[1]) >= last)
    return Drain(facts, sent - start, committed - start, end - start)


def _figure(condition: str, drains: list[Drain]) -> Figure:
    took = sorted(drains, key=lambda drain: drain.confirmed)[(len(drains) - 1) // 2]
    rate = took.facts / took.confirmed
    text = (
        f"{rate:,.0f}/s: {ms(took.confirmed * 1000)}; last batch handed to the link after {ms(took.sent * 1000)}, "
        f"in the books after {ms(took.committed * 1000)}"
    )
    every = [drain.facts / drain.confirmed for drain in drains]
    values = {
        "facts_per_s": rate,
        "slowest_per_s": min(every),
        "fastest_per_s": max(every),
        "median_per_s": median(every),
    }
    return Figure(condition, text, values)
