"""The RTU master in simulated time: identification, polls, dead boards, echo."""

from __future__ import annotations

from itertools import pairwise

import pytest

from drivers.modbus.line import ModbusLine
from drivers.modbus.options import BoardOptions
from drivers.reports import (
    DeviceFoundReport,
    DeviceLostReport,
    InputLevel,
    OrderFailed,
    OrderSent,
    OutputLevel,
)
from tests.drivers.bus import Board, Bus, closed, several
from tests.drivers.relay import frames, line, pulse


def test_found_with_all_levels_at_once() -> None:
    board = Board()
    board.inputs[2] = True
    bus = line(board)
    bus.open()
    bus.run(0.3)
    assert bus.facts[0] == DeviceFoundReport("relay", "waveshare-d V2.00")
    levels = bus.of(InputLevel)
    assert [(fact.number, fact.high) for fact in levels] == [(n, n == 3) for n in range(1, 9)]
    assert [(fact.number, fact.on) for fact in bus.of(OutputLevel)] == [(n, False) for n in range(1, 9)]
    assert levels[0].at - 1000.0 < 0.15


def test_frames_keep_the_gap_and_never_overlap() -> None:
    bus = line(Board())
    bus.open()
    bus.run(2.0)
    for (one, frame), (other, _) in zip(bus.written, bus.written[1:], strict=False):
        reply = 7 if frame[1] == 3 else 6
        assert other - one >= (8 + reply) / 960 + 0.003 + 0.004 - 1e-6


def test_polls_come_in_time() -> None:
    bus = line(Board())
    bus.open()
    bus.run(3.0)
    inputs = [when for when, _ in frames(bus, 2)]
    assert max(b - a for a, b in pairwise(inputs[1:])) < 0.1
    assert len(frames(bus, 1)) > 20


@pytest.mark.claim("D1")
@pytest.mark.claim("D2")
def test_a_board_with_the_line_to_itself_is_found_again_at_once(record_property: pytest.RecordProperty) -> None:
    """It reads the ways out: the agent knows a fire or a pressed button within a second of the board's return."""
    slowest = 0.0
    for away in (1.0, 7.3, 60.1):
        board = Board()
        bus = line(board)
        bus.open()
        bus.run(0.3)
        board.alive = False
        bus.run(away)
        bus.facts.clear()
        board.alive, back = True, bus.now
        board.inputs[2] = True
        bus.run(2.0)
        (fire,) = [level for level in bus.of(InputLevel) if level.number == 3]
        slowest = max(slowest, fire.at - back)
    record_property("figure", f"a board back on the line to its inputs {slowest * 1000:.0f} ms")
    assert slowest <= 0.9


def test_lost_and_found_again_within_five_seconds_beside_another() -> None:
    bus, board, _ = two()
    bus.open()
    bus.run(0.3)
    board.alive = False
    gone = bus.now
    bus.run(2.0)
    assert bus.of(DeviceLostReport) == [DeviceLostReport("relay", "silent", "address 1: no answer")]
    assert bus.now - gone <= 2.0
    bus.run(30.0)
    probes = [when for when, frame in bus.written if when > gone + 10 and frame[0] == 1]
    assert max(b - a for a, b in pairwise(probes)) <= 5.2
    board.alive = True
    back = bus.now
    bus.run(5.5)
    assert [found.device for found in bus.of(DeviceFoundReport)] == ["relay", "more", "relay"]
    assert bus.of(InputLevel)[-1].at - back <= 5.3
    assert len(bus.of(InputLevel)) == 24


def two(baud: int = 9600) -> tuple[Bus, Board, Board]:
    one, other = Board(1), Board(2)
    session = ModbusLine([("relay", BoardOptions(1)), ("more", BoardOptions(2))], baud)
    return Bus(session, several(one, other), baud), one, other


def test_two_boards_on_one_line() -> None:
    bus, one, other = two()
    bus.open()
    bus.run(0.5)
    assert {fact.device for fact in bus.of(DeviceFoundReport)} == {"relay", "more"}
    pulse(bus, device="more", number=2)
    bus.run(0.2)
    assert other.coils[1]
    assert not any(one.coils)


