"""P12: one notice, one click: to the last of 2,000 units received, receipted and booked; 8,000; with 200,000 holders retained."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.figures import Figure, Row, median, ms
from benchmarks.fleet_site import FleetSite, on_a_disk
from benchmarks.process import peak_mb, resident_mb, written_bytes
from centre import rosters
from contract.scopes import Scope
from simulator.fleet.enlisting import YARD

UNITS, MANY, QUICK_UNITS = 2000, 8000, 100
HOLDERS = 200_000
RUNS, QUICK_RUNS = 5, 2
SHOWN_S = 2.5
LIMIT_S = 60.0
GOAL = "2,000 in ≤ 0.8 s (p50), with 200,000 holders retained ≤ 1.0 s; 8,000 in ≤ 3 s; `serve` ≤ 90 MB"
REMARKS = (
    (
        "From the click (what `notice put` does, in a process that is open already: judged, signed, committed, published) to the moment the books of `serve` hold the chained, "
        "signed `notice.received` of the last unit, as another process reads them every 30 ms."
    ),
    (
        "The units are a fleet in one process (simulator/fleet): a session each, the notice's signature checked once for all of them, each receipt chained and signed by its unit. Confirms are left lying until "
        "the run is over; `notice.shown` follows later and is not in the figure."
    ),
    "mosquitto as `doorward centre broker` configures it, without TLS; fleet, broker and `serve` share the machine's cores, and each figure says how much of one they used.",
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One click's course, in seconds, and who used how much of a core meanwhile."""

    heard_s: float
    booked_s: float
    shares: dict[str, float]
    written_mb: float


def measure(quick: bool = False) -> Row:
    units, runs = (QUICK_UNITS, QUICK_RUNS) if quick else (UNITS, RUNS)
    figures = []
    with on_a_disk(units) as site:
        pid = site.street.serve.pid
        assert pid is not None
        figures.append(_figure(f"{units:,} units", [notice_once(site) for _ in range(runs)]))
        _retain(site, HOLDERS * units // UNITS)
        title = f"{units:,} units, {HOLDERS * units // UNITS:,} holders retained"
        figures.append(_figure(title, [notice_once(site) for _ in range(runs)]))
        now, most = resident_mb(pid), peak_mb(pid)
        figures.append(
            Figure("`serve`'s resident memory then", f"{now:.1f} MB (peak {most:.1f})", {"mb": now, "peak_mb": most})
        )
    if not quick:
        with on_a_disk(MANY) as site:
            figures.append(_figure(f"{MANY:,} units, once", [notice_once(site)]))
    return Row("P12", "one notice to the whole fleet, received, receipted and booked", GOAL, tuple(figures), REMARKS)


def notice_once(site: FleetSite) -> Notice:
    """One click to all."""
    street, fleet = site.street, site.street.fleet
    units = len(fleet.units)
    for unit in fleet.units:
        unit.shown_s = SHOWN_S
    before = sum(unit.journal.last for unit in fleet.units)
    pid = street.broker.pid
    assert pid is not None
    fleet.hold_confirms, shares, written = True, site.shares(), written_bytes(pid)
    site.desk.order("notice", f"site/{street.centre.site.site}")
    fleet.until("every unit has it", lambda: sum(u.journal.last for u in fleet.units) >= before + units, LIMIT_S, 0.03)
    heard = time.monotonic()
    done = fleet.until("the click is over", site.desk.done, LIMIT_S)
    assert done is not None
    asked = "SELECT count(*) FROM receipts WHERE notice = ? AND received_utc IS NOT NULL"
    fleet.until("every receipt is booked", lambda: street.ask(asked, done["name"]) == units, LIMIT_S, 0.03)
    booked, used = time.monotonic(), shares.so_far()
    written = written_bytes(pid) - written
    fleet.hold_confirms = False
    told = asked.replace("received", "shown")
    fleet.until("all have shown it", lambda: street.ask(told, done["name"]) == units, LIMIT_S, 0.1)
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed, LIMIT_S, 0.1)
    return Notice(heard - done["began"], booked - done["began"], used, written / 1e6)


def _figure(condition: str, found: list[Notice]) -> Figure:
    booked, heard = median([each.booked_s for each in found]), median([each.heard_s for each in found])
    typical = next(each for each in found if each.booked_s == booked)
    used = ", ".join(f"{name} {share:.0%}" for name, share in typical.shares.items())
    most = max(each.booked_s for each in found)
    text = (
        f"p50 {ms(booked * 1000)}, max {ms(most * 1000)} (n = {len(found)}); the last unit had it after {ms(heard * 1000)}; "
        f"{used} of a core meanwhile; the broker wrote {typical.written_mb:.1f} MB"
    )
    values = {"p50_s": booked, "max_s": most, "heard_s": heard, "n": len(found), "written_mb": typical.written_mb}
    return Figure(condition, text, values | {f"{name}_share": share for name, share in typical.shares.items()})


def _retain(site: FleetSite, holders: int) -> None:
    """Each yard's roster, so that they come to so many in all; returns when every unit has its own."""
    street = site.street
    yards = len(street.fleet.units) // YARD
    each = holders // yards
    for yard in range(yards):
        rows = [f"h{yard}-{n},resident,{yard * each + n + 1_000_000:010d},{n % 300 + 101}" for n in range(each)]
        data = "\n".join(["id,role,card,room", *rows, ""]).encode()
        rosters.put(street.centre, Scope("yard", f"y{yard}"), "residents", data, time.time())
        street.fleet.run(0.0)
    asked = "SELECT count(*) FROM state WHERE token IS NOT NULL AND sent_rev < rev"
    street.fleet.until("the broker has them", lambda: not street.ask(asked), 120.0, 0.2)
    street.fleet.until(
        "the units have them", lambda: not street.fleet.unconfirmed and not street.fleet.sending, 120.0, 0.2
    )
    street.fleet.run(2.0)
