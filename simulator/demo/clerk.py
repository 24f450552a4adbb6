"""A clerk at the centre: gives its orders by `doorward centre …` aside, and says what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from simulator.demo.acting import course_of
from simulator.demo.children import Outcome
from simulator.demo.stage import Stage

ORDER_S = 120.0
"""Longer than a command of the centre listens for what became of an order."""
NOTICE = "water"
_COURSES = frozenset({"remote open", "fire reset"})

Told = Callable[[str, str, str], None]
"""Which order, the word for what it ended with (empty where it has none), and what it said itself."""


class Clerk:
    def __init__(self, stage: Stage, words: Mapping[str, str], told: Told) -> None:
        """`words`: of the notice that everyone gets."""
        self.stage = stage
        self._words = words
        self._told = told
        self._notices = 0
        self._notice: str | None = None
        self._threads = ThreadPoolExecutor(3, thread_name_prefix="clerk")

    def close(self) -> None:
        self.stage.stop_commands()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def reset_fire(self, unit: str) -> str:
        self._order("fire reset", "fire-reset", "--unit", unit, "--why", "checked on site")
        return "reset"

    def open_door(self, unit: str) -> str:
        self._order("remote open", "open", "--unit", unit, "--door", "main", "--why", "resident called")
        return "opened"

    def visitor(self, unit: str) -> str:
        self._order("visitor", "visitor", "make", unit, "main")
        return "visitor"

    def notice(self) -> str:
        """Put up, and at the next time withdrawn."""
        if self._notice is not None:
            name, self._notice = self._notice, None
            self._order("notice", "notice", "withdraw", name)
            return "notice.down"
        self._notices += 1
        self._notice = f"{NOTICE}-{self._notices}"
        words = ("--title", self._words["notice.title"], "--text", self._words["notice.text"])
        where = ("--id", self._notice, "--scope", "yard/y07", "--category", "service")
        self._order("notice", "notice", "put", "--yes", *where, *words)
        return "notice.up"

    def _order(self, what: str, *arguments: str) -> None:
        def ended(future: Future[Outcome]) -> None:
            if future.cancelled():
                return
            if future.exception() is not None:
                self._told(what, "no answer", str(future.exception()))
                return
            done = future.result()
            words = course_of(done) if what in _COURSES else done.out.strip().replace("\n", ", ")
            self._told(what, "", words or done.err.strip())

        self._threads.submit(self.stage.bureau.order, *arguments, limit_s=ORDER_S).add_done_callback(ended)
