"""Attacks on the reader's secure channel: each refused every time, and told."""

from __future__ import annotations

import pytest

from tests.drivers.osdp_attacks import ATTACKS, run


@pytest.mark.claim("F38")
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_and_told(name: str, seed: int, record_property: pytest.RecordProperty) -> None:
    tries, achieved, alarms = run(name, 40, seed)
    assert not achieved, f"seed {seed}"
    assert ATTACKS[name][1] <= alarms, f"seed {seed}"
    record_property("figure", f"{name}: 0 of {tries}")


@pytest.mark.claim("F38")
@pytest.mark.parametrize("name", ["downgrade", "handshake refused", "default key"])
def test_even_where_secure_is_optional_what_was_secure_stays_so(name: str, seed: int) -> None:
    _tries, achieved, alarms = run(name, 10, seed, secure="optional")
    assert not achieved, f"seed {seed}"
    assert ATTACKS[name][1] <= alarms, f"seed {seed}"


@pytest.mark.soak
@pytest.mark.claim("F38")
def test_ten_thousand_attacks(seed: int, record_property: pytest.RecordProperty) -> None:
    total = 0
    for name in ATTACKS:
        tries, achieved, alarms = run(name, 10_000 // len(ATTACKS) + 1, seed)
        assert not achieved, f"{name}, seed {seed}"
        assert ATTACKS[name][1] <= alarms, f"{name}, seed {seed}"
        total += tries
    record_property("figure", f"{len(ATTACKS)} kinds, 0 of {total:,} accepted")
