"""Desired state on its way to the broker: what waits, what flies, and what is to be marked as sent. For the one thread of `serve`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from centre import state
from centre.books import Books
from centre.link import WINDOW, Link
from centre.state import RetainedMessage


class Outbox:
    """Nothing in it is lost where the books cannot be written just then: it is marked later."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._waiting: deque[RetainedMessage] = deque()
        self._flying: dict[int, RetainedMessage] = {}
        self._sent: list[RetainedMessage] = []

    def replace(self, items: Iterable[RetainedMessage]) -> None:
        """These go out, and nothing that was to go out before."""
        self._waiting, self._flying = deque(items), {}

    def add(self, items: Iterable[RetainedMessage]) -> None:
        """These go out too, whether they are on their way or not."""
        self._waiting.extend(items)

    def add_new(self, items: Iterable[RetainedMessage]) -> None:
        """Those of them that are not on their way, or there."""
        there = {(item.topic, item.token) for item in (*self._waiting, *self._flying.values(), *self._sent)}
        self._waiting.extend(item for item in items if (item.topic, item.token) not in there)

    def lost(self) -> None:
        """The connection is: all is published again at the next one."""
        self.replace(())

    def acknowledged(self, mid: int) -> None:
        """The broker has the publication of this number."""
        if (item := self._flying.pop(mid, None)) is not None:
            self._sent.append(item)

    def send(self, link: Link) -> None:
        """As much as may fly at a time. Only while the link is up."""
        while self._waiting and len(self._flying) < WINDOW:
            item = self._waiting.popleft()
            self._flying[link.publish(item.topic, item.token, retain=True)] = item

    def note_sent(self) -> None:
        """Written in a transaction of its own, several at a time; told again after a crash, at worst. Raises the database's errors."""
        if not self._sent or (self._waiting and len(self._sent) < WINDOW):
            return
        fresh = list(self._sent)
        with self._books.reading() as conn:
            unsent = {(item.topic, item.rev) for item in state.unsent(conn)}
            overtaken = state.overtaken(conn, fresh)
        if any((item.topic, item.rev) in unsent for item in fresh):
            with self._books.alone() as conn:
                state.mark_sent(conn, fresh, time.time())
        if overtaken:  # a command published what is newer, and this came to the broker after it
            with self._books.changing() as conn:
                state.count_unsent(conn, overtaken)
        del self._sent[: len(fresh)]
