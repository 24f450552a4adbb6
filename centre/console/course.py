"""Commands on their way: the course of each as it happens, kept for whoever ordered it. It ends in every case."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from centre.errors import UNREACHABLE, CentreError
from centre.orders import Ended
from centre.words import _, speaking
from contract.plain import Reply

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
    title: str
    back: str
    """The page it was ordered from."""
    begun_utc: float
    steps: list[tuple[str | None, Step]] = field(default_factory=list)
    """Each reply as it was heard, with its unit where they are several."""
    fault: str | None = None
    ended_utc: float | None = None

    @property
    def topic(self) -> str:
        return f"course-{self.id}"

    @property
    def end(self) -> Ended | None:
        """Of one unit's course; the last of several."""
        ends = [step for _unit, step in self.steps if isinstance(step, Ended)]
        return ends[-1] if ends else None


class Courses:
    """Of one process. `touch` tells open pages that a course went on."""

    def __init__(self, touch: Callable[[str], None]) -> None:
        self._touch = touch
        self._lock = threading.Lock()
        self._courses: dict[str, Course] = {}

    def begin(
        self, who: str, title: str, back: str, language: str, steps: Iterator[Step] | Iterator[tuple[str, Step]]
    ) -> Course:
        """Carries it out on a thread of its own. Raises CentreError where too many are on their way."""
        course = Course(secrets.token_hex(8), who, title, back, time.time())
        with self._lock:
            self._forget()
            if sum(each.ended_utc is None for each in self._courses.values()) >= AT_ONCE:
                raise CentreError(_("too many commands at once: try again in a moment"), UNREACHABLE)
            self._courses[course.id] = course
        threading.Thread(target=self._follow, args=(course, language, steps), name="course", daemon=True).start()
        return course

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
        for name in [each.id for each in self._courses.values() if (each.ended_utc or old + 1) < old]:
            del self._courses[name]
