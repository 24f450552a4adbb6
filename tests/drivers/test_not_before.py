"""Since when what people do can have been done: of every reader, whatever became of line, reader and controller meanwhile (rule D12).

The one thing that must hold always: no card is said to be newer than it is.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from drivers import port as ports
from drivers.modbus.line import ModbusLine
from drivers.modbus.options import BoardOptions
from drivers.port import Port
from drivers.reader.keypad import Keypad, KeypadOptions
from drivers.reader.line import LineOptions, LineReader
from drivers.reader.rdm6300 import Rdm6300, Rdm6300Options
from drivers.reports import UNKNOWN, CardSeen, DeviceLostReport, Fact, KeyReport, OrderFailed, PulseOutput
from drivers.served import LOOK_S, SETTLE_S, Served
from simulator.osdp_reader import Peripheral
from tests.drivers.bus import Bus
from tests.drivers.osdp_line import CARD, KEY, Wire, line, up
from tests.drivers.rig import Idle, Rig
from tests.drivers.test_tjc import KEYPAD, Panel, bus_of
from tests.vectors import readers as vectors
from tests.waiting import eventually

WELL_S = 0.3
FRAME = bytes.fromhex(vectors.RDM6300[0])


def ages(bus: Bus, kind: type = CardSeen) -> list[float]:
    """How old each may be, in the order told."""
    return [fact.at - fact.not_before for fact in bus.of(kind)]


# --- OSDP: a reader keeps a card until it is asked


@pytest.mark.claim("D12")
@pytest.mark.parametrize("baud", [9600, 115200])
def test_with_everything_well_a_card_and_its_keys_are_new(baud: int) -> None:
    bus, wire = up(baud=baud)
    for _ in range(20):
        bus.run(0.237)
        wire.peripherals[0].present(CARD)
        wire.peripherals[0].press("1")
    bus.run(1.0)
    assert len(bus.of(CardSeen)) == len(bus.of(KeyReport)) == 20
    bus.facts.clear()
    wire.peripherals[0].present(CARD)
    shown = bus.now
    bus.run(0.5)
    assert bus.of(CardSeen)[0].not_before <= shown
    assert ages(bus)[0] < WELL_S


@pytest.mark.claim("D12")
def test_what_a_reader_held_at_the_start_is_of_any_age() -> None:
    wire = Wire(Peripheral(KEY))
    for _ in range(3):
        wire.peripherals[0].present(CARD)
    wire.peripherals[0].press("47")
    bus = line(wire)
    bus.run(0.5)
    assert ages(bus) == [float("inf")] * 3
    assert {fact.not_before for fact in bus.of(KeyReport)} == {UNKNOWN}
    bus.facts.clear()
    wire.peripherals[0].present(CARD)
    bus.run(0.3)
    assert ages(bus)[0] < WELL_S


@pytest.mark.claim("D12")
def test_what_it_held_while_its_line_was_cut_is_of_any_age() -> None:
    bus, wire = up()
    wire.alive = False
    bus.run(1.2)
    wire.peripherals[0].present(CARD)
    bus.run(0.5)
    wire.alive = True
    bus.run(1.0)
    assert ages(bus) == [float("inf")]


@pytest.mark.claim("D12")
@pytest.mark.parametrize("stopped_s", [0.8, 3.0, 40.0])
def test_what_it_held_while_the_controller_was_stopped_is_as_old_as_that(stopped_s: float) -> None:
    """Its session may have ended meanwhile (after 8 s) or not."""
    bus, wire = up()
    wire.peripherals[0].present(CARD)
    shown = bus.now
    bus.now += stopped_s
    bus.run(1.0)
    (seen,) = bus.of(CardSeen)
    assert seen.not_before <= shown
    assert seen.at - seen.not_before >= stopped_s


@pytest.mark.claim("D12")
def test_a_session_made_anew_at_once_makes_nothing_old() -> None:
    bus, wire = up()
    wire.peripherals[0].reboot()
    wire.peripherals[0].present(CARD)
    bus.run(0.5)
    assert ages(bus)[0] < WELL_S


@pytest.mark.claim("D12")
def test_a_reader_that_is_never_done_is_never_believed_to_be_new() -> None:
    wire = Wire(Peripheral(KEY))
    for _ in range(500):
        wire.peripherals[0].present(CARD)
    bus = line(wire)
    bus.run(3.0)
    assert wire.peripherals[0].events
    assert len(ages(bus)) > 100
    assert all(age == float("inf") for age in ages(bus))


@pytest.mark.slow
@pytest.mark.claim("D12")
def test_no_card_is_said_to_be_newer_than_it_is_whatever_happens(seed: int) -> None:
    """Three readers of one line under cuts, stops, reboots, restarts and noise; each card has a number of its own."""
    dice = random.Random(seed)
    share = 0.0
    wire = Wire(*(Peripheral(KEY, address) for address in range(3)))
    wire.between = lambda frame, reply: b"" if dice.random() < share else reply
    bus = line(wire)
    shown: dict[str, float] = {}
    for number in range(1, 1500):
        bus.run(dice.random() * 0.2)
        if dice.random() < 0.15:
            wire.alive, share = True, 0.0
        reader = dice.choice(wire.peripherals)
        match dice.randrange(24):
            case 0:
                wire.alive = False
            case 1:
                bus.now += dice.random() * 12.0
            case 2:
                reader.reboot()
            case 3:
                share = dice.choice((0.3, 0.6))
            case 4 if dice.random() < 0.3:
                bus.session.closed(bus.now, "unplugged")
                bus.run(dice.random())
                bus.session.opened(bus.now)
            case _:
                reader.present(number)
                shown[f"{number:X}"] = bus.now
    seen = bus.of(CardSeen)
    assert len(seen) > 300, f"seed {seed}"
    assert not [fact for fact in seen if fact.not_before > shown[fact.card]], f"seed {seed}"
    assert len([fact for fact in seen if fact.at - fact.not_before < 1.0]) > 100, f"seed {seed}"


# --- readers that only send: the first byte counts


@pytest.mark.claim("D12")
def test_a_line_is_as_old_as_its_first_byte() -> None:
    session = LineReader([("card", LineOptions())], 9600)
    session.opened(0.0)
    session.receive(b"00123", 50.0, 10.0)
    session.receive(b"45678\r\n17\r\n", 50.1, 50.05)
    session.receive(b"18\r\n", 50.2, 50.15)
    assert [fact.not_before for fact in session.facts() if isinstance(fact, CardSeen)] == [10.0, 50.05, 50.15]


@pytest.mark.claim("D12")
def test_a_line_that_ends_by_silence_and_a_lone_key_too() -> None:
    session = LineReader([("card", LineOptions(end="none", keys=True))], 9600)
    session.opened(0.0)
    session.receive(b"17", 50.0, 10.0)
    session.send(90.0)
    session.receive(b"5", 90.1, 90.05)
    session.send(90.2)
    assert [fact.not_before for fact in session.facts()[1:]] == [10.0, 90.05]


@pytest.mark.claim("D12")
def test_a_frame_is_as_old_as_its_first_byte_and_its_repetitions_are_the_same_card() -> None:
    session = Rdm6300([("card", Rdm6300Options())], 9600)
    session.opened(0.0)
    session.receive(FRAME[:5], 50.0, UNKNOWN)
    for tick in range(50):
        session.receive(FRAME[5:] + FRAME[:5], 50.1 + tick * 0.065, 50.0 + tick * 0.065)
    assert [fact.not_before for fact in session.facts() if isinstance(fact, CardSeen)] == [UNKNOWN]
    session.receive(FRAME[5:] + FRAME, 60.0, 59.9)
    assert [fact.not_before for fact in session.facts() if isinstance(fact, CardSeen)] == [59.9]


@pytest.mark.claim("D12")
def test_keys_of_a_keypad_and_of_a_panel() -> None:
    session = Keypad([("keys", KeypadOptions())], 9600)
    session.opened(0.0)
    session.receive(b"12", 50.0, 10.0)
    assert [fact.not_before for fact in session.facts() if isinstance(fact, KeyReport)] == [10.0, 10.0]
    bus = bus_of(Panel(), layout=KEYPAD)
    bus.open()
    bus.run(1.0)
    bus.session.receive(bytes.fromhex("65 01 0B 01 FF FF FF"), bus.now, 10.0)
    bus.run(0.1)
    assert [fact.not_before for fact in bus.of(KeyReport)] == [10.0]


# --- the port: when the line was last seen to be empty


@pytest.mark.claim("D12")
def test_the_first_moments_of_a_line_are_of_any_age_and_then_its_last_emptiness_counts() -> None:
    served = Served()
    assert served.not_before == UNKNOWN
    served.opened(10.0)
    served.empty(10.0 + SETTLE_S / 2)
    assert served.not_before == UNKNOWN
    served.empty(10.0 + SETTLE_S)
    assert served.not_before == 10.0 + SETTLE_S
    served.empty(12.0)
    served.empty(11.9)
    assert served.not_before == 12.0
    served.opened(20.0)
    assert served.not_before == UNKNOWN


class Ear(Idle):
    """Keeps what it hears, as (bytes, when, not before)."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[bytes, float, float]] = []
        self.gone: list[str] = []
        self.openings = 0

    def opened(self, now: float) -> None:
        self.openings += 1

    def closed(self, now: float, why: str) -> None:
        self.gone.append(why)

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        self.heard.append((data, now, not_before))


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def _pass(seconds: float) -> None:
    until = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= until, seconds + 2)


