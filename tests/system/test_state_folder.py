"""A state folder that hangs, is full, read-only, slow, fails or lies, at a start, while running and at a stop: what each does to each who stands at the door.

The soak run sees every cell of the table in docs/storage.md; DOORWARD_WRITE_TABLE=1 has it written anew.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.store import latch, reading
from contract.chain import FactLine, parse_line
from simulator.demo.people import PATROL, RESIDENT
from simulator.demo.stage import PULSE_S, UNIT, Stage
from tests.faulty.disk import FaultyDisk
from tests.faulty.state import State
from tests.waiting import eventually

pytestmark = pytest.mark.needs("fusermount3")

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"
WORDS = {
    State.HANGING: "hangs",
    State.FULL: "is full",
    State.READ_ONLY: "is read-only",
    State.SLOW: "is slow (2 s a sync)",
    State.FAILING: "fails",
    State.LYING: "lies",
}
PHASES = ("at start", "while running", "at stop")
ACTS = ("card", "exit button", "signed open", "check-in", "fire")
STARTING = "“starting, one moment”"
SETTLED_S = 12.0
STARTED_S = 2.0
"""Exit and fire work within this of the process's start, whatever the state folder does (D4)."""


class Unit:
    """A stage whose state folder is the faulty disk, and what people find at its door."""

    def __init__(self, stage: Stage, disk: FaultyDisk) -> None:
        self.stage, self.disk = stage, disk
        self.box = stage.box

    def start_well(self) -> None:
        """Broker, centre and agent at work, the roster in force, the clock set; nothing under way."""
        self.stage.start_broker()
        self.stage.bureau.serve.start()
        self.stage.start_agent()
        eventually(lambda: self.stage.bureau.facts(kind="roster.applied"), 20)
        eventually(lambda: self.status()["clock"] == "synced" and self.status()["backlog"] == 0, 20)

    def status(self) -> dict[str, object]:
        """As last written; empty where a full disk took none."""
        path = self.disk.below / "status.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def facts(self, kind: str) -> list[FactLine]:
        lines = (parse_line(entry.line) for entry in reading.facts(self.disk.below))
        return [fact for fact in lines if isinstance(fact, FactLine) and fact.kind == kind]

    def counts(self) -> dict[str, int]:
        granted = self.facts("access.granted")
        return {
            "card": sum(fact.data.get("by") == "r-0301" for fact in granted),
            "exit button": sum(fact.data.get("via") == "exit_button" for fact in granted),
            "check-in": len(self.facts("patrol.checkin")),
        }

    def log(self) -> str:
        return self.stage.agent.log.read_text(encoding="utf-8", errors="replace")

    def settled(self) -> None:
        """What was written down so far is on the disk, as far as it takes anything, and the centre has it: nothing that comes now waits behind it."""
        deadline = time.monotonic() + SETTLED_S
        while time.monotonic() < deadline and self.status().get("backlog", 1):
            time.sleep(0.05)

    def locked(self) -> None:
        eventually(lambda: not self.box.lock_unlocked, PULSE_S + 2)

    def end(self, number: int) -> None:
        """A process with a thread that hangs in the disk is gone for the door at once, and for the kernel when the disk answers."""
        state, process = self.disk.state, self.stage.agent._process
        assert process is not None
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            assert state is State.HANGING
            self.disk.be(State.WELL)
            process.wait(10)
            self.disk.be(state)
        self.stage.agent._process = None

    # --- what people do, and find

    def tap(self, card: int) -> str:
        """What becomes of a card, as its holder sees it."""
        before = self.box.panel.title
        self.box.tap(card)
        end = time.monotonic() + 1.2
        while time.monotonic() < end and not self.box.lock_unlocked:
            time.sleep(0.01)  # the holder's patience
        if self.box.lock_unlocked:
            return "opens"
        eventually(lambda: self.box.panel.title != before, 2)
        return STARTING if self.box.panel.title == "正在启动" else f"shut: {self.box.panel.title}"

    def exit(self) -> str:
        self.box.press_exit()
        eventually(lambda: self.box.lock_unlocked, 1.0)
        return "opens"

    def signed_open(self) -> str:
        done = self.stage.bureau.order("open", "--unit", UNIT, "--door", "main", "--why", "test")
        reason = re.search(r"refused: (\w+)", done.out + done.err)
        if done.code in (0, 5):
            return "opens"
        if done.code == 4:
            return "no answer"
        return f"refused: {reason[1]}" if reason is not None else f"exit {done.code}: {(done.out + done.err).strip()}"

    def check_in(self) -> str:
        """The first answer that speaks of the check-in."""
        self.box.tap(PATROL)

        def told() -> str | None:
            title = self.box.panel.title or ""
            if "签到" in title:
                return "“not saved”" if "未" in title or "没" in title else "saved"
            return STARTING if title == "正在启动" else None

        return str(eventually(told, 6))

    def fire_and_restart(self, number: int) -> str:
        """It releases, and after a restart without the fire input only what is known of the release can hold it."""
        self.box.fire(True)
        eventually(lambda: self.box.lock_unlocked, 1.0)
        time.sleep(0.5)  # what there is to be saved has its chance
        self.end(number)
        self.box.fire(False)
        polls = self.box.relay.polls
        self.stage.agent.start()
        eventually(lambda: self.box.relay.polls > polls + 10, 10)
        time.sleep(2.0)  # past the time a latch is waited for
        return "releases, over a restart" if self.box.lock_unlocked else "releases until the restart"


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    disk = FaultyDisk(tmp_path / "state")
    with Stage(tmp_path, disk=disk) as stage:
        stage.found()
        unit = Unit(stage, disk)
        unit.start_well()
        yield unit
        disk.be(State.WELL)
        stage.agent.stop()


