"""Units whose state differs are asked what they have: a signed command, to which the unit answers with its list of revisions. The intake takes that."""

from __future__ import annotations

import time
from collections.abc import Iterable

from centre import commands
from centre.books import Books
from centre.link import Link
from centre.signing import Signer
from contract.commands import Resync
from contract.messages import Kind
from contract.topics import down

ASK_S = 600.0
"""Each unit at most so often."""


class Questions:
    """For the one thread of `serve`. Nothing is lost where the books cannot be written just then: it is asked later."""

    def __init__(self, site: str, books: Books) -> None:
        self._site = site
        self._books = books
        self._due: set[str] = set()
        self._asked_mono: dict[str, float] = {}

    def add(self, units: Iterable[str]) -> None:
        """These differ."""
        self._due.update(units)

    def send(self, link: Link | None, signer: Signer) -> None:
        """Asks those whose turn it is; `link` None while there is no connection: then they will say again that they differ. Raises the database's errors."""
        now = time.monotonic()
        due = [unit for unit in sorted(self._due) if now - self._asked_mono.get(unit, float("-inf")) >= ASK_S]
        if not due or link is None:
            self._due.clear()
            return
        utc = time.time()
        make, why = commands.make, "its state differs"
        orders = [make(self._site, unit, Resync(), "serve", why, commands.VALID_S, utc) for unit in due]
        with self._books.writing() as conn:
            for command in orders:
                commands.record(conn, command)
        for command in orders:
            self._asked_mono[command.unit] = now
            link.publish(
                down(self._site, command.scope, Kind.COMMAND), signer.sign(Kind.COMMAND, command), retain=False
            )
        self._due.clear()
