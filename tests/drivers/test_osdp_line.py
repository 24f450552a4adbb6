"""An OSDP line at work, in simulated time: found, polled, ordered about, lost and found again."""

from __future__ import annotations

import itertools

import pytest

from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.osdp.reply_timeout import REPLY_S
from drivers.reports import (
    CardSeen,
    DeviceFoundReport,
    DeviceLostReport,
    InputLevel,
    KeyReport,
    OrderFailed,
    OrderSent,
    OutputLevel,
    SecureSeen,
    SecurityAlarm,
    TamperReport,
)
from simulator.osdp_reader import Peripheral
from tests.drivers.bus import Bus
from tests.drivers.osdp_line import CARD, CARD_HEX, KEY, OTHER_KEY, Wire, alarms, line, plain, pulse, secured, up


def test_a_reader_is_found_with_all_it_has() -> None:
    bus = line(Wire(Peripheral(KEY)), inputs=2)
    bus.run(0.3)
    (found,) = bus.of(DeviceFoundReport)
    assert found.detail == "vendor D00BA7 model 7.1 firmware 1.2.3 serial 075BCD15; Secure Channel"
    assert [type(fact) for fact in bus.facts] == [
        SecureSeen,
        DeviceFoundReport,
        *[TamperReport] * 2,
        *[InputLevel] * 2,
        *[OutputLevel] * 2,
    ]
    assert all(secured(frame) for _, frame in bus.written[4:])


def test_what_the_configuration_wants_and_the_reader_lacks_is_said() -> None:
    bus = line(Wire(Peripheral(KEY)), outputs=4)
    bus.run(0.3)
    assert "WARNING: it has 2 outputs, 4 are configured" in bus.of(DeviceFoundReport)[0].detail


@pytest.mark.parametrize("baud", [9600, 115200])
def test_cards_and_keys(baud: int) -> None:
    bus, wire = up(baud=baud)
    wire.peripherals[0].present(CARD)
    wire.peripherals[0].press("12*#")
    bus.run(0.4)
    assert [fact.card for fact in bus.of(CardSeen)] == [CARD_HEX]
    assert [fact.key for fact in bus.of(KeyReport)] == ["1", "2", "*", "#"]


def test_polls_come_every_poll_ms_or_as_fast_as_the_line_allows() -> None:
    bus, wire = up()
    polls = wire.peripherals[0].polls
    bus.run(10.0)
    assert 470 <= wire.peripherals[0].polls - polls <= 501
    bus, _wire = up(baud=9600, outputs=0)
    bus.written.clear()
    bus.run(10.0)
    # 15 bytes there and 14 back are 30.2 ms, 3 ms to think, 2 characters of silence.
    assert 270 <= len(bus.written) <= 300


@pytest.mark.claim("F38")
def test_tamper_power_and_silence_are_told_within_a_second_even_unasked() -> None:
    """Rule 8. The reader does not say so by itself."""
    bus, wire = up(poll_ms=200)
    wire.peripherals[0].tamper = True
    start = bus.now
    bus.run(1.0)
    assert [(f.what, f.active) for f in bus.of(TamperReport)] == [("tamper", True)]
    assert bus.of(TamperReport)[0].at - start <= 1.0
    wire.peripherals[0].power_fails = True
    bus.run(1.0)
    assert [(f.what, f.active) for f in bus.of(TamperReport)] == [("tamper", True), ("power", True)]
    wire.alive = False
    bus.run(1.0)
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["silent"]


def test_inputs_are_debounced_edges() -> None:
    bus, wire = up(inputs=2)
    reader = wire.peripherals[0]
    reader.inputs[1] = True
    bus.run(0.3)
    reader.inputs[1] = False
    bus.run(0.3)
    assert [(f.number, f.high) for f in bus.of(InputLevel)] == [(2, True), (2, False)]


def test_a_reader_that_restarts_is_back_without_being_lost() -> None:
    bus, wire = up()
    wire.peripherals[0].reboot()
    start = bus.now
    bus.run(0.15)
    wire.peripherals[0].present(CARD)
    bus.run(0.1)
    assert bus.of(CardSeen)[0].at - start < 0.25
    assert not bus.of(DeviceLostReport) + bus.of(DeviceFoundReport) + bus.of(SecurityAlarm)


@pytest.mark.parametrize("others", [0, 1])
def test_lost_and_found_again(others: int) -> None:
    bus, wire = up(Wire(*(Peripheral(KEY, address) for address in range(others + 1))))
    reader = wire.peripherals[0]
    answer = reader.answer
    reader.answer = lambda frame, now: b""
    bus.run(10.0)
    (lost,) = bus.of(DeviceLostReport)
    assert lost.reason == "silent"
    pulse(bus)
    bus.run(0.01)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 1, "lost")]
    reader.answer = answer
    start = bus.now
    bus.run(3.0)
    (_found,) = bus.of(DeviceFoundReport)
    first = next(f.at for f in bus.of(OutputLevel) if f.device == "card0")
    assert first - start < (1.0 if not others else 3.0)


