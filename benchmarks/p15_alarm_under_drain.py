"""P15: an alarm, a reply and a notice's receipts into the books while 2,000 units drain 800 facts each, and how long that reconnect storm lasts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure, Row, median
from benchmarks.fleet_site import FleetSite, on_a_disk
from benchmarks.process import resident_mb, written_bytes
from contract.facts import DoorForced
from contract.scopes import Scope
from simulator.fleet.enlisting import scopes_of
from simulator.fleet.fleet_unit import FleetUnit

UNITS, QUICK_UNITS = 2000, 100
FACTS = 800
QUIET = 25
"""Units beside them that have nothing to drain; they stand in a yard of their own."""
FIRST_S, EVERY_S = 4.0, 2.0
"""After the storm began, and from one question to the next."""
LIMIT_S = 120.0
GOAL = "an alarm ≤ 1 s, a reply ≤ 0.5 s, a notice's receipts ≤ 3 s; all booked in ≤ 30 s, the broker writes ≤ 1 GB"
REMARKS = (
    (
        "2,000 units lose their lines at once and come back by the agent's back-off (1 to 5 s the first time), each with 800 facts; they keep to the window that each confirm grants, as real ones do. From then to the moment all 1.6 million are in the "
        "books; what the broker wrote is `write_bytes` of its /proc/<pid>/io."
    ),
    (
        "Meanwhile one of 25 units that drain nothing sends an alarm, one is told to identify itself, and a notice goes to their yard, again every 2 s. Each is timed from its sending to its row in the books "
        'as `serve` commits it (for the notice: the last of the 25 receipts). "At least": it was not there when the measurement ended.'
    ),
    "mosquitto as `doorward centre broker` configures it, without TLS. Fleet, broker and `serve` share the machine's cores.",
)


@dataclass(slots=True)
class _Waiting:
    """Something sent, until its row is in the books."""

    what: str
    query: str
    values: tuple[object, ...]
    wanted: int
    sent: float


@dataclass(slots=True)
class Urgent:
    """Sends what must not wait, one of each at a time, and looks for it."""

    site: FleetSite
    began: float
    next_at: float = 0.0
    turn: int = 0
    waiting: list[_Waiting] = field(default_factory=list)
    ordered: list[str] = field(default_factory=list)
    never: set[str] = field(default_factory=set)
    """Of which one was not booked before the end."""
    took: dict[str, list[float]] = field(default_factory=lambda: {"alarm": [], "reply": [], "notice": []})

    def look(self) -> None:
        now = time.monotonic()
        if now >= (self.next_at or self.began + FIRST_S) and not self.waiting and not self.ordered:
            self._send(now)
        told = self.site.desk.done() if self.ordered else None
        if told is not None:
            self.waiting.append(_asked(self.ordered.pop(0), told["name"], told["began"]))
        for each in list(self.waiting):
            if self.site.street.ask(each.query, *each.values) >= each.wanted:
                self.took[each.what].append(time.monotonic() - each.sent)
                self.waiting.remove(each)

    def _send(self, now: float) -> None:
        quiet = _quiet(self.site)
        unit = quiet[self.turn % len(quiet)]
        seq = unit.alarm(DoorForced("main"))
        query = "SELECT count(*) FROM alarms WHERE unit = ? AND kind = 'door.forced' AND epoch = ? AND seq = ?"
        self.waiting.append(_Waiting("alarm", query, (unit.name, unit.journal.epoch, seq), 1, now))
        self.ordered += ["reply", "notice"]
        self.site.desk.order("identify", quiet[(self.turn + 1) % len(quiet)].name)
        self.site.desk.order("notice", "yard/quiet")
        self.turn += 1
        self.next_at = now + EVERY_S

    def end(self) -> None:
        """What was still on its way took at least so long."""
        for each in self.waiting:
            self.took[each.what].append(time.monotonic() - each.sent)
            self.never.add(each.what)

    def told(self) -> str:
        return ", ".join(self._one(what, took) for what, took in self.took.items())

    def _one(self, what: str, took: list[float]) -> str:
        if not took:
            return f"{what} never asked"
        least = "at least " if what in self.never else ""
        return f"{what} {median(took):.2f} s (worst {least}{max(took):.2f}, n = {len(took)})"


def _asked(what: str, name: str, sent: float) -> _Waiting:
    if what == "reply":
        return _Waiting(what, "SELECT count(*) FROM courses WHERE command = ? AND state = 'done'", (name,), 1, sent)
    receipts = "SELECT count(*) FROM receipts WHERE notice = ? AND received_utc IS NOT NULL"
    return _Waiting(what, receipts, (name,), QUIET, sent)


def measure(quick: bool = False) -> Row:
    units = QUICK_UNITS if quick else UNITS
    with on_a_disk(units + QUIET, scopes=_places(units)) as site:
        figures = _storm(site, "the broker as shipped", units)
    return Row("P15", "urgent things while the fleet drains, and the reconnect storm", GOAL, tuple(figures), REMARKS)


def _places(units: int) -> Callable[[int], Sequence[Scope]]:
    def places(n: int) -> Sequence[Scope]:
        return scopes_of(n) if n < units else (Scope("yard", "quiet"),)

    return places


def _quiet(site: FleetSite) -> list[FleetUnit]:
    return site.street.fleet.units[-QUIET:]


def _storm(site: FleetSite, title: str, units: int) -> list[Figure]:
    street, fleet = site.street, site.street.fleet
    draining = fleet.units[:units]
    broker, serve = street.broker.pid, street.serve.pid
    assert broker is not None
    assert serve is not None
    fleet.leave(draining)
    fleet.drain(FACTS, draining)
    fleet.run(2.0)
    before, wanted = street.booked(), units * FACTS
    written, shares = written_bytes(broker), site.shares()
    began = time.monotonic()
    urgent = Urgent(site, began)
    fleet.storm(draining)

    def over() -> bool:
        urgent.look()
        return street.booked() >= before + wanted or time.monotonic() - began > LIMIT_S

    fleet.until("the storm is over", over, LIMIT_S + 60.0, 0.02)
    took, done = time.monotonic() - began, min(street.booked() - before, wanted)
    urgent.end()
    used, wrote = shares.told(), written_bytes(broker) - written
    whole = (
        f"all {wanted:,} booked in {took:.1f} s"
        if done == wanted
        else f"after {took:.0f} s only {done:,} of {wanted:,}"
    )
    text = f"{whole} ({done / took:,.0f}/s); the broker wrote {wrote / 1e6:,.0f} MB; {used}; `serve` {resident_mb(serve):.0f} MB"
    values = {"seconds": took, "booked": done, "facts_per_s": done / took, "written_mb": wrote / 1e6}
    worst = {f"{what}_worst_s": max(found) for what, found in urgent.took.items() if found}
    return [
        Figure(f"{title}: the storm", text, values),
        Figure(f"{title}: meanwhile", urgent.told(), worst),
    ]
