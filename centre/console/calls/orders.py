"""Orders to doors: each begins a course, which is told as it happens and has an end in every case."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from centre import order_words, orders
from centre.console.call import Nothing, call
from centre.console.calls import doors
from centre.console.calls.doors import DoorId, UnitId
from centre.console.course import Course
from centre.console.errors import NotThereError
from centre.console.second import second
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.orders import Ended
from centre.permits import Doing
from centre.words import _
from contract.commands import FireReset, Identify, Mode, Open, Order, Restart, Resync, SetMode
from contract.plain import Reply
from contract.scopes import Scope

MAX_WHY = 500
Why = Annotated[str, Meta(max_length=MAX_WHY)]
Once = Annotated[str, Meta(max_length=64)]
Moment = Annotated[float, Meta(ge=0, le=32_503_680_000)]
ScopeName = Annotated[str, Meta(max_length=60)]
ModeName = Literal["normal", "hold_open", "lockdown"]


class OrderAsk(msgspec.Struct, kw_only=True):
    """`why`: kept in the record with who asked. `wait`: send it also to a unit that is offline. `once`: the same twice is one order."""

    unit: UnitId
    why: Why = ""
    wait: bool = False
    once: Once | None = None


class OpenAsk(OrderAsk, kw_only=True):
    door: DoorId


class DoorOrderAsk(OrderAsk, kw_only=True):
    """`door`: null is all of the unit."""

    door: DoorId | None = None


class ModeAsk(DoorOrderAsk, kw_only=True):
    """`until`: seconds since 1970; not for normal."""

    mode: ModeName
    until: Moment | None = None


class SayAsk(OrderAsk, kw_only=True):
    text: Annotated[str, Meta(max_length=orders.MAX_SAY)] = ""
    seconds: Annotated[int, Meta(ge=5, le=60)] = 60


class ModeEverywhereAsk(msgspec.Struct, kw_only=True):
    """As of one unit, for every unit of `scope`."""

    scope: ScopeName
    mode: ModeName
    until: Moment | None = None
    why: Why = ""
    wait: bool = False
    once: Once | None = None


class StepView(msgspec.Struct):
    """`state`: of a reply; `reason`: why it was refused. `at`: by the unit's clock."""

    unit: str
    state: str
    reason: str | None
    at: float
    words: str


class EndView(msgspec.Struct):
    """`outcome`: done, refused, no answer, offline, no entry or unknown."""

    unit: str
    outcome: str
    words: str


class CourseView(msgspec.Struct):
    """`ended`: null while it goes on. `fault`: why it could not be carried out at all."""

    id: str
    action: str
    scope: str
    begun: float
    ended: float | None
    steps: list[StepView]
    ends: list[EndView]
    fault: str | None


class CourseAsk(msgspec.Struct):
    course: Annotated[str, Meta(min_length=1, max_length=32)]


class CoursesView(msgspec.Struct):
    courses: list[CourseView]


@call("POST", "/units/{unit}/open", doing=Doing.OPEN)
def open_door(visit: Visit, ask: OpenAsk) -> CourseView:
    """Open a door once, now or not at all."""
    return view(visit, to_unit(visit, ask, Open(ask.door), Doing.OPEN))


@call("POST", "/units/{unit}/mode", doing=Doing.HOLD_OPEN)
def set_mode(visit: Visit, ask: ModeAsk) -> CourseView:
    """Hold doors of a unit open, lock them down, or make them normal again."""
    return view(visit, to_unit(visit, ask, mode_of(visit, ask), doing_of(ask.mode), waits="set_mode"))


@call("POST", "/mode", doing=Doing.HOLD_OPEN)
def set_mode_everywhere(visit: Visit, ask: ModeEverywhereAsk) -> CourseView:
    """The same for every unit of a place at once."""
    return view(visit, to_place(visit, ask))


@call("POST", "/units/{unit}/identify", doing=Doing.IDENTIFY)
def identify(visit: Visit, ask: OrderAsk) -> CourseView:
    """Have a unit show and sound which one it is."""
    return view(visit, to_unit(visit, ask, Identify(), Doing.IDENTIFY))


@call("POST", "/units/{unit}/restart", doing=Doing.UNITS)
def restart(visit: Visit, ask: OrderAsk) -> CourseView:
    """Start a unit's program again; its doors stay as they are."""
    return view(visit, to_unit(visit, ask, Restart(), Doing.UNITS))


@call("POST", "/units/{unit}/resync", doing=Doing.UNITS)
def resync(visit: Visit, ask: OrderAsk) -> CourseView:
    """Have a unit read again what it should have."""
    return view(visit, to_unit(visit, ask, Resync(), Doing.UNITS))


