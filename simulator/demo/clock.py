"""The clock of the story: every process of it reads the same one, which leaps ahead when the story says so. Nothing waits for hours.

It is the wall clock alone: what is timed on the monotonic clock takes its time. Only the hours of watched households pass faster.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

VARIABLE = "DOORWARD_STORY_CLOCK"
"""In the environment of a process: the file that says how far ahead it is (`simulator/demo/clocked.py` reads it)."""
WATCHED_HOUR_S = 3.0
"""An hour in which nobody is seen, by this clock."""
_AHEAD = struct.Struct("<d")


class StoryClock:
    """`path` holds the seconds that the clocks of all processes are ahead of this machine's."""

    def __init__(self, path: Path, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        path.write_bytes(_AHEAD.pack(0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _AHEAD.size)
        self.environment = {VARIABLE: str(path)}

    def close(self) -> None:
        self._map.close()

    def now(self) -> datetime:
        """The local time at the unit."""
        return datetime.fromtimestamp(time.time() + ahead_s(self._map), self._zone)

    def leap_to(self, hh_mm: str, before_s: float = 0.0) -> None:
        """To the next time that it is `hh_mm`, or so many seconds before. A unit hears of it in the centre's next answer."""
        hour, minute = map(int, hh_mm.split(":"))
        now = self.now()
        wanted = now.replace(hour=hour, minute=minute, second=0, microsecond=0) - timedelta(seconds=before_s)
        if wanted < now:
            wanted += timedelta(days=1)
        _AHEAD.pack_into(self._map, 0, ahead_s(self._map) + (wanted - now).total_seconds())


def opened(path: str) -> mmap.mmap:
    """For the processes: the file as it is at any moment."""
    with Path(path).open("rb") as file:
        return mmap.mmap(file.fileno(), _AHEAD.size, access=mmap.ACCESS_READ)


def ahead_s(clock: mmap.mmap) -> float:
    return float(_AHEAD.unpack_from(clock)[0])