def begin(unit: Unit, state: State, phase: str) -> None:
    if phase == "at start":
        assert unit.stage.agent.stop() == 0
        unit.disk.be(state)
        polls = unit.box.relay.polls
        unit.stage.agent.start()
        eventually(lambda: unit.box.relay.polls > polls, 5)
        unit.box.press_exit()
        eventually(lambda: unit.box.lock_unlocked, 2)
        unit.locked()
    else:
        unit.disk.be(state)


def column(unit: Unit, state: State, phase: str) -> dict[str, str]:
    """What each finds. Where the disk loses or keeps the fact is said with it."""
    found: dict[str, str] = {}
    before = unit.counts()
    begin(unit, state, phase)
    if phase == "at start":
        before["exit button"] += 1  # the one that begin pressed
    found["card"] = unit.tap(RESIDENT)
    unit.locked()
    found["exit button"] = unit.exit()
    unit.locked()
    unit.settled()
    found["signed open"] = unit.signed_open()
    unit.locked()
    unit.settled()
    found["check-in"] = unit.check_in()
    unit.locked()
    if phase == "at stop":
        unit.end(signal.SIGTERM)
        lost = "facts are lost" in unit.log()
        if state is State.LYING:
            unit.disk.cut()
    else:
        lost = False
    unit.disk.be(State.WELL)
    _facts_kept(unit, found, before, may_be_lost=phase == "at stop")
    if phase == "at stop":
        if any("fact lost" in what for what in found.values()) and state is not State.LYING:
            assert lost, "what a stop loses is said"
        unit.stage.start_agent()
        eventually(lambda: unit.tap(RESIDENT) == "opens", 10)
        unit.locked()
    elif state is not State.LYING:
        eventually(lambda: unit.status().get("storage") == "ok", 15)
    unit.settled()
    unit.disk.be(state)
    if phase == "at stop":
        found["fire"] = unit.fire_and_restart(signal.SIGTERM)
    else:
        found["fire"] = unit.fire_and_restart(signal.SIGKILL)
    return found


def _facts_kept(unit: Unit, found: dict[str, str], before: dict[str, int], *, may_be_lost: bool) -> None:
    for act, count in before.items():
        if found[act] not in ("opens", "saved"):
            continue
        try:
            eventually(lambda act=act, count=count: unit.counts()[act] > count, 0.1 if may_be_lost else 20)
            kept = True
        except AssertionError:
            assert may_be_lost, f"{act}: its fact is not there"
            kept = False
        found[act] += ", fact kept" if kept else ", fact lost"


@pytest.mark.soak
@pytest.mark.claim("D4")
@pytest.mark.claim("D6")
@pytest.mark.claim("F5")
@pytest.mark.parametrize("state", list(WORDS), ids=[word.split()[-1] for word in WORDS.values()])
@pytest.mark.parametrize("phase", PHASES)
def test_the_table(unit: Unit, state: State, phase: str) -> None:
    found = column(unit, state, phase)
    if os.environ.get("DOORWARD_WRITE_TABLE"):
        write(state, phase, found)
    told = rows()[WORDS[state], phase]
    assert {what: said for what, said in found.items() if said not in told[what].split(" / ")} == {}, told


