"""Orders to a relay board in simulated time: read-back, deadlines, repeats, broken exchanges."""

from __future__ import annotations

import random

import pytest

from drivers.reports import (
    DeviceFoundReport,
    DeviceLostReport,
    InputLevel,
    OrderFailed,
    OrderSent,
    OutputLevel,
    PulseOutput,
    SetOutput,
)
from tests.drivers.bus import Board
from tests.drivers.relay import PULSE, frames, line, pulse


@pytest.mark.claim("D5")
def test_every_order_is_read_back_changed_or_not() -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    bus.facts.clear()
    pulse(bus)
    bus.run(0.2)
    assert [type(fact) for fact in bus.facts] == [OrderSent, OutputLevel]
    assert bus.facts[1].on
    pulse(bus, order=2)
    bus.run(0.2)
    assert [type(fact) for fact in bus.facts[2:]] == [OrderSent, OutputLevel]


@pytest.mark.claim("F39")
def test_a_stuck_relay_shows_in_the_read_back_and_a_reboot_within_a_poll() -> None:
    board = Board()
    board.stuck[0] = False
    bus = line(board)
    bus.open()
    bus.run(0.3)
    bus.facts.clear()
    pulse(bus)
    bus.run(0.2)
    assert bus.of(OutputLevel)[-1].on is False
    board.stuck.clear()
    bus.run(0.2)
    assert bus.of(OutputLevel)[-1].on is True
    board.coils[0] = False
    board.until.clear()
    before = bus.now
    bus.run(0.3)
    last = bus.of(OutputLevel)[-1]
    assert not last.on
    assert last.at - before < 0.2


@pytest.mark.claim("D3")
def test_the_board_ends_the_pulse_and_its_end_is_told() -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    pulse(bus)
    bus.run(4.0)
    assert [frame for _, frame in frames(bus)] == [PULSE]
    assert [fact.on for fact in bus.of(OutputLevel) if fact.number == 1] == [False, True, False]


def test_setting_an_output() -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    bus.session.order(SetOutput("relay", 1, True, 7, bus.now + 1), bus.now)
    bus.run(0.2)
    bus.session.order(SetOutput("relay", 1, False, 8, bus.now + 1), bus.now)
    bus.run(0.2)
    assert [frame[4:6].hex() for _, frame in frames(bus)] == ["ff00", "0000"]
    assert [fact.order for fact in bus.of(OrderSent)] == [7, 8]


def test_an_order_waits_for_at_most_the_running_exchange() -> None:
    longest = 0.0
    for offset in range(60):
        bus = line(Board())
        bus.open()
        bus.run(0.4 + offset / 1000)
        pulse(bus)
        asked = bus.now
        bus.run(0.2)
        longest = max(longest, frames(bus)[0][0] - asked)
    assert longest <= 15 / 960 + 0.003 + 0.0041


@pytest.mark.parametrize("order", ["pulse", "set"])
@pytest.mark.claim("D7")
def test_a_late_order_is_never_written(order: str) -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    made = (
        PulseOutput("relay", 1, True, 3.0, 5, bus.now) if order == "pulse" else SetOutput("relay", 1, True, 5, bus.now)
    )
    bus.now += 0.001
    bus.session.order(made, bus.now)
    bus.run(1.0)
    assert not frames(bus)
    assert bus.of(OrderFailed) == [OrderFailed("relay", 5, "late")]


@pytest.mark.claim("D7")
def test_an_order_that_waited_behind_a_timed_out_exchange_dies() -> None:
    board = Board()
    bus = line(board)
    bus.open()
    bus.run(0.3)
    board.alive = False
    count = len(bus.written)
    while len(bus.written) == count:
        bus.run(0.001)
    pulse(bus, within=0.05)
    board.alive = True
    bus.run(1.0)
    assert not frames(bus)
    assert [fact.reason for fact in bus.of(OrderFailed)] == ["late"]


@pytest.mark.claim("D7")
@pytest.mark.parametrize(("away", "written"), [(0.5, 1), (1.5, 0)])
def test_over_a_reopen_an_order_is_written_in_time_or_not_at_all(away: float, written: int) -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    bus.session.closed(bus.now, "unplugged")
    pulse(bus)
    bus.run(away)
    bus.open()
    bus.run(1.0)
    assert len(frames(bus)) == written
    assert [fact.reason for fact in bus.of(OrderFailed)] == ([] if written else ["lost"])
    assert bus.of(DeviceLostReport) == [DeviceLostReport("relay", "port", "unplugged")]
    assert len(bus.of(DeviceFoundReport)) == 2


def test_an_unanswered_order_is_repeated_within_its_deadline_then_silent() -> None:
    board = Board()
    bus = line(board)
    bus.open()
    bus.run(0.3)
    board.alive = False
    pulse(bus)
    asked = bus.now
    bus.run(3.0)
    sent = [when for when, _ in frames(bus)]
    assert len(sent) == 6
    assert sent[-1] - asked < 1.0
    assert [fact.reason for fact in bus.of(OrderFailed)] == ["silent"]


def test_sent_but_unanswered_until_its_time_passed_is_silent_not_late() -> None:
    board = Board()
    bus = line(board)
    bus.open()
    bus.run(0.3)
    board.alive = False
    pulse(bus, within=0.15)
    bus.run(1.0)
    assert [fact.reason for fact in bus.of(OrderFailed)] == ["silent"]


