"""`python -m benchmarks.scale [UNITS …]`: what a fleet of so many costs the centre, counted, beside what the model says; exit 1 where they are 20 % apart.

Four events: every unit tells one fact; a notice to all; all lines go dead and come back; they come back with a backlog.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import cost_model
from benchmarks.cost_model import Cost
from benchmarks.fleet_site import FleetSite, on_a_disk
from benchmarks.process import processor_s
from contract.facts import AccessGranted, Via
from simulator.fleet.connections import Traffic

UNITS = (2000, 4000, 8000)
BACKLOG = 200
TABLES = ("facts", "batches", "receipts")
APART = 0.2
LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one event: what the model says, and what was counted."""

    units: int
    event: str
    figure: str
    said: float
    counted: float

    @property
    def apart(self) -> float:
        """As a share of what was counted."""
        return abs(self.said - self.counted) / max(self.counted, 1.0)

    def __str__(self) -> str:
        mark = "  <-- apart" if self.apart > APART else ""
        return f"{self.units:>6,}  {self.event:<22} {self.figure:<18} {self.said:>14,.0f} {self.counted:>14,.0f} {self.apart:>6.0%}{mark}"


def compare(units: int, backlog: int = BACKLOG) -> list[Line]:
    """A street of so many units, through the four events."""
    lines: list[Line] = []
    with on_a_disk(units) as site:
        _settle(site)

        def event(name: str, cost: Cost, happen: Callable[[], None]) -> None:
            lines.extend(_compared(site, name, cost.times(units), happen))

        fleet = site.street.fleet
        event("one fact each", cost_model.single_fact(), lambda: _one_fact(site))
        event(
            "a notice to all",
            cost_model.notice(),
            lambda: site.desk.order("notice", f"site/{site.street.centre.site.site}"),
        )
        event("all come back", cost_model.comes_back(units), lambda: _come_back(site))
        event(f"back, with {backlog} each", cost_model.comes_back(units, backlog), lambda: _come_back(site, backlog))
        assert fleet.up() == units
    return lines


def _compared(site: FleetSite, name: str, said: Cost, happen: Callable[[], None]) -> list[Line]:
    street, pid = site.street, site.street.serve.pid
    assert pid is not None
    before, rows, used = _copy(street.fleet.traffic), _rows(site), processor_s(pid)
    happen()
    _settle(site)
    after = _copy(street.fleet.traffic)
    units = len(street.fleet.units)

    def moved(of: Traffic, start: str, *, octets: bool = False) -> float:
        counts = of.octets if octets else of.messages
        return sum(count for what, count in counts.items() if what.startswith(start))

    def line(figure: str, model: float, counted: float) -> Line:
        return Line(units, name, figure, model, counted)

    found = [
        line("messages up", sum(said.up.values()), moved(after, "up/") - moved(before, "up/")),
        line("messages down", sum(said.down.values()), moved(after, "down/") - moved(before, "down/")),
        line("signatures checked", said.checked, moved(after, "up/facts") - moved(before, "up/facts")),
        line("signatures made", said.signed, moved(after, "down/confirm") - moved(before, "down/confirm")),
        line("bytes up", said.up_bytes, moved(after, "up/", octets=True) - moved(before, "up/", octets=True)),
        line("bytes down", said.down_bytes, moved(after, "down/", octets=True) - moved(before, "down/", octets=True)),
    ]
    told = _rows(site)
    found += [
        line(f"rows of {table}", said.rows[table], told[table] - rows[table])
        for table in TABLES
        if said.rows.get(table)
    ]
    found.append(line("ms of serve", said.serve_s * 1000, (processor_s(pid) - used) * 1000))
    return found


def _copy(traffic: Traffic) -> Traffic:
    return Traffic(traffic.messages.copy(), traffic.octets.copy())


def _rows(site: FleetSite) -> dict[str, int]:
    return {table: int(site.street.ask(f"SELECT count(*) FROM {table}")) for table in TABLES}


def _one_fact(site: FleetSite) -> None:
    for unit in site.street.fleet.units:
        unit.write(AccessGranted("main", "r-1", Via.CARD))
        site.street.fleet.run(0.0)


def _come_back(site: FleetSite, backlog: int = 0) -> None:
    fleet = site.street.fleet
    fleet.leave(fleet.units)
    fleet.run(1.0)
    fleet.drain(backlog)
    fleet.connect(limit_s=LIMIT_S)


def _settle(site: FleetSite) -> None:
    """All is confirmed, and stays so: what is shown is told some seconds later."""
    fleet = site.street.fleet
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 7.0:
        fleet.run(0.5)
        if fleet.unconfirmed or fleet.sending:
            fleet.until("all is confirmed", lambda: not (fleet.unconfirmed or fleet.sending), LIMIT_S, 0.1)
            quiet_since = time.monotonic()


def main() -> int:
    lines: list[Line] = []
    print(f"{'units':>6}  {'event':<22} {'figure':<18} {'model':>14} {'counted':>14} {'apart':>6}")
    for units in [int(text) for text in sys.argv[1:]] or UNITS:
        found = compare(units)
        print(*found, sep="\n", flush=True)
        lines += found
    return 1 if any(line.apart > APART for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
