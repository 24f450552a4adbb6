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
from contract.scopes import Scope

OLD_S = 5.0
"""Of what time alone changes."""
DUE_S = 15.0
"""Of stops that nobody came to and reports that are overdue."""
LINE_S = 20.0
"""Between two looks at the broker."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`units` in the order that people count in."""

    needs: tuple[Need, ...]
    units: Mapping[str, UnitNow]

    def reach(self, scope: Scope) -> list[UnitNow]:
        """Whom a scope reaches."""
        return [each for each in self.units.values() if scope in each.scopes]


class States:
    """Of one process. Used by many threads, of which one looks at a time."""

    def __init__(self, centre: OpenCentre, touch: Callable[[str], None]) -> None:
        self._centre = centre
        self._touch = touch
        self._lock = threading.Lock()
        self._looks: dict[str, tuple[Marks, float, Snapshot]] = {}
        self._due: dict[str, tuple[object, float, list[Need]]] = {}
        self._line_lock = threading.Lock()
        self._line_mono = float("-inf")
        self._causes: frozenset[Cause] = frozenset()

    def look(self, language: str) -> Snapshot:
        """In the language of who reads it, which is that of this thread. Raises CentreError, DBAPIError."""
        self._look_at_line()
        with self._lock:
            with self._centre.books.reading() as conn:
                marks = {**marks_of(conn), "causes": self._causes}
            known = self._looks.get(language)
            if known is not None and known[0] == marks and time.monotonic() - known[1] < OLD_S:
                return known[2]
            cut_off = needs.of_centre(sorted(self._causes))
            now = needs.of_doors(self._centre, time.time())
            found = needs.in_order([*cut_off, *now, *self._due_of(language, marks["acts"])])
            units = {each.unit: each for each in unit_states.all_of(self._centre, found)}
            made = Snapshot(tuple(found), units)
            self._looks[language] = (marks, time.monotonic(), made)
            return made

    def _due_of(self, language: str, acts: object) -> list[Need]:
        """What somebody should have done, looked for when somebody did something, or after a while."""
        known = self._due.get(language)
        if known is None or known[0] != acts or time.monotonic() - known[1] >= DUE_S:
            known = self._due[language] = (acts, time.monotonic(), needs.due(self._centre, time.time()))
        return known[2]

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
