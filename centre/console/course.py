"""Commands on their way: the course of each as it happens, kept for whoever ordered it. It ends in every case."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from centre.card_reading import CardReading
from centre.errors import UNREACHABLE, CentreError
from centre.orders import Ended
from centre.words import _, speaking
from contract.commands import Order
from contract.plain import Reply
from contract.scopes import Scope

AT_ONCE = 8
"""Commands on their way at a time: each has a thread and wants one of the desks' logins at the broker."""
KEPT_S = 3600.0
"""So long the course of one that ended can be looked at."""
Step = Reply | Ended


@dataclass
class Course:
    """Written by its own thread alone. `fault`: why it could not be carried out."""

    id: str
    who: str
    order: Order
    where: Scope
    """A unit, or a place with all its units."""
    back: str
    """The page it was ordered from."""
    begun_utc: float
    once: str | None = None
    """The key of the form that it was ordered by: the same form again is the same order."""
    card: CardReading | None = None
    """Of a `read_card`: what was read, while it is held."""
    steps: list[tuple[str | None, Step]] = field(default_factory=list)
    """Each reply as it was heard, with its unit where they are several."""
    fault: str | None = None
    ended_utc: float | None = None

    @property
    def topic(self) -> str:
        return f"course-{self.id}"

    @property
    def ends(self) -> list[tuple[str | None, Ended]]:
        """Of one unit, or of each of several."""
        return [(unit, step) for unit, step in self.steps if isinstance(step, Ended)]


class Courses:
    """Of one process. `touch` tells open pages that a course went on."""

    def __init__(self, touch: Callable[[str], None]) -> None:
        self._touch = touch
        self._run = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._courses: dict[str, Course] = {}

    def new_form(self) -> str:
        """A key for a form that is to be sent once. It names this run: what stood open over a restart of ours is not taken."""
        return f"{self._run}-{secrets.token_hex(8)}"

    def begin(
        self,
        who: str,
        order: Order,
        where: Scope,
        back: str,
        language: str,
        steps: Iterator[Step] | Iterator[tuple[str, Step]],
        once: str | None = None,
        card: CardReading | None = None,
    ) -> Course:
        """Carries it out on a thread of its own; what was ordered by this form already is that course. Raises CentreError where too many are on their way."""
        course = Course(secrets.token_hex(8), who, order, where, back, time.time(), once, card)
        with self._lock:
            self._forget()
            for each in self._courses.values():
                if once is not None and (each.who, each.once) == (who, once):
                    return each
            if once is not None and not once.startswith(self._run):
                raise CentreError(_("this page is too old: open it again, nothing was done"))
            if sum(each.ended_utc is None for each in self._courses.values()) >= AT_ONCE:
                raise CentreError(_("too many commands at once: try again in a moment"), UNREACHABLE)
            self._courses[course.id] = course
        threading.Thread(target=self._follow, args=(course, language, steps), name="course", daemon=True).start()
        return course

    def mine(self, who: str) -> list[Course]:
        """The last first."""
        with self._lock:
            return [each for each in reversed(self._courses.values()) if each.who == who]

    def of(self, name: str, who: str) -> Course | None:
        """Another person's course is not there."""
        with self._lock:
            found = self._courses.get(name)
        return found if found is not None and found.who == who else None

    def _follow(self, course: Course, language: str, steps: Iterator[Step] | Iterator[tuple[str, Step]]) -> None:
        with speaking(language):
            course.fault = _("it was cut off: look at the door's facts")
            try:
                for step in steps:
                    course.steps.append(step if isinstance(step, tuple) else (None, step))
                    self._touch(course.topic)
                course.fault = None
            except CentreError as error:
                course.fault = str(error)
            except DBAPIError:
                course.fault = _("the books cannot be reached; what was sent cannot be told")
            finally:
                course.ended_utc = time.time()
                with suppress(RuntimeError):
                    self._touch(course.topic)

    def _forget(self) -> None:
        old = time.time() - KEPT_S
        for each in self._courses.values():
            if each.card is not None:
                each.card.held()  # forgets a number that was held for too long
        for name in [each.id for each in self._courses.values() if (each.ended_utc or old + 1) < old]:
            del self._courses[name]
