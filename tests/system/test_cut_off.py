"""`kill -9` round an open and a fire reset: what the relay did, and what the books say of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable

import pytest

from centre.commands import OPEN_VALID_S
from simulator.demo.bureau import BookFact
from simulator.demo.stage import SETTLED_POLLS, UNIT, Stage
from simulator.trace import Moment
from tests.waiting import eventually

KINDS = ("command.done", "command.refused", "command.unknown")
PULSE, LOCKED = "01 05 02 00", "01 05 00 00 00 00"
"""What the board hears of an open and of a reset."""
DRAIN_S = 0.1
"""What the killed agent wrote is at the board by then."""
COUNTED_S = 61.0 + OPEN_VALID_S
LATEST_S = 0.6
"""A kill comes this long after the board heard the order, at most: by then the outcome is committed."""


class Cuts:
    """One command after another, each cut off by a kill; what the relay did and what was told of it."""

    def __init__(self, stage: Stage, dice: random.Random | None) -> None:
        self.stage = stage
        self.dice = dice
        self.told: Counter[str] = Counter()
        self.opens: list[float] = []

    def cut(self, *command: str, frame: str) -> None:
        """Give the command, kill at the frame that it makes or at a random moment round it, start again, compare."""
        stage, since, after = self.stage, time.monotonic(), self.stage.bureau.last
        at_once = self.dice is None or self.dice.random() < 0.4
        wait = 0.0 if self.dice is None or at_once else self.dice.choice((0.08, LATEST_S)) * self.dice.random()
        early = self.dice is not None and self.dice.random() < 0.25

        def strike(moment: Moment) -> None:
            if moment.part == "relay" and moment.what == "frame" and moment.value.startswith(frame) and not wait:
                self._kill()

        stage.box.trace.listener = strike
        arguments = ["-m", "agent", "centre", "--dir", str(stage.bureau.path), *command, "--unit", UNIT, "--why", "x"]
        clerk = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if early:
                eventually(lambda: self._accepted(after), 10)
            else:
                eventually(lambda: self._frames(frame, since), 10)
                time.sleep(wait)  # the moment of the kill, not a wait for something
        finally:
            stage.box.trace.listener = None
        stage.agent.kill()
        time.sleep(DRAIN_S)
        moved = any(moment.value.startswith("1 ") for moment in stage.box.trace.moments("relay", "relay", since))
        if self.dice is not None and self.dice.random() < 0.3:
            time.sleep(2.5)  # the pulse is over before the restart
        stage.start_agent()
        outcome = eventually(lambda: self._outcome(after), 30)
        words = outcome.kind.removeprefix("command.")
        assert not (moved and outcome.data.get("reason") == "abandoned"), (
            f"it moved, and is said to be abandoned: {outcome}"
        )
        assert not (moved and words == "refused"), f"it moved, and is said to be refused: {outcome}"
        if command[0] == "open":
            assert words != "done" or moved, f"nothing moved, and it is done: {outcome}"
            eventually(lambda: not stage.box.lock_unlocked, 10)
        self.told[f"{command[0]} {words}{', moved' if moved else ''}"] += 1
        clerk.kill()
        clerk.wait(10)

    def open(self) -> None:
        """At most five in the time that a unit counts them: a minute, after a restart from their latest end on. A sixth may be refused."""
        while len(self.opens) >= 5 and time.monotonic() - self.opens[-5] < COUNTED_S:
            time.sleep(0.5)
        self.opens.append(time.monotonic())
        self.cut("open", "--door", "main", frame=PULSE)

    def reset(self) -> None:
        box = self.stage.box
        box.fire(True)
        eventually(lambda: box.lock_unlocked, 5)
        box.fire(False)
        settled = box.relay.polls + SETTLED_POLLS
        eventually(lambda: box.relay.polls > settled, 5)
        self.cut("fire-reset", frame=LOCKED)

    def _kill(self) -> None:
        pid = self.stage.agent.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def _accepted(self, after: int) -> bool:
        return bool(self.stage.bureau.facts(after, "command.accepted"))

    def _frames(self, frame: str, since: float) -> bool:
        return any(m.value.startswith(frame) for m in self.stage.box.trace.moments("relay", "frame", since))

    def _outcome(self, after: int) -> BookFact | None:
        found = [fact for kind in KINDS for fact in self.stage.bureau.facts(after, kind)]
        assert len(found) <= 1, f"two outcomes: {found}"
        return found[0] if found else None


def cut_many(stage: Stage, cuts: int, dice: random.Random | None, record: Callable[[str, object], None]) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    cutter = Cuts(stage, dice)
    for number in range(cuts):
        cutter.reset() if number % 2 else cutter.open()
    assert stage.agent.stop() == 0
    words = ", ".join(f"{count} {what}" for what, count in sorted(cutter.told.items()))
    figure = f"{cuts} kills: {words}; 0 that moved and were said not to have"
    print(figure)
    record("figure", figure)


@pytest.mark.slow
@pytest.mark.claim("F2")
def test_what_moved_is_never_said_not_to_have(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    cut_many(stage, 2, None, record_property)


@pytest.mark.soak
@pytest.mark.claim("F2")
def test_sixty_commands_cut_off(stage: Stage, seed: int, record_property: Callable[[str, object], None]) -> None:
    print(f"seed {seed}")
    cut_many(stage, 60, random.Random(seed), record_property)
