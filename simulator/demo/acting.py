"""What people do at the door and what is then to be seen: the vocabulary the story's steps are written in."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from centre.cli.command import NO_ANSWER
from simulator.box import Box
from simulator.demo.bureau import BookFact
from simulator.demo.children import Outcome
from simulator.demo.people import UNKNOWN
from simulator.demo.stage import NEXT, UNIT, Stage
from simulator.demo.waiting import NotHeldError, expect, until
from simulator.dwin_panel import DwinPanel
from simulator.osdp_reader import OsdpReader
from simulator.panel import Screen
from simulator.tjc_canvas import TjcCanvasPanel
from simulator.tjc_panel import TjcPanel
from simulator.trace import Moment

if TYPE_CHECKING:
    from PIL.Image import Image

    from simulator.sheet import Shot

STILL_S = 0.1
TAKEN_AWAY_S = 1.5
DRAWN_S = 0.5
COMES_BACK_S = 20.0
"""More than a panel takes to be missed and drawn anew, and its pages to come round."""


class AtDoor:
    """One unit's door with hands and eyes before it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self._shown = (0, 0.0)

    def tap(self, card: int) -> None:
        """A card that is shown again at once counts as one that was held: whoever shows it again takes it away first."""
        last, at = self._shown
        if card == last:
            until("the card was taken away", lambda: now() - at >= TAKEN_AWAY_S)
        self.box.tap(card)
        self._shown = (card, now())

    # --- the relay and the door

    def pulses(self, since: float) -> list[Moment]:
        """Timed-pulse frames the relay board took since then."""
        return self.box.trace.moments("relay", "pulse", since)

    def unlocked(self, limit_s: float = 3.0) -> Moment:
        """Wait until the lock lets go; the moment it did."""
        until("the lock lets go", lambda: self.box.lock_unlocked, limit_s)
        return self.box.trace.moments("door main", "unlocked")[-1]

    def rests(self) -> None:
        """Wait until it is locked, whoever was here before."""
        until("the lock holds", lambda: not self.box.lock_unlocked)

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

    def masks(self, count: int) -> None:
        """Wait until so many keys stand there, none of them to be read: as discs behind the star, or all as stars."""
        ways = ("*" * count, "●" * (count - 1))
        until(f"{count} keys are masked", lambda: any(way in self.box.panel.text for way in ways))

    def pixels(self) -> Image | None:
        """The panel as it is, where it is a designed one: no other has pixels."""
        panel = self.box.panel
        if isinstance(panel, TjcCanvasPanel) or (isinstance(panel, DwinPanel) and panel.project is not None):
            return panel.pixels()
        return None

    def loses_power(self, text: str) -> float:
        """The panel does, and shows what stood there with this text on it, to the last pixel. Seconds until then."""
        for _ in range(3):
            screen, before = self._drawn_with(text)
            began = now()
            self.box.panel.power_cycle()
            expect("it has forgotten its screen", self._seen() != before)
            while self._seen() != before and now() < began + COMES_BACK_S:
                time.sleep(STILL_S)
            if self._seen() == before:
                return now() - began
            expect("another minute has begun", str(self.stands(text)) != str(screen))
        raise NotHeldError("the panel never stood still for a minute")

    def _drawn_with(self, text: str) -> tuple[Screen, bytes]:
        """The screen with this text, once nothing is drawn any more."""

        def look() -> tuple[Screen, bytes] | None:
            screen, seen = self.stands(text), self._seen()
            time.sleep(DRAWN_S)
            return (screen, seen) if self._seen() == seen else None

        return until("the panel is drawn", look, COMES_BACK_S)

    def _seen(self) -> bytes:
        image = self.pixels()
        return str(self.box.panel.screen()).encode() if image is None else image.tobytes()

    def heard_tone(self, since: float) -> None:
        def look() -> bool:
            """The reader's, where that has one: a panel may still be sounding what it was told before. Else the panel's."""
            if isinstance(self.box.readers["reader"], OsdpReader):
                return bool(self.box.trace.moments("reader", "beeps", since))
            return any(at >= since for at, _ in list(self.box.panel.tones))

        until("it sounds", look)

    # --- the keypad

    @property
    def has_keypad(self) -> bool:
        panel = self.box.panel
        touched = isinstance(panel, TjcPanel) or (isinstance(panel, DwinPanel) and panel.project is not None)
        return touched or self.keypad_at_reader

    @property
    def keypad_at_reader(self) -> bool:
        """Where a card is shown and a key is pressed at the same device."""
        return isinstance(self.box.readers["reader"], OsdpReader)

    def listens(self) -> None:
        """Wait until a reader that is asked has been found with nothing to say: what it said next was surely shown since (rule D12)."""
        reader = self.box.readers["reader"]
        if isinstance(reader, OsdpReader):
            polls = reader.peripheral.polls + 2
            until("the reader is asked", lambda: reader.peripheral.polls >= polls)

    def types(self, keys: str) -> None:
        """On the reader's keypad, else on the panel's."""
        self.listens()
        expect(f"a place to press each of {len(keys)} keys", self.presses(keys))

    def presses(self, keys: str) -> bool:
        """Whether all of them were there to press: not every page of a designed panel has keys."""
        if isinstance(self.box.readers["reader"], OsdpReader):
            self.box.press_keys(keys)
            return True
        panel = self.box.panel
        if isinstance(panel, DwinPanel):
            return all(panel.press(key) for key in keys)
        try:
            self.box.touch(keys)
        except LookupError:
            return False
        return True

    def approaches(self) -> None:
        """A finger on a designed panel beside all keys: it shows those to type with."""
        panel = self.box.panel
        if self.keypad_at_reader:
            return
        if isinstance(panel, DwinPanel) and panel.project is not None:
            panel.press(" ")
        elif isinstance(panel, TjcCanvasPanel):
            panel.touch_at(1, panel.project.height - 1)

    # --- coming in

    def opens(self, act: Callable[[], object]) -> Screen:
        """What somebody does opens the door, and they walk through. The page they saw."""
        self.rests()
        self.listens()
        act()
        self.unlocked()
        screen = self.stands("请进")
        self.walk_through()
        self.rests()
        return screen

    def refuses(self, act: Callable[[], object], title: str) -> Screen:
        """It is told why, and the relay is silent."""
        self.rests()
        self.listens()
        since = now()
        act()
        self.heard_tone(since)
        screen = self.stands(title)
        expect(f"the relay is silent upon {title}", not self.pulses(since))
        return screen


