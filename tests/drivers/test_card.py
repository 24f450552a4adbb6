"""One card, all its forms, one normal form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reader import card
from drivers.reports import CardSeen
from tests.vectors import cards
from tests.vectors import readers as vectors


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (card.from_decimal, cards.DECIMAL),
        (card.from_facility, cards.FACILITY),
        (card.from_hex, cards.HEX),
        (card.from_hex, "00:bc:61:4e"),
        (card.from_hex_reversed, cards.HEX_REVERSED),
        (card.from_wiegand, cards.WIEGAND_26),
        (card.from_wiegand, cards.WIEGAND_34),
        (card.from_printed, cards.DECIMAL),
        (card.from_printed, cards.FACILITY),
        (card.from_printed, " 0xBC614E "),
        (card.from_printed, cards.HEX),
    ],
)
def test_every_form_gives_the_same(form, text: str) -> None:
    assert form(text) == cards.NORMAL


@given(st.integers(0, 2**24 - 1))
def test_forms_agree(number: int) -> None:
    bits = f"{number:024b}"
    parity = str(bits[:12].count("1") % 2), str(1 - bits[12:].count("1") % 2)
    expected = card.normal(number)
    assert expected == card.from_decimal(f"{number:010d}") == card.from_hex(f"{number:08X}")
    assert expected == card.from_facility(f"{number >> 16},{number & 0xFFFF:05d}")
    assert expected == card.from_wiegand(parity[0] + bits + parity[1])
    assert int(expected, 16) == number
    assert expected == "0" or not expected.startswith("0")


@given(st.text(max_size=80), st.sampled_from(sorted(card.FORMS)))
def test_any_text_gives_a_normal_form_or_the_one_error(text: str, form: str) -> None:
    try:
        made = card.FORMS[form](text)
    except card.CardFormError:
        return
    assert made == f"{int(made, 16):X}"


@given(st.integers(0, 23))
def test_a_flipped_wiegand_bit_is_refused(place: int) -> None:
    bits = list(cards.WIEGAND_26)
    bits[1 + place] = "0" if bits[1 + place] == "1" else "1"
    with pytest.raises(card.CardFormError):
        card.from_wiegand("".join(bits))


def test_numbers_that_are_none() -> None:
    for text in ("", "12a", "-1", "1" * 21, "188,70000", "188,", "a,b", "１２"):
        with pytest.raises(card.CardFormError):
            card.from_facility(text) if "," in text else card.from_decimal(text)
    with pytest.raises(card.CardFormError):
        card.from_hex("1" + "0" * 16)


def test_a_card_fact_does_not_show_its_number() -> None:
    assert cards.NORMAL not in repr(CardSeen("card", cards.NORMAL, 1.0))


def test_a_qr_code_is_enrolled_by_its_text() -> None:
    assert card.from_text(vectors.QR) == vectors.QR_CARD
    assert card.from_printed(f"qr:{vectors.QR}") == card.from_printed(f"QR: {vectors.QR} ") == vectors.QR_CARD
    assert card.from_text(vectors.QR + "5") != vectors.QR_CARD


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "\x00", "a\u202eb"])
def test_what_is_not_printable_is_no_qr_code(text: str) -> None:
    with pytest.raises(card.CardFormError):
        card.from_text(text)
