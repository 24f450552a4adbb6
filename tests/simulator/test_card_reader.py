from __future__ import annotations

from pathlib import Path

import pytest

from simulator.box import Box, BoxSpec
from simulator.card_reader import wiegand26
from tests.simulator.host import Host

# 0012345678 = 00BC614E: facility 188, card 24910; 26 bits with even parity before and odd parity after.
CARD = 12345678


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("decimal", b"0012345678\r\n"),
        ("hex", b"00BC614E\r\n"),
        ("facility", b"188,24910\r\n"),
        ("wiegand", b"11011110001100001010011100\r\n"),
        ("bare", b"0012345678"),
        ("rdm6300", b"\x026200BC614E" + b"F1\x03"),
        ("id-12", b"\x026200BC614EF1\r\n\x03"),
        ("qr", b"0012345678\r"),
        ("\x02{number:010X}\x03", b"\x0200" + b"00BC614E\x03"),
    ],
)
def test_forms(tmp_path: Path, form: str, said: bytes) -> None:
    with Box(tmp_path / "box", BoxSpec(reader_form=form)) as box, Host(box.ports["reader"], 9600) as host:
        box.tap(CARD)
        assert host.read(64, 0.1) == said


def test_parity_of_the_bits() -> None:
    for number in (0, 1, 0xFFFFFF, CARD):
        bits = wiegand26(number)
        assert len(bits) == 26
        assert bits[:13].count("1") % 2 == 0
        assert bits[13:].count("1") % 2 == 1


def test_a_card_that_is_held_is_said_again(tmp_path: Path) -> None:
    with Box(tmp_path / "box", BoxSpec(reader_baud=115200)) as box, Host(box.ports["reader"], 115200) as host:
        box.tap(CARD, held_s=0.2)
        assert host.read(1000, 0.3).count(b"0012345678") in {3, 4}


def test_a_scanner_says_what_the_code_says(tmp_path: Path) -> None:
    with Box(tmp_path / "box", BoxSpec(reader_form="qr")) as box, Host(box.ports["reader"], 9600) as host:
        box.show_code("https://visit.example.cn/?c=20417735")
        assert host.read(64, 0.2) == b"https://visit.example.cn/?c=20417735\r"