class Scene(AtDoor):
    """A stage. `shots` are kept for the pictures. `other` is the unit next door, once it is there."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.box)
        self.stage = stage
        self.bureau = stage.bureau
        self.clock = stage.clock
        self.shots: list[Shot] = []
        self.other: AtDoor | None = None
        self._clerks = ThreadPoolExecutor(2, thread_name_prefix="clerk")

    def close(self) -> None:
        self.stage.stop_commands()
        self._clerks.shutdown(wait=True)

    @property
    def next_door(self) -> AtDoor:
        assert self.other is not None
        return self.other

    def keep(self, caption: str) -> None:
        """A picture of the panel, once it has stood still for a moment; of a designed one, as no other has pixels."""
        panel = self.box.panel
        until("the panel is drawn", lambda: time.monotonic() - panel.history[-1][0] > STILL_S and panel.title)
        image = self.pixels()
        if image is not None:
            from simulator.sheet import Shot  # noqa: PLC0415  # where there are pixels, there is Pillow

            words = "\n".join(text for text in panel.screen().texts if text)
            self.shots.append(Shot(caption, words, image))

    # --- next door

    def move_in(self) -> None:
        """A second unit is built in."""
        there = self.stage.add_next_door()
        self.other = AtDoor(there.box)
        until("the second unit draws its screen", lambda: there.box.panel.title, 20.0)

    # --- time

    def it_is(self, hh_mm: str, unit: str, *, before_s: float = 0.0) -> None:
        """The story leaps to the next time that it is so late, or so many seconds before. A card that nobody knows gives this unit something to
        tell, and the centre's answer is the time.
        """
        after = self.bureau.last
        self.clock.leap_to(hh_mm, before_s)
        (self if unit == UNIT else self.next_door).tap(UNKNOWN)
        self.booked_of(unit, "clock.changed", after)

    # --- the books

    def booked_of(self, unit: str, kind: str, after: int, **data: object) -> BookFact:
        """A fact of this unit. Where several match, the first."""

        def look() -> list[BookFact]:
            return [fact for fact in self.bureau.facts(after, kind, **data) if fact.unit == unit]

        return until(f"{kind} of {unit} reaches the books", look, 30.0, 0.03)[0]

    def both_told(self, after: int, kind: str, **data: object) -> None:
        """A fact of each unit."""
        for unit in (UNIT, NEXT):
            self.booked_of(unit, kind, after, **data)

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

    def aside(self, *arguments: str) -> Future[str]:
        """A command of the centre that must succeed, while the story goes on."""
        return self._clerks.submit(self.bureau.do, *arguments)

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
