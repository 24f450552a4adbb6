"""The courses of one process: bounded, ended whatever breaks, each its orderer's."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from centre.console.course import AT_ONCE, Course, Courses
from centre.errors import CentreError
from centre.orders import Ended, Outcome
from contract.commands import Open
from contract.plain import Reply, ReplyState
from contract.scopes import Scope
from tests.waiting import eventually

DONE = Ended(Outcome.DONE, True, True, None)


def begin(courses: Courses, who: str, steps: Iterator[Reply | Ended], once: str | None = None) -> Course:
    return courses.begin(who, Open("main"), Scope("unit", "u1"), "/", "en", steps, once)


def after(gate: threading.Event) -> Iterator[Ended]:
    gate.wait(10)
    yield DONE


def test_too_many_at_once_are_refused_and_nothing_of_them_is_done() -> None:
    courses, gate = Courses(lambda _topic: None), threading.Event()
    asked: list[str] = []

    def late() -> Iterator[Ended]:
        asked.append("late")
        yield DONE

    made = [begin(courses, f"p{n}", after(gate)) for n in range(AT_ONCE)]
    with pytest.raises(CentreError, match="too many"):
        begin(courses, "late", late())
    assert not asked
    gate.set()
    eventually(lambda: all(each.ended_utc is not None for each in made))
    begin(courses, "late", late())
    eventually(lambda: asked)


def test_two_who_send_one_form_at_once_begin_one_course() -> None:
    courses, gate = Courses(lambda _topic: None), threading.Event()
    key, found = courses.new_form(), list[Course]()
    threads = [threading.Thread(target=lambda: found.append(begin(courses, "p", after(gate), key))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    gate.set()
    assert len(found) == 8
    assert len({each.id for each in found}) == 1


def broken(error: Exception) -> Iterator[Reply | Ended]:
    yield Reply("c1", ReplyState.ACCEPTED, 1.0)
    raise error


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (CentreError("the broker is gone"), "the broker is gone"),
        (OperationalError("select", {}, Exception("locked")), "the books cannot be reached"),
    ],
)
def test_a_course_that_breaks_ends_with_its_reason(error: Exception, fault: str) -> None:
    touched: list[str] = []
    courses = Courses(touched.append)
    made = begin(courses, "p", broken(error))
    eventually(lambda: made.ended_utc is not None)
    assert fault in (made.fault or "")
    eventually(lambda: touched.count(made.topic) == 2)


def test_the_last_is_told_first_and_nobody_elses_is() -> None:
    courses = Courses(lambda _topic: None)
    first, second = begin(courses, "p", iter([DONE])), begin(courses, "p", iter([DONE]))
    other = begin(courses, "q", iter([DONE]))
    assert courses.mine("p") == [second, first]
    assert courses.of(other.id, "p") is None
