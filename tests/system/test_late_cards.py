"""Cards shown while nobody served their line: they never open late, one fact says so, and the panel asks for them again (rule D12).

One unit with two readers, each at a door of its own: one speaks OSDP and keeps a card until it is polled, one (RDM6300) says it again and
again while it is held.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simulator.box import Box, BoxSpec
from simulator.demo.people import PATROL, RESIDENT, SECOND_PATROL, WARDEN
from simulator.demo.stage import Stage
from simulator.osdp_reader import OsdpReader
from simulator.wiring import hardware_yaml
from tests.system.test_faults import facts, pulses
from tests.system.test_other_lines import _add as add_hardware
from tests.waiting import eventually

LATE_S = 1.0
WIRE_S = 0.1
"""From the last look at an order's time to its first byte at the board, on a machine with much else to do."""
WELL_S = 0.7
"""All is as well as before this long after a fault, also for a card that was held 0.3 s beyond it."""
SURE_S = 0.6
"""A card shown so long before a fault has opened by then."""
SERVED = (RESIDENT, PATROL)
"""Shown with everything well, in turn. The others are shown in the faults."""
HELD = (SECOND_PATROL, WARDEN)


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "main", mix=BoxSpec(reader_form="osdp")) as stage:
        stage.found()
        yield stage


@pytest.fixture
def cellar(tmp_path: Path, unit: Stage) -> Iterator[Box]:
    with Box(tmp_path / "cellar", BoxSpec(reader_form="rdm6300", seed=7)) as box:
        add_hardware(unit.config, hardware_yaml(box))
        unit.start_broker()
        unit.bureau.serve.start()
        unit.start_agent()
        eventually(lambda: unit.bureau.facts(kind="roster.applied"), 20)
        eventually(lambda: _ready(unit), 10)
        _pass(WELL_S)
        yield box
        assert unit.agent.stop() == 0


@dataclass
class Reader:
    """A reader, its door's board, and what was shown to it."""

    name: str
    box: Box
    shown: list[float] = field(default_factory=list)
    sure: list[float] = field(default_factory=list)
    """Shown with everything well: these must open."""

    def tap(self, card: int, *, sure: bool = False, held_s: float = 0.0) -> None:
        now = time.monotonic()
        self.shown.append(now)
        if sure:
            self.sure.append(now)
        self.box.tap(card, held_s=held_s)

    def unlocks(self) -> list[float]:
        """When the locked door was unlocked. A pulse that prolongs a running one comes shortly before its end, for who asked meanwhile."""
        return [m.at for m in self.box.trace.moments("door main", "unlocked")]

    def open_for(self, shown: float, unlocks: list[float]) -> bool:
        """Whether it was unlocked within a second: then, or before and still."""
        if any(0.0 <= at - shown <= LATE_S + WIRE_S for at in unlocks):
            return True
        last = max((at for at in unlocks if at < shown), default=None)
        locks = [m.at for m in self.box.trace.moments("door main", "locked")]
        return last is not None and not any(last < at <= shown for at in locks)

    def judged(self) -> tuple[list[str], float]:
        """What is wrong, and the longest time from a card to its unlock."""
        wrong, worst = [], 0.0
        unlocks = self.unlocks()
        assert unlocks, f"{self.name}: nobody ever got in"
        for at in unlocks:
            ages = [at - shown for shown in self.shown if 0.0 <= at - shown <= LATE_S + WIRE_S]
            if not ages:
                last = max((shown for shown in self.shown if shown < at), default=0.0)
                wrong.append(f"{self.name}: an unlock {at - last:.2f} s after the last card before it")
            worst = max(worst, min(ages, default=0.0))
        wrong += [
            f"{self.name}: the card shown at {shown:.3f} with everything well did not open"
            for shown in self.sure
            if not self.open_for(shown, unlocks)
        ]
        return wrong, worst


def _pass(seconds: float) -> None:
    until = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= until, seconds + 2)


def _status(stage: Stage) -> dict[str, dict[str, dict[str, object]]]:
    return dict(json.loads((stage.disk.folder / "status.json").read_text(encoding="utf-8")))


def _states(stage: Stage, *devices: str) -> list[object]:
    return [_status(stage)["devices"].get(name, {}).get("state") for name in devices]