def rows() -> dict[tuple[str, str], dict[str, str]]:
    """The table of the page: by (what the disk does, when), what each finds."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 2 + len(ACTS) and cells[1] in PHASES:
            found[cells[0], cells[1]] = dict(zip(ACTS, cells[2:], strict=True))
    return found


def write(state: State, phase: str, found: dict[str, str]) -> None:
    known = rows() | {(WORDS[state], phase): found}
    head = [f"| the disk | when | {' | '.join(ACTS)} |", f"|{'---|' * (2 + len(ACTS))}"]
    lines = [
        "| " + " | ".join([words, when, *(known[words, when][act] for act in ACTS)]) + " |"
        for words in WORDS.values()
        for when in PHASES
        if (words, when) in known
    ]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(head[0])
    after = rest.partition("\n\n")[2]
    PAGE.write_text(before + "\n".join([*head, *lines]) + "\n\n" + after, encoding="utf-8")


def test_the_page_has_every_row() -> None:
    assert set(rows()) == {(words, phase) for words in WORDS.values() for phase in PHASES}


@pytest.mark.slow
@pytest.mark.claim("D4")
def test_a_folder_that_hangs_at_start_holds_up_neither_exit_nor_fire(
    unit: Unit, record_property: Callable[[str, object], None]
) -> None:
    assert unit.stage.agent.stop() == 0
    unit.disk.be(State.HANGING)
    began, polls = time.monotonic(), unit.box.relay.polls
    unit.stage.agent.start()
    eventually(lambda: unit.box.relay.polls > polls, 5)
    unit.box.press_exit()
    eventually(lambda: unit.box.lock_unlocked, 2)
    took = time.monotonic() - began
    assert took <= STARTED_S
    record_property("figure", f"exit opened {took:.2f} s after the process began")
    unit.locked()
    assert unit.tap(RESIDENT) == STARTING
    unit.box.fire(True)
    eventually(lambda: unit.box.lock_unlocked, 1)
    unit.disk.be(State.WELL)
    eventually(lambda: latch.read(unit.disk.below) == {"main"}, 10)
    eventually(lambda: unit.facts("door.fire_release"), 15)


@pytest.mark.slow
@pytest.mark.claim("D4")
@pytest.mark.claim("D1")
def test_a_release_whose_latch_cannot_be_read_stays_until_somebody_resets_it(unit: Unit) -> None:
    unit.box.fire(True)
    eventually(lambda: unit.box.lock_unlocked, 1)
    eventually(lambda: latch.read(unit.disk.below) == {"main"}, 5)
    unit.end(signal.SIGKILL)
    unit.box.fire(False)
    unit.disk.be(State.HANGING)
    polls = unit.box.relay.polls
    unit.stage.agent.start()
    eventually(lambda: unit.box.relay.polls > polls + 10, 10)
    time.sleep(2.5)
    assert unit.box.lock_unlocked
    unit.disk.be(State.WELL)
    told = eventually(lambda: [f for f in unit.facts("door.fire_release") if "found released" in str(f.data)], 20)
    assert len(told) == 1


@pytest.mark.slow
@pytest.mark.claim("F12")
def test_a_disk_that_stops_answering_is_told_and_nothing_waits_for_it(unit: Unit) -> None:
    unit.disk.be(State.HANGING)
    assert unit.tap(RESIDENT) == "opens"
    eventually(lambda: "the disk does not answer" in unit.log(), 15)
    units = unit.stage.bureau

    eventually(lambda: json.loads(units.do("unit", "list", "--json"))["storage"] == "hung", 10, 0.3)
    assert unit.signed_open() == "refused: storage"
    assert unit.check_in() == "“not saved”"
    unit.disk.be(State.WELL)
    eventually(lambda: unit.status().get("storage") == "ok", 20)
    (mended,) = eventually(lambda: unit.facts("storage.mended"), 5)
    assert mended.data["mode"] == "hung"


@pytest.mark.soak
@pytest.mark.claim("F12")
@pytest.mark.claim("D6")
def test_what_a_disk_does_in_turn_loses_and_doubles_no_fact(
    unit: Unit, record_property: Callable[[str, object], None]
) -> None:
    """Each state long enough to be told, a card in each, and in what lies between."""
    turns = [State.HANGING, State.WELL] * 3 + [State.FULL, State.READ_ONLY, State.FAILING, State.HANGING, State.SLOW]
    taps = 0
    for state in (*turns, State.WELL):
        unit.disk.be(state)
        end = time.monotonic() + (13.0 if state is State.HANGING else 4.0)
        while time.monotonic() < end:
            assert unit.tap(RESIDENT) == "opens"
            taps += 1
            unit.locked()
    eventually(lambda: unit.counts()["card"] >= taps, 30)
    mine = lambda: [f.seq for f in unit.stage.bureau.facts(kind="access.granted") if f.data["by"] == "r-0301"]  # noqa: E731
    eventually(lambda: len(mine()) >= taps, 20, 0.3)
    time.sleep(2.0)
    assert (unit.counts()["card"], len(mine()), len(set(mine()))) == (taps, taps, taps)
    books = json.loads(unit.stage.bureau.do("unit", "list", "--json"))
    assert (books["storage"], books["backlog"]) == ("ok", 0)
    assert unit.status()["storage"] == "ok"
    failed, mended = unit.facts("storage.failed"), unit.facts("storage.mended")
    assert len(failed) == len(mended) >= 2
    record_property("figure", f"{taps} cards through {len(turns)} turns of a disk: none lost, none twice")
