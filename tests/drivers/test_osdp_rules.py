"""The rules a controller keeps on an OSDP line, one by one. Rules 2 and 3 are in test_osdp_pairing.py, 6 in test_osdp_orders.py, 8 in test_osdp_line.py."""

from __future__ import annotations

import itertools
import logging
import random

import pytest

from drivers.osdp import crypto
from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.osdp.reader import FLOOD_S
from drivers.osdp.secure_session import FLOOD_MACS
from drivers.reports import (
    CardSeen,
    DeviceFoundReport,
    DeviceLostReport,
    KeyReport,
    OrderSent,
    PairReader,
    SecureSeen,
    SecurityAlarm,
)
from simulator.osdp_reader import Peripheral, ReaderCommand
from tests.drivers.bus import Bus
from tests.drivers.osdp_attacks import CARD_REPLY, INSECURE, Attack, bent_reply
from tests.drivers.osdp_line import (
    CARD,
    CARD_HEX,
    KEY,
    OTHER_KEY,
    Wire,
    alarms,
    code_of,
    line,
    plain,
    pulse,
    secured,
    sequence_of,
    up,
)

pytestmark = pytest.mark.claim("F38")


def insecure_reader() -> Peripheral:
    reader = Peripheral(KEY, secure_only=False)
    reader.abilities = INSECURE
    return reader


# --- 1: secure is required; the best ever seen is remembered


def test_a_reader_without_secure_channel_stays_offline_and_is_told() -> None:
    wire = Wire(insecure_reader())
    bus = line(wire)
    wire.peripherals[0].present(CARD)
    bus.run(10.0)
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["insecure"]
    assert alarms(bus) == ["downgrade"]
    assert not bus.of(DeviceFoundReport) + bus.of(CardSeen)
    assert {code_of(frame) for frame in wire.frames} == {ReaderCommand.ID, ReaderCommand.CAP}


def test_optional_takes_one_that_never_was_secure_and_says_so() -> None:
    bus, wire = up(Wire(insecure_reader()), secure="optional")
    assert "NOT SECURED" in bus.found[0].detail
    wire.peripherals[0].present(CARD)
    pulse(bus)
    bus.run(0.1)
    assert bus.of(CardSeen)
    assert bus.of(OrderSent)
    assert not alarms(bus)


@pytest.mark.parametrize("secure", ["required", "optional"])
def test_one_that_was_secure_once_must_stay_so(secure: str) -> None:
    bus = line(Wire(insecure_reader()), secure=secure, remembered=True)
    bus.run(3.0)
    assert alarms(bus) == ["downgrade"]
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["insecure"]


def test_that_it_was_secure_is_told_once_to_be_kept() -> None:
    bus, wire = up()
    wire.peripherals[0].reboot()
    bus.run(1.0)
    assert [f for f in bus.found if isinstance(f, SecureSeen)] == [SecureSeen("card0")]
    assert not bus.of(SecureSeen)
    assert not [f for f in up(remembered=True)[0].found if isinstance(f, SecureSeen)]


def test_without_a_key_a_secure_reader_waits_to_be_paired() -> None:
    bus = line(Wire(Peripheral(KEY)), key="")
    bus.run(3.0)
    assert "doorward pair card0" in bus.of(DeviceLostReport)[0].detail
    assert not alarms(bus)


# --- 4: nothing in plain once a session stands


@pytest.mark.parametrize("code", [0x40, 0x46, 0x48, 0x50, 0x51, 0x53, 0x90])
def test_a_plain_reply_ends_the_session_and_is_dropped(code: int) -> None:
    bus, wire = up()
    struck = []

    def once(frame: bytes, reply: bytes) -> bytes:
        if not struck:
            struck.append(code)
            return plain(code, CARD_REPLY, sequence=sequence_of(frame))
        return reply

    wire.between = once
    bus.run(1.0)
    assert not bus.of(CardSeen) + bus.of(KeyReport)
    assert alarms(bus) == ["plaintext"]
    assert [code_of(f) for f in wire.frames if not secured(f)].count(ReaderCommand.CHLNG) == 2, "a new session"
    assert not bus.of(DeviceLostReport)


def test_a_plain_refusal_is_a_restart_and_no_alarm_until_it_is_often() -> None:
    bus, wire = up()
    wire.peripherals[0].reboot()
    bus.run(1.0)
    assert not alarms(bus)
    for _ in range(12):
        wire.peripherals[0].reboot()
        bus.run(1.0)
    assert alarms(bus) == ["resets"]


def test_not_understood_in_plain_is_said_again() -> None:
    bus, wire = up()
    struck = []

    def once(frame: bytes, reply: bytes) -> bytes:
        if not struck:
            struck.append(frame)
            return plain(0x41, b"\x01", sequence=sequence_of(frame))
        return reply

    wire.between = once
    wire.peripherals[0].present(CARD)
    bus.run(0.2)
    assert bus.of(CardSeen), "the reader said its answer again"
    assert not [f for f in wire.frames[6:] if not secured(f) and code_of(f) == ReaderCommand.CHLNG]


# --- 5: secrets compared in constant time, guesses bounded


def test_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared, real = [], crypto.hmac.compare_digest
    monkeypatch.setattr(crypto.hmac, "compare_digest", lambda a, b: compared.append(len(a)) or real(a, b))
    _bus, _wire = up()
    assert {4, 16} <= set(compared)


