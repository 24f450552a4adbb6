"""Alarms handed to the operator's program and to web hooks, and marked in the books: by the one `serve` that leads, whoever took them."""

from __future__ import annotations

import time
from collections.abc import Callable

from centre import acknowledgements
from centre.alarm_hook import AlarmHook
from centre.books import Books
from centre.web_hooks import WebHooks

LOOK_S = 0.25
"""How often the books are looked at for alarms that another `serve` took."""


class Handover:
    """For the one thread of `serve`. `hook`: the operator's program, where there is one. What it was run for and could not be marked, since the books were away, is marked later."""

    def __init__(self, hook: AlarmHook | None, books: Books, site: str, wake: Callable[[], None]) -> None:
        self._hook = hook
        self._books = books
        self._web = WebHooks(books, site, wake)
        self._begun = hook is None
        self._handed: list[int] = []
        self._looked_mono = float("-inf")

    def look_now(self) -> None:
        """There are new alarms in the books."""
        self._looked_mono = float("-inf")
        self._web.look_now()

    def mark(self, say: Callable[[str], None]) -> None:
        """Marks those it was run for, and says what went wrong. Raises the database's errors."""
        if self._hook is not None:
            for line in self._hook.lines():
                say(line)
            self._handed += self._hook.handed()
        if self._handed:
            with self._books.alone() as conn:  # an intake may have these rows, in another order
                acknowledgements.note_handed(conn, self._handed, time.time())
            self._handed = []
        self._web.mark(say)

    def begin(self) -> None:
        """Before anything is taken into the books: the program is run for what comes from now on. Raises the database's errors."""
        if self._begun:
            return
        with self._books.reading() as conn:
            known = acknowledgements.is_handing(conn)
        if not known:
            with self._books.alone() as conn:
                acknowledgements.begin_handing(conn, time.time())
        self._begun = True

    def offer(self, *, leads: bool) -> None:
        """What is in the books and was not handed over yet. Raises the database's errors."""
        self._web.offer(leads=leads)
        now = time.monotonic()
        if self._hook is None or not leads or now - self._looked_mono < LOOK_S:
            return
        with self._books.reading() as conn:
            waiting = acknowledgements.not_handed(conn)
        self._hook.offer(waiting)
        self._looked_mono = now

    def stop(self) -> None:
        """What waits is left for the next start, or for another `serve`."""
        self._web.stop()
        if self._hook is not None:
            self._hook.stop()
