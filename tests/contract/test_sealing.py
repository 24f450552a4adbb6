"""Secrets sealed to one unit: opened by that unit alone, as that revision alone, and only what is of the contract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import hpke
from contract.commands import Reason
from contract.messages import MAX_MESSAGE_BYTES, MAX_SEALED_CHARS, Kind, Secrets
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.sealing import MAX_KEYS, SealedSecrets, check_seal, open_secrets, seal_message, seal_secrets, sealing_key
from contract.strict_json import dumps
from tests.agent.link.far_end import authority
from tests.contract import signing
from tests.contract.samples import HEX64, IDS, OWN, SITE

UNIT = OWN.id
KEY, OTHER = signing.private_key(9), signing.private_key(8)
PUBLIC = sealing_key(KEY, SITE, UNIT).public_key().public_bytes_raw()
SECRETS = SealedSecrets({"k1": "11" * 32, "k2": "22" * 32}, {"p1": "33" * 32}, "b12-u2-2", "second password")
MAPPED = st.dictionaries(IDS, HEX64, min_size=1, max_size=MAX_KEYS)


def message(sealed: bytes, rev: int = 5, unit: str = UNIT) -> Secrets:
    return Secrets(Scope("unit", unit), rev, 1.7e9, unit, sealed)


def opened(sent: Secrets, site: str = SITE) -> SealedSecrets:
    return open_secrets(sealing_key(KEY, SITE, UNIT), site, sent)


@given(MAPPED, MAPPED, st.none() | IDS)
def test_there_and_back(card: dict[str, str], pin: dict[str, str], login: str | None) -> None:
    made = SealedSecrets(card, pin, login, None if login is None else "words")
    assert opened(message(seal_secrets(PUBLIC, SITE, UNIT, 5, made))) == made


def test_only_this_unit_opens_it_and_only_as_this_revision() -> None:
    sealed = seal_secrets(PUBLIC, SITE, UNIT, 5, SECRETS)
    for odd in (message(sealed, rev=6), message(sealed, unit="b12-u3"), message(sealed[:-1] + bytes([sealed[-1] ^ 1]))):
        with pytest.raises(hpke.SealError):
            opened(odd)
    with pytest.raises(hpke.SealError):
        opened(message(sealed), site="elsewhere")
    with pytest.raises(hpke.SealError):
        open_secrets(sealing_key(OTHER, SITE, UNIT), SITE, message(sealed))
    assert sealing_key(KEY, SITE, "b12-u3").private_bytes_raw() != sealing_key(KEY, SITE, UNIT).private_bytes_raw()


@pytest.mark.parametrize(
    "inside",
    [
        b"no JSON",
        dumps({"card_keys": {}, "pin_keys": {}}),
        dumps({"card_keys": {f"k{n}": "11" * 32 for n in range(MAX_KEYS + 1)}, "pin_keys": {}}),
        dumps({"card_keys": {"k1": "11" * 31}, "pin_keys": {}}),
        dumps({"card_keys": {"k1": "11" * 32}}),
        dumps({"card_keys": {"k1": "11" * 32}, "pin_keys": {}, "login": "other"}),
        dumps({"card_keys": {"k1": "11" * 32}, "pin_keys": {}, "ca": "no certificate"}),
    ],
)
def test_what_opens_and_is_not_of_the_contract_is_refused_and_never_quoted(inside: bytes) -> None:
    sealed = hpke.seal(PUBLIC, f"doorward-secrets-1|{SITE}|{UNIT}|5".encode(), inside)
    with pytest.raises(hpke.SealError) as error:
        opened(message(sealed))
    assert "11" not in str(error.value)


def test_the_largest_fits_into_a_message() -> None:
    names = [f"{n:02d}{'x' * 46}" for n in range(MAX_KEYS)]
    keys = dict.fromkeys(names, "ab" * 32)
    pem = authority().pem
    made = SealedSecrets(keys, keys, "x" * 48, "𠮷" * 200, pem * (20_000 // len(pem)))
    sent = message(seal_secrets(PUBLIC, SITE, UNIT, 2**53 - 1, made), rev=2**53 - 1)
    assert opened(sent) == made
    assert len(sent.sealed) * 4 / 3 < MAX_SEALED_CHARS
    most = message(bytes(MAX_SEALED_CHARS * 3 // 4))
    assert len(signing.signed(most, SITE, Kind.SECRETS)) <= MAX_MESSAGE_BYTES


def test_no_text_shows_them() -> None:
    for secret in ("11" * 32, "33" * 32, "second password"):
        assert secret not in repr(SECRETS)
    assert "sealed=" not in repr(message(b"x"))


def test_the_key_is_shown_signed() -> None:
    shown, own = seal_message(KEY, SITE, UNIT), KEY.public_key().public_bytes_raw()
    assert check_seal(shown, SITE, UNIT, own) == PUBLIC
    for site, unit, key, reason in (
        (SITE, "b12-u3", own, Reason.NOT_MINE),
        ("elsewhere", UNIT, own, Reason.BAD_SIGNATURE),
        (SITE, UNIT, OTHER.public_key().public_bytes_raw(), Reason.BAD_SIGNATURE),
    ):
        refused = check_seal(shown, site, unit, key)
        assert isinstance(refused, Refusal)
        assert refused.reason == reason
    refused = check_seal(shown.replace(PUBLIC.hex().encode(), b"00" * 32), SITE, UNIT, own)
    assert isinstance(refused, Refusal)
    refused = check_seal(b"{}", SITE, UNIT, own)
    assert isinstance(refused, Refusal)
    assert refused.reason == Reason.MALFORMED
