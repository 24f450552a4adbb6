"""When alarms are posted to web hooks: each in its own order, at least once, again after growing waits; one that is dead or slow holds up no other.

For the one thread of `serve`, which reads and writes the books; a thread of each hook only posts. What waits is in the books, not here.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from centre import hooks
from centre.acknowledgements import alarm_numbered
from centre.books import Books
from centre.hook_post import HookAnswer, Post, alarm_message
from centre.hooks import Hook
from centre.words import _

LOOK_S = 1.0
"""How often the books are looked at for hooks and alarms that another process put there."""
BATCH = 50
"""Alarms read for a hook at a time."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
"""Between tries; doubled, and up to half as long again, so that not all centres come at once."""
TRIES = 5
"""Of an alarm whose content the receiver refuses; then the next one has its turn."""
SETTLE_S = 600.0
"""How often marks are brought up to what is done."""
STOP_S = 1.0
Message = tuple[int, str, bytes]
"""Number of an alarm, id of its message, body."""


@dataclass(frozen=True, slots=True)
class _Told:
    alarm: int
    answer: HookAnswer


class _Endpoint:
    """A hook's thread. `begin` hands it messages; it posts them in order, up to the first that is not taken, and tells each."""

    def __init__(self, hook: Hook, wake: Callable[[], None]) -> None:
        self.hook = hook
        self.due_mono = 0.0
        self.tries = self.refusals = 0
        self.busy = False
        self.told: queue.SimpleQueue[_Told | None] = queue.SimpleQueue()
        """None: it is ready for more."""
        self._post = Post(hook)
        self._work: queue.SimpleQueue[Sequence[Message] | None] = queue.SimpleQueue()
        self._wake = wake
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"web hook {hook.id}", daemon=True)
        self._thread.start()

    def begin(self, messages: Sequence[Message]) -> None:
        self.busy = True
        self._work.put(messages)

    def look(self) -> None:
        """An answer that drips is cut off; the next try is by a fresh connection."""
        self._post.cut_if_late()

    def stop(self) -> None:
        self._stopping = True
        self._post.cut()
        self._work.put(None)

    def join(self, limit_s: float) -> None:
        self._thread.join(limit_s)

    def _run(self) -> None:
        while (messages := self._work.get()) is not None:
            for number, name, body in messages:
                if self._stopping:
                    return
                answer = self._post.send(name, body)
                if self._stopping and answer.fault is not None:
                    return  # cut off by us
                self.told.put(_Told(number, answer))
                self._wake()
                if answer.fault is not None:
                    self._post = Post(self.hook)
                    break
            self.told.put(None)
            self._wake()


class WebHooks:
    """Of one `serve`. Raises the database's errors, with nothing lost: what it could not write down is posted again."""

    def __init__(self, books: Books, site: str, wake: Callable[[], None]) -> None:
        self._books, self._site, self._wake = books, site, wake
        self._endpoints: dict[tuple[int, float], _Endpoint] = {}
        self._untold: list[tuple[_Endpoint, _Told]] = []
        self._looked_mono = self._settled_mono = float("-inf")

    def look_now(self) -> None:
        """There are new alarms in the books."""
        self._looked_mono = float("-inf")

    def mark(self, say: Callable[[str], None]) -> None:
        """Enters what was taken, and what was not."""
        for endpoint in self._endpoints.values():
            endpoint.look()
            self._gather(endpoint)
        if not self._untold:
            return
        now, lines = time.time(), list[str]()
        with self._books.alone() as conn:
            for endpoint, told in self._untold:
                lines += self._enter(conn, endpoint, told, now)
        self._untold = []
        for line in lines:
            say(line)

    def _gather(self, endpoint: _Endpoint) -> None:
        with suppress(queue.Empty):
            while True:
                told = endpoint.told.get_nowait()
                if told is None:
                    endpoint.busy = False
                    self.look_now()
                else:
                    self._untold.append((endpoint, told))
                    self._schedule(endpoint, told.answer)

    def _schedule(self, endpoint: _Endpoint, answer: HookAnswer) -> None:
        if answer.fault is None:
            endpoint.tries = endpoint.refusals = 0
            return
        endpoint.tries += 1
        endpoint.refusals = endpoint.refusals + 1 if answer.of_content else 0
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(endpoint.tries - 1, 16))
        endpoint.due_mono = time.monotonic() + wait_s * random.uniform(1.0, 1.5)  # noqa: S311

    def _enter(self, conn: Connection, endpoint: _Endpoint, told: _Told, now: float) -> list[str]:
        hook, fault = endpoint.hook, told.answer.fault
        if fault is None:
            hooks.note_done(conn, hook, [told.alarm], now)
            return []
        hooks.note_fault(conn, hook, fault, now)
        if endpoint.refusals >= TRIES:
            endpoint.tries = endpoint.refusals = 0
            hooks.note_done(conn, hook, [told.alarm], now, passed=True)
            line = _("web hook {id}: refuses alarm {alarm} ({fault}); the next one has its turn")
            return [line.format(id=hook.id, alarm=told.alarm, fault=_(fault))]
        if endpoint.tries != 1:
            return []
        line = _("web hook {id}: {url} does not take alarm {alarm}: {fault}; tried again until it does")
        return [line.format(id=hook.id, url=hook.shown, alarm=told.alarm, fault=_(fault))]

    def offer(self, *, leads: bool) -> None:
        """What each that is ready has not taken. Of several `serve` only the one that leads posts."""
        now = time.monotonic()
        if not leads:
            self.stop()
            return
        if now - self._looked_mono < LOOK_S:
            return
        self._looked_mono = now
        with self._books.reading() as conn:
            self._follow(hooks.all_of(conn))
            for endpoint in self._endpoints.values():
                if not endpoint.busy and now >= endpoint.due_mono:
                    self._begin(conn, endpoint)
        if self._endpoints and now - self._settled_mono >= SETTLE_S:
            with self._books.alone() as conn:
                hooks.settle(conn, self._site, time.time())
            self._settled_mono = now

    def _follow(self, known: Sequence[Hook]) -> None:
        """Threads for those there are, none for those that are gone."""
        wanted = {(each.id, each.added_utc): each for each in known}
        for name in self._endpoints.keys() - wanted.keys():
            self._endpoints.pop(name).stop()
        for name, hook in wanted.items():
            if name not in self._endpoints:
                self._endpoints[name] = _Endpoint(hook, self._wake)
            self._endpoints[name].hook = hook

    def _begin(self, conn: Connection, endpoint: _Endpoint) -> None:
        done = {told.alarm for other, told in self._untold if other is endpoint and told.answer.fault is None}
        due = [number for number in hooks.waiting(conn, self._site, endpoint.hook) if number not in done][:BATCH]
        due = due[:1] if endpoint.tries else due
        if due:
            found = [alarm_numbered(conn, number) for number in due]
            endpoint.begin([(alarm.id, *alarm_message(self._site, alarm)) for alarm in found])

    def stop(self) -> None:
        """What is not taken is left for the next start, or for another `serve`."""
        if not self._endpoints:
            return
        gone, self._endpoints = list(self._endpoints.values()), {}
        for endpoint in gone:
            endpoint.stop()
        end = time.monotonic() + STOP_S
        for endpoint in gone:
            endpoint.join(max(0.0, end - time.monotonic()))
            self._gather(endpoint)
