"""What each key of the interactive demo does to the scene. Slow things (the centre's commands) run aside and report when done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from simulator.demo import people
from simulator.demo.acting import AtDoor, course_of
from simulator.demo.children import Outcome
from simulator.demo.stage import UNIT, Stage, local
from simulator.demo.words import EN

RESTART_S = 2.0
"""As long as the service manager would wait."""
CLERK_S = 120.0
"""Longer than a command of the centre listens for what became of an order."""
NOTICE = "water"
ON_THE_KEYPAD = "0123456789*#"


@dataclass(frozen=True, slots=True)
class Key:
    """`act` tells which of the demo's words say what came of it."""

    key: str
    act: Callable[[Visitor], str]


class Visitor:
    """Hands at the door and clerks at the centre. `said` is what happened, newest last, in the words given."""

    def __init__(self, stage: Stage, words: Mapping[str, str] = EN) -> None:
        self.stage = stage
        self.words = words
        self.box = stage.box
        self.door = AtDoor(stage.box)
        self.said: deque[str] = deque(maxlen=6)
        self.burning = False
        self.typing = False
        """Keys go to the keypad at the door."""
        self._notices = 0
        self._notice: str | None = None
        self._dead_since: float | None = None
        self._clerks = ThreadPoolExecutor(3, thread_name_prefix="clerk")

    def close(self) -> None:
        self.stage.stop_commands()
        self._clerks.shutdown(wait=True, cancel_futures=True)

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
        """Start the agent again some time after it died, as its service manager would."""
        if self.stage.agent.pid is not None:
            self._dead_since = None
        elif self._dead_since is None:
            self._dead_since = time.monotonic()
        elif time.monotonic() - self._dead_since >= RESTART_S:
            self.stage.agent.start()
            self._dead_since = None
            self.say(self.words["restarted"])

    # --- hands

    def tap(self, card: int, whose: str) -> str:
        self.box.tap(card)
        return f"card.{whose}"

    def push(self) -> str:
        return "push.open" if self.box.push_door() else "push.held"

    def type(self) -> str:
        """From here on at the keypad."""
        if not self.door.has_keypad:
            return "pad.none"
        self.typing = True
        self.door.approaches()
        return "pad.at"

    def _type(self, key: str) -> None:
        if key in ON_THE_KEYPAD:
            if not self.door.presses(key):
                self.door.approaches()
        elif key in "\r\n\x1b":
            self.typing = False
            self.say(self.words["pad.away"])

    def press_exit(self) -> str:
        self.box.press_exit()
        return "exit"

    def set_fire(self) -> str:
        self.burning = not self.burning
        self.box.fire(self.burning)
        return "fire.burns" if self.burning else "fire.over"

    def cut(self) -> str:
        cable = self.stage.cable
        if cable.whole:
            cable.cut()
            return "cut"
        cable.mend()
        return "mended"

    def kill(self) -> str:
        if self.stage.agent.pid is None:
            return "dead"
        self.stage.agent.kill()
        return "killed"

    def picture(self) -> str:
        """Of the panel as it is now."""
        image = self.door.pixels()
        if image is None:
            return "picture.none"
        image.save(self.stage.folder / "panel.png", "PNG")
        return "picture"

    # --- clerks

    def reset_fire(self) -> str:
        self._order("fire reset", "fire-reset", "--unit", UNIT, "--why", "checked on site")
        return "reset"

    def open_door(self) -> str:
        self._order("remote open", "open", "--unit", UNIT, "--door", "main", "--why", "resident called")
        return "opened"

    def visitor(self) -> str:
        self._order("visitor", "visitor", "make", UNIT, "main")
        return "visitor"

    def notice(self) -> str:
        if self._notice is None:
            self._notices += 1
            self._notice = f"{NOTICE}-{self._notices}"
            words = ("--title", self.words["notice.title"], "--text", self.words["notice.text"])
            self._order(
                "notice",
                "notice",
                "put",
                "--yes",
                "--id",
                self._notice,
                "--scope",
                "yard/y07",
                "--category",
                "service",
                *words,
            )
            return "notice.up"
        name, self._notice = self._notice, None
        self._order("notice", "notice", "withdraw", name)
        return "notice.down"

    def _order(self, what: str, *arguments: str) -> None:
        name = self.words[f"order.{what}"]

        def told(future: Future[Outcome]) -> None:
            if future.cancelled():
                return
            if future.exception() is not None:
                self.say(f"{name}: {self.words['no answer'].format(why=future.exception())}")
                return
            done = future.result()
            words = course_of(done) if what in {"remote open", "fire reset"} else done.out.strip().replace("\n", ", ")
            self.say(f"{name}: {words or done.err.strip()}")

        self._clerks.submit(self.stage.bureau.order, *arguments, limit_s=CLERK_S).add_done_callback(told)


KEYS = (
    Key("1", lambda v: v.tap(people.RESIDENT, "resident")),
    Key("2", lambda v: v.tap(people.EXPIRED, "expired")),
    Key("3", lambda v: v.tap(people.UNKNOWN, "unknown")),
    Key("4", lambda v: v.tap(people.PATROL, "patrol")),
    Key("t", Visitor.type),
    Key("v", Visitor.visitor),
    Key("d", Visitor.push),
    Key("x", Visitor.press_exit),
    Key("f", Visitor.set_fire),
    Key("r", Visitor.reset_fire),
    Key("n", Visitor.notice),
    Key("o", Visitor.open_door),
    Key("c", Visitor.cut),
    Key("p", Visitor.picture),
    Key("k", Visitor.kill),
)
