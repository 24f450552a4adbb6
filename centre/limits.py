"""How much of what only trouble brings one unit may leave in the books: forks, epochs, gaps; and how often it may cost work for nothing.

Owns the table `excesses`. One instance lives over many transactions; after one that failed it is thrown away.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, select, update

from centre import acts
from centre.alarms import LIMIT, Alarms
from centre.books import insert_new
from centre.schema import excesses

DAY_S = 86_400
USELESS = 200
WINDOW_S = 10.0
"""A unit may send so many messages in this time that bring nothing (refused, forks); then it is not listened to until the time is over."""


class Excess(StrEnum):
    """What is counted of each unit."""

    FORK = "fork"
    EPOCH = "epoch"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Bound:
    """How many a UTC day, and how many in all since the unit was enrolled."""

    day: int
    in_all: int


BOUNDS = {Excess.FORK: Bound(16, 128), Excess.EPOCH: Bound(16, 512), Excess.GAP: Bound(20_000, 200_000)}
"""A fork is kept whole (up to 64 KiB), an epoch costs a look at 10,000 hashes. A journal that was full for months has gaps by the thousand."""


@dataclass(slots=True)
class _Window:
    ends: float
    useless: int = 0
    told: bool = False


class Limits:
    """Used by one thread."""

    def __init__(self, conn: Connection, alarms: Alarms) -> None:
        self._alarms = alarms
        self._kept: Counter[tuple[str, Excess, int]] = Counter()
        self._in_all: Counter[tuple[str, Excess]] = Counter()
        for row in conn.execute(select(excesses)):
            self._kept[row.unit, Excess(row.what), row.day] += row.kept
            self._in_all[row.unit, Excess(row.what)] += row.kept
        self._fresh: dict[tuple[str, Excess, int], list[int]] = {}
        self._windows: dict[str, _Window] = {}

    def take(self, unit: str, what: Excess, now: float, count: int = 1) -> bool:
        """Whether the books have room for `count` more of this unit; counted either way."""
        day = int(now // DAY_S)
        bound, mark = BOUNDS[what], (unit, what, day)
        fits = self._kept[mark] + count <= bound.day and self._in_all[unit, what] + count <= bound.in_all
        if fits:
            self._kept[mark] += count
            self._in_all[unit, what] += count
        self._fresh.setdefault(mark, [0, 0])[0 if fits else 1] += count
        return fits

    def useless(self, unit: str, now: float) -> None:
        """A message of the unit brought nothing."""
        window = self._windows.get(unit)
        if window is None or now >= window.ends:
            window = self._windows[unit] = _Window(now + WINDOW_S)
        window.useless += 1

    def shut(self, unit: str, now: float) -> bool:
        """Whether the unit sent too much that brought nothing to be listened to now."""
        window = self._windows.get(unit)
        return window is not None and window.useless >= USELESS and now < window.ends

    def flush(self, conn: Connection, now: float) -> None:
        """Writes what was counted, and raises an alarm for each unit that met a limit; before the transaction ends."""
        for (unit, what, day), (kept, beyond) in self._fresh.items():
            mine = (excesses.c.unit == unit) & (excesses.c.what == what) & (excesses.c.day == day)
            conn.execute(insert_new(conn, excesses).values(unit=unit, what=what, day=day, kept=0, beyond=0))
            more = {"kept": excesses.c.kept + kept, "beyond": excesses.c.beyond + beyond}
            conn.execute(update(excesses).where(mine).values(**more))
            if beyond:
                self._alarms.raise_own(conn, unit, LIMIT, "", day, _words(what), now)
        self._fresh = {}
        for unit, window in self._windows.items():
            if window.useless >= USELESS and not window.told:
                window.told = True
                detail = f"over {USELESS} messages in {WINDOW_S:.0f} s that brought nothing: passed over for so long"
                self._alarms.raise_own(conn, unit, LIMIT, "", int(now // DAY_S), detail, now)

    def forget(self, conn: Connection, unit: str, now: float) -> None:
        """The unit was enrolled anew."""
        if conn.execute(delete(excesses).where(excesses.c.unit == unit)).rowcount:
            acts.note(conn, "limits", {"unit": unit}, now)
        for what in Excess:
            del self._in_all[unit, what]
        for mark in [mark for mark in self._kept if mark[0] == unit]:
            del self._kept[mark]


def _words(what: Excess) -> str:
    bound = BOUNDS[what]
    return f"more {what.value}s than one unit may have ({bound.day:,} a day, {bound.in_all:,} in all); the rest is only counted"
