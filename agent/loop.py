"""The main loop: owns the state, takes one event at a time, reads the clock once for it, asks the core, hands the effects on.

A card's path: reader's port thread -> inbox (door lane) -> here: core.step -> dispatch -> lock's port thread.
"""

from __future__ import annotations

from collections.abc import Callable

from agent import limits
from agent.clock import Clock
from agent.core.controller import deadline, step
from agent.core.effects import Effect, EraseHolder
from agent.core.events import Event
from agent.core.events.life import ClockStepped, Started, TimePassed
from agent.core.state import State
from agent.core.time import Now
from agent.inbox import Inbox
from agent.ring import Ring, RingStep


class Loop:
    """Runs on the main thread until `stop`. An exception of the core passes through: that is our fault and ends the process (exit 70)."""

    def __init__(
        self,
        state: State,
        inbox: Inbox,
        clock: Clock,
        dispatch: Callable[[Effect], None],
        *,
        turned: Callable[[], None],
    ) -> None:
        self._state = state
        self._inbox = inbox
        self._clock = clock
        self._dispatch = dispatch
        self._turned = turned
        self._ring = Ring()
        self._next_turn = 0.0
        self._running = True
        self._unfinished: RingStep | None = None

    def run(self, started: Started) -> None:
        """From `started` on, which goes ahead of what the ports have told already (rule D4)."""
        self._step(started, self._clock.now())
        while self._running:
            now = self._clock.now()
            due = deadline(self._state)
            wake = self._next_turn if due is None else min(due, self._next_turn)
            event = self._inbox.take(max(0.0, wake - now.mono))
            if event is not None:
                self._step(event, self._clock.now())
            self._after(event)

    def stop(self) -> None:
        """Leave `run` after the effects of the present step, within a turn. Any thread."""
        self._running = False

    @property
    def current(self) -> Event | None:
        """The event being handled: after a crash, the one that did it."""
        return None if self._unfinished is None else self._unfinished.event

    def steps(self) -> tuple[RingStep, ...]:
        """The last steps; after a crash the one that did it stands last, without effects."""
        done = self._ring.steps()
        return done if self._unfinished is None else (*done, self._unfinished)

    def _step(self, event: Event, now: Now) -> None:
        before = self._state
        self._unfinished = RingStep(before, event, now, ())
        self._state, effects = step(before, event, now)
        self._ring.add(RingStep(before, event, now, effects))
        if any(isinstance(effect, EraseHolder) for effect in effects):
            self._ring.forget()
        for effect in effects:
            self._dispatch(effect)
        self._unfinished = None

    def _after(self, event: Event | None) -> None:
        now = self._clock.now()
        due = deadline(self._state)
        if due is not None and due <= now.mono:
            self._step(TimePassed(), now)
        if event is None or now.mono >= self._next_turn:
            self._turn(now)

    def _turn(self, now: Now) -> None:
        """Once a second or so, and whenever nothing else is to be done: what became of the clock, and of the shells."""
        self._next_turn = now.mono + limits.TURN_S
        change = self._clock.change()
        if change is not None:
            self._step(ClockStepped(*change), now)
        self._turned()