def _ready(stage: Stage) -> bool:
    storage = str(_status(stage)["storage"])
    return _states(stage, "card", "card2", "relay", "relay2") == ["ok"] * 4 and storage == "ok"


class Faults:
    """Of agent, lines and readers, each for a while; cards are shown meanwhile by `hands`."""

    KINDS = ("stopped", "killed", "unplugged", "unpowered")

    def __init__(self, stage: Stage, cellar: Box) -> None:
        self._stage = stage
        self._lines = (stage.box.reader_lines["reader"], cellar.reader_lines["reader"])
        reader = stage.box.readers["reader"]
        assert isinstance(reader, OsdpReader)
        self._osdp = reader

    def go_through(self, kind: str, hands: Callable[[], None]) -> None:
        """The fault, with `hands` in it, until all is well again."""
        agent = self._stage.agent
        session = _status(self._stage)["session"]
        match kind:
            case "stopped":
                assert agent.pid is not None
                with _stopped(agent.pid):
                    hands()
            case "killed":
                agent.kill()
                hands()
                self._stage.start_agent()
                eventually(lambda: _status(self._stage)["session"] != session, 10)
            case "unplugged":
                for line in self._lines:
                    line.unplug()
                hands()
                eventually(lambda: _states(self._stage, "card", "card2") == ["lost"] * 2, 5)
                for line in self._lines:
                    line.plug()
            case _:
                for line in self._lines:
                    line.faults.silent = True
                hands()
                self._osdp.reboot()
                for line in self._lines:
                    line.faults.silent = False
        polls = self._osdp.peripheral.polls
        eventually(lambda: _ready(self._stage) and self._polled(polls + 3), 10)

    def _polled(self, count: int) -> bool:
        """In a session, so often at least, and it holds nothing any more."""
        peripheral = self._osdp.peripheral
        return peripheral.secured and peripheral.polls >= count and not peripheral.events


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def go_round(stage: Stage, cellar: Box, rounds: int, seed: int, longest_s: float) -> str:
    """So many faults, each with cards before, in and after it. The figure."""
    dice = random.Random(seed)
    readers = (Reader("osdp", stage.box), Reader("rdm6300", cellar))
    faults = Faults(stage, cellar)

    def hands(kind: str, end: float) -> None:
        """At moments of the fault, and some held until after its end. (Not at a reader without power that only sends: with its power it reads
        what is held to it then, as if it had just been shown.)
        """
        moments = [(dice.random() * end, reader) for reader in readers for _ in range(dice.randrange(1, 3))]
        last = {reader.name: max(at for at, each in moments if each is reader) for reader in readers}
        start = time.monotonic()
        for at, reader in sorted(moments, key=lambda moment: moment[0]):
            _pass(max(0.0, start + at - time.monotonic()))
            held = at == last[reader.name] and dice.random() < 0.5 and kind != "unpowered"
            reader.tap(dice.choice(HELD), held_s=end - at + 0.3 if held else 0.0)
        _pass(max(0.0, start + end - time.monotonic()))

    for number in range(rounds):
        kind = Faults.KINDS[number % len(Faults.KINDS)]
        length = dice.uniform(0.3 if rounds > 12 else 1.1, longest_s)
        faults.go_through(kind, lambda: hands(kind, length))  # noqa: B023
        _pass(WELL_S)
        for reader in readers:
            reader.tap(SERVED[number % 2], sure=True)
        _pass(SURE_S)
        for reader in dice.sample(readers, 1):
            reader.tap(HELD[number % 2])  # just before the next
        _pass(dice.uniform(0.0, 0.05))
    _pass(1.5)
    wrong, worst = [], 0.0
    for reader in readers:
        said, longest = reader.judged()
        wrong += said
        worst = max(worst, longest)
    assert not wrong, f"seed {seed}: " + "; ".join([*wrong, *_told_of_cards(stage)])
    shown, sure = (sum(len(each) for each in of) for of in zip(*((r.shown, r.sure) for r in readers), strict=True))
    return (
        f"{rounds} faults, {shown} cards shown, {sure} of them with everything well: none of these lost, "
        f"none opened later than {worst:.2f} s; seed {seed}"
    )