@pytest.mark.slow
@pytest.mark.claim("D12")
def test_a_served_line_tells_within_a_look_when_its_bytes_came(pty: tuple[int, str], rig: Rig) -> None:
    ear = Ear()
    rig.started(Port("ear", pty[1], 9600, ear, lambda fact: None))
    eventually(lambda: ear.openings)
    _pass(SETTLE_S + 2 * LOOK_S)
    sent = []
    for _ in range(30):  # without a pause longer than a look
        sent.append(time.monotonic())
        os.write(pty[0], b"x")
        _pass(0.05)
    eventually(lambda: sum(len(data) for data, _, _ in ear.heard) == 30)
    rig.ports[-1].stop(1.0)
    first = 0
    for data, _, not_before in ear.heard:
        assert not_before <= sent[first]
        first += len(data)
    assert median(now - not_before for _, now, not_before in ear.heard) < LOOK_S


@pytest.mark.claim("D12")
def test_what_comes_right_after_the_opening_is_of_any_age(pty: tuple[int, str], rig: Rig) -> None:
    """As from an adapter that held it until somebody opened the port: after the flush."""

    class Full(Ear):
        def opened(self, now: float) -> None:
            super().opened(now)
            os.write(pty[0], b"0012345678\r\n")

    ear = Full()
    rig.started(Port("ear", pty[1], 9600, ear, lambda fact: None))
    eventually(lambda: ear.heard)
    rig.ports[-1].stop(1.0)
    assert {not_before for _, _, not_before in ear.heard} == {UNKNOWN}


