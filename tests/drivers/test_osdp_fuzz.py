"""Any bytes on an OSDP line: no crash, no false card, bounded, in step again with the next good reply."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.osdp import codec
from drivers.osdp.line import BUFFER_BYTES
from drivers.reports import CardSeen, KeyReport, OrderSent
from simulator.osdp_reader import Peripheral, crc
from tests.drivers.osdp_line import CARD, CARD_HEX, KEY, Wire, line, plain, pulse, secured, sequence_of, up


class Fuzz:
    """What arrives instead of the honest reply: random, bent, cut, glued, or right by its CRC and senseless."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.count = 0
        self.past: list[bytes] = [b""]

    def damage(self, frame: bytes, reply: bytes) -> bytes:
        dice = self.dice
        if not secured(frame) and dice.random() < 0.9:
            return reply  # or no session would ever stand
        self.count += 1
        self.past = [*self.past[-20:], reply]
        match dice.randrange(7):
            case 0:
                return dice.randbytes(dice.randrange(300))
            case 1 if reply:
                bent = bytearray(reply)
                for _ in range(dice.randrange(1, 4)):
                    bent[dice.randrange(len(bent))] ^= 1 << dice.randrange(8)
                return b"" if bytes(bent) == reply else bytes(bent)
            case 2:
                return reply[: dice.randrange(len(reply) or 1)]
            case 3:
                return dice.choice(self.past)[3:] + dice.randbytes(4) + reply[:-1]
            case 4:
                code = dice.choice(
                    [0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x4A, 0x50, 0x51, 0x53, 0x76, 0x78, dice.randrange(256)]
                )
                shield = dice.choice([b"", b"\x16", b"\x18", b"\x12\x01", dice.randbytes(dice.randrange(4))])
                data = dice.randbytes(dice.choice([0, 1, 2, 12, 16, 20, 32]))
                return plain(code, data, sequence=dice.choice([sequence_of(frame), dice.randrange(4)]), shield=shield)
            case 5 if len(reply) > 8:
                bent = bytearray(reply[:-2])
                bent[dice.randrange(2, len(bent))] = dice.randrange(256)
                return b"" if bytes(bent) == reply[:-2] else bytes(bent) + crc(bent)
            case _:
                return b""


def fuzz(frames: int, seed: int) -> str:
    """No honest reply gets through inside a session while it runs, so nothing may be believed; then all is well again."""
    wire = Wire(Peripheral(KEY))
    storm = Fuzz(seed)
    bus = line(wire)
    order = 0
    while storm.count < frames:
        bus.run(1.0)
        wire.between = storm.damage
        wire.peripherals[0].present(CARD)
        order += 1
        pulse(bus, order)
        bus.run(0.02)
        bus.facts.clear()
        target = min(frames, storm.count + 2_000)
        while storm.count < target:
            bus.run(5.0)
            assert not bus.of(CardSeen) + bus.of(KeyReport), f"seed {seed}"
            assert not bus.of(OrderSent), f"seed {seed}"
            assert len(bus.session._buffer) <= BUFFER_BYTES
            assert bus.session.pending() <= 16
            bus.facts.clear()
            bus.written.clear()
            wire.frames.clear()
        wire.between = lambda frame, reply: reply
        bus.run(35.0)
        bus.facts.clear()
        wire.peripherals[0].events.clear()
        wire.peripherals[0].present(CARD)
        bus.run(1.0)
        assert [fact.card for fact in bus.of(CardSeen)] == [CARD_HEX], f"seed {seed}: in step again"
    return f"{storm.count:,} frames, no card, no key, no acknowledgement believed"


@pytest.mark.slow
@pytest.mark.claim("F34")
def test_fuzzed_replies_are_never_believed(seed: int, record_property: pytest.RecordProperty) -> None:
    record_property("figure", fuzz(10_000, seed))


@pytest.mark.soak
@pytest.mark.claim("F34")
def test_a_million_fuzzed_osdp_frames(seed: int, record_property: pytest.RecordProperty) -> None:
    record_property("figure", fuzz(1_000_000, seed))


@pytest.mark.slow
@pytest.mark.claim("F34")
@given(st.lists(st.integers(1, 20), max_size=12), st.binary(max_size=40))
def test_whole_in_pieces_or_behind_noise_is_the_same(pieces: list[int], noise: bytes) -> None:
    told = []
    for cut in (False, True):
        bus, wire = up()
        receive = bus.session.receive

        def split(data: bytes, now: float, receive=receive) -> None:
            for size in pieces:
                receive(data[:size], now)
                data = data[size:]
            receive(data, now)

        if cut:
            bus.session.receive = split
        wire.between = lambda frame, reply: noise.replace(b"\x53", b"") + reply
        wire.peripherals[0].present(CARD)
        bus.run(0.1)
        told.append([fact.card for fact in bus.of(CardSeen)])
    assert told == [[CARD_HEX], [CARD_HEX]]


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_bytes_nobody_asked_for_are_safe_and_bounded(chunks: list[bytes]) -> None:
    bus, wire = up()
    for chunk in chunks:
        bus.session.receive(chunk, bus.now)
        bus.run(0.003)
        assert len(bus.session._buffer) <= 2 * codec.LONGEST
    wire.peripherals[0].present(CARD)
    bus.run(0.5)
    assert bus.of(CardSeen)
