"""Broken bytes by the ten thousand for panels, readers and keypads: nothing crashes or grows, and no card comes from a broken frame."""

from __future__ import annotations

import random

import pytest

from drivers.display.tjc import TjcPanel
from drivers.display.tjc_layout import TjcLayout, TjcOptions
from drivers.reader.line import LineOptions, LineReader
from drivers.reader.rdm6300 import Rdm6300, Rdm6300Options
from drivers.reports import CardSeen, DeviceFoundReport, DeviceLostReport, DrawPage, KeyReport, PageReport
from tests.drivers.bus import Bus
from tests.drivers.tjc_bench import Panel

KEYS = {key: 10 + place for place, key in enumerate("0123456789*#")}
END = b"\xff\xff\xff"


def damaged(good: bytes, chance: random.Random) -> bytes:
    """Random, bent, cut, glued, doubled, or a piece of it only."""
    match chance.randrange(6):
        case 0:
            return chance.randbytes(chance.randrange(1, 40))
        case 1:
            bent = bytearray(good)
            for _ in range(chance.randrange(1, 4)):
                if bent:
                    bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
            return bytes(bent)
        case 2:
            return good[: chance.randrange(len(good) + 1)]
        case 3:
            return chance.randbytes(chance.randrange(1, 6)) + good
        case 4:
            return good + good[: chance.randrange(len(good) + 1)]
        case _:
            return good[chance.randrange(len(good) + 1) :]


def em_numbers(stream: bytes) -> set[int]:
    """An oracle of its own: every place where a whole frame whose check holds stands."""
    found = set()
    for at in range(len(stream)):
        for tail in (b"\x03", b"\r\n\x03"):
            part = stream[at : at + 13 + len(tail)]
            if part[:1] != b"\x02" or part[13:] != tail:
                continue
            try:
                digits = bytes.fromhex(part[1:13].decode("ascii"))
            except ValueError:
                continue
            if len(digits) == 6 and digits[0] ^ digits[1] ^ digits[2] ^ digits[3] ^ digits[4] == digits[5]:
                found.add(int.from_bytes(digits[1:5], "big"))
    return found


def fuzz_cards(frames: int, seed: int) -> str:
    chance = random.Random(seed)
    session = Rdm6300([("card", Rdm6300Options())], 9600)
    now, told = 0.0, 0
    before = b""
    for _ in range(frames):
        digits = chance.randbytes(5)
        check = digits[0] ^ digits[1] ^ digits[2] ^ digits[3] ^ digits[4]
        good = b"\x02" + (digits + bytes((check,))).hex().upper().encode() + b"\x03"
        sent = damaged(good, chance) if chance.random() < 0.9 else good
        now += 0.07
        session.receive(sent, now)
        whole = em_numbers(before + sent)
        for fact in session.facts():
            assert isinstance(fact, CardSeen)
            assert int(fact.card, 16) in whole
            told += 1
        if sent is good:
            session.receive(good, now + 2.0)
            session.facts()
            now += 2.0
        before = (before + sent)[-40:]
    assert told > frames // 20
    return f"{frames} frames, {told} cards, 0 false"


def fuzz_panel(answers: int, seed: int) -> str:
    chance = random.Random(seed)
    panel = Panel()
    calm = True
    asked = 0

    def answer(frame: bytes, now: float) -> bytes:
        nonlocal asked
        asked += 1
        good = panel(frame, now)
        return good if calm or chance.random() < 0.5 else damaged(good or b"\x01" + END, chance)

    session = TjcPanel([("panel", TjcOptions(layout=TjcLayout(keys=KEYS), buzzer=True))], 115200)
    bus = Bus(session, answer, 115200)
    bus.open()
    token = 0
    while asked < answers or token % 40:
        calm = False
        token += 1
        session.order(DrawPage("panel", token, "notice", f"第{token}", (f"条{token}",), ""), bus.now)
        bus.run(0.5)
        session.receive(chance.randbytes(chance.randrange(30)), bus.now)
        if token % 40 == 0:
            calm = True
            bus.run(70.0)
            drawn = [fact.token for fact in bus.of(PageReport)]
            assert drawn[-1] == token
            assert panel.text("t1.txt") == f"条{token}"
            assert all(isinstance(f, PageReport | DeviceFoundReport | DeviceLostReport | KeyReport) for f in bus.facts)
            bus.facts.clear()
            bus.written.clear()
    return f"{asked} answers, {token} pages"


def fuzz_lines(messages: int, seed: int) -> str:
    chance = random.Random(seed)
    session = LineReader([("card", LineOptions(radix="text", end="cr", max_length=512, keys=True))], 9600)
    now = 0.0
    for number in range(messages):
        good = f"https://visit.example.cn/?c={number:08}".encode() + b"\r"
        now += 0.6
        session.receive(damaged(good, chance), now)
        assert len(session._buffer) <= 513
        session.send(now + 0.1)
        assert all("visit" not in repr(fact) for fact in session.facts())
    return f"{messages} messages"


@pytest.mark.claim("F34")
def test_ten_thousand_broken_frames(record_property: pytest.RecordProperty) -> None:
    record_property("figure", "; ".join((fuzz_cards(10_000, 1), fuzz_lines(2_000, 2), fuzz_panel(2_000, 3))))


@pytest.mark.slow
@pytest.mark.claim("F34")
def test_a_panel_that_answers_ten_thousand_times_in_pieces(record_property: pytest.RecordProperty) -> None:
    record_property("figure", fuzz_panel(10_000, 4))
