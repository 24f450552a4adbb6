"""A unit on the bench: the core with a clock of its own that only moves when a test says so. Time passes as the loop would let it: deadline by deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.controller import all_timers, deadline, initial, step
from agent.core.plan import DisplayPlan, DoorPlan, InputPlan, UnitPlan
from agent.core.state import State
from agent.core.state.door import Door
from agent.core.status import applied_entries, status
from agent.core.time import Now, Trust
from agent.keypad import KeypadEntry
from agent.locale import load
from contract import codec
from contract.cards import pin_hash
from contract.commands import Command, Mode, Open, Order, SetMode
from contract.digest import digest
from contract.facts import data_of, fact_of, kind_of
from contract.messages import Category, Confirm, Holder, Notice, Role
from contract.plain import Status
from contract.scopes import Scope
from contract.strict_json import dumps, loads

E = TypeVar("E")

SITE = Scope("site", "badahu")
YARD = Scope("yard", "y07")
UNIT = Scope("unit", "b12-u2")
UTC = 1_795_500_000.0
"""2026-11-24 06:00:00 UTC, a Tuesday; 14:00 local."""
CATALOGUES = load()
OPEN = Open("main")
PIN_KEY = bytes(range(32))


def door_plan(**changes: Any) -> DoorPlan:
    plan = DoorPlan(
        id="main",
        safe_state="locked",
        lock_device="relay",
        pulse_s=5.0,
        lease_s=10.0,
        contact=True,
        contact_device="relay",
        exit_device="relay",
        fire_device="relay",
        exit="button",
        fire=True,
        on_fire="release",
        egress=True,
        readers=("card",),
        card_readers=("card",),
        held_open_s=30.0,
    )
    return replace(plan, **changes)


def unit_plan(*doors: DoorPlan, **changes: Any) -> UnitPlan:
    plan = UnitPlan(
        site="badahu",
        unit="b12-u2",
        name="12号楼2单元",
        scopes=(SITE, YARD, UNIT),
        timezone="Asia/Shanghai",
        language="zh-CN",
        doors=doors or (door_plan(),),
        displays=(DisplayPlan("panel", 20, 8, "gbk"),),
        inputs=(InputPlan("gas", alarm=True),),
        catalogues=CATALOGUES,
        version="0.1.0",
    )
    return replace(plan, **changes)


def devices_of(plan: UnitPlan) -> tuple[str, ...]:
    """The devices that the doors and displays of a plan are on, each once."""
    doors = [(d.lock_device, d.contact_device, d.exit_device, d.fire_device, *d.readers) for d in plan.doors]
    named = (*(name for each in doors for name in each if name), *(display.name for display in plan.displays))
    return tuple(dict.fromkeys(named))


def card(name: str) -> tuple[str, ...]:
    return (f"key-{name}",)


def holders(*people: Holder) -> dict[str, tuple[Holder, ...]]:
    """By key; the key of a holder without one is `key-<id>`."""
    found: dict[str, tuple[Holder, ...]] = {}
    for person in people:
        key = person.key or f"key-{person.id}"
        found[key] = (*found.get(key, ()), person)
    return found


def by_pin(*people: Holder) -> dict[str, tuple[Holder, ...]]:
    """Of those with a PIN, by its hash and by that for duress."""
    found: dict[str, tuple[Holder, ...]] = {}
    for person in people:
        for hashed in (person.pin, person.duress):
            if hashed is not None:
                found[hashed] = (*found.get(hashed, ()), person)
    return found


def pin(pin: str, owner: str = "302") -> str:
    """The keyed hash of a PIN."""
    return pin_hash(PIN_KEY, owner, pin)


PEOPLE = (
    Holder("anna"),
    Holder("old-li", unlock_s=12.0),
    Holder("wang", role=Role.PATROL),
    Holder("chief", role=Role.EMERGENCY, flags=frozenset({"fire_reset"})),
)


@dataclass(frozen=True)
class Told:
    """A fact as its line tells it."""

    kind: str
    data: Mapping[str, Any]


class Bench:
    """`effects` holds everything ordered so far as (mono, effect); `do` gives those of one step."""

    def __init__(self, plan: UnitPlan | None = None, *, trust: Trust = Trust.SYNCED, offset_s: int = 28_800) -> None:
        self.state: State = initial(plan or unit_plan())
        self.mono, self.utc, self.trust, self.offset_s = 1000.0, UTC, trust, offset_s
        self.effects: list[tuple[float, fx.Effect]] = []
        self.seq = 1
        self.tokens = 0
        self.keypads: dict[str, KeypadEntry] = {}

    # --- time

    def now(self) -> Now:
        floor = self.utc if self.trust is Trust.FLOOR else None
        return Now(self.mono, self.utc, self.offset_s, self.trust, floor)

    def do(self, event: ev.Event, *, after: float = 0.0) -> tuple[fx.Effect, ...]:
        self.wait(after)
        return self._step(event)

    def wait(self, seconds: float) -> list[fx.Effect]:
        """Let time pass, waking the core at each of its deadlines."""
        end, found = self.mono + seconds, []
        for _ in range(100_000):
            due = deadline(self.state)
            if due is None or due > end:
                break
            self._advance(max(due, self.mono))
            found += self._step(ev.TimePassed())
        else:
            raise AssertionError("the core never rests")
        self._advance(end)
        return found

    def stopped(self, seconds: float) -> None:
        """As if the process was stopped for so long: nothing wakes the core at its deadlines; then it goes on."""
        self._advance(self.mono + seconds)
        self._step(ev.TimePassed())

    def _advance(self, to: float) -> None:
        self.utc += to - self.mono
        self.mono = to

    def _step(self, event: ev.Event) -> tuple[fx.Effect, ...]:
        self.state, found = step(self.state, event, self.now())
        self.effects += [(self.mono, effect) for effect in found]
        for effect in found:
            self._expected(effect)
        facts_of(found)  # each as its kind declares it
        overdue = [act for at, act in all_timers(self.state) if at <= self.mono]
        assert not overdue, f"still due after {type(event).__name__}: {overdue}"
        return found

    def keypad(self, reader: str = "card") -> KeypadEntry:
        if reader not in self.keypads:
            self.keypads[reader] = KeypadEntry(reader)
            self.keypads[reader].use_pin_keys((PIN_KEY,))
        return self.keypads[reader]

    def _expected(self, effect: fx.Effect) -> None:
        """As agent/devices.py does."""
        match effect:
            case fx.ExpectPin(reader, owners, until):
                self.keypad(reader).expect_pin(owners, until)
            case fx.ExpectChoice(reader, most, until):
                self.keypad(reader).expect_choice(most, until)
            case fx.ForgetKeys(reader, upto, star):
                self.keypad(reader).forget(upto, star=star)
            case _:
                pass

    def type(self, keys: str, reader: str = "card", *, after: float = 0.1, old: float = 0.05) -> list[fx.Effect]:
        """Keys one by one, each `old` seconds old; what came out."""
        found: list[fx.Effect] = []
        for key in keys:
            self.wait(after)
            event = self.keypad(reader).key(key, self.mono - old, self.mono)
            if event is not None:
                found += self.do(event)
        return found

    # --- a unit at work

    def start(self, *people: Holder, latched: frozenset[str] = frozenset(), **started: Any) -> Bench:
        """Up to a closed, locked door with its holders loaded and its store open."""
        self.do(ev.Started("s1", latched, **started))
        for device in devices_of(self.state.plan):
            self.do(ev.DeviceBack(device, "here"))
        for door in self.state.doors:
            self.settle(door.id)
            if door.plan.contact:
                self.do(ev.ContactChanged(door.id, open=False))
            if door.plan.fire:
                self.do(ev.FireChanged(door.id, active=False))
        self.opened()
        self.roster(*(people or PEOPLE))
        for door in self.state.doors:
            self.settle(door.id)
        self.wait(2.0)
        return self

    def roster(self, *people: Holder) -> tuple[fx.Effect, ...]:
        return self.do(ev.HoldersReplaced(holders(*people), None, (), by_pin=by_pin(*people)))

    def opened(self, **changes: Any) -> tuple[fx.Effect, ...]:
        event = ev.StoreOpened(1, "e1", UTC - 86_400, self.seq, "00", 0, (), {}, {})
        return self.do(replace(event, **changes))

    def online(self) -> Bench:
        self.do(ev.LinkUp("5"))
        self.do(ev.CentrePresence(online=True, since=UTC))
        self.wait(1.5)
        return self

    def settle(self, door: str = "main") -> None:
        """The lock does what was ordered last, and is read back."""
        lock = self.door(door).lock
        if lock.order is not None:
            unlocked = lock.order_pulse or self.door(door).rests_unlocked
            self.do(ev.LockOrderSent(door, lock.order))
            self.do(ev.LockRead(door, unlocked))

    def tap(self, name: str, reader: str = "card", *, after: float = 1.0) -> tuple[fx.Effect, ...]:
        return self.do(ev.CardRead(reader, card(name)), after=after)

    def let_in(self, name: str, reader: str = "card", *, after: float = 1.0) -> list[fx.Effect]:
        """A card, and a lock that takes the order: what came of both."""
        before = len(self.effects)
        self.tap(name, reader, after=after)
        for door in self.state.doors:
            if reader in door.plan.readers:
                self.settle(door.id)
        return [effect for _, effect in self.effects[before:]]

    def door(self, name: str = "main") -> Door:
        return next(d for d in self.state.doors if d.id == name)

    def recorded(self, record: fx.AppendFacts) -> tuple[fx.Effect, ...]:
        first, self.seq = self.seq, self.seq + len(record.facts)
        lines = tuple(f"line {first + i}".encode() for i in range(len(record.facts)))
        return self.do(ev.Recorded(record.token, first, lines, f"{first - 1:02x}", f"{self.seq - 1:02x}"))

    def message(self, message: Any, *, retained: bool = False) -> tuple[fx.Effect, ...]:
        self.tokens += 1
        return self.do(ev.MessageReceived(self.tokens, message, retained))

    # --- what came out

    def all(self, kind: type[E]) -> list[E]:
        return [effect for _, effect in self.effects if isinstance(effect, kind)]

    def facts(self) -> list[Told]:
        return [fact for record in self.all(fx.AppendFacts) for fact in facts_in(record)]

    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.facts()]

    def page(self) -> fx.Page:
        page = self.state.screens[0].page
        assert page is not None
        return page

    def forget(self) -> None:
        """Look only at what comes from here on."""
        self.effects.clear()


def of(kind: type[E], found: tuple[fx.Effect, ...] | list[fx.Effect]) -> list[E]:
    return [effect for effect in found if isinstance(effect, kind)]


def the(kind: type[E], found: tuple[fx.Effect, ...] | list[fx.Effect]) -> E:
    """The only effect of this kind."""
    (only,) = of(kind, found)
    return only


def facts_of(found: tuple[fx.Effect, ...] | list[fx.Effect]) -> dict[str, Mapping[str, Any]]:
    return {fact.kind: fact.data for record in of(fx.AppendFacts, found) for fact in facts_in(record)}


def facts_in(record: fx.AppendFacts) -> list[Told]:
    """Each must be as its kind declares it."""
    made = [Told(kind_of(each.fact), loads(dumps(data_of(each.fact)))) for each in record.facts]
    for each in made:
        assert fact_of(each.kind, each.data) is not None, "a fact that is not as its kind declares it"
    return made


def wire(made: Status | State) -> dict[str, Any]:
    """A status as JSON values, that the centre can read; of a state, the one it would send now."""
    values = codec.write(made if isinstance(made, Status) else status(made))
    assert codec.read(Status, loads(dumps(values)))
    return values


def notice(name: str = "n1", rev: int = 1, **changes: Any) -> Notice:
    made = Notice(YARD, name, rev, UTC - 60, Category.SERVICE, f"标题{name}", "今日停水八点到十二点")
    return replace(made, **changes)


def command(bench: Bench, order: Order = OPEN, *, name: str = "c1", **changes: Any) -> Command:
    made = Command("badahu", UNIT, name, "b12-u2", bench.utc - 1, bench.utc + 20, order, "desk-1", "test")
    return replace(made, **changes)


def mode(bench: Bench, name: str, *, seconds: float = 3600.0, door: str | None = None) -> None:
    """The doors' mode by a signed command, recorded."""
    order = SetMode(Mode(name), bench.utc + seconds, door)
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench, order, name=f"m-{bench.mono * 1000:.0f}"))))


def confirm(bench: Bench, batch: str, **changes: Any) -> Confirm:
    right = digest(applied_entries(bench.state))
    made = Confirm(UNIT, bench.utc, "b12-u2", "e1", 0, "00", batch, bench.utc, right)
    return replace(made, **changes)
