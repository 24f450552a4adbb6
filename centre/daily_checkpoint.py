"""A checkpoint of the record each day, made by `serve`."""

from __future__ import annotations

import time

from centre import checkpoints
from centre.books import Books
from centre.checkpoints import Checkpoint
from centre.words import _

LOOK_S = 60.0
"""How often it is looked whether one is due."""


class DailyCheckpoint:
    """Told in the confirms from then on. Used by one thread."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._looked_mono = float("-inf")

    def look(self) -> list[str]:
        """Makes one where it is due. Returns lines for the operator."""
        if time.monotonic() - self._looked_mono < LOOK_S:
            return []
        self._looked_mono = time.monotonic()
        now = time.time()
        with self._books.reading() as conn:
            newest = checkpoints.newest(conn)
        if newest is not None and 0.0 <= now - newest[0] < checkpoints.EVERY_S:
            return []
        with self._books.changing() as conn:
            made = checkpoints.read(checkpoints.make(conn, now))
        assert isinstance(made, Checkpoint), "what was made here holds"
        return [
            _("checkpoint {number}: {digest}").format(
                number=made.head.number, digest=checkpoints.short(made.head.digest)
            )
        ]
