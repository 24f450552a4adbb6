"""Desired state that is to stand at the broker: all of it after each connection, what units lack again; by the one `serve` that leads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from centre import state
from centre.books import Books
from centre.keys import CentreKeys
from centre.outbox import Outbox
from centre.read_back import ReadBack
from centre.share import Share
from contract.scopes import Scope

STALE_S = 10.0
"""A scope is published again at most so often, however many units say that they lack something."""


class Standing:
    """For the one thread of `serve`. Nothing is forgotten where the books cannot be read just then."""

    def __init__(self, books: Books, read_back: ReadBack, outbox: Outbox, share: Share) -> None:
        self._books = books
        self._read_back = read_back
        self._outbox = outbox
        self._share = share
        self._due = False
        self._again: set[str] = set()
        self._repeated_mono: dict[str, float] = {}

    def all_due(self) -> None:
        """Nobody knows what the broker has."""
        self._due = True

    def lacking(self, scopes: Iterable[Scope]) -> int:
        """Units lack state of these. Returns of how many it will be published again."""
        now = time.monotonic()
        again = {str(scope) for scope in scopes}
        again = {text for text in again if now - self._repeated_mono.get(text, float("-inf")) >= STALE_S}
        self._repeated_mono |= dict.fromkeys(again, now)
        self._again |= again
        return len(again)

    def look(self, say: Callable[[str], None], keys: CentreKeys) -> None:
        """While there is a connection. What may be older than what the broker retains is not published. Raises the database's errors."""
        if not self._share.leads:
            self._pass_on()
            return
        if not self._read_back.done:
            if not self._due and not self._read_back.due():
                return
            for line in self._read_back.read(keys):
                say(line)
            self._due = True
        if not self._due and not self._again:
            return
        with self._books.reading() as conn:
            items = list(filter(self._read_back.may_publish, state.retained(conn, time.time())))
        if self._due:
            self._outbox.replace(items)
        else:
            self._outbox.add(item for item in items if item.scope in self._again)
        self._due, self._again = False, set()

    def _pass_on(self) -> None:
        """What units lack is published again by the one that leads: it sees that it counts as not sent."""
        if self._again and self._share.leases.held:
            with self._books.changing() as conn:
                state.send_again(conn, self._again)
            self._again = set()
