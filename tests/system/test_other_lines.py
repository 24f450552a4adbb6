"""One door's line hangs or is full of noise: the other door, on lines of its own, opens as soon as before. Measured in one running unit."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from simulator.box import Box, BoxSpec
from simulator.demo.people import PATROL, RESIDENT, SECOND_PATROL, WARDEN
from simulator.demo.stage import Stage
from simulator.wiring import hardware_yaml
from tests.waiting import eventually

CARDS = (RESIDENT, PATROL, SECOND_PATROL, WARDEN)
EVERY_S = 0.45
"""A card that was just there counts as held; with four of them each is away for longer than that."""
WARM, SHOWN = 4, 14
SLACK_S = 0.03
"""What a median may differ by from one time to the next on a busy machine: about one exchange with a board at 9600 baud."""
OTHERS = {"io": "io2", "reader": "reader2", "relay": "relay2", "card": "card2"}


@pytest.fixture
def cellar(tmp_path: Path, stage: Stage) -> Iterator[Box]:
    """A second board and reader on lines of their own, with a second door; the unit runs with both."""
    with Box(tmp_path / "dev2", BoxSpec(seed=7)) as box:
        _add(stage.config, hardware_yaml(box))
        stage.start_broker()
        stage.bureau.serve.start()
        stage.start_agent()
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        eventually(lambda: _state(stage, "relay2") == _state(stage, "card2") == "ok", 10)
        yield box
        assert stage.agent.stop() == 0


def _add(config: Path, hardware: str) -> None:
    """The hardware's io, reader and door under further names; its panel is left out."""
    whole, more = yaml.safe_load(config.read_text(encoding="utf-8")), yaml.safe_load(hardware)
    for section in ("ports", "devices"):
        for name, entry in more[section].items():
            if name in OTHERS:
                whole[section][OTHERS[name]] = _renamed(entry)
    whole["doors"]["cellar"] = _renamed(more["doors"]["main"])
    config.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _renamed(entry: dict[str, Any]) -> dict[str, Any]:
    def new(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return _renamed(value)
        if key == "readers":
            return [OTHERS[name] for name in value]
        return OTHERS.get(value, value) if key in {"port", "device"} and isinstance(value, str) else value

    return {key: new(key, value) for key, value in entry.items()}


def _state(stage: Stage, device: str) -> str:
    status = json.loads((stage.disk.folder / "status.json").read_text(encoding="utf-8"))
    return str(status["devices"].get(device, {}).get("state"))


def _pass(until: float) -> None:
    eventually(lambda: time.monotonic() >= until, EVERY_S + 2)


class Visitors:
    """Cards at the main door, one after the other, at moments that have nothing to do with the polls."""

    def __init__(self, box: Box, seed: int) -> None:
        self._box = box
        self._dice = random.Random(seed)
        self._count = 0

    def come(self, count: int = SHOWN) -> list[float]:
        """Seconds from each card's last byte to the unlock at the board."""
        took = []
        for _ in range(count):
            self._count += 1
            start = time.monotonic()
            arrives = self._box.tap(CARDS[self._count % len(CARDS)])
            unlock = eventually(lambda: self._box.trace.moments("relay", "pulse", since=start), 3.0, 0.002)  # noqa: B023
            took.append(unlock[0].at - arrives)
            _pass(start + EVERY_S + self._dice.uniform(0.0, 0.05))
        return took


@contextmanager
def hung(box: Box) -> Iterator[None]:
    """An adapter that takes no more bytes, with somebody at its door who makes the unit write to it."""
    box.io.faults.hang = True
    try:
        yield
    finally:
        box.io.resume()


@contextmanager
def noisy(box: Box) -> Iterator[None]:
    """About half of the frames are broken, on both lines."""
    lines = (box.io, box.reader_lines["reader"])
    for line in lines:
        line.faults.flip = 0.05
    try:
        yield
    finally:
        for line in lines:
            line.faults.flip = 0.0


@pytest.mark.soak
@pytest.mark.claim("D6")
@pytest.mark.claim("F35")
@pytest.mark.claim("F37")
def test_a_hung_and_a_noisy_line_leave_the_other_door_as_quick_as_before(
    stage: Stage, cellar: Box, seed: int, record_property: Callable[[str, object], None]
) -> None:
    visitors = Visitors(stage.box, seed)
    visitors.come(WARM)
    before = visitors.come()
    with hung(cellar):
        cellar.tap(RESIDENT)
        during_hang = visitors.come()
        assert _state(stage, "relay2") == "lost", "the line did hang"
    eventually(lambda: _state(stage, "relay2") == "ok", 10)
    with noisy(cellar):
        during_noise = visitors.come()
        assert cellar.trace.moments("relay", "noise"), "the line was noisy"
    eventually(lambda: _state(stage, "relay2") == "ok", 10)
    after = visitors.come(WARM)
    assert after
    told = {"before": before, "beside a hung line": during_hang, "beside a noisy one": during_noise}
    record_property(
        "figure",
        "; ".join(
            f"{when}: median {1000 * median(took):.0f}, max {1000 * max(took):.0f} ms" for when, took in told.items()
        ),
    )
    for when, took in told.items():
        assert median(took) <= median(before) + SLACK_S, when
        assert max(took) <= max(before) + 0.25, f"{when}: one waited for the other line"
