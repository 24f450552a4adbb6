"""How everything is now, looked at once for all open pages: it is looked at again when the books have changed, or after some seconds.

Who may see what of it is judged by whoever shows it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from centre import health, needs, unit_states
from centre.console.live import Marks, marks_of
from centre.health import Cause
from centre.needs import Need
from centre.opened import OpenCentre
from centre.unit_states import UnitNow

OLD_S = 5.0
"""Of what time alone changes."""
LINE_S = 20.0
"""Between two looks at the broker."""


@dataclass(frozen=True, slots=True)
class Look:
    """`units` in the order that people count in."""

    needs: tuple[Need, ...]
    units: Mapping[str, UnitNow]


class States:
    """Of one process. Used by many threads, of which one looks at a time."""

    def __init__(self, centre: OpenCentre, touch: Callable[[str], None]) -> None:
        self._centre = centre
        self._touch = touch
        self._lock = threading.Lock()
        self._looks: dict[str, tuple[Marks, float, Look]] = {}
        self._line_lock = threading.Lock()
        self._line_mono = float("-inf")
        self._causes: frozenset[Cause] = frozenset()

    def look(self, language: str) -> Look:
        """In the language of who reads it, which is that of this thread. Raises CentreError, DBAPIError."""
        self._look_at_line()
        with self._lock:
            with self._centre.books.reading() as conn:
                marks = {**marks_of(conn), "causes": self._causes}
            known = self._looks.get(language)
            if known is not None and known[0] == marks and time.monotonic() - known[1] < OLD_S:
                return known[2]
            found = [*needs.of_centre(sorted(self._causes)), *needs.of(self._centre, time.time())]
            found.sort(key=lambda each: each.order)
            units = {each.unit: each for each in unit_states.all_of(self._centre, found)}
            made = Look(tuple(found), units)
            self._looks[language] = (marks, time.monotonic(), made)
            return made

    def one(self, language: str, unit: str) -> UnitNow:
        """A unit that is not among the units of the look: a revoked one. Raises CentreError where there is none."""
        found = self.look(language).needs
        with self._centre.books.reading() as conn:
            return unit_states.one(conn, self._centre.site.site, unit, found)

    def _look_at_line(self) -> None:
        """Whether the broker and `serve` are there, on a thread of its own: that may take seconds."""
        with self._line_lock:
            if time.monotonic() - self._line_mono < LINE_S:
                return
            self._line_mono = time.monotonic()
        threading.Thread(target=self._follow_line, name="line", daemon=True).start()

    def _follow_line(self) -> None:
        causes = frozenset(each.cause for each in health.of_centre(self._centre))
        if causes != self._causes:
            self._causes = causes
            self._touch("alarms")
