"""What `serve` does before it publishes anything: reads what the broker retains of ours, for that may be newer than the books."""

from __future__ import annotations

import time
from collections.abc import Sequence

from centre import replay, restored
from centre.books import Books
from centre.errors import CentreError
from centre.folder import DESKS, Folder, Site
from centre.keys import CentreKeys
from centre.state import RetainedMessage
from centre.words import _

AGAIN_S = 10.0
"""Between attempts where the broker could not be read."""


class ReadBack:
    """Once a process. Where the broker cannot be read, books that are known to be restored publish nothing until it can."""

    def __init__(self, folder: Folder, site: Site, books: Books, desks: Sequence[str] = DESKS) -> None:
        self._desks = desks
        self._folder = folder
        self._site = site
        self._books = books
        self._tried_mono = float("-inf")
        self._kept: frozenset[str] = (
            frozenset()
        )  # topics where the broker has something newer, for the operator to decide
        self.done = False
        """Whether it was read, or need not be."""

    def due(self) -> bool:
        return not self.done and time.monotonic() - self._tried_mono >= AGAIN_S

    def read(self, keys: CentreKeys) -> list[str]:
        """Tries it; returns lines for the operator."""
        if self.done:
            return []
        self._tried_mono = time.monotonic()
        try:
            found = replay.replay(self._folder, self._site, keys, self._books, self._desks)
        except CentreError as error:
            with self._books.reading() as conn:
                held = restored.awaits_replay(conn)
            what = (
                _("nothing is published until it can be: the books were restored")
                if held
                else _("published all the same")
            )
            self.done = not held
            return [_("cannot read what the broker retains ({error}); {what}").format(error=error, what=what)]
        self.done, self._kept = True, found.held
        return list(found.lines)

    def may_publish(self, item: RetainedMessage) -> bool:
        return self.done and item.topic not in self._kept