@pytest.mark.slow
@pytest.mark.claim("D12")
def test_a_port_that_did_not_look_knows_how_long(rig: Rig) -> None:
    """Its thread is kept for a while, as by a stopped process; a card comes meanwhile."""
    rig.port("reader", "line-reader", "card")
    rig.found("card")
    _pass(SETTLE_S + LOOK_S)
    port, kept, session = rig.ports[-1], [1.3], rig.ports[-1]._session
    send = session.send

    def slow(now: float) -> bytes | None:
        if kept:
            _pass(kept.pop())
        return send(now)

    session.send = slow
    eventually(lambda: not kept)
    rig.box.tap(12345678)
    eventually(lambda: rig.told.of(CardSeen))
    (seen,) = rig.told.of(CardSeen)
    assert seen.at - seen.not_before > 1.0
    rig.box.tap(17)
    eventually(lambda: len(rig.told.of(CardSeen)) == 2)
    assert rig.told.of(CardSeen)[1].at - rig.told.of(CardSeen)[1].not_before < LOOK_S + 0.3
    assert port.stop(1.0)


@pytest.mark.claim("D12")
def test_after_a_suspension_a_line_is_opened_anew(
    pty: tuple[int, str], rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monotonic clock stood still: nothing else tells that time has passed."""
    asleep = [0.0]
    monkeypatch.setattr(ports, "_asleep", lambda: asleep[0])
    ear = Ear()
    rig.started(Port("ear", pty[1], 9600, ear, lambda fact: None))
    eventually(lambda: ear.openings == 1)
    os.write(pty[0], b"x")
    asleep[0] = 3600.0
    eventually(lambda: ear.openings == 2)
    assert ear.gone == ["the machine was suspended"]
    rig.ports[-1].stop(1.0)


@pytest.mark.claim("D7")
def test_an_order_of_before_a_suspension_dies_with_it(
    tmp_path: Path, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its second has not passed by the monotonic clock, and its line may be back at once."""
    asleep = [0.0]
    monkeypatch.setattr(ports, "_asleep", lambda: asleep[0])
    told: list[Fact] = []
    session = ModbusLine([("relay", BoardOptions())], 9600)
    port = rig.started(Port("io", str(tmp_path / "gone"), 9600, session, told.append))
    port.order(PulseOutput("relay", 1, True, 5.0, 7, time.monotonic() + 60.0))
    eventually(session.pending)
    asleep[0] = 3600.0
    eventually(lambda: OrderFailed("relay", 7, "lost") in told)
    assert not session.pending()
    port.stop(1.0)


@pytest.mark.claim("D7")
def test_a_frame_that_was_made_long_ago_is_not_sent(pty: tuple[int, str], rig: Rig) -> None:
    """The process was stopped between the look at an order's time and the write."""

    class Stopped(Ear):
        def send(self, now: float) -> bytes | None:
            frame = super().send(now)
            if frame is not None and len(self.made) < 1:
                self.made.append(frame)
                _pass(0.3)
            return frame

        made: list[bytes] = []  # noqa: RUF012

    ear = Stopped()
    port = rig.started(Port("ear", pty[1], 9600, ear, lambda fact: None))
    eventually(lambda: ear.openings)
    os.set_blocking(pty[0], False)
    ear.order(None, 0.0)
    port._wake()
    eventually(lambda: ear.made)
    _pass(0.5)
    with pytest.raises(BlockingIOError):
        os.read(pty[0], 64)
    ear.order(None, 0.0)
    port._wake()
    os.set_blocking(pty[0], True)
    assert len(os.read(pty[0], 64)) == 8
    assert port.stop(1.0)
    assert not [fact for fact in rig.told if isinstance(fact, DeviceLostReport)]
