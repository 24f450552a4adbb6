"""What each key of the interactive demo does to the scene. Slow things (the centre's commands) run aside and report when done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from simulator.demo import people
from simulator.demo.acting import course_of
from simulator.demo.children import Outcome
from simulator.demo.stage import UNIT, Stage, local

RESTART_S = 2.0
"""As long as the service manager would wait."""
CLERK_S = 120.0
"""Longer than a command of the centre listens for what became of an order."""
NOTICE = "water"


@dataclass(frozen=True, slots=True)
class Key:
    key: str
    words: str
    act: Callable[[Visitor], str]


class Visitor:
    """Hands at the door and clerks at the centre. `said` is what happened, newest last."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.box = stage.box
        self.said: deque[str] = deque(maxlen=6)
        self.burning = False
        self._notices = 0
        self._notice: str | None = None
        self._dead_since: float | None = None
        self._clerks = ThreadPoolExecutor(3, thread_name_prefix="clerk")

    def close(self) -> None:
        self.stage.stop_commands()
        self._clerks.shutdown(wait=True, cancel_futures=True)

    def press(self, key: str) -> None:
        for known in KEYS:
            if known.key == key:
                self.say(known.act(self))

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
            self.say("the service manager starts the agent again")

    # --- hands

    def tap(self, card: int, whose: str) -> str:
        self.box.tap(card)
        return f"{whose} card is tapped"

    def push(self) -> str:
        return "the door gives way" if self.box.push_door() else "the door holds"

    def press_exit(self) -> str:
        self.box.press_exit()
        return "exit button pressed"

    def set_fire(self) -> str:
        self.burning = not self.burning
        self.box.fire(self.burning)
        return (
            "FIRE: the building's fire contact opens"
            if self.burning
            else "the fire signal is over; the door waits for a reset"
        )

    def cut(self) -> str:
        cable = self.stage.cable
        if cable.whole:
            cable.cut()
            return "the network is cut; the door goes on"
        cable.mend()
        return "the network is back"

    def kill(self) -> str:
        if self.stage.agent.pid is None:
            return "the agent is dead already"
        self.stage.agent.kill()
        return "kill -9: the agent is dead; a running unlock ends by the board's own timer"

    # --- clerks

    def reset_fire(self) -> str:
        self._order("fire reset", "fire-reset", "--unit", UNIT, "--why", "checked on site")
        return "the centre signs a fire reset"

    def open_door(self) -> str:
        self._order("remote open", "open", "--unit", UNIT, "--door", "main", "--why", "resident called")
        return "the centre signs an open for door main; pull it (d)"

    def notice(self) -> str:
        if self._notice is None:
            self._notices += 1
            self._notice = f"{NOTICE}-{self._notices}"
            words = ("--title", "停水通知", "--text", "今日8:00至12:00停水，请各户提前储水。")
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
            return "a notice for the whole yard is put up"
        name, self._notice = self._notice, None
        self._order("notice", "notice", "withdraw", name)
        return "the notice is withdrawn"

    def _order(self, what: str, *arguments: str) -> None:
        def told(future: Future[Outcome]) -> None:
            if future.cancelled():
                return
            if future.exception() is not None:
                self.say(f"{what}: no answer ({future.exception()})")
                return
            done = future.result()
            words = course_of(done) if what in {"remote open", "fire reset"} else done.out.strip().replace("\n", ", ")
            self.say(f"{what}: {words or done.err.strip()}")

        self._clerks.submit(self.stage.bureau.order, *arguments, limit_s=CLERK_S).add_done_callback(told)


KEYS = (
    Key("1", "a resident's card", lambda v: v.tap(people.RESIDENT, "a resident's")),
    Key("2", "an expired card", lambda v: v.tap(people.EXPIRED, "an expired")),
    Key("3", "an unknown card", lambda v: v.tap(people.UNKNOWN, "an unknown")),
    Key("4", "a patrol card", lambda v: v.tap(people.PATROL, "a patrol")),
    Key("d", "push the door", Visitor.push),
    Key("x", "exit button", Visitor.press_exit),
    Key("f", "fire on/off", Visitor.set_fire),
    Key("r", "fire reset", Visitor.reset_fire),
    Key("n", "notice up/down", Visitor.notice),
    Key("o", "remote open", Visitor.open_door),
    Key("c", "cut/mend network", Visitor.cut),
    Key("k", "kill -9 the agent", Visitor.kill),
)