def test_a_dead_reader_delays_the_others_by_one_time_out_a_cycle_and_then_hardly() -> None:
    dead, alive = Peripheral(KEY, 0), Peripheral(KEY, 1)
    dead.answer = lambda frame, now: b""
    bus, _wire = up(Wire(dead, alive))
    bus.written.clear()
    bus.run(20.0)
    of_dead = [when for when, frame in bus.written if frame[2] == 0]
    of_alive = [when for when, frame in bus.written if frame[2] == 1]
    gaps = [later - earlier for earlier, later in itertools.pairwise(of_alive)]
    assert max(gaps) <= REPLY_S + 0.03
    assert len(of_dead) <= 11
    alive.present(CARD)
    bus.run(0.3)
    assert bus.of(CardSeen)


def test_a_closed_port_loses_all_and_an_opened_one_finds_them() -> None:
    bus, _wire = up(Wire(Peripheral(KEY, 0), Peripheral(KEY, 1)))
    pulse(bus)
    bus.session.closed(bus.now, "unplugged")
    bus.facts += bus.session.facts()
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["port", "port"]
    assert bus.of(OrderFailed) == [OrderFailed("card0", 1, "lost")]
    assert bus.session.send(bus.now + 1.0) is None
    bus.session.opened(bus.now)
    bus.run(1.0)
    assert {f.device for f in bus.of(DeviceFoundReport)} == {"card0", "card1"}


def test_busy_is_asked_again_and_keeps_nobody() -> None:
    bus, wire = up(Wire(Peripheral(KEY, 0), Peripheral(KEY, 1)))
    busy = [6]

    def between(frame: bytes, reply: bytes) -> bytes:
        if frame[2] == 0 and busy[0]:
            busy[0] -= 1
            return plain(0x79)
        return reply

    wire.between = between
    wire.peripherals[1].present(CARD)
    pulse(bus)
    bus.run(0.5)
    assert busy == [0]
    assert bus.of(CardSeen)[0].device == "card1"
    assert bus.of(OrderSent)
    assert not alarms(bus) + bus.of(DeviceLostReport)


def test_an_echoing_adapter_changes_nothing() -> None:
    wire = Wire(Peripheral(KEY))
    wire.between = lambda frame, reply: frame + reply
    bus, _ = up(wire)
    pulse(bus)
    bus.run(0.2)
    assert bus.of(OrderSent)


def test_answers_in_pieces_are_answers() -> None:
    reader = Peripheral(KEY)
    bus = line(Wire(reader))
    receive = bus.session.receive

    def bytewise(data: bytes, now: float) -> None:
        for at in range(len(data)):
            receive(data[at : at + 1], now)

    bus.session.receive = bytewise
    reader.present(CARD)
    bus.run(0.5)
    assert bus.of(DeviceFoundReport)
    assert bus.of(CardSeen)


def test_with_the_checksum() -> None:
    class Old(Peripheral):
        """Knows the checksum only."""

        def answer(self, frame: bytes, now: float) -> bytes:
            body = frame.removeprefix(b"\xff")[:-1]
            if sum(frame.removeprefix(b"\xff")) & 0xFF:
                return b""
            code = body[5]
            reply = {0x61: (0x45, bytes(12)), 0x62: (0x46, bytes.fromhex("090000"))}.get(code, (0x40, b""))
            made = bytes((0x53, 0x80, 7 + len(reply[1]), 0, body[4] & 3, reply[0])) + reply[1]
            return made + bytes((-sum(made) & 0xFF,))

    bus = line(Wire(Old(KEY)), crc=False, key="", secure="optional", outputs=0)
    bus.run(0.3)
    assert "NOT SECURED" in bus.of(DeviceFoundReport)[0].detail


def test_what_is_not_an_osdp_reader_is_wrong() -> None:
    wire = Wire(Peripheral(KEY))
    wire.between = lambda frame, reply: plain(0x40)
    bus = line(wire)
    bus.run(3.0)
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["wrong"]


@pytest.mark.parametrize(
    ("form", "data", "card"),
    [
        ("auto", "00 00 20 00 00 BC 61 4E", "BC614E"),
        ("auto", "00 01 38 00 04 A1 B2 C3 D4 E5 F6", "4A1B2C3D4E5F6"),
        ("hex-reversed", "00 00 20 00 4E 61 BC 00", "BC614E"),
        ("auto", "00 01 1A 00 12 34 56 40", None),
        ("auto", "00 01 1A 00 12 34", None),
        ("auto", "00 01 00 00", None),
        ("wiegand", "00 01 20 00 00 00 00 00", None),
    ],
)
def test_forms_of_cards(form: str, data: str, card: str | None) -> None:
    bus, wire = up(form=form)
    wire.peripherals[0].events.append((0x50, bytes.fromhex(data)))
    bus.run(0.1)
    assert [f.card for f in bus.of(CardSeen)] == ([card] if card else [])


