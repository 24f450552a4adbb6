"""Contacts in simulated time, sampled by the real master through the real frames: pulses of 400 ms, bounce, chatter."""

from __future__ import annotations

import random

import pytest

from drivers.debounce import Debounce
from drivers.modbus.line import ModbusLine
from drivers.modbus.options import BoardOptions
from drivers.reports import InputLevel
from tests.drivers.bus import Board, Bus


def sampled(level_at, baud: int, poll_ms: int) -> Bus:
    board = Board()
    board.input_at = lambda index, now: index == 0 and level_at(now)
    bus = Bus(ModbusLine([("relay", BoardOptions(1, "waveshare-d", poll_ms))], baud), board, baud)
    bus.open()
    bus.run(0.5)
    bus.facts.clear()
    return bus


def bouncing(pulses: int, chance: random.Random, rest_s: float) -> tuple[list[tuple[float, float]], object]:
    """400 ms pulses whose edges bounce at 1 kHz for up to 15 ms, and the level at any time."""
    start, spans = 1001.0, []
    for _ in range(pulses):
        spans.append((start, start + 0.4))
        start += 0.4 + rest_s + chance.random() * 0.1

    def level(now: float) -> bool:
        place = int((now - 1001.0) / (0.4 + rest_s + 0.1)) if now > 1001.0 else 0
        for begin, end in spans[max(0, place - 1) : place + pulses // 8 + 2]:
            if begin <= now < end:
                return now - begin > 0.015 or int(now * 1000) % 2 == 0
            if end <= now < end + 0.015:
                return int(now * 1000) % 2 == 0
            if begin > now:
                break
        return False

    return spans, level


@pytest.mark.claim("F42")
@pytest.mark.parametrize(("baud", "poll_ms", "pulses"), [(9600, 50, 120), (115200, 20, 120)])
def test_no_pulse_of_400_ms_is_missed(baud: int, poll_ms: int, pulses: int, seed: int) -> None:
    run_pulses(baud, poll_ms, pulses, seed)


@pytest.mark.soak
@pytest.mark.claim("F42")
@pytest.mark.parametrize(("baud", "poll_ms"), [(9600, 50), (115200, 20)])
def test_ten_thousand_pulses(baud: int, poll_ms: int, seed: int, record_property: pytest.RecordProperty) -> None:
    slowest = 0.0
    for part in range(50):
        slowest = max(slowest, run_pulses(baud, poll_ms, 200, seed + part))
    record_property(
        "figure",
        f"10,000 pulses of 400 ms with bouncing edges at {baud}: 0 missed, slowest edge {slowest * 1000:.0f} ms",
    )


def run_pulses(baud: int, poll_ms: int, pulses: int, seed: int) -> float:
    spans, level = bouncing(pulses, random.Random(seed), 0.65)
    bus = sampled(level, baud, poll_ms)
    bus.run(spans[-1][1] + 1.0 - bus.now)
    edges = bus.of(InputLevel)
    assert [edge.high for edge in edges] == [True, False] * pulses, f"seed {seed}"
    assert len(edges) / (bus.now - 1001.0) <= 2.0
    lags = [edge.at - when for edge, when in zip(edges, [t for span in spans for t in span], strict=True)]
    assert max(lags) < 0.15
    return max(lags)


@pytest.mark.claim("F42")
@pytest.mark.parametrize(("baud", "poll_ms"), [(9600, 50), (115200, 20)])
def test_endless_chatter_stays_under_two_edges_a_second(baud: int, poll_ms: int, seed: int) -> None:
    chance = random.Random(seed)
    bus = sampled(lambda now: chance.random() < 0.5, baud, poll_ms)
    bus.run(60.0)
    edges = bus.of(InputLevel)
    assert edges, "the first edge of a chattering input is told"
    assert len(edges) / 60 <= 2.0, f"seed {seed}"


@pytest.mark.claim("D2")
@pytest.mark.parametrize(("baud", "poll_ms"), [(9600, 50), (115200, 20)])
def test_a_pressed_button_counts_in_time(baud: int, poll_ms: int, record_property: pytest.RecordProperty) -> None:
    """From the closing contact to the fact: leaves room for the unlock frame within 200 ms."""
    slowest = 0.0
    for offset in range(40):
        press = 1001.0 + offset * 0.0037
        bus = sampled(lambda now, press=press: now >= press, baud, poll_ms)
        bus.run(1.0)
        (edge,) = bus.of(InputLevel)
        slowest = max(slowest, edge.at - press)
    record_property("figure", f"exit button to fact at {baud} baud, at most {slowest * 1000:.0f} ms")
    assert slowest < 0.14


@pytest.mark.claim("D2")
@pytest.mark.parametrize(("baud", "poll_ms"), [(9600, 50), (115200, 20)])
@pytest.mark.parametrize("presses", [4, 8])
def test_somebody_impatient_is_not_slowed(
    baud: int, poll_ms: int, presses: int, seed: int, record_property: pytest.RecordProperty
) -> None:
    """So many presses within two seconds, again and again: each counts as fast as a single one."""
    first = 1001.0 + random.Random(seed).random() * 0.3
    starts = [first + 4.0 * burst + n * 2.0 / presses for burst in range(6) for n in range(presses)]
    held = 1.0 / presses

    def level(now: float) -> bool:
        return any(start <= now < start + held for start in starts)

    bus = sampled(level, baud, poll_ms)
    bus.run(26.0)
    downs = [edge.at for edge in bus.of(InputLevel) if edge.high]
    assert len(downs) == len(starts), f"seed {seed}"
    slowest = max(down - start for down, start in zip(downs, starts, strict=True))
    record_property("figure", f"{presses} presses in 2 s at {baud} baud: each told within {slowest * 1000:.0f} ms")
    assert slowest < 0.15, f"seed {seed}"


def test_a_single_different_sample_is_no_edge() -> None:
    debounce = Debounce()
    debounce.sample(False, 0.0)
    assert not debounce.sample(True, 1.0)
    assert debounce.unsure
    assert not debounce.sample(False, 1.05)
    assert not debounce.unsure
    assert not debounce.sample(True, 2.0)
    assert not debounce.sample(True, 2.01), "too soon after the first"
    assert debounce.sample(True, 2.05)
    assert debounce.level
