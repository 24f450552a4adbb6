"""What changed, told to every open page: the books are looked at once for all of them, and only the names of topics go out.

A page asks for its parts anew when a topic of theirs is named; what a person may see is judged there, as at any request.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import suppress

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from centre.books import Books
from centre.errors import UNREACHABLE, CentreError
from centre.schema import acknowledgements, alarms, courses, early, facts, meta, repeats, state, units
from centre.schema_record import acts
from centre.words import _

LOOK_S = 0.5
"""Between two looks at the books."""
MOST = 500
"""Open pages in all."""
MOST_OF_ONE = 60
"""Of one account: ten browsers with the six connections that each has. One more is told so, and its page asks again, ever less often."""
ENDS = frozenset({"acts", "minute"})
"""Marks that move where somebody may no longer what they did: it is an act, or a matter of time."""
Marks = Mapping[str, object]
TOPICS: Mapping[str, frozenset[str]] = {
    "facts": frozenset({"facts", "early"}),
    "alarms": frozenset({"alarms", "minute"}),
    "notices": frozenset({"facts", "early", "acts", "sent"}),
    "units": frozenset({"heard", "changes"}),
    "cases": frozenset({"facts", "acts"}),
    "people": frozenset({"facts", "acts"}),
    "acts": frozenset({"acts"}),
    "commands": frozenset({"courses", "acts"}),
}
"""Which marks each topic follows. Each minute what needs somebody is looked at anew: being away for long is a matter of time alone."""


def marks_of(conn: Connection) -> Marks:
    """Values that change with what they stand for, each cheap to read."""
    newest = {
        "facts": func.max(facts.c.n),
        "acts": func.max(acts.c.n),
        "courses": func.max(courses.c.heard_utc),
        "sent": func.max(state.c.sent_utc),
        "heard": func.max(units.c.heard_utc),
    }
    found: dict[str, object] = {name: conn.execute(select(query)).scalar() for name, query in newest.items()}
    found["early"] = conn.execute(select(func.count()).select_from(early)).scalar()
    found["changes"] = conn.execute(select(meta.c.value).where(meta.c.name == "changes")).scalar()
    found["alarms"] = (
        conn.execute(select(func.max(alarms.c.id))).scalar(),
        conn.execute(select(func.count()).select_from(acknowledgements)).scalar(),
        conn.execute(select(func.max(repeats.c.last_utc))).scalar(),
    )
    found["minute"] = int(time.time() // 60)
    return found


def changed(before: Marks, after: Marks) -> frozenset[str]:
    """Topics whose marks differ."""
    moved = {name for name, value in after.items() if before.get(name) != value}
    return frozenset(topic for topic, marks in TOPICS.items() if marks & moved)


class Listener:
    """One open page. `who`: whose; `by`: what it showed of that, and `holds`: whether that counts still. `topics`: what it has not been told yet."""

    def __init__(self, who: str, by: Hashable, holds: Callable[[], bool]) -> None:
        self.who, self.by, self.holds = who, by, holds
        self.topics: set[str] = set()
        self.woken = asyncio.Event()
        self.is_over = False

    def tell(self, topics: frozenset[str]) -> None:
        self.topics |= topics
        self.woken.set()

    def end(self) -> None:
        self.is_over = True
        self.woken.set()


class Live:
    """All open pages of a process. One event loop's, but for `touch`."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._listeners: set[Listener] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.generation = 0
        """Grows with each change that was told: what was read since the last is as new as any page has heard of."""

    @property
    def open_pages(self) -> int:
        return len(self._listeners)

    def touch(self, topic: str) -> None:
        """Something that is not in the books changed. From any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: nobody listens
                self._loop.call_soon_threadsafe(self._tell, frozenset({topic}))

    async def watch(self) -> None:
        """Until it is cancelled. Where the books cannot be read it goes on: the pages say themselves how old they are."""
        self._loop = asyncio.get_running_loop()
        before: Marks = {}  # so that the first look tells all: nobody knows what came since those pages were made
        while True:
            if self._listeners:
                with suppress(DBAPIError):
                    after = await run_in_threadpool(self._look)
                    if topics := changed(before, after):
                        self._tell(topics)
                    if any(before.get(name) != after[name] for name in ENDS):
                        await self._end_who_may_no_more()
                    before = after
            await asyncio.sleep(LOOK_S)

    def _look(self) -> Marks:
        with self._books.reading() as conn:
            return marks_of(conn)

    def _tell(self, topics: frozenset[str]) -> None:
        self.generation += 1
        for listener in self._listeners:
            listener.tell(topics)

    async def _end_who_may_no_more(self) -> None:
        listeners = list(self._listeners)
        firsts = {each.by: each for each in listeners}
        counts = await run_in_threadpool(lambda: {by: each.holds() for by, each in firsts.items()})
        for each in listeners:
            if not counts[each.by]:
                each.end()

    def join(self, who: str, by: Hashable, holds: Callable[[], bool]) -> Listener:
        """Until `leave`. `holds` is asked from another thread. Raises CentreError where as many pages are open as may be."""
        if len(self._listeners) >= MOST:
            raise CentreError(_("too many pages are open"), UNREACHABLE)
        if sum(each.who == who for each in self._listeners) >= MOST_OF_ONE:
            raise CentreError(_("too many pages of your account are open: close some"), UNREACHABLE)
        made = Listener(who, by, holds)
        self._listeners.add(made)
        return made

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    async def events(self, listener: Listener) -> AsyncIterator[dict[str, str | int]]:
        """For sse-starlette: one event for all that changed since the last, the first at once. Ends with what the listener may."""
        yield {"event": "ready", "data": "[]", "retry": 2000}
        while True:
            await listener.woken.wait()
            if listener.is_over:
                return
            listener.woken.clear()
            topics, listener.topics = sorted(listener.topics), set()
            yield {"event": "changed", "data": json.dumps(topics)}
