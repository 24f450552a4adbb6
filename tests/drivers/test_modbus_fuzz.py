"""Broken replies by the ten thousand: nothing crashes, and no fact comes from bytes that are not a correct reply to the request."""

from __future__ import annotations

import random

import pytest

from drivers.modbus.line import ModbusLine
from drivers.modbus.options import BoardOptions
from drivers.reports import InputLevel, OrderSent, OutputLevel, PulseOutput
from tests.drivers.bus import Board, Bus, closed, crc


class Fuzz:
    """Answers with damaged, cut, glued, foreign and random replies, and a few good ones; remembers what a correct reply held."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.board = Board()
        self.count = 0
        self.calm = True
        self.honest: dict[str, set[bytes]] = {"inputs": set(), "outputs": set()}
        self.acks = 0

    def __call__(self, frame: bytes, now: float) -> bytes:
        self.board.inputs = [self.chance.random() < 0.5 for _ in range(8)]
        good = self.board(frame, now)
        data = good if self.calm else self.damage(frame, good)
        self.count += 1
        self.note(frame, data)
        return data

    def damage(self, frame: bytes, good: bytes) -> bytes:
        chance = self.chance
        match chance.randrange(9):
            case 0:
                return chance.randbytes(chance.randrange(1, 40))
            case 1:
                bent = bytearray(good)
                for _ in range(chance.randrange(1, 4)):
                    bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
                return bytes(bent)
            case 2:
                return good[: chance.randrange(len(good))]
            case 3:
                return chance.randbytes(chance.randrange(1, 6)) + good
            case 4:
                return closed(bytes((frame[0], chance.randrange(1, 0x80))) + chance.randbytes(chance.randrange(1, 9)))
            case 5:
                return closed(bytes((chance.randrange(2, 248),)) + good[1:-2])
            case 6:
                return (
                    closed(good[:2] + bytes((chance.randrange(256),)) + good[3:-2])
                    if frame[1] < 5
                    else frame[:6] + b"\0\0"
                )
            case 7:
                return closed(frame[:2] + chance.randbytes(4)) + good[:2]
            case _:
                return good[:1] + chance.randbytes(len(good))

    def note(self, frame: bytes, data: bytes) -> None:
        """An oracle of its own: every place in `data` where a correct reply stands."""
        for at in range(len(data)):
            if frame[1] in (1, 2):
                part = data[at : at + 6]
                if len(part) == 6 and part[:3] == bytes((1, frame[1], 1)) and crc(part[:4]) == part[4:]:
                    self.honest["inputs" if frame[1] == 2 else "outputs"].add(part[3:4])
            elif frame[1] == 5:
                part = data[at : at + 8]
                values = (frame[4:6], b"\xff\x00")
                self.acks += (
                    len(part) == 8 and part[:4] == frame[:4] and part[4:6] in values and crc(part[:6]) == part[6:]
                )


def fuzz(replies: int, seed: int) -> str:
    far = Fuzz(seed)
    bus = Bus(ModbusLine([("relay", BoardOptions(1))], 115200), far, 115200)
    bus.open()
    bus.run(0.5)
    far.calm = False
    order = sent = 0
    before = far.acks
    while far.count < replies:
        order += 1
        bus.session.order(PulseOutput("relay", 1 + order % 8, True, 1.0, order, bus.now + 1.0), bus.now)
        bus.facts.clear()
        bus.run(0.7)
        sent += len(bus.of(OrderSent))
        check(far, bus)
        assert bus.session.pending() <= 16
        assert len(bus.session._buffer) <= 512
    assert sent <= far.acks - before, f"seed {seed}"
    far.calm = True
    bus.facts.clear()
    bus.run(6.0)
    assert bus.of(InputLevel), f"seed {seed}: in step again"
    return f"{far.count:,} replies, {sent} correct acknowledgements of {order} orders, no other"


def check(far: Fuzz, bus: Bus) -> None:
    for fact in bus.facts:
        if isinstance(fact, InputLevel):
            assert any(bool(level[0] >> fact.number - 1 & 1) == fact.high for level in far.honest["inputs"])
        elif isinstance(fact, OutputLevel):
            assert any(bool(level[0] >> fact.number - 1 & 1) == fact.on for level in far.honest["outputs"])


def nothing_correct(replies: int, seed: int) -> None:
    """With every correct reply taken away, no fact of a level or an order may come at all."""
    far = Fuzz(seed)
    bus = Bus(ModbusLine([("relay", BoardOptions(1))], 115200), far, 115200)
    bus.open()
    bus.run(0.5)

    def damaged(frame: bytes, now: float) -> bytes:
        data = far.damage(frame, far.board(frame, now))
        known = (far.acks, len(far.honest["inputs"]), len(far.honest["outputs"]))
        far.honest = {"inputs": set(), "outputs": set()}
        far.note(frame, data)
        bad = far.acks == known[0] and not far.honest["inputs"] and not far.honest["outputs"]
        far.count += 1
        return data if bad and not exception(frame, data) else b""

    bus.answer = damaged
    bus.run(0.02)  # a correct reply may still be on the wire
    bus.facts.clear()
    order = 0
    while far.count < replies:
        order += 1
        bus.session.order(PulseOutput("relay", 1, True, 1.0, order, bus.now + 1.0), bus.now)
        bus.run(1.0)
    assert not [fact for fact in bus.facts if isinstance(fact, InputLevel | OutputLevel | OrderSent)], f"seed {seed}"


def exception(frame: bytes, data: bytes) -> bool:
    return any(data[at] == 1 and data[at + 1] == frame[1] | 0x80 for at in range(len(data) - 4))


@pytest.mark.claim("F34")
def test_fuzzed_replies_give_no_false_relay(seed: int, record_property: pytest.RecordProperty) -> None:
    record_property("figure", fuzz(6_000, seed))


@pytest.mark.claim("F34")
def test_without_a_correct_reply_nothing_is_told(seed: int) -> None:
    nothing_correct(4_000, seed)


@pytest.mark.soak
@pytest.mark.claim("F34")
def test_a_million_fuzzed_replies(seed: int, record_property: pytest.RecordProperty) -> None:
    """Half with correct replies among them, half without any."""
    figure = fuzz(500_000, seed)
    nothing_correct(500_000, seed)
    record_property("figure", f"{figure}; 500,000 without a correct one: no fact")