def _told_of_cards(stage: Stage) -> list[str]:
    """What the unit itself says of all cards, starts and losses, for whoever has to find out."""
    kinds = ("agent.started", "access.granted", "access.denied", "access.late", "device.lost", "lock.fault")
    told = sorted(
        ((f.mono, kind, dict(f.data)) for kind in kinds for f in facts(stage, kind)), key=lambda each: each[0]
    )
    return [f"{mono:.3f} {kind} {data}" for mono, kind, data in told]


def told(stage: Stage) -> list[tuple[str, int]]:
    return [(str(fact.data["device"]), int(fact.data["count"])) for fact in facts(stage, "access.late")]


@pytest.mark.slow
@pytest.mark.claim("D12")
def test_cards_before_in_and_after_faults(
    unit: Stage, cellar: Box, seed: int, record_property: Callable[[str, object], None]
) -> None:
    record_property("figure", go_round(unit, cellar, len(Faults.KINDS), seed, 1.4))


@pytest.mark.soak
@pytest.mark.claim("D12")
def test_cards_before_in_and_after_two_hundred_faults(
    unit: Stage, cellar: Box, seed: int, record_property: Callable[[str, object], None]
) -> None:
    record_property("figure", go_round(unit, cellar, 200, seed, 3.0))
    moments: dict[tuple[str, int], list[float]] = {}
    for fact in facts(unit, "access.late"):
        moments.setdefault((str(fact.data["device"]), fact.boot), []).append(fact.mono)
    assert {device for device, _ in moments} == {"card", "card2"}
    for each in moments.values():
        assert all(later - earlier >= 59.9 for earlier, later in itertools.pairwise(each))


@pytest.mark.slow
@pytest.mark.claim("D12")
def test_a_card_tapped_while_the_agent_was_stopped_is_asked_for_again(unit: Stage, cellar: Box) -> None:
    """Both readers. The panel asks; one fact for each reader, at the centre too; the next card is served."""
    pid = unit.agent.pid
    assert pid is not None
    with _stopped(pid):
        _pass(0.1)
        for box in (unit.box, cellar):
            box.tap(RESIDENT)
        _pass(1.2)
    woken = time.monotonic()
    eventually(lambda: unit.box.panel.title == "请再刷一次卡", 3)
    eventually(lambda: len(unit.bureau.facts(kind="access.late")) == 2, 10)
    assert sorted(told(unit)) == [("card", 1), ("card2", 1)]
    assert not pulses(unit, woken - 2)
    assert not cellar.trace.moments("relay", "pulse", since=woken - 2)
    for box in (unit.box, cellar):
        box.tap(PATROL)
        eventually(lambda: box.lock_unlocked, 2)  # noqa: B023


@pytest.mark.slow
@pytest.mark.claim("D12")
def test_who_asked_while_a_pulse_ran_does_not_open_after_a_stop(unit: Stage, cellar: Box) -> None:
    """The pulse was to be renewed for them, and ended while the agent was stopped."""
    pid = unit.agent.pid
    assert pid is not None
    cellar.tap(RESIDENT)
    eventually(lambda: cellar.lock_unlocked, 2)
    _pass(2.0)
    cellar.tap(PATROL)
    eventually(lambda: len(facts(unit, "access.granted")) == 2, 2)
    with _stopped(pid):
        eventually(lambda: not cellar.lock_unlocked, 10)
        _pass(0.3)
        woken = time.monotonic()
    _pass(1.5)
    assert not cellar.trace.moments("door main", "unlocked", since=woken)
    cellar.tap(WARDEN)
    eventually(lambda: cellar.lock_unlocked, 2)


@pytest.mark.slow
@pytest.mark.claim("D12")
def test_a_card_that_its_reader_kept_while_its_line_was_cut_does_not_open(unit: Stage, cellar: Box) -> None:
    reader = unit.box.readers["reader"]
    assert isinstance(reader, OsdpReader)
    line = unit.box.reader_lines["reader"]
    line.faults.silent = True
    _pass(0.2)
    unit.box.tap(RESIDENT)
    _pass(1.2)
    line.faults.silent = False
    back = time.monotonic()
    eventually(lambda: not reader.peripheral.events, 5)
    eventually(lambda: told(unit) == [("card", 1)], 5)
    assert not pulses(unit, back - 2)
    unit.box.tap(PATROL)
    eventually(lambda: unit.box.lock_unlocked, 2)
