"""What whoever types at a keypad does in the world, and what the centre sends for them: PINs, visitors' codes, reports, answers; hours, rounds, a poll."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from agent.core import events as ev
from contract.hours import DoorTimes, Hours, Span
from contract.messages import Category, Holder, Notice, Per, Poll, Role, Settings
from contract.people import ReportCode, ReportKind, Who, Words
from contract.rounds import Round, RoundStop
from contract.scopes import Scope
from tests.agent.core.bench import UTC, pin
from tests.world.keypads import today
from tests.world.world import World

PEOPLE = (
    Holder("anna"),
    Holder("slow", unlock_s=45.0),
    Holder("late", until_utc=UTC - 1),
    Holder("soon", until_utc=UTC + 900.0),
    Holder("yard-only", doors=frozenset({"yard"})),
    Holder("wang", role=Role.PATROL),
    Holder("chief", role=Role.EMERGENCY, flags=frozenset({"fire_reset"})),
    Holder("li", pin=pin("2580"), duress=pin("0852"), room="302"),
    Holder("guest", pin=pin("7777", "guest"), until_utc=UTC + 900.0),
    Holder("both", pin=pin("4711", "both"), pin_required=True),
)
PINS = {
    "right": pin("2580"),
    "duress": pin("0852"),
    "dated": pin("7777", "guest"),
    "with card": pin("4711", "both"),
    "wrong": pin("0000"),
}
CODES = {
    "21": ReportCode(Words("垃圾", "Rubbish"), "sanitation"),
    "51": ReportCode(Words("水", "Water"), "water", ReportKind.SERVICE, Who.ANY),
}
NAMES = (*(p.id for p in PEOPLE), "stranger")
READERS = {"main": "card", "yard": "card2"}
DOORS = tuple(READERS)
UNIT = Scope("unit", "b12-u2")
YARD = Scope("yard", "y07")
doors = st.sampled_from(DOORS)
short = st.sampled_from([0.01, 0.05, 0.3, 1.0, 5.0])
long = st.sampled_from([12.0, 31.0, 65.0, 400.0])


def week(*spans: Span) -> Hours:
    return Hours(tuple(spans for _day in range(7)))


class Typists(RuleBasedStateMachine):
    """`revs` counts revisions of what the centre sends."""

    world: World
    revs: int

    @abstractmethod
    def tap(self, name: str, door: str) -> None: ...

    @abstractmethod
    def all_is_well(self) -> None: ...

    # --- people who type

    def _type(self, event: ev.KeypadEvent) -> None:
        """The first key of an entry, and what it ends as."""
        self.world.give(ev.Typed(event.reader, 1, isinstance(event, ev.CodeEntered | ev.Cancelled), self.world.mono))
        self.world.give(event)

    @rule(
        door=doors, which=st.sampled_from(sorted(PINS)), times=st.integers(1, 6), age=st.sampled_from([0.1, 0.1, 1.1])
    )
    def pin(self, door: str, which: str, times: int, age: float) -> None:
        for _ in range(times if which == "wrong" else 1):
            self._type(ev.PinEntered(READERS[door], (PINS[which],), self.world.mono - age))

    @rule(door=doors, after=st.sampled_from([0.5, 11.0]))
    def card_and_pin(self, door: str, after: float) -> None:
        self.tap("both", door)
        self.world.run(after)
        self.pin(door, "with card", 1, 0.1)

    @rule(door=doors, seconds=st.sampled_from([0.0, 31.0, 65.0]), dead=st.booleans())
    def guess_until_it_is_locked(self, door: str, seconds: float, dead: bool) -> None:
        """And go on, perhaps over a power cut."""
        self.pin(door, "wrong", 5, 0.1)
        self.world.run(seconds)
        if dead:
            self.world.crash()
            self.world.boot()
            self.world.run(2.0)
        self.pin(door, "right", 1, 0.1)

    @rule(
        door=doors,
        serial=st.none() | st.integers(0, 1),
        days=st.sampled_from([0, 0, 0, -1]),
        age=st.sampled_from([0.1, 1.1]),
    )
    def visitor(self, door: str, serial: int | None, days: int, age: float) -> None:
        now = self.world.now()
        day = today(replace(now, utc=now.utc + 86_400 * days))
        self._type(ev.VisitorEntered(READERS[door], serial, None if serial is None else day, self.world.mono - age))

    @rule(door=doors, serial=st.integers(0, 1), after=short, effects=st.none() | st.integers(0, 4))
    def well_and_a_visitor(self, door: str, serial: int, after: float, effects: int | None) -> None:
        """The path of a visitor's code, cut off anywhere, and tried again."""
        self.all_is_well()
        self.visitor(door, serial, 0, 0.1)
        self.world.cut_after = effects
        self.world.run(after)
        if not self.world.alive:
            self.all_is_well()
        self.visitor(door, serial, 0, 0.1)

    @rule(
        door=doors,
        who=st.sampled_from(["wang", "li"]),
        code=st.sampled_from([*CODES, "99"]),
        end=st.sampled_from("#*-"),
    )
    def report(self, door: str, who: str, code: str, end: str) -> None:
        self.tap(who, door)
        self._type(ev.CodeEntered(READERS[door], code, self.world.mono))
        self.world.run(0.5)
        if end != "-":
            self._type((ev.Confirmed if end == "#" else ev.Cancelled)(READERS[door], self.world.mono))

    @rule(door=doors, who=st.none() | st.sampled_from(["anna", "li"]), choice=st.integers(1, 5))
    def answer(self, door: str, who: str | None, choice: int) -> None:
        if who is not None:
            self.tap(who, door)
        self._type(ev.Chosen(READERS[door], choice, self.world.mono))

    @rule(door=doors, count=st.integers(0, 8))
    def nothing_that_means_anything(self, door: str, count: int) -> None:
        self._type(ev.BadEntry(READERS[door], count, self.world.mono))

    # --- what the centre sends

    @rule(starts=st.integers(-2, 3), minutes=st.integers(1, 6), door=doors, closed=st.booleans())
    def schedule(self, starts: int, minutes: int, door: str, closed: bool) -> None:
        """Held open for some minutes from about now on; and perhaps closed to residents all day."""
        self.revs += 1
        local = int((self.world.true_utc + 28_800) % 86_400 // 60)
        begin = min(max(local + starts, 0), 1430)
        hours = {"soon": week(Span(begin, begin + minutes)), "never": week()}
        times = {door: DoorTimes("never" if closed else None, "soon")}
        self.world.set_times(
            Settings(UNIT, self.revs, self.world.true_utc, hours=hours, doors=times, report_codes=CODES)
        )

    @rule(starts=st.integers(-2, 2), minutes=st.integers(1, 4), ordered=st.booleans())
    def patrol_round(self, starts: int, minutes: int, ordered: bool) -> None:
        """With a stop about now, and one behind it."""
        self.revs += 1
        begin = min(max(int((self.world.true_utc + 28_800) % 86_400 // 60) + starts, 0), 1430)
        spans = ((begin, begin + minutes), (begin + minutes, begin + minutes + 2))
        stops = tuple(RoundStop("b12-u2", "main", *span) for span in spans)
        made = Round(YARD, "r1", self.revs, self.world.true_utc, "巡查", ordered, stops, grace_s=60)
        self.world.set_round(made)

    @rule()
    def a_poll(self) -> None:
        if "poll" not in self.world.centre.notices:
            poll = Poll(("甲", "乙", "丙"), Per.HOLDER)
            self.world.publish(Notice(YARD, "poll", 1, self.world.true_utc, Category.SERVICE, "投票", "一票", ask=poll))
