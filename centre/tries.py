"""How often a sign-in may be tried: so slowly that nobody guesses a password, and so that nobody is shut out for good by others who try.

In memory, by a clock that nobody sets, so a flood of tries writes nothing to the disk. Who has signed in from a browser before has tries of
their own there, which no stranger uses up.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable

from contract.frozen import frozen

MOST_KEPT = 10_000
"""Buckets; beyond, those with the least in them go: an attacker's own names, not the account that is being guessed at."""


@frozen
class Pace:
    """So many at once, and then one for each `per_s`."""

    at_once: int
    per_s: float


ACCOUNT = Pace(10, 60.0)
"""From browsers nobody knows, for one name: 1,450 a day, against passwords of twelve characters."""
ADDRESS = Pace(30, 10.0)
"""From one address, for any names: an office has one for all its people."""
DEVICE = Pace(10, 60.0)
"""From a browser that signed in to this account before."""


@frozen
class _Filled:
    level: float
    at_mono: float


class Tries:
    """For all threads of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], tuple[_Filled, Pace]] = {}

    def take(self, what: str, whose: str, pace: Pace) -> float:
        """Counts one, before anything is looked at: many at once count, too. Returns 0; or how long to wait, and counts nothing."""
        with self._lock:
            now = self._clock()
            level = self._level((what, whose), now)
            if level + 1 > pace.at_once:
                return (level + 1 - pace.at_once) * pace.per_s
            self._buckets[what, whose] = (_Filled(level + 1, now), pace)
            if len(self._buckets) > MOST_KEPT:
                self._make_room(now)
            return 0.0

    def give_back(self, what: str, whose: str) -> None:
        """It was no guess."""
        with self._lock:
            now = self._clock()
            found = self._buckets.get((what, whose))
            if found is not None:
                level = max(0.0, self._level((what, whose), now) - 1)
                self._buckets[what, whose] = (_Filled(level, now), found[1])

    def _level(self, name: tuple[str, str], now: float) -> float:
        found = self._buckets.get(name)
        if found is None:
            return 0.0
        filled, pace = found
        return max(0.0, filled.level - (now - filled.at_mono) / pace.per_s)

    def _make_room(self, now: float) -> None:
        by_level = sorted(self._buckets, key=lambda name: self._level(name, now))
        for name in by_level[: MOST_KEPT // 10]:
            del self._buckets[name]


def network(address: str) -> str:
    """Whose address it is: of IPv6 everybody has many."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
