"""A course as a page shows it: its lines, how it ended, and of a place how each unit did."""

from __future__ import annotations

from dataclasses import dataclass

from centre import order_words
from centre.console.course import Course, Step
from centre.console.visit import Visit
from centre.order_words import CourseLine, End
from centre.orders import Ended
from centre.words import _
from contract.commands import Open
from contract.plain import Reply

MOST = 100
"""Units that are told one by one."""
Steps = list[tuple[str | None, Step]]


@dataclass(frozen=True, slots=True)
class UnitCourse:
    """One of several. `end`: None while it goes on."""

    unit: str
    label: str
    last: CourseLine
    end: End | None


@dataclass(frozen=True, slots=True)
class CourseShown:
    """`lines` of one unit, `units` of several: those that need a look first, then those that are not done, and `rest` more. `end`: None while it goes on."""

    course: Course
    title: str
    where: str
    lines: tuple[CourseLine, ...]
    units: tuple[UnitCourse, ...]
    rest: int
    end: End | None


def lines(visit: Visit, course: Course) -> CourseShown:
    """As far as it has got. Whether it is over is looked at first: then all its steps are there."""
    is_over = course.ended_utc is not None
    steps = list(course.steps)
    names = {each.unit: each.label for each in visit.desk.states.look(visit.language).units.values()}
    many = course.where.level != "unit"
    where = visit.places.words(str(course.where)) if many else names.get(course.where.id, course.where.id)
    ends = [step for _unit, step in steps if isinstance(step, Ended)]
    several = sorted(_of_many(visit, course, steps, names), key=_unwell_first) if many else []
    return CourseShown(
        course,
        order_words.title(course.order),
        where,
        () if many else tuple(_of_one(course, steps, is_over=is_over)),
        tuple(several[:MOST]),
        max(0, len(several) - MOST),
        _end(visit, course, ends, many=many) if is_over else None,
    )


def _end(visit: Visit, course: Course, ends: list[Ended], *, many: bool) -> End:
    if course.fault is not None:
        return End("urgent", _("Not done"), course.fault)
    return order_words.end_of_many(ends) if many else order_words.end(course.order, ends[-1], visit.moment)


def _of_one(course: Course, steps: Steps, *, is_over: bool) -> list[CourseLine]:
    told = [order_words.step(course.order, each) for _unit, each in steps if isinstance(each, Reply)]
    if is_over:
        return told
    if not told:
        return [order_words.first(course.order)]
    last = told[-1]
    waits = isinstance(course.order, Open) and len(told) > 1
    coming = _("Waiting for somebody to push the door") if waits else _("Waiting for the unit")
    return (
        [*told, CourseLine(order_words.LineState.DOING, coming)]
        if last.step is not order_words.LineState.FAILED
        else told
    )


def _unwell_first(each: UnitCourse) -> int:
    return 1 if each.end is None else 2 if each.end.sign == "well" else 0


def _of_many(visit: Visit, course: Course, steps: Steps, names: dict[str, str]) -> list[UnitCourse]:
    """Every unit of the place that the visitor sees, in the order that people count in."""
    heard: dict[str, list[Reply]] = {}
    ends: dict[str, Ended] = {}
    for unit, step in steps:
        if unit is not None and isinstance(step, Reply):
            heard.setdefault(unit, []).append(step)
        elif unit is not None and isinstance(step, Ended):
            ends[unit] = step
    found = []
    for each in visit.desk.states.look(visit.language).units.values():
        if each.unit not in visit.units or (course.where not in each.scopes and each.unit not in heard):
            continue
        mine = heard.get(each.unit, [])
        last = order_words.step(course.order, mine[-1]) if mine else order_words.first(course.order)
        end = ends.get(each.unit)
        told = None if end is None else order_words.end(course.order, end, visit.moment)
        found.append(UnitCourse(each.unit, names[each.unit], last, told))
    return found
