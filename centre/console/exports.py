"""Downloads that take long: so many at a time, of one person and in all. One counts for as long as anything holds on to it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator

from centre.errors import UNREACHABLE, CentreError
from centre.words import _

OF_ONE = 2
IN_ALL = 6
"""Each that goes on asks for a thread of those that answer everybody, now and then."""


class Export:
    """Its parts, once."""

    def __init__(self, who: str, parts: Iterator[bytes]) -> None:
        self.who = who
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._parts)


class Exports:
    """Of one process, for all its threads. Who went away in the middle tells nobody: what nothing holds any more is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: weakref.WeakSet[Export] = weakref.WeakSet()

    def begin(self, who: str, parts: Iterator[bytes]) -> Export:
        """Raises CentreError where as many are on their way as may be."""
        with self._lock:
            there = [each.who for each in self._open]
            if there.count(who) >= OF_ONE:
                raise CentreError(_("two downloads of yours are on their way: let one of them end first"), UNREACHABLE)
            if len(there) >= IN_ALL:
                raise CentreError(_("others are downloading: try again in a few minutes"), UNREACHABLE)
            made = Export(who, parts)
            self._open.add(made)
        return made
