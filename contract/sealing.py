"""Secrets for one unit: the key they are sealed to, how the unit shows it, and what is inside. hpke.py is the cipher.

The key is derived from the unit's own signing key, so that a unit enrolled by any version has one and its identity stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Annotated, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contract import codec, hpke
from contract.bounds import Hex64, Id, Items, Length, Signature
from contract.commands import Reason
from contract.envelope import signed
from contract.frozen import frozen
from contract.messages import Secrets
from contract.refusal import Refusal, parsed
from contract.strict_json import dumps, load_object

MAX_KEYS: Final = 16
"""Of one sort in one message: now, next, and room for a rotation that is cut off many times."""


@frozen
class SealedSecrets:
    """What `sealed` of a `secrets` message opens to. It takes the place of all that an earlier one held."""

    card_keys: Annotated[Mapping[Id, Hex64], Items(1, MAX_KEYS)]
    """By their ids. An id always names the same key."""
    pin_keys: Annotated[Mapping[Id, Hex64], Items(0, MAX_KEYS)]
    """By their ids."""
    login: Id | None = None
    """A second user name at the broker; the client id stays the unit's. Absent, with a password: the unit's own name."""
    password: Annotated[str, Length(1, 200)] | None = None
    """Of that login."""
    ca: Annotated[str, Length(1, 20_000)] | None = None
    """Certificates as PEM, trusted beside those of the enrolment."""
    visitor_keys: Annotated[Mapping[Id, Hex64], Items(0, MAX_KEYS)] = field(default_factory=dict)
    """By the ids of the site's master keys: this unit's key of each, for visitors' codes. Units of an earlier version leave them unread."""

    def __repr__(self) -> str:
        keys = f"card_keys={sorted(self.card_keys)}, pin_keys={sorted(self.pin_keys)}"
        return f"SealedSecrets({keys}, visitor_keys={sorted(self.visitor_keys)}, login={self.login!r})"

    def faults(self) -> Iterator[str]:
        if self.login is not None and self.password is None:
            yield "password: missing"
        if self.ca is not None and not _certificates(self.ca):
            yield "ca: not certificates as PEM"


def _certificates(text: str) -> bool:
    try:
        return bool(x509.load_pem_x509_certificates(text.encode()))
    except (ValueError, x509.InvalidVersion):
        return False


def sealing_key(private: Ed25519PrivateKey, site: str, unit: str) -> X25519PrivateKey:
    """The unit's X25519 key: HKDF-SHA256 over the 32 bytes of its Ed25519 private key."""
    info = _text(site, unit)
    return X25519PrivateKey.from_private_bytes(HKDF(SHA256(), 32, None, info).derive(private.private_bytes_raw()))


def seal_secrets(public: bytes, site: str, unit: str, rev: int, secrets: SealedSecrets) -> bytes:
    """What goes into `sealed` of revision `rev`, for the holder of the private key of `public` (X25519, 32 bytes)."""
    return hpke.seal(public, _purpose(site, unit, rev), dumps(codec.write(secrets)))


def open_secrets(private: X25519PrivateKey, site: str, message: Secrets) -> SealedSecrets:
    """Raises hpke.SealError for what was not sealed to this key, for this unit and revision, or is not of the contract inside."""
    text = hpke.unseal(private, _purpose(site, message.unit, message.rev), message.sealed)
    try:
        return codec.read(SealedSecrets, load_object(text))
    except ValueError as error:
        raise hpke.SealError(f"opened, and not of the contract: {error}") from None


@frozen
class Seal:
    """A unit's sealing key, signed by the key of its enrolment."""

    unit: Id
    public: Hex64
    """Raw X25519 public key."""
    sig: Signature
    """Ed25519 over `doorward-sealing-1|site|unit|public`."""


def seal_message(private: Ed25519PrivateKey, site: str, unit: str) -> bytes:
    """What the unit publishes on `up/<unit>/seal`."""
    public = sealing_key(private, site, unit).public_key().public_bytes_raw().hex()
    return dumps(codec.write(Seal(unit, public, private.sign(_text(site, unit, public)))))


def check_seal(data: bytes, site: str, unit: str, public: bytes) -> bytes | Refusal:
    """The X25519 public key (32 bytes) of a message signed by this unit's Ed25519 key `public`; else why not: too_long, malformed, not_mine, bad_signature."""
    sent = parsed(Seal, data, max_depth=1)
    if isinstance(sent, Refusal):
        return sent
    if sent.unit != unit:
        return Refusal(Reason.NOT_MINE, "unit: not the topic's")
    if not signed(public, sent.sig, _text(site, unit, sent.public)):
        return Refusal(Reason.BAD_SIGNATURE, "signature does not hold")
    return bytes.fromhex(sent.public)


def _text(*parts: str) -> bytes:
    return "|".join(("doorward-sealing-1", *parts)).encode()


def _purpose(site: str, unit: str, rev: int) -> bytes:
    return f"doorward-secrets-1|{site}|{unit}|{rev}".encode()