@pytest.mark.parametrize(
    ("data", "card"),
    [(b"\x00\x00\x0a0012345678", "BC614E"), (b"\x00\x01\x088765432\x31", "BC614E"), (b"\x00\x00\x02zz", None)],
)
def test_cards_as_text(data: bytes, card: str | None) -> None:
    bus, wire = up()
    wire.peripherals[0].events.append((0x51, data))
    bus.run(0.1)
    assert [f.card for f in bus.of(CardSeen)] == ([card] if card else [])


@pytest.mark.claim("F35")
@pytest.mark.parametrize("reaches", [True, False])
def test_seven_misses_in_a_row_cost_no_card(reaches: bool) -> None:
    """The reader has told it already (`reaches`), or not: a session that ended here would take it along."""
    bus, wire = up()
    reader = wire.peripherals[0]
    answer, misses = reader.answer, [7]

    def deaf(frame: bytes, now: float) -> bytes:
        if not misses[0]:
            return answer(frame, now)
        misses[0] -= 1
        if reaches:
            answer(frame, now)
        return b""

    reader.present(CARD)
    reader.answer = deaf
    bus.run(1.0)
    assert misses == [0]
    assert len(bus.of(CardSeen)) == 1
    assert not bus.of(DeviceLostReport) + bus.of(SecureSeen)


@pytest.mark.slow
@pytest.mark.claim("F35")
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_card_opens_within_two_seconds_on_a_bad_line(share: float, seed: int, record_property) -> None:
    import random

    dice = random.Random(seed)
    bus, wire = up()
    reader = wire.peripherals[0]
    answer = reader.answer
    reader.answer = lambda frame, now: b"" if dice.random() < share / 2 else answer(frame, now)

    def damage(frame: bytes, reply: bytes) -> bytes:
        if reply and dice.random() < share / 2:
            at = dice.randrange(len(reply))
            return reply[:at] + bytes((reply[at] ^ 1 << dice.randrange(8),)) + reply[at + 1 :]
        return reply

    wire.between = damage
    took = []
    for order in range(300):
        bus.run(0.2 + dice.random() * 0.05)
        start = bus.now
        bus.facts.clear()
        reader.present(CARD)
        for _ in range(60):
            bus.run(0.05)
            if bus.of(CardSeen):
                break
        pulse(bus, order, within=2.0)
        bus.run(2.0 - (bus.now - start))
        took.append(next((f.at - start for f in bus.of(OrderSent)), 9.0))
    took.sort()
    record_property(
        "figure", f"{share:.0%} of the frames: p50 {took[150] * 1000:.0f} ms, p99 {took[297] * 1000:.0f} ms"
    )
    assert took[297] <= 2.0, f"seed {seed}"
    assert not alarms(bus), f"seed {seed}"


@pytest.mark.claim("F35")
def test_on_half_broken_frames_every_order_has_its_outcome_and_calm_heals(seed: int) -> None:
    import random

    dice = random.Random(seed)
    bus, wire = up()
    reader = wire.peripherals[0]
    answer, share = reader.answer, 0.5
    reader.answer = lambda frame, now: b"" if dice.random() < share else answer(frame, now)
    for order in range(60):
        pulse(bus, order, within=1.0)
        bus.run(1.3)
    outcomes = [f.order for f in bus.of(OrderSent)] + [f.order for f in bus.of(OrderFailed)]
    assert sorted(outcomes) == list(range(60)), f"seed {seed}"
    share = 0.0
    bus.run(3.0)
    bus.facts.clear()
    reader.present(CARD)
    bus.run(0.2)
    assert len(bus.of(CardSeen)) == 1, f"seed {seed}"


def test_options_are_checked() -> None:
    faults = ReaderOptions(127, "30" * 16, "required", False, 4, 33, -1, "none").check()
    assert [key for key, _ in faults] == ["address", "poll_ms", "inputs", "outputs", "form", "key"]
    assert ReaderOptions(key=KEY.hex()).check() == []
    assert ReaderOptions(key="credential:card").check() == []
    assert "3030" not in str(faults)
    assert KEY.hex() not in repr(ReaderOptions(key=KEY.hex()))


def test_a_wrong_key_is_said_and_looked_at_again() -> None:
    bus = Bus(OsdpLine([("card0", ReaderOptions(key=OTHER_KEY.hex()))], 115200), Wire(Peripheral(KEY)), 115200)
    bus.open()
    bus.run(10.0)
    assert bus.of(DeviceLostReport)[0].reason == "insecure"
    assert "key" in bus.of(DeviceLostReport)[0].detail
    assert alarms(bus) == ["handshake"]
    assert 3 <= bus.session._readers[0].alarms.counts["handshake"] <= 6