@call("POST", "/units/{unit}/fire-reset", doing=Doing.FIRE_RESET)
def fire_reset(visit: Visit, ask: DoorOrderAsk) -> CourseView:
    """Lock again what fire released, once the fire input is clear."""
    return view(visit, to_unit(visit, ask, FireReset(ask.door), Doing.FIRE_RESET))


@call("POST", "/units/{unit}/say", doing=Doing.NOTICE)
def say(visit: Visit, ask: SayAsk) -> CourseView:
    """Show a text on the screen, to whoever stands there."""
    return view(visit, to_unit(visit, ask, orders.say(ask.text, ask.seconds), Doing.NOTICE))


@call("GET", "/courses", doing=Doing.VIEW)
def courses(visit: Visit, ask: Nothing) -> CoursesView:
    """Orders of one's own of the last hour, the last first."""
    return CoursesView([view(visit, each) for each in visit.desk.courses.mine(visit.person.name)])


@call("GET", "/courses/{course}", doing=Doing.VIEW)
def course(visit: Visit, ask: CourseAsk) -> CourseView:
    """How far an order got."""
    return view(visit, one(visit, ask.course))


# --- what pages call as well


def doing_of(mode: str) -> Doing:
    return Doing.LOCKDOWN if mode == Mode.LOCKDOWN else Doing.HOLD_OPEN


def mode_of(visit: Visit, ask: ModeAsk | ModeEverywhereAsk) -> SetMode:
    """Raises BadValueError."""
    door = ask.door if isinstance(ask, ModeAsk) else None
    return orders.set_mode(Mode(ask.mode), ask.until, door, visit.now)


def to_unit(visit: Visit, ask: OrderAsk, order: Order, doing: Doing, *, waits: str = "") -> Course:
    """`waits`: the call that is called again where it waits for a second person. Raises WaitsError."""
    visit.sees(ask.unit)
    scope = Scope("unit", ask.unit)
    visit.require(doing, scope)
    why = _why(ask.why)
    if waits:
        words = consequence(visit, order, doors.one(visit, ask.unit).label)
        second(visit, doing, scope, waits, msgspec.structs.replace(ask, once=None), words, why)
    steps = orders.carry_out(visit.centre, ask.unit, order, visit.person.name, why, wait=ask.wait)
    back = f"/doors/unit/{ask.unit}"
    return visit.desk.courses.begin(visit.person.name, order, scope, back, visit.catalogue, steps, ask.once)


def to_place(visit: Visit, ask: ModeEverywhereAsk) -> Course:
    order, scope = mode_of(visit, ask), visit.scope(ask.scope)
    visit.require(doing_of(ask.mode), scope)
    why = _why(ask.why)
    if not orders.reached(visit.centre, scope):
        raise NotThereError(_("{scope}: no unit is there").format(scope=scope))
    words = consequence(visit, order, visit.places.words(str(scope)))
    anew = msgspec.structs.replace(ask, once=None)
    second(visit, doing_of(ask.mode), scope, "set_mode_everywhere", anew, words, why)
    steps = orders.carry_out_all(visit.centre, scope, order, visit.person.name, why, wait=ask.wait)
    back = f"/doors?place={scope}"
    return visit.desk.courses.begin(visit.person.name, order, scope, back, visit.catalogue, steps, ask.once)


def consequence(visit: Visit, order: Order, where: str) -> str:
    """As it is told to who agrees."""
    until = visit.moment(order.until_utc) if isinstance(order, SetMode) else ""
    return order_words.consequence(order, where, until)


def _why(text: str) -> str:
    if not text.strip():
        raise BadValueError("why", _("give a reason: nothing was done yet"))
    if not text.isprintable():
        raise BadValueError("why", _("one line of text"))
    return text.strip()


def one(visit: Visit, name: str) -> Course:
    """Raises NotThereError."""
    found = visit.desk.courses.of(name, visit.person.name)
    if found is None:
        raise NotThereError(
            _("no order of yours of the last hour is called so: the door's page has what was ordered before")
        )
    return found


def view(visit: Visit, found: Course) -> CourseView:
    ended = found.ended_utc  # before its steps are looked at: then all are there
    steps, ends = [], []
    for name, each in list(found.steps):
        unit = name or found.where.id
        if isinstance(each, Reply):
            words = order_words.step(found.order, each).words
            steps.append(StepView(unit, each.state.value, each.reason, each.at_utc, words))
        elif isinstance(each, Ended):
            ends.append(EndView(unit, each.outcome.value, order_words.end(found.order, each, visit.moment).title))
    about = (found.id, found.order.TAG, str(found.where), found.begun_utc, ended)
    return CourseView(*about, steps, ends, None if ended is None else found.fault)
