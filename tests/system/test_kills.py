"""`kill -9` at random moments under load: nothing committed is lost or counted twice, no restart unlocks, no unlock goes without its fact."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import pytest

from agent.store import reading
from contract.chain import FactLine, parse_line
from simulator.demo.people import PATROL, RESIDENT, SECOND_PATROL, UNKNOWN, WARDEN
from simulator.demo.stage import PULSE_S, UNIT, Stage
from simulator.trace import Moment
from tests.waiting import eventually

CARDS = (RESIDENT, PATROL, SECOND_PATROL, WARDEN, UNKNOWN)
PULSE = "01 05 02 00"
"""Timed pulse of the first relay (flash on): address, function, 0x0200."""
CAUSE_S = 1.5
"""An unlock follows its card or command within this: the order's deadline of 1 s and the time on the wire."""
COMMIT_S = 0.5
"""The last commit's window before a kill: facts of what was just done may be gone, older ones never."""


class Load:
    """People and the centre, busy while the agent is killed again and again."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        self._stage = stage
        self._dice = dice
        self.kills: list[float] = []
        self.causes: list[float] = []
        self._opens: list[subprocess.Popen[bytes]] = []

    def round(self) -> None:
        """Start, be used for a random while, be killed."""
        self._stage.start_agent()
        end = time.monotonic() + self._dice.uniform(0.05, 1.2)
        if self._dice.random() < 0.3:
            self._open_from_afar()
        while time.monotonic() < end:
            self._stage.box.tap(self._dice.choice(CARDS))
            self.causes.append(time.monotonic())
            if self._dice.random() < 0.5:
                self._stage.box.push_door()
            time.sleep(self._dice.uniform(0.0, 0.12))  # the load's rhythm, not a wait for something
        self._stage.agent.kill()
        self.kills.append(time.monotonic())

    def _open_from_afar(self) -> None:
        arguments = ["open", "--unit", UNIT, "--door", "main", "--why", "load"]
        command = [sys.executable, "-m", "agent", "centre", "--dir", str(self._stage.bureau.path), *arguments]
        self._opens.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def settle(self) -> None:
        for process in self._opens:
            process.wait(90)


def lines(stage: Stage) -> dict[tuple[str, int], bytes]:
    return {(entry.epoch, entry.first): entry.line for entry in reading.facts(stage.disk.folder)}


def unlock_facts(facts: Sequence[FactLine]) -> list[FactLine]:
    return [fact for fact in facts if fact.kind == "access.granted"]


def match(frames: Sequence[Moment], granted: Sequence[FactLine]) -> tuple[list[Moment], list[FactLine]]:
    """Unlock frames without a fact, and facts without a frame; each fact serves one frame. A pulse that prolongs a running one is for whoever asked meanwhile."""
    left = sorted(granted, key=lambda fact: fact.mono)
    alone = []
    for number, frame in enumerate(frames):
        mine = next((fact for fact in left if -0.1 <= frame.at - fact.mono <= CAUSE_S), None)
        if mine is None:
            before = frames[number - 1].at if number else 0.0
            runs = frame.at - before <= PULSE_S
            if not (runs and any(before - CAUSE_S <= fact.mono <= frame.at for fact in granted)):
                alone.append(frame)
        else:
            left.remove(mine)
    return alone, left


def kill_many(stage: Stage, kills: int, seed: int, record: Callable[[str, object], None]) -> None:
    print(f"seed {seed}")
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    load = Load(stage, random.Random(seed))
    stage.agent.kill()
    load.kills.append(time.monotonic())
    for _ in range(kills):
        load.round()
    load.settle()
    stage.start_agent()
    final = eventually(lambda: drained(stage), 90)
    assert stage.agent.stop() == 0

    in_books = {(fact.epoch, fact.seq) for fact in stage.bureau.facts()}
    assert len(in_books) == len(stage.bureau.facts()), "a fact counts twice in the books"
    missing = {key for key in final if key not in in_books}
    assert not missing, f"committed and not in the books: {sorted(missing)[:5]}"
    assert stage.bureau.order("verify").code == 0

    facts = [fact for line in final.values() if isinstance(fact := parse_line(line), FactLine)]
    frames = [m for m in stage.box.trace.moments("relay", "frame") if m.value.startswith(PULSE)]
    said = [m.at for m in stage.box.trace.moments("reader", "said")]
    opens = [fact.mono for fact in facts if fact.kind == "command.accepted"]
    for frame in frames:
        assert any(-0.1 <= frame.at - cause <= CAUSE_S for cause in (*said, *load.causes, *opens)), (
            f"nobody asked for the unlock at {frame}"
        )
    alone, _ = match(frames, unlock_facts(facts))
    windows = [
        min((kill - frame.at for kill in load.kills if kill >= frame.at), default=float("inf")) for frame in alone
    ]
    assert all(window <= COMMIT_S for window in windows), (
        f"unlocks without a fact: {list(zip(alone, windows, strict=True))}"
    )
    remote = [
        fact.data["command"] for fact in facts if fact.kind == "access.granted" and fact.data.get("via") == "remote"
    ]
    assert len(remote) == len(set(remote)), "a remote open was done twice"
    widest = max(windows, default=0.0) * 1000
    figure = (
        f"{kills} kills, {len(final)} facts committed, 0 lost, 0 twice; {len(frames)} unlocks, "
        f"{len(alone)} without a fact, at most {widest:.0f} ms before the kill; seed {seed}"
    )
    print(figure)
    record("figure", figure)


def drained(stage: Stage) -> dict[tuple[str, int], bytes] | None:
    """The journal's lines once all of them are in the books."""
    journal = lines(stage)
    books = {(fact.epoch, fact.seq) for fact in stage.bureau.facts()}
    return journal if set(journal) <= books else None


@pytest.mark.slow
@pytest.mark.claim("D7")
@pytest.mark.claim("F1")
def test_four_kills(stage: Stage, seed: int, record_property: Callable[[str, object], None]) -> None:
    kill_many(stage, 4, seed, record_property)


@pytest.mark.soak
@pytest.mark.claim("F1")
def test_two_hundred_kills(stage: Stage, seed: int, record_property: Callable[[str, object], None]) -> None:
    kill_many(stage, 200, seed, record_property)
