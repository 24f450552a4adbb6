"""A card that was read for a list: opened by the key it was asked with, as the answer to that command, and by nothing else."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from contract import hpke
from contract.card_reading import ReadOff, open_card, seal_card

KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
WHERE = ("badahu", "b12-u2", "c-01")
CARD = ReadOff("BC614E", "07")


def test_there_and_back_and_never_the_same_bytes() -> None:
    first, again = (seal_card(PUBLIC, *WHERE, CARD) for _ in range(2))
    assert first != again
    assert open_card(KEY, *WHERE, first) == open_card(KEY, *WHERE, again) == CARD


@pytest.mark.claim("F57")
@pytest.mark.parametrize(
    "where", [("other", "b12-u2", "c-01"), ("badahu", "b12-u3", "c-01"), ("badahu", "b12-u2", "c-02")]
)
def test_it_answers_one_command_of_one_unit(where: tuple[str, str, str]) -> None:
    sealed = seal_card(PUBLIC, *WHERE, CARD)
    with pytest.raises(hpke.SealError):
        open_card(KEY, *where, sealed)
    with pytest.raises(hpke.SealError):
        open_card(X25519PrivateKey.generate(), *WHERE, sealed)


@pytest.mark.parametrize(
    "inside",
    [
        b"",
        b"{}",
        b"[]",
        b'{"card":"bc614e","check":"07"}',
        b'{"card":"","check":"07"}',
        b'{"card":"BC614E","check":"7"}',
    ],
)
def test_what_is_inside_is_as_declared_and_no_fault_names_the_number(inside: bytes) -> None:
    sealed = hpke.seal(PUBLIC, b"doorward-card-1|badahu|b12-u2|c-01", inside)
    with pytest.raises(hpke.SealError) as told:
        open_card(KEY, *WHERE, sealed)
    assert "614" not in str(told.value)


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        seal_card(bytes(32), *WHERE, CARD)


def test_the_number_shows_in_no_repr() -> None:
    assert "BC614E" not in repr(CARD)
    assert json.loads(hpke.unseal(KEY, b"doorward-card-1|badahu|b12-u2|c-01", seal_card(PUBLIC, *WHERE, CARD))) == {
        "card": "BC614E",
        "check": "07",
    }
