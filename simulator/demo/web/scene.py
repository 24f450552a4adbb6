"""The stage as the page shows it: each unit with hands and eyes, what happened last. Its own turn is taken by the demo's main thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from simulator.demo.bureau import BookFact
from simulator.demo.clerk import Clerk
from simulator.demo.hands import Hands
from simulator.demo.stage import Entrance, Stage
from simulator.demo.web.changes import Changes
from simulator.demo.web.deeds import UNTOLD, NoDeedError, done
from simulator.demo.web.eyes import Eyes
from simulator.trace import Moment

KEPT = 40
"""Of what happened, lines that are kept."""


@dataclass(frozen=True, slots=True)
class Said:
    """`key`: which of the page's words; `fields` stand in them. `order`: what the centre was asked to do, where this is its end."""

    at_utc: float
    unit: str
    key: str
    fields: Mapping[str, str]
    order: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A unit with somebody before it."""

    entrance: Entrance
    hands: Hands
    eyes: Eyes


class WebScene:
    """`with WebScene(stage, entrances, words)`. `words`: in the language of residents, for what they are sent."""

    def __init__(self, stage: Stage, entrances: list[Entrance], words: Mapping[str, str]) -> None:
        self.stage = stage
        self.changes = Changes()
        self.happened: deque[Said | BookFact] = deque(maxlen=KEPT)
        """Newest last, in the order in which it came to be known."""
        self.clerk = Clerk(stage, words, self._told)
        self.places: dict[str, Place] = {}
        for entrance in entrances:
            hands = Hands(entrance)
            self.places[entrance.unit] = Place(entrance, hands, Eyes(hands.door, self.changes.tell))
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._last = 0
        self._alive: dict[str, bool] = {}

    def __enter__(self) -> Self:
        self._stack.callback(self.clerk.close)
        for place in self.places.values():
            self._stack.enter_context(place.eyes)
            place.entrance.box.trace.listener = self._passed
        return self

    def __exit__(self, *_: object) -> None:
        for place in self.places.values():
            place.entrance.box.trace.listener = None
        self.changes.close()
        self._stack.close()

    def do(self, unit: str, deed: str) -> None:
        """As it was posted. Raises NoDeedError; one is done after the other."""
        if unit not in self.places:
            raise NoDeedError(f"no unit is called {unit[:40]!r}")
        with self._lock:
            key = done(deed, self.places[unit].hands, self.clerk, unit)
        if deed.partition(":")[0] not in UNTOLD:
            self._say(unit, key)
        self.changes.tell()

    def turn(self) -> None:
        """What nobody else looks after: agents that died, facts that came to the books."""
        with self._lock:
            for unit, place in self.places.items():
                if (did := place.hands.look_after()) is not None:
                    self._say(unit, did)
        facts = self.stage.bureau.facts(self._last)
        if facts:
            self._last = facts[-1].n
            self.happened.extend(facts)
        alive = {unit: place.entrance.agent.pid is not None for unit, place in self.places.items()}
        if facts or alive != self._alive:
            self._alive = alive
            self.changes.tell()

    def _say(self, unit: str, key: str, order: str = "", **fields: str) -> None:
        self.happened.append(Said(time.time(), unit, key, fields, order))
        self.changes.tell()

    def _told(self, order: str, ended: str, words: str) -> None:
        self._say("", ended, order, why=words)

    def _passed(self, moment: Moment) -> None:
        """On the clockwork's thread: the door's lock, leaf and wires."""
        if moment.part.startswith("door "):
            self.changes.tell()
