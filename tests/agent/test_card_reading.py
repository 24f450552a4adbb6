"""The port's side of a card that is read for a list: sealed only while it is waited for, at that reader, and never in a log."""

from __future__ import annotations

import logging

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from agent.card_reading import CardSealer
from agent.core.effects import ExpectCard
from contract.card_reading import open_card

KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
ORDER = ExpectCard("card", "c-01", KEY.public_key().public_bytes_raw(), 100.0)


@pytest.mark.claim("F57")
def test_a_card_is_sealed_to_who_asked_while_it_is_waited_for() -> None:
    sealer = CardSealer("badahu", "b12-u2")
    assert sealer.sealed("card", "BC614E", 50.0) is None
    sealer.expect(ORDER)
    made = sealer.sealed("card", "BC614E", 50.0)
    assert made is not None
    read = open_card(KEY, "badahu", "b12-u2", "c-01", made.sealed)
    assert (read.card, read.check) == ("BC614E", made.check)
    assert sealer.sealed("inside", "BC614E", 50.0) is None, "another reader"
    assert sealer.sealed("card", "BC614E", 100.0) is None, "its time is over"
    sealer.expect(ExpectCard("card", "", b"", 0.0))
    assert sealer.sealed("card", "BC614E", 50.0) is None


def test_the_digits_are_two_and_not_always_the_same() -> None:
    sealer = CardSealer("badahu", "b12-u2")
    sealer.expect(ORDER)
    made = [sealer.sealed("card", "BC614E", 50.0) for _ in range(40)]
    checks = {each.check for each in made if each is not None}
    assert all(len(each) == 2 and each.isdecimal() for each in checks)
    assert len(checks) > 5


def test_a_key_that_is_none_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    sealer = CardSealer("badahu", "b12-u2")
    sealer.expect(ExpectCard("card", "c-01", bytes(32), 100.0))
    with caplog.at_level(logging.DEBUG):
        assert sealer.sealed("card", "BC614E", 50.0) is None
    assert "the key to seal a card to is none" in caplog.text
    assert "BC614E" not in caplog.text