def test_a_dead_board_delays_the_other_by_one_time_out_a_cycle() -> None:
    bus, _, other = two()
    bus.open()
    bus.run(0.5)
    other.alive = False
    start = bus.now
    bus.run(1.0)
    polls = [when for when, frame in bus.written if frame[:2] == b"\x01\x02" and when > start]
    time_out = 16 / 960 + 0.1
    assert max(b - a for a, b in pairwise(polls)) < 0.05 + time_out + 0.06
    bus.run(30.0)
    polls = [when for when, frame in bus.written if frame[:2] == b"\x01\x02" and when > start + 20]
    late = [b - a for a, b in pairwise(polls) if b - a > 0.1]
    assert len(late) <= 3


@pytest.mark.parametrize("garbled", [0, 1, 2])
def test_the_echo_of_a_two_wire_adapter_is_taken_out(garbled: int) -> None:
    """Also after a few echoes that noise has bent."""
    board = Board()
    bus = line(board)
    bus.answer = lambda frame, now: frame + board(frame, now)
    bus.open()
    bus.run(0.5)
    assert bus.of(DeviceFoundReport)
    pulse(bus)
    bus.run(0.2)
    assert bus.of(OrderSent)
    left = garbled

    def bent(frame: bytes, now: float) -> bytes:
        nonlocal left
        left -= 1
        return (b"\x55" + frame[1:] if left >= 0 else frame) + board(frame, now)

    bus.answer = bent
    while left > 0:
        bus.run(0.01)
    board.alive = False
    pulse(bus, order=2)
    bus.run(2.0)
    assert [fact.order for fact in bus.of(OrderSent)] == [1], "our own echo is no acknowledgement"
    assert [fact.order for fact in bus.of(OrderFailed)] == [2]


def test_an_adapter_that_stops_echoing_is_believed() -> None:
    board = Board()
    bus = line(board)
    bus.answer = lambda frame, now: frame + board(frame, now)
    bus.open()
    bus.run(0.5)
    bus.answer = board
    bus.run(0.5)
    pulse(bus)
    bus.run(0.2)
    assert bus.of(OrderSent)


def test_a_babbling_device_does_not_hold_an_order_back() -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.5)
    for tick in range(400):
        bus.at(bus.now + tick / 1000, lambda: bus.session.receive(b"\xa5", bus.now))
    bus.run(0.1)
    pulse(bus)
    asked = bus.now
    bus.run(0.3)
    assert frames(bus)[0][0] - asked < 0.1


def test_an_echo_alone_before_anything_is_found_acknowledges_nothing() -> None:
    board = Board()
    board.alive = False
    bus = line(board)
    bus.answer = lambda frame, now: frame
    bus.open()
    pulse(bus)
    bus.run(2.0)
    assert not bus.of(OrderSent)


def test_a_late_reply_is_not_taken_for_another_request() -> None:
    board = Board()
    bus = line(board)
    bus.open()
    bus.run(0.3)
    stale = closed(bytes((1, 1, 1, 0xFF)))
    bus.answer = lambda frame, now: stale + board(frame, now) if frame[1] in (2, 5) else board(frame, now)
    bus.facts.clear()
    pulse(bus, number=3)
    bus.run(0.15)
    assert [(fact.number, fact.on) for fact in bus.of(OutputLevel)] == [(3, True)]
    assert not bus.of(InputLevel)


def test_old_firmware_and_other_devices_are_wrong() -> None:
    board = Board()
    board.version = 120
    bus = line(board)
    bus.open()
    bus.run(10.0)
    (lost,) = bus.of(DeviceLostReport)
    assert (lost.reason, "V1.20" in lost.detail) == ("wrong", True)
    assert not bus.of(DeviceFoundReport)
    bus = line(board)
    bus.answer = lambda frame, now: closed(bytes((1, frame[1] | 0x80, 1)))
    bus.open()
    bus.run(10.0)
    assert [fact.reason for fact in bus.of(DeviceLostReport)] == ["wrong"]


def test_an_output_that_inputs_can_switch_is_told_loudly() -> None:
    board = Board()
    bus = line(board, "waveshare-io8")
    bus.open()
    bus.run(0.5)
    assert bus.of(DeviceFoundReport)[0].detail == "waveshare-io8 V2.00; control modes normal"
    board.modes[2] = 1
    bus = line(board, "waveshare-io8")
    bus.open()
    bus.run(0.5)
    assert "WARNING" in bus.of(DeviceFoundReport)[0].detail
    assert "3 (linkage)" in bus.of(DeviceFoundReport)[0].detail
