"""The fleet: all units on one thread, which is the caller's; what it is ordered to do to the centre, and what came of it.

Nothing happens but in `run` and `until`: there is no lock, and no thread of its own.
"""

from __future__ import annotations

import heapq
import random
import selectors
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import count
from typing import Self, TypeVar

from agent.link.reconnect import Ending, Pace, Reconnect
from contract.chain import line
from contract.facts import AccessGranted, Fact, Via
from contract.facts.declaration import data_of, kind_of
from contract.topics import Down
from simulator.demo.waiting import NotHeldError
from simulator.fleet.connections import MISC_S, Traffic, UnitLink, room_for
from simulator.fleet.enlisted import Enlisted
from simulator.fleet.fleet_unit import FleetUnit
from simulator.fleet.hostile import Flood, Mischief
from simulator.fleet.memory_journal import BOOT

HANDSHAKES = 64
"""Attempts to connect under way at a time: below the backlog of a listener (mosquitto's is 100), over which the kernel waits a second."""
TURN_S = 0.25
CHECKS = 64
"""Confirms checked in one turn, when nothing else is to be done."""
LOOK_S = 1.0

T = TypeVar("T")


class Fleet:
    """`with Fleet(...) as fleet`. `pace`: the bounds of the back-off, the agent's own where none is given.

    `ports`: of a broker's nodes. Units are spread over them; one that a node does not let in asks the next, as with a name of several addresses.
    """

    def __init__(
        self, *ports: int, enlisted: Sequence[Enlisted], host: str = "127.0.0.1", pace: Pace | None = None
    ) -> None:
        room_for(len(enlisted))
        self._host, self._ports, self._pace = host, ports, pace
        self._nodes: dict[FleetUnit, int] = {}
        self._selector = selectors.DefaultSelector()
        self._links: dict[FleetUnit, UnitLink] = {}
        self._backoffs: dict[FleetUnit, Reconnect] = {}
        self._away: set[FleetUnit] = set()
        """Those that are to stay away."""
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._knocking: deque[FleetUnit] = deque()
        self._handshakes: set[UnitLink] = set()
        self._confirms: deque[tuple[FleetUnit, Down, bytes]] = deque()
        self._dice = random.Random()
        self._looked = self._misced = time.monotonic()
        self.hold_confirms = False
        """Confirms are left lying: what it costs to check them is not spent while something is measured on this machine."""
        self.traffic = Traffic()
        self.units: list[FleetUnit] = []
        for each in enlisted:
            self._add(FleetUnit(each, self.later, self._postpone))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """All lines go dead."""
        self.leave(self.units)
        self._selector.close()

    def _add(self, unit: FleetUnit) -> None:
        self._nodes[unit] = len(self.units)
        self.units.append(unit)
        self._away.add(unit)
        self._backoffs[unit] = Reconnect("3.1.1", self._dice.uniform, self._pace)

    # --- time passes

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._turn(min(left, TURN_S))

    def until(self, what: str, look: Callable[[], T], limit_s: float = 30.0, every_s: float = 0.01) -> T:
        """The first true value of `look`, which is asked so often. Raises NotHeldError after the limit."""
        end = time.monotonic() + limit_s
        next_look = 0.0
        while True:
            now = time.monotonic()
            if now >= next_look:
                value = look()
                if value:
                    return value
                if now >= end:
                    raise NotHeldError(f"not within {limit_s:g} s: {what}")
                next_look = time.monotonic() + every_s
            self._turn(min(every_s, TURN_S))

    def _turn(self, wait_s: float) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
        self._knock()
        if self._confirms and not self.hold_confirms:
            wait_s = 0.0
        elif self._due:
            wait_s = max(0.0, min(wait_s, self._due[0][0] - now))
        ready = self._selector.select(wait_s)
        for key, mask in ready:
            key.data.ready(mask)
        if not ready and not self.hold_confirms:
            self._check()
        if now - self._looked >= LOOK_S:
            self._looked = now
            for unit in list(self._links):
                unit.look(now)
        if now - self._misced >= MISC_S:
            self._misced = now
            for link in list(self._links.values()):
                link.misc()

    def _check(self) -> None:
        for _ in range(min(CHECKS, len(self._confirms))):
            unit, down, token = self._confirms.popleft()
            unit.confirm(down, token)

    def _postpone(self, unit: FleetUnit, down: Down, token: bytes) -> None:
        self._confirms.append((unit, down, token))

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Call back after so long."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), what))

    # --- connections

    def _knock(self) -> None:
        while self._knocking and len(self._handshakes) < HANDSHAKES:
            unit = self._knocking.popleft()
            if unit in self._away or unit in self._links:
                continue
            link = UnitLink(unit, self._selector, self._came_up, self._ended, self.traffic)
            self._links[unit] = link
            self._handshakes.add(link)
            link.open(self._host, self.port_of(unit))

    def port_of(self, unit: FleetUnit) -> int:
        """Of the node it is at, or asks next."""
        return self._ports[self._nodes[unit] % len(self._ports)]

    def _came_up(self, link: UnitLink) -> None:
        self._handshakes.discard(link)
        link.unit.connected(link.publish, link.resubscribe)

    def _ended(self, link: UnitLink) -> None:
        self._handshakes.discard(link)
        unit = link.unit
        if self._links.get(unit) is link:
            del self._links[unit]
            unit.disconnected()
        if link.up_mono is None:
            self._nodes[unit] += 1
        if unit not in self._away:
            self._come_back(unit, link)

    def _come_back(self, unit: FleetUnit, link: UnitLink) -> None:
        """After the wait of the real back-off."""
        lasted = 0.0 if link.up_mono is None else time.monotonic() - link.up_mono
        how = "refused" if link.refused else "unreachable" if link.up_mono is None else "closed"
        wait = self._backoffs[unit].after(Ending(how, lasted)).wait_s  # type: ignore[arg-type]
        self.later(wait, lambda: self._knocking.append(unit))

    def connect(self, units: Iterable[FleetUnit] | None = None, limit_s: float = 60.0) -> None:
        """Bring them up (all where none is named), as fast as the broker lets them in; returns when they are."""
        wanted = list(self.units if units is None else units)
        self._away.difference_update(wanted)
        self._knocking.extend(unit for unit in wanted if unit not in self._links)
        self.until("all are connected", lambda: self.up(wanted) == len(wanted), limit_s)

    def up(self, units: Iterable[FleetUnit] | None = None) -> int:
        """How many are connected and subscribed."""
        links = (self._links.get(unit) for unit in (self.units if units is None else units))
        return sum(link is not None and link.up for link in links)

    def leave(self, units: Iterable[FleetUnit]) -> None:
        """Their lines go dead, and they stay away."""
        for unit in list(units):
            self._away.add(unit)
            if (link := self._links.get(unit)) is not None:
                link.cut()

    @property
    def sending(self) -> int:
        """How many have published something that the broker has not acknowledged."""
        return sum(link.sending for link in self._links.values())

    @property
    def unconfirmed(self) -> int:
        """Facts of all that are not confirmed."""
        return sum(unit.journal.backlog for unit in self.units)

    # --- orders

    def storm(self, units: Iterable[FleetUnit] | None = None) -> None:
        """All lines go dead at once; each comes back when its back-off says so."""
        for unit in list(self.units if units is None else units):
            self._away.discard(unit)
            link = self._links.get(unit)
            if link is not None:
                link.cut()
            else:
                never = Reconnect("3.1.1", self._dice.uniform, self._pace).after(Ending("closed")).wait_s
                self.later(never, lambda unit=unit: self._knocking.append(unit))  # type: ignore[misc]

    def drain(self, facts: int, units: Iterable[FleetUnit] | None = None) -> None:
        """Each gathers so many facts as if it had been away: cards at its door. Lines for one number are made once for all."""
        began, made = time.time() - facts, dict[int, bytes]()
        for unit in self.units if units is None else units:
            for _ in range(facts):
                seq = unit.journal.last + 1
                if seq not in made:
                    made[seq] = _card(seq, began + len(made))
                unit.journal.append(made[seq])

    def prepare(self, units: Iterable[FleetUnit] | None = None) -> None:
        """All that waits is signed now."""
        for unit in self.units if units is None else units:
            unit.prepare()

    def clone(self, unit: FleetUnit) -> FleetUnit:
        """A copy of its box, disk and keys, which does not know of the other. It is away until `connect` names it."""
        made = FleetUnit(unit.enlisted, self.later, self._postpone)
        made.journal, made.desired = unit.journal.copied(made.session), deepcopy(unit.desired)
        self._add(made)
        return made

    def flood(self, unit: FleetUnit, mischief: Mischief, a_second: float) -> Flood:
        """One unit turns hostile, until the flood is stopped."""
        return Flood(unit, mischief, a_second, self.later)


def _card(seq: int, at_utc: float) -> bytes:
    fact: Fact = AccessGranted("main", f"r-{seq % 5000}", Via.CARD)
    return line(seq, at_utc, "synced", BOOT, float(seq), kind_of(fact), data_of(fact))
