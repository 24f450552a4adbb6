"""One step in the making: the state so far and the effects so far. Lives for one call of `step` and is never kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.core import limits
from agent.core.effects import (
    AppendFacts,
    DatedFact,
    Effect,
    KeptHome,
    KeptMeter,
    KeptMode,
    KeptTries,
    SeenCommand,
    SoundTone,
    UsedVisitor,
)
from agent.core.marks import CheckedIn, RoundMarks
from agent.core.plan import DoorPlan
from agent.core.state import State
from agent.core.state.door import Door
from agent.core.state.people import ScreenAnswer
from agent.core.time import KnownTime, Now
from contract.facts import Fact, Filmed, NoticeReceived, NoticeShown, declared
from contract.frozen import frozen


@frozen
class DoorOutcome:
    """What a door's lock or contact did, for whoever waits for it: sent, failed, read, unlocked, opened, no_entry."""

    door: str
    what: str
    order: int | None = None


def known_time(state: State) -> KnownTime | None:
    """What signed messages say of the time now; None: no confirm ever came."""
    time = state.timekeeping
    if time.confirmed is None:
        return None
    utc = time.confirmed[0] + (state.now.mono - time.confirmed[1])
    return KnownTime(utc, max(utc, state.now.floor_utc or utc), time.doubt_utc)


class StepBuilder:
    """Lock orders and the fire latch leave ahead of everything else of the same step; facts leave as one record at its end."""

    __slots__ = ("_facts", "_first", "_rest", "news", "now", "state")

    def __init__(self, state: State, now: Now) -> None:
        self.state = replace(state, now=now)
        self.now = now
        self._first: list[Effect] = []
        self._rest: list[Effect] = []
        self._facts: list[DatedFact] = []
        self.news: list[DoorOutcome] = []

    def number(self) -> int:
        """A number no order, token or page of this run has had."""
        counter = self.state.counter + 1
        self.state = replace(self.state, counter=counter)
        return counter

    def urge(self, effect: Effect) -> None:
        self._first.append(effect)

    def emit(self, effect: Effect) -> None:
        self._rest.append(effect)

    def door(self, door_id: str) -> Door | None:
        for door in self.state.doors:
            if door.plan.id == door_id:
                return door
        return None

    def at(self, door_id: str) -> Door:
        """The door of that id, which the plan has."""
        door = self.door(door_id)
        assert door is not None
        return door

    def put(self, door: Door) -> None:
        self.state = replace(
            self.state, doors=tuple(door if d.plan.id == door.plan.id else d for d in self.state.doors)
        )

    def door_of_reader(self, reader: str) -> DoorPlan | None:
        for plan in self.state.plan.doors:
            if reader in plan.readers:
                return plan
        return None

    def beside(self, reader: str) -> tuple[str, ...]:
        """All readers and keypads of the same door: who shows a card at one types at another."""
        plan = self.door_of_reader(reader)
        return (reader,) if plan is None else plan.readers

    def dated(self, fact: Fact) -> DatedFact:
        return DatedFact(self._filmed(fact), self.now.utc, str(self.now.clock), self.now.mono)

    def _filmed(self, fact: Fact) -> Fact:
        """With the camera that sees its door, where the configuration names one."""
        if not isinstance(fact, Filmed):
            return fact
        door = self.door(fact.door)
        return fact if door is None or door.plan.camera is None else replace(fact, camera=door.plan.camera)

    def fact(self, fact: Fact) -> None:
        """Journal this fact with the others of the step."""
        self._facts.append(self.dated(fact))

    def record(
        self,
        facts: Sequence[DatedFact],
        *,
        seen: SeenCommand | None = None,
        finish: tuple[str, ...] = (),
        durable_by_mono: float | None = None,
        modes: tuple[KeptMode, ...] = (),
        known: KnownTime | None = None,
        checkin: CheckedIn | None = None,
        reported_checkins: tuple[CheckedIn, ...] = (),
        tries: KeptTries | None = None,
        visitor: UsedVisitor | None = None,
        rounds: RoundMarks | None = None,
        homes: tuple[KeptHome, ...] = (),
        meters: tuple[KeptMeter, ...] = (),
    ) -> int:
        """Journal these facts by themselves; returns the token of the record. What is known of the time goes along once a minute,
        and with a record that is not refused, of which check-ins the person was told.
        """
        token = self.number()
        sync = self.state.sync
        ahead = tuple((i, leaf) for i, fact in enumerate(facts) if (leaf := _leaf(fact.fact)) is not None)
        tokens = {**sync.ahead_tokens, token: ahead} if ahead else sync.ahead_tokens
        self.state = replace(
            self.state, sync=replace(sync, unsaved=sync.unsaved + len(facts), ahead_tokens=tokens)
        )  # in one, with an alarm or without: the time it takes tells nobody of a duress PIN
        known = known or self._known_time()
        if durable_by_mono is None and self.state.access.reported_checkins:
            reported_checkins = (*reported_checkins, *self.state.access.reported_checkins)
            self.state = replace(self.state, access=replace(self.state.access, reported_checkins=()))
        precious = (modes, known, checkin, reported_checkins, tries, visitor, rounds, homes, meters)
        self.emit(AppendFacts(token, tuple(facts), seen, finish, durable_by_mono, *precious))
        return token

    def _known_time(self) -> KnownTime | None:
        time, now = self.state.timekeeping, self.now.mono
        if time.kept_at is None or now - time.kept_at < limits.KEEP_TIME_S:
            return None
        self.state = replace(self.state, timekeeping=replace(time, kept_at=now))
        return known_time(self.state)

    def say(self, key: str, seconds: float, tone: str, *, door: str | None = None, **fields: str) -> None:
        """Answer a person: on the screens for `seconds`, and by a tone at the door."""
        now = self.now.mono
        self.state = replace(self.state, answer=ScreenAnswer(key, fields, tone, now + seconds, now, door))
        if door is not None and tone != "none":
            self.emit(SoundTone(door, tone))

    def changed(self) -> None:
        """Something the status tells has changed."""
        if not self.state.health.dirty:
            self.state = replace(self.state, health=replace(self.state.health, dirty=True))

    def finish(self) -> tuple[State, tuple[Effect, ...]]:
        if self._facts:
            facts, self._facts = self._facts, []
            self.record(facts)
        return self.state, (*self._first, *self._rest)


def _leaf(fact: Fact) -> str | None:
    """As what a copy of this fact may go ahead of the queue."""
    if declared(fact).alarm:
        return "alarm"
    return "receipt" if isinstance(fact, NoticeReceived | NoticeShown) else None
