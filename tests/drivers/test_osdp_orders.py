"""Orders to an OSDP reader, in simulated time: timed by the reader, ahead of polls, never late, done once."""

from __future__ import annotations

import pytest

from drivers.reports import (
    CardSeen,
    DeviceFoundReport,
    DeviceLostReport,
    OrderFailed,
    OrderSent,
    OutputLevel,
    PlayTone,
    SecurityAlarm,
    SetOutput,
    SetReaderLine,
    ShowText,
)
from simulator.osdp_reader import Peripheral, ReaderCommand
from tests.drivers.osdp_line import CARD, KEY, Wire, code_of, pulse, secured, up


@pytest.mark.claim("D3")
def test_an_unlock_is_timed_by_the_reader_itself() -> None:
    bus, wire = up()
    reader = wire.peripherals[0]
    did = []
    reader.did = lambda what, value: did.append((what, value))
    pulse(bus, seconds=30.0)
    bus.run(0.05)
    assert did == [("pulse", "1 on 30.0")]
    assert [fact.order for fact in bus.of(OrderSent)] == [1]
    assert bus.of(OutputLevel) == [OutputLevel("card0", 1, True, bus.of(OutputLevel)[0].at)]
    wire.alive = False
    reader.expire(bus.now + 30.0)
    assert reader.outputs == [False, False]


def test_lasting_levels_end_a_pulse() -> None:
    bus, wire = up()
    pulse(bus)
    bus.session.order(SetOutput("card0", 1, False, 2, bus.now + 1.0), bus.now)
    bus.run(0.1)
    assert [fact.order for fact in bus.of(OrderSent)] == [1, 2]
    assert wire.peripherals[0].outputs == [False, False]
    assert not wire.peripherals[0].until
    bus.session.order(SetOutput("card0", 2, True, 3, bus.now + 1.0), bus.now)
    bus.run(0.1)
    assert wire.peripherals[0].outputs == [False, True]
    assert bus.of(OutputLevel)[-1].on


def test_an_order_waits_for_at_most_the_one_exchange_that_runs() -> None:
    bus, _wire = up(Wire(Peripheral(KEY, 0), Peripheral(KEY, 1)), baud=9600)
    for delay in range(40):
        bus.run(0.5 + delay * 0.0011)
        bus.written.clear()
        asked = bus.now
        pulse(bus, delay)
        bus.run(0.2)
        when = next(when for when, frame in bus.written if len(frame) == 31 and when >= asked)
        assert when - asked <= (15 + 30) * 10 / 9600 + 0.003 + 0.003


@pytest.mark.claim("D7")
def test_a_late_order_is_never_written() -> None:
    bus, wire = up()
    did = []
    wire.peripherals[0].did = lambda what, value: did.append(what)
    wire.alive = False
    bus.run(0.03)  # a poll is on the line, and nobody answers
    pulse(bus, within=0.03)
    bus.run(0.06)
    wire.alive = True
    bus.run(3.0)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 1, "late")]
    assert "pulse" not in did
    assert wire.peripherals[0].outputs == [False, False]


def test_an_order_whose_answer_is_lost_is_done_once() -> None:
    bus, wire = up()
    did = []
    wire.peripherals[0].did = lambda what, value: did.append(what)
    lost = []

    def lose(frame: bytes, reply: bytes) -> bytes:
        if len(frame) == 31 and len(lost) < 2:
            lost.append(frame)
            return b""
        return reply

    wire.between = lose
    pulse(bus)
    bus.run(1.0)
    assert len(lost) == 2
    assert did == ["pulse"]
    assert [fact.order for fact in bus.of(OrderSent)] == [1]


def test_an_order_said_again_after_its_time_is_not() -> None:
    """The first copy was not heard; the second would be late."""
    bus, wire = up()
    wire.between = lambda frame, reply: reply
    reader = wire.peripherals[0]
    answer = reader.answer
    deaf = [True]
    reader.answer = lambda frame, now: b"" if deaf[0] and len(frame) == 31 else answer(frame, now)
    pulse(bus, within=0.15)
    bus.run(0.3)
    deaf[0] = False
    bus.run(3.0)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 1, "silent")]
    assert reader.outputs == [False, False]
    assert not bus.of(DeviceLostReport)


def test_an_order_whose_answers_never_hold_is_given_up_after_four_sessions() -> None:
    """The line is good for all but what answers the order: neither the reader nor its session may end over that for ever."""

    def ordered(frame: bytes) -> bool:
        return secured(frame) and code_of(frame) == ReaderCommand.OUT

    bus, wire = up()
    wire.between = lambda frame, reply: reply[:-1] + bytes((reply[-1] ^ 1,)) if ordered(frame) else reply
    pulse(bus, 9, within=20.0)
    bus.run(5.0)
    assert [(fact.order, fact.reason) for fact in bus.of(OrderFailed)] == [(9, "silent")]
    assert not bus.of(DeviceLostReport) + bus.of(OrderSent)
    orders = [frame for _, frame in bus.written if ordered(frame)]
    assert len(set(orders)) == 4
    assert len(orders) == 4 * 8