def test_a_mac_cannot_be_searched_for(seed: int) -> None:
    """More than ten wrong ones in a minute: no word with that reader for 30 s."""
    bus, wire = up()
    attack = Attack(wire, random.Random(seed))
    wire.between = lambda frame, reply: bent_reply(attack, frame, reply)
    start = bus.now
    bus.run(25.0)
    assert attack.tries == FLOOD_MACS + 1
    assert alarms(bus) == ["mac"]
    assert bus.of(DeviceLostReport)[-1].reason == "insecure"
    last = bus.written[-1][0]
    assert last - start < 5.0
    wire.between = lambda frame, reply: reply
    bus.run(FLOOD_S)
    assert bus.of(DeviceFoundReport)
    assert bus.written[-1][0] > last + FLOOD_S - 1.0


@pytest.mark.slow
def test_each_alarm_is_told_at_most_once_a_minute_with_its_count(seed: int) -> None:
    bus, wire = up()
    wire.between = lambda frame, reply: (
        plain(0x50, CARD_REPLY, sequence=sequence_of(frame)) if secured(frame) else reply
    )
    bus.run(200.0)
    told = [f for f in bus.of(SecurityAlarm) if f.what == "plaintext"]
    assert 3 <= len(told) <= 4
    assert told[1].count > 1
    assert all(later.at - earlier.at >= 60.0 for earlier, later in itertools.pairwise(told))


# --- 7: challenges are random


def test_no_challenge_comes_twice() -> None:
    asked = []
    wire = Wire(Peripheral(KEY))

    def random_bytes(count: int) -> bytes:
        asked.append(count)
        return crypto.fresh(count)

    bus = Bus(OsdpLine([("card0", ReaderOptions(key=KEY.hex()))], 115200, random_bytes), wire, 115200)
    bus.open()
    for _ in range(20):
        bus.run(1.0)
        wire.peripherals[0].reboot()
    challenges = [frame[10:18] for frame in wire.frames if not secured(frame) and code_of(frame) == ReaderCommand.CHLNG]
    assert len(challenges) == len(set(challenges)) >= 20
    assert set(asked) == {8}


# --- 9: no card, no key in any text


def test_no_card_and_no_key_in_any_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire = Wire(Peripheral(None))
    bus = line(wire, key=OTHER_KEY.hex())
    order = PairReader("card0", KEY, 7, bus.now + 60.0)
    bus.session.order(order, bus.now)
    bus.run(3.0)
    wire.peripherals[0].present(CARD)
    wire.peripherals[0].press("4711#")
    bus.run(1.0)
    assert bus.of(CardSeen)
    assert bus.of(KeyReport)
    texts = [repr(order), repr(ReaderOptions(key=KEY.hex())), caplog.text, *map(repr, bus.facts), *map(str, bus.facts)]
    for secret in (CARD_HEX, str(CARD), KEY.hex(), repr(KEY), OTHER_KEY.hex(), "4711", "key='4'", "key='#'"):
        assert not [text for text in texts if secret.lower() in text.lower()], secret


# --- answers that come late, or twice: no attack


def test_an_answer_that_comes_after_its_command_was_said_again_is_no_attack() -> None:
    """Each command is answered twice: too late, and again when it is said again; the late one comes with the next one's answer."""
    bus, wire = up()
    late: list[bytes] = []

    def delayed(frame: bytes, reply: bytes) -> bytes:
        if late:
            return late.pop() + reply
        if secured(frame) and bus.now > 1002.0 and len(wire.frames) % 7 == 0:
            wire.between = again
            return b""
        return reply

    def again(frame: bytes, reply: bytes) -> bytes:
        late.append(reply)
        wire.between = delayed
        return reply

    wire.between = delayed
    bus.run(30.0)
    wire.peripherals[0].present(CARD)
    bus.run(1.0)
    assert bus.session._readers[0].alarms.counts["late"] > 50
    assert alarms(bus) == []
    assert [card.card for card in bus.of(CardSeen)] == [CARD_HEX]
    assert not bus.of(DeviceLostReport)


def test_a_packet_that_the_line_doubles_now_and_then_is_no_attack() -> None:
    bus, wire = up()
    before: list[bytes] = [b""]

    def doubled(frame: bytes, reply: bytes) -> bytes:
        held, before[0] = before[0], reply
        return held + reply if secured(frame) and len(wire.frames) % 700 == 0 else reply

    wire.between = doubled
    bus.run(60.0)
    assert bus.session._readers[0].alarms.counts["sequence"] > 2
    assert alarms(bus) == []
    assert not bus.of(DeviceLostReport)


def test_a_second_answer_to_the_handshake_does_not_end_the_session() -> None:
    wire = Wire(Peripheral(KEY))
    bus = line(wire)
    proof: list[bytes] = []

    def twice(frame: bytes, reply: bytes) -> bytes:
        if proof and secured(frame):
            return proof.pop() + reply
        if not secured(frame) and code_of(frame) == ReaderCommand.SCRYPT and not proof:
            proof.append(reply)
        return reply

    wire.between = twice
    bus.run(1.0)
    assert alarms(bus) == []
    assert len(bus.of(DeviceFoundReport)) == 1
    assert sum(not secured(frame) and code_of(frame) == ReaderCommand.SCRYPT for frame in wire.frames) == 1


def test_old_answers_played_again_and_again_are_told() -> None:
    bus, wire = up()
    recorded: list[bytes] = []

    def played(frame: bytes, reply: bytes) -> bytes:
        if not recorded and secured(frame):
            recorded.append(reply)
        return recorded[0] + reply if recorded and sequence_of(recorded[0]) != sequence_of(frame) else reply

    wire.between = played
    bus.run(5.0)
    assert alarms(bus) == ["sequence"]
