"""A relay board that takes long to answer: how soon a button's pulse is on the wire, and what noise may not do meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from drivers.modbus.line import ModbusLine
from drivers.modbus.options import BoardOptions
from drivers.reports import InputLevel, PulseOutput
from tests.drivers.bus import Board, Bus, several

CORE_S = 0.005
"""What the agent takes from an input's change to its order."""


class SlowBus(Bus):
    """Each answer comes after a time of its own; who hears an input change orders a pulse."""

    def __init__(self, board: Board, think_s: Callable[[], float], baud: int = 9600) -> None:
        super().__init__(ModbusLine([("relay", BoardOptions(1, "waveshare-d", 50))], baud), board, baud)
        self._think_s = think_s

    def _write(self, frame: bytes) -> None:
        self.written.append((self.now, frame))
        reply = self.answer(frame, self.now + len(frame) * 10 / self.baud)
        if reply:
            wire = (len(frame) + len(reply)) * 10 / self.baud
            self._arrivals.append((self.now + wire + self._think_s(), reply))


def presses(think_s: Callable[[], float], baud: int = 9600, times: int = 60) -> list[float]:
    """Seconds from each press to its pulse on the wire, at ever another moment of the poll."""
    took = []
    for phase in range(times):
        board = Board()
        bus = SlowBus(board, think_s, baud)
        bus.open()
        pressed = bus.now + 2.0 + phase * 0.0071
        board.input_at = lambda index, now, at=pressed: index == 1 and now >= at  # type: ignore[misc]
        while not (told := [f for f in bus.of(InputLevel) if f.number == 2 and f.high]):
            bus.run(0.001)
            assert bus.now < pressed + 3.0
        bus.at(told[0].at + CORE_S, lambda bus=bus: bus.session.order(_pulse(bus), bus.now))  # type: ignore[misc]
        bus.run(0.5)
        sent = next(when for when, frame in bus.written if frame[1] == 5)
        took.append(sent - pressed)
    return sorted(took)


def _pulse(bus: Bus) -> PulseOutput:
    return PulseOutput("relay", 1, True, 3.0, 7, bus.now + 0.5)


@pytest.mark.claim("D2")
def test_two_looks_and_no_round_between_them(record_property: Callable[[str, object], None]) -> None:
    dice = random.Random(7)
    took = presses(lambda: dice.uniform(0.060, 0.090))
    longest = 0.090 + 14 * 10 / 9600 + 0.005  # one exchange
    assert took[len(took) // 2] <= 2.8 * longest
    assert took[-1] <= 4 * longest + CORE_S  # the wait for one that was begun, an output's look at worst, and two looks
    figure = (
        f"a board that thinks 60-90 ms, at 9600 baud: p50 {took[30] * 1000:.0f} ms, at most {took[-1] * 1000:.0f} ms"
    )
    record_property("figure", figure)


@pytest.mark.claim("D2")
def test_what_a_button_orders_goes_before_the_next_poll() -> None:
    exchange = 0.075 + 14 * 10 / 9600 + 0.004
    took = presses(lambda: 0.075)
    assert took[len(took) // 2] <= 2.9 * exchange, "half an exchange for the wait, and two looks"


@pytest.mark.claim("D2")
def test_the_second_look_comes_at_once_on_a_shared_line() -> None:
    boards = [Board(unit) for unit in (1, 2, 3)]
    bus = SlowBus(boards[0], lambda: 0.020)
    bus.session = ModbusLine([(f"relay{b.unit}", BoardOptions(b.unit, "waveshare-d", 50)) for b in boards], 9600)
    bus.answer = several(*boards)
    bus.open()
    bus.run(3.0)
    boards[0].inputs[1] = True
    bus.run(0.5)
    told = next(f.at for f in bus.of(InputLevel) if f.high)
    looks = [frame[0] for when, frame in bus.written if when < told and frame[1] == 2]
    assert looks[-2:] == [1, 1]


@pytest.mark.slow
@pytest.mark.claim("D2")
def test_up_to_45_ms_an_answer_the_exit_button_is_in_time() -> None:
    assert presses(lambda: 0.030)[-1] <= 0.2
    assert presses(lambda: 0.045, 115200)[-1] <= 0.2


@pytest.mark.parametrize("think_s", [0.003, 0.025, 0.075])
def test_bounce_and_spikes_are_no_press(think_s: float) -> None:
    board = Board()
    bus = SlowBus(board, lambda: think_s)
    bus.open()
    dice = random.Random(3)
    spikes = [(at := 1002.0 + n * 0.5 + dice.random() * 0.2, at + dice.uniform(0.001, 0.020)) for n in range(400)]
    board.input_at = lambda index, now: index == 1 and any(begin <= now < end for begin, end in spikes)
    bus.run(205.0)
    assert [fact for fact in bus.of(InputLevel) if fact.high] == []


def test_an_input_that_flickers_leaves_the_outputs_their_looks() -> None:
    board = Board()
    bus = SlowBus(board, lambda: 0.075)
    bus.open()
    flicker = {"level": False}

    def level(index: int, _now: float) -> bool:
        if index == 1:
            flicker["level"] = not flicker["level"]
            return flicker["level"]
        return False

    board.input_at = level
    bus.run(20.0)
    looks = [frame[1] for _, frame in bus.written]
    assert looks.count(1) >= 20.0 / 1.0, "the lock is read back at least once a second"
