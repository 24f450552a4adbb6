"""What people do at the door and what is then to be seen: the vocabulary the story's steps are written in."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from centre.cli.command import NO_ANSWER
from simulator.demo.bureau import BookFact
from simulator.demo.children import Outcome
from simulator.demo.stage import UNIT, Stage
from simulator.demo.waiting import expect, until
from simulator.panel import Screen
from simulator.trace import Moment

STILL_S = 0.1


class Scene:
    """A stage with hands and eyes. `shots` are screens kept for the pictures, by caption."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.box = stage.box
        self.bureau = stage.bureau
        self.shots: list[tuple[str, Screen]] = []
        self._clerks = ThreadPoolExecutor(2, thread_name_prefix="clerk")

    def close(self) -> None:
        self.stage.stop_commands()
        self._clerks.shutdown(wait=True)

    # --- the relay and the door

    def pulses(self, since: float) -> list[Moment]:
        """Timed-pulse frames the relay board took since then."""
        return self.box.trace.moments("relay", "pulse", since)

    def unlocked(self, limit_s: float = 3.0) -> Moment:
        """Wait until the lock lets go; the moment it did."""
        until("the lock lets go", lambda: self.box.lock_unlocked, limit_s)
        return self.box.trace.moments("door main", "unlocked")[-1]

    def locked(self, limit_s: float = 5.0) -> Moment:
        until("the lock holds again", lambda: not self.box.lock_unlocked, limit_s)
        return self.box.trace.moments("door main", "locked")[-1]

    def walk_through(self) -> None:
        """Pull the door when it is unlocked; it closes by itself behind."""
        self.unlocked()
        expect("the door gives way", self.box.push_door())
        until("the door closes", lambda: not self.box.contact_open)

    # --- the panel

    def shown(self, text: str, since: float, limit_s: float = 5.0) -> Screen:
        """The first whole screen since then with this text on it."""

        def look() -> Screen | None:
            return next((screen for at, screen in self._screens(since) if text in str(screen)), None)

        return until(f"the panel shows {text}", look, limit_s)

    def _screens(self, since: float) -> list[tuple[float, Screen]]:
        """Screens that appeared since then, with the one that stands; those with no title yet are still being drawn."""
        history = list(self.box.panel.history)
        return [(at, screen) for at, screen in history if at >= since and screen.title]

    def stands(self, text: str) -> Screen:
        """The screen as it is now, once this text is on it: the second person with the same answer changes nothing on it."""

        def look() -> Screen | None:
            screen = self.box.panel.screen()
            return screen if screen.title and text in str(screen) else None

        return until(f"the panel shows {text}", look)

    def heard_tone(self, since: float) -> None:
        until("the panel sounds", lambda: any(at >= since for at, _ in list(self.box.panel.tones)))

    def keep(self, caption: str) -> None:
        """A picture of the panel, once it has stood still for a moment."""
        panel = self.box.panel
        until("the panel is drawn", lambda: time.monotonic() - panel.history[-1][0] > STILL_S and panel.title)
        self.shots.append((caption, panel.screen()))

    # --- the books

    def booked(self, kind: str, after: int, limit_s: float = 20.0, **data: object) -> BookFact:
        """The one fact of this kind and these fields that arrives after number `after`; a second one is a failure."""
        named = " ".join([kind, *(f"{key}={value}" for key, value in data.items())])
        until(f"{named} reaches the books", lambda: self.bureau.facts(after, kind, **data), limit_s, 0.03)
        found = self.bureau.facts(after, kind, **data)
        expect(f"{named} is in the books once, not {len(found)} times", len(found) == 1)
        return found[0]

    def in_touch(self, after: int, limit_s: float = 20.0) -> None:
        """The agent that was started after book entry `after` is connected, and its clock is set by the centre."""
        until("the agent's start is in the books", lambda: self.bureau.facts(after, "agent.started"), limit_s, 0.03)
        until(
            "the centre sets the agent's clock",
            lambda: self.bureau.facts(after, "clock.changed", trust="synced"),
            limit_s,
            0.03,
        )

    def open_remotely(self) -> Future[Outcome]:
        """A clerk at the centre orders the door open; the command's own process tells its course."""
        return self._clerks.submit(
            self.bureau.order, "open", "--unit", UNIT, "--door", "main", "--why", "resident called", "--actor", "demo"
        )


def course_of(outcome: Outcome) -> str:
    """`accepted, done, opened` from what `doorward centre open` printed. What stopped before its end is no answer, however far it came."""
    lines = [line.split("  ", 1)[-1].strip() for line in outcome.out.splitlines() if line.strip()]
    return ", ".join([*lines, "no answer"] if outcome.code == NO_ANSWER else lines)


def now() -> float:
    return time.monotonic()