def test_an_order_reaches_a_board_that_was_lost() -> None:
    board = Board()
    bus = line(board)
    bus.open()
    bus.run(0.3)
    board.alive = False
    bus.run(20.0)
    assert [fact.reason for fact in bus.of(DeviceLostReport)] == ["silent"]
    board.alive = True
    pulse(bus)
    bus.run(0.3)
    assert bus.of(OrderSent)
    assert len(bus.of(DeviceFoundReport)) == 2
    assert next(f for f in reversed(bus.facts) if isinstance(f, OutputLevel) and f.number == 1).on


def test_refused_orders() -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    pulse(bus, number=9)
    bus.session.order(PulseOutput("relay", 1, True, 61.0, 2, bus.now + 1), bus.now)
    bus.session.order(PulseOutput("other", 1, True, 1.0, 3, bus.now + 1), bus.now)
    bus.run(0.1)
    assert [(fact.order, fact.reason) for fact in bus.of(OrderFailed)] == [
        (1, "refused"),
        (2, "refused"),
        (3, "refused"),
    ]


def test_orders_are_bounded() -> None:
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    for order in range(100):
        pulse(bus, order=order)
    assert bus.session.pending() <= 16
    bus.run(3.0)
    assert len(bus.of(OrderSent)) + len(bus.of(OrderFailed)) == 100


def test_orders_of_one_board_keep_their_sequence() -> None:
    board = Board()
    bus = line(board)
    bus.open()
    bus.run(0.3)
    pulse(bus, order=1)
    bus.session.order(SetOutput("relay", 1, False, 2, bus.now + 1), bus.now)
    bus.run(0.3)
    assert [fact.order for fact in bus.of(OrderSent)] == [1, 2]
    assert board.coils[0] is False


@pytest.mark.claim("F35")
@pytest.mark.parametrize("broken", [0.1, 0.3])
def test_with_broken_exchanges_a_card_still_opens(
    broken: float, seed: int, record_property: pytest.RecordProperty
) -> None:
    chance = random.Random(seed)
    board = Board()
    bus = line(board)

    def noisy(frame: bytes, now: float) -> bytes:
        dice = chance.random()
        if dice < broken / 3:
            return b""
        reply = board(frame, now)
        if dice < 2 * broken / 3:
            return bytes((reply[0], reply[1] ^ 4, *reply[2:]))
        return reply if dice > broken else b""

    bus.answer = noisy
    bus.open()
    bus.run(2.0)
    took, failed = [], 0
    for order in range(300):
        pulse(bus, order=order)
        asked = bus.now
        bus.facts.clear()
        bus.run(1.3)
        sent = [fact for fact in bus.of(OrderSent) if fact.order == order]
        took += [fact.at - asked for fact in sent[:1]]
        failed += not sent
    took.sort()
    record_property(
        "figure", f"{broken:.0%} broken: {failed} of 300 orders failed, p99 {took[int(len(took) * 0.99)]:.2f} s"
    )
    assert failed <= 3, f"seed {seed}"
    assert took[-1] <= 1.2


@pytest.mark.claim("F35")
def test_with_half_of_the_exchanges_broken_every_order_has_its_outcome_and_calm_heals(seed: int) -> None:
    chance = random.Random(seed)
    board = Board()
    bus = line(board)
    broken = 0.5
    bus.answer = lambda frame, now: b"" if chance.random() < broken else board(frame, now)
    bus.open()
    bus.run(2.0)
    for order in range(100):
        pulse(bus, order=order)
        bus.run(1.3)
    outcomes = [fact.order for fact in bus.of(OrderSent)] + [fact.order for fact in bus.of(OrderFailed)]
    assert sorted(outcomes) == list(range(100)), f"seed {seed}"
    broken = 0.0
    bus.run(3.0)
    pulse(bus, order=100)
    bus.run(0.3)
    assert bus.of(OrderSent)[-1].order == 100, f"seed {seed}"


def test_a_pulse_of_the_run_before_is_told_though_an_order_ends_it() -> None:
    board = Board()
    board.coils[0] = True
    bus = line(board)
    bus.open()
    bus.session.order(SetOutput("relay", 1, False, 5, bus.now + 5.0), bus.now)
    bus.run(0.5)
    assert [fact.on for fact in bus.of(OutputLevel) if fact.number == 1][:2] == [True, False]
    assert board.coils[0] is False


@pytest.mark.claim("D12", "D13")
def test_a_press_that_is_heard_long_after_it_was_read_is_asked_again() -> None:
    """The process was stopped: the board's answer has lain there since, and whoever pressed has gone."""
    board = Board()
    bus = line(board)
    bus.open()
    bus.run(0.3)
    board.inputs[1] = True
    seen = len(bus.facts)
    while not bus.session._boards[0].hurry:
        bus.run(0.001)
    while not bus._arrivals:
        bus.run(0.001)
    board.inputs[1] = False
    bus.now += 1.5
    bus.session.receive(bus._arrivals.pop(0)[1], bus.now)
    bus.run(0.5)
    assert not [fact for fact in bus.facts[seen:] if isinstance(fact, InputLevel) and fact.high]


@pytest.mark.claim("D13")
def test_an_answer_heard_late_is_dated_by_when_its_order_went_out() -> None:
    """The process was stopped between the two: the pulse has run since."""
    bus = line(Board())
    bus.open()
    bus.run(0.3)
    pulse(bus)
    while not frames(bus):
        bus.run(0.001)
    bus.now += 3.0
    bus.session.receive(bus._arrivals.pop(0)[1], bus.now)
    (sent,) = [fact for fact in bus.session.facts() if isinstance(fact, OrderSent)]
    assert sent.at == pytest.approx(frames(bus)[0][0], abs=0.001)
