"""What each key of the demo at a terminal does to the scene. Slow things (the centre's commands) run aside and report when done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.demo import people
from simulator.demo.clerk import Clerk
from simulator.demo.hands import Hands
from simulator.demo.stage import UNIT, Stage, local
from simulator.demo.words import EN

ON_THE_KEYPAD = "0123456789*#"


@dataclass(frozen=True, slots=True)
class Key:
    """`act` tells which of the demo's words say what came of it."""

    key: str
    act: Callable[[Visitor], str]


class Visitor:
    """Hands at the door and a clerk at the centre. `said` is what happened, newest last, in the words given."""

    def __init__(self, stage: Stage, words: Mapping[str, str] = EN) -> None:
        self.stage = stage
        self.words = words
        self.box = stage.box
        self.hands = Hands(stage.entrance)
        self.clerk = Clerk(stage, words, self._told)
        self.said: deque[str] = deque(maxlen=6)
        self.typing = False
        """Keys go to the keypad at the door."""

    def close(self) -> None:
        self.clerk.close()

    def press(self, key: str) -> None:
        if self.typing:
            self._type(key)
            return
        for known in KEYS:
            if known.key == key:
                self.say(self.words[known.act(self)].format(folder=self.stage.folder))

    def say(self, words: str) -> None:
        self.said.append(f"{local(time.time()):%H:%M:%S}  {words}")

    def look_after(self) -> None:
        if (did := self.hands.look_after()) is not None:
            self.say(self.words[did])

    def _told(self, order: str, ended: str, words: str) -> None:
        words = self.words[ended].format(why=words) if ended else words
        self.say(f"{self.words[f'order.{order}']}: {words}")

    def type(self) -> str:
        """From here on at the keypad."""
        if not self.hands.door.has_keypad:
            return "pad.none"
        self.typing = True
        self.hands.door.approaches()
        return "pad.at"

    def _type(self, key: str) -> None:
        if key in ON_THE_KEYPAD:
            if not self.hands.door.presses(key):
                self.hands.door.approaches()
        elif key in "\r\n\x1b":
            self.typing = False
            self.say(self.words["pad.away"])

    def picture(self) -> str:
        """Of the panel as it is now."""
        image = self.hands.door.pixels()
        if image is None:
            return "picture.none"
        image.save(self.stage.folder / "panel.png", "PNG")
        return "picture"


KEYS = (
    Key("1", lambda v: v.hands.tap(people.RESIDENT, "resident")),
    Key("2", lambda v: v.hands.tap(people.EXPIRED, "expired")),
    Key("3", lambda v: v.hands.tap(people.UNKNOWN, "unknown")),
    Key("4", lambda v: v.hands.tap(people.PATROL, "patrol")),
    Key("t", Visitor.type),
    Key("v", lambda v: v.clerk.visitor(UNIT)),
    Key("d", lambda v: v.hands.push()),
    Key("x", lambda v: v.hands.press_exit()),
    Key("f", lambda v: v.hands.set_fire()),
    Key("r", lambda v: v.clerk.reset_fire(UNIT)),
    Key("n", lambda v: v.clerk.notice()),
    Key("o", lambda v: v.clerk.open_door(UNIT)),
    Key("c", lambda v: v.hands.cut()),
    Key("p", Visitor.picture),
    Key("k", lambda v: v.hands.kill()),
)