def test_a_refusal_costs_nothing_but_itself() -> None:
    bus, wire = up()
    reader = wire.peripherals[0]
    reader.refuse = {ReaderCommand.OUT, ReaderCommand.LED, ReaderCommand.BUZ, ReaderCommand.LSTAT}
    pulse(bus)
    bus.session.order(PlayTone("card0", "yes"), bus.now)
    bus.run(1.0)
    reader.present(CARD)
    bus.run(0.05)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 1, "refused")]
    assert bus.of(CardSeen)
    assert not bus.of(DeviceLostReport) + bus.of(DeviceFoundReport) + bus.of(SecurityAlarm)
    assert sum(1 for frame in wire.frames if frame[5] & 3 == 0) == 1, "one conversation"


def test_tones_lights_and_texts() -> None:
    bus, wire = up()
    did = []
    wire.peripherals[0].did = lambda what, value: did.append((what, value))
    bus.session.order(PlayTone("card0", "warning"), bus.now)
    bus.session.order(PlayTone("card0", "no"), bus.now)
    bus.session.order(PlayTone("card0", "unheard of"), bus.now)
    bus.session.order(ShowText("card0", "Door open", 3), bus.now)
    bus.run(0.1)
    assert did == [("light", "red 2.0"), ("beeps", "3 2/2"), ("text", "Door open")]


def test_each_tone_is_told_from_the_others_and_a_tick_cuts_none_short() -> None:
    bus, wire = up()
    did = []
    wire.peripherals[0].did = lambda what, value: did.append((what, value))
    for tone in ("key", "yes", "no", "warning"):
        bus.session.order(PlayTone("card0", tone), bus.now)
        bus.run(0.1)
        bus.session.order(PlayTone("card0", "key"), bus.now)
        bus.run(7.0)
    beeps = [value for what, value in did if what == "beeps"]
    assert beeps == ["1 1/1", "1 1/1", "1 8/1", "3 2/2", "4 6/9"]
    assert [value for what, value in did if what == "light"] == ["green 2.0", "red 2.0", "amber 6.0"]


def test_a_tone_for_a_lost_reader_is_not_heard_when_it_is_back() -> None:
    bus, wire = up()
    did = []
    wire.peripherals[0].did = lambda what, value: did.append(what)
    wire.alive = False
    bus.run(3.0)
    bus.session.order(PlayTone("card0", "yes"), bus.now)
    bus.session.order(ShowText("card0", "x", 1), bus.now)
    wire.alive = True
    bus.run(3.0)
    assert "session" in did
    assert not {"light", "beeps", "text"} & set(did)


def test_a_reader_without_light_or_display_is_not_asked_for_them() -> None:
    reader = Peripheral(KEY)
    reader.abilities = bytes.fromhex("020402 090101")
    bus, wire = up(Wire(reader))
    before = len(wire.frames)
    bus.session.order(PlayTone("card0", "yes"), bus.now)
    bus.session.order(ShowText("card0", "x", 1), bus.now)
    bus.run(0.2)
    assert all(len(frame) in {15, 31} for frame in wire.frames[before:])
    assert not [f for f in wire.frames[before:] if len(f) == 47]


def test_orders_that_cannot_be_are_refused() -> None:
    bus, _wire = up()
    pulse(bus, 1, seconds=61.0)
    pulse(bus, 2, device="nobody")
    bus.session.order(SetOutput("card0", 3, True, 3, bus.now + 1.0), bus.now)
    bus.session.order(SetReaderLine("card0", 127, 9600, 4, bus.now + 1.0), bus.now)
    bus.session.order(SetReaderLine("card0", 1, 9601, 5, bus.now + 1.0), bus.now)
    for order in range(6, 40):
        pulse(bus, order)
    bus.run(0.01)
    refused = [f.order for f in bus.of(OrderFailed) if f.reason == "refused"]
    assert refused[:5] == [1, 2, 3, 4, 5]
    assert len(refused) == 5 + 34 - 16


@pytest.mark.claim("F38")
def test_the_line_is_changed_only_when_told() -> None:
    """Rule 6."""
    bus, wire = up()
    did = []
    wire.peripherals[0].did = lambda what, value: did.append((what, value))
    bus.run(30.0)
    assert not [what for what, _ in did if what in {"comset", "keyset"}]
    bus.session.order(SetReaderLine("card0", 3, 115200, 7, bus.now + 1.0), bus.now)
    bus.run(0.1)
    assert did == [("comset", "3 115200")]
    assert [f.order for f in bus.of(OrderSent)] == [7]


@pytest.mark.claim("D13")
def test_an_answer_heard_late_is_dated_by_when_its_order_was_said_last() -> None:
    """The process was stopped between the two: the pulse has run since."""
    bus, _wire = up()
    bus.written.clear()
    pulse(bus)
    while not [frame for _, frame in bus.written if code_of(frame) == 0x68]:
        bus.run(0.0002)
    bus.now += 3.0
    bus.session.receive(bus._arrivals.pop(0)[1], bus.now)
    (sent,) = [fact for fact in bus.session.facts() if isinstance(fact, OrderSent)]
    assert sent.at == pytest.approx(bus.written[-1][0], abs=0.001)
