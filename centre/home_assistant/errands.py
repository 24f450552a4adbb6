"""What Home Assistant asked for, done on threads of its own: a door opened by a signed command, a notice put up. Bounded: what finds no room is not done."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from centre import notices, orders
from centre.errors import CentreError
from centre.folder import HOME_DESKS
from centre.notices import Draft
from centre.opened import OpenCentre
from centre.orders import Ended, Outcome
from centre.schema import state
from contract.commands import Open
from contract.messages import Category, Kind
from contract.plain import ReplyState
from contract.scopes import Scope

ACTOR = "home-assistant"
WAITING = 8
"""Errands that may wait for a free thread."""
NOTICE_S = 4 * 3600.0
"""How long a notice stands."""
STANDING = 2
"""Notices of Home Assistant's on one unit; a further one takes the place of the oldest."""
MARK = "ha-"
"""How the ids of its notices begin."""
STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class Errand:
    """`door`: to be opened; None for a notice of this `title` and `text`."""

    unit: str
    door: str | None
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ErrandDone:
    """`fault`: in a word or a line, None where it was done."""

    errand: Errand
    fault: str | None


class Errands:
    """`takes`, `begin`, `done` and `stop` are for the thread that owns it. A thread for each of the logins that orders go out by."""

    def __init__(self, centre: OpenCentre, wake: Callable[[], None]) -> None:
        self._centre, self._wake = centre, wake
        self._queue: queue.Queue[Errand | None] = queue.Queue(WAITING)
        self._done: queue.SimpleQueue[ErrandDone] = queue.SimpleQueue()
        self._under_way: set[tuple[str, str | None]] = set()
        self._threads = [
            threading.Thread(target=self._run, args=(login,), name=f"home assistant {login}", daemon=True)
            for login in HOME_DESKS
        ]
        for thread in self._threads:
            thread.start()

    def takes(self, unit: str, door: str | None) -> bool:
        """Whether there is room, and nothing of the same door is under way."""
        return (unit, door) not in self._under_way and not self._queue.full()

    def begin(self, errand: Errand) -> None:
        """Only where it is taken. Never waits."""
        self._queue.put_nowait(errand)
        self._under_way.add((errand.unit, errand.door))

    def done(self) -> list[ErrandDone]:
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        self._under_way -= {(each.errand.unit, each.errand.door) for each in found}
        return found

    def stop(self) -> None:
        """What waits is not done: late is not at all."""
        while not self._queue.empty():
            self._queue.get_nowait()
        for _ in self._threads:
            self._queue.put_nowait(None)
        end = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    # --- its threads

    def _run(self, login: str) -> None:
        while (errand := self._queue.get()) is not None:
            try:
                self._centre.read_keys_again()  # they may have been changed since: units refuse a retired one
                fault = self._open(errand, login) if errand.door is not None else self._put(errand)
            except (CentreError, SQLAlchemyError) as error:
                fault = " ".join(str(error).split())[:200]
            self._done.put(ErrandDone(errand, fault))
            self._wake()

    def _open(self, errand: Errand, login: str) -> str | None:
        """Until the lock was read back, or it is certain that it is not: whether somebody went through is told as a fact."""
        assert errand.door is not None
        order = Open(errand.door)
        course = orders.carry_out(self._centre, errand.unit, order, ACTOR, "Home Assistant", desks=(login,))
        with closing(course):
            for step in course:
                if isinstance(step, Ended):
                    return None if step.outcome is Outcome.DONE else step.outcome.value
                if step.state is ReplyState.REFUSED:
                    return step.reason or Outcome.REFUSED.value
                if step.state in (ReplyState.DONE, ReplyState.OPENED):
                    return None
        return Outcome.NO_ANSWER.value

    def _put(self, errand: Errand) -> str | None:
        now, scope = time.time(), Scope("unit", errand.unit)
        for name in self._standing(scope, now)[: 1 - STANDING]:
            notices.withdraw(self._centre, name, now, by=ACTOR)
        name, until = f"{MARK}{secrets.token_hex(8)}", round(now + NOTICE_S)
        draft = Draft(scope, errand.title, errand.text, Category.REMINDER, until_utc=until, id=name, by=ACTOR)
        notices.put(self._centre, draft, now)
        return None

    def _standing(self, scope: Scope, now: float) -> list[str]:
        """Ids of those that stand, oldest first."""
        mine = (state.c.kind == Kind.NOTICE.value) & (state.c.scope == str(scope)) & state.c.id.startswith(MARK)
        up = state.c.token.is_not(None) & state.c.withdrawn.is_(False) & (state.c.until_utc > now)
        with self._centre.books.reading() as conn:
            return list(conn.execute(select(state.c.id).where(mine, up).order_by(state.c.made_utc)).scalars())
