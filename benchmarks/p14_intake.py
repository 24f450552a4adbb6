"""P14: the intake of one `serve`, signed and chained, into the books: batches of one fact, and full ones."""

from __future__ import annotations

import time

from benchmarks.figures import Figure, Row
from benchmarks.fleet_site import FleetSite, on_a_disk
from benchmarks.process import resident_mb
from contract.chain import MAX_BATCH_FACTS

UNITS, QUICK_UNITS = 2000, 100
SINGLE, FULL = 6, 800
"""Facts of each unit."""
LIMIT_S = 180.0
GOAL = "batches of one fact ≥ 8,000 a second, full ones ≥ 100,000 facts a second"
REMARKS = (
    (
        "The load is made beforehand: every unit's facts, chained and signed, wait at the broker in the session of `serve`, and the units are gone when it starts. From its connection to the commit of the "
        "last fact, as another process reads the books every 20 ms: parsing, signatures, chain, commit with `synchronous=FULL`, a signed confirm for each batch."
    ),
    "The broker writes nothing to its disk, so that `serve` alone is measured. The confirms are published and reach nobody.",
    "Where the shares are far below a core, other work had the processor meanwhile: the time a fact then says more than the rate.",
    "A fact's line is about 130 bytes; a full batch is 60 KiB of them or 500.",
)


def measure(quick: bool = False) -> Row:
    units = QUICK_UNITS if quick else UNITS
    figures = []
    with on_a_disk(units) as site:
        for name, facts, size in (("one fact a batch", SINGLE, 1), ("full batches", FULL, MAX_BATCH_FACTS)):
            figures.append(_intake(site, name, facts, size))
    return Row("P14", "intake of one `serve`, signed and chained, in the books", GOAL, tuple(figures), REMARKS)


def _intake(site: FleetSite, name: str, facts: int, batch_facts: int) -> Figure:
    street, fleet = site.street, site.street.fleet
    fleet.connect(limit_s=LIMIT_S)
    fleet.until("nothing waits", lambda: not fleet.unconfirmed and not fleet.sending, LIMIT_S, 0.1)
    street.serve.stop()
    fleet.run(1.0)
    for unit in fleet.units:
        unit.journal.batch_facts = batch_facts
    fleet.drain(facts)
    fleet.prepare()
    batches = sum(len(unit.journal.cuts) for unit in fleet.units)
    for unit in fleet.units:
        unit.pump(anyway=True)
        fleet.run(0.0)
    fleet.until("the broker has all", lambda: not fleet.sending, LIMIT_S, 0.1)
    fleet.leave(fleet.units)
    fleet.run(1.0)
    before, wanted = street.booked(), facts * len(fleet.units)
    street.start_serve()
    began, shares, last = time.monotonic(), site.shares(), street.booked()
    fleet.until("all is booked", lambda: street.booked() >= before + wanted, LIMIT_S, 0.02)
    took = time.monotonic() - began
    rate = (before + wanted - last) / took
    pid = street.serve.pid
    assert pid is not None
    each_us = shares.so_far()["serve"] * took / wanted * 1e6
    text = (
        f"{rate:,.0f} facts a second ({wanted:,} in {batches:,} batches, {took:.1f} s); `serve` {each_us:.0f} µs of processor time a fact; "
        f"{shares.told()}; `serve` {resident_mb(pid):.0f} MB"
    )
    values = {"facts_per_s": rate, "batches_per_s": batches / took, "seconds": took, "serve_us": each_us}
    return Figure(name, text, values | {f"{who}_share": share for who, share in shares.so_far().items()})
