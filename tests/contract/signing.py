"""Signs as a centre does, for tests: plain JWS compact by hand, so that anything can also be signed wrongly."""

from __future__ import annotations

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.base64url import b64url
from contract.envelope import KeyRing, key_ring
from contract.kinds import Message
from contract.messages import ROOT_KID, Kind, WorkingKey
from contract.parse import payload_of


def private_key(number: int) -> Ed25519PrivateKey:
    """Always the same key for a number, so that failures can be replayed."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


ROOT = private_key(1)
COMMANDS = private_key(2)
NOTICES = private_key(3)
ROOT_PUBLIC = ROOT.public_key().public_bytes_raw()
WORKING = (
    WorkingKey(
        "c1",
        COMMANDS.public_key().public_bytes_raw().hex(),
        frozenset({Kind.COMMAND, Kind.CONFIRM, Kind.SETTINGS, Kind.SECRETS, Kind.VISITORS, Kind.SOFTWARE}),
    ),
    WorkingKey("n1", NOTICES.public_key().public_bytes_raw().hex(), frozenset({Kind.NOTICE, Kind.ROSTER, Kind.ROUND})),
)
KEYS = {ROOT_KID: ROOT, "c1": COMMANDS, "n1": NOTICES}


def ring() -> KeyRing:
    return key_ring(ROOT_PUBLIC, WORKING)


def kid_for(kind: Kind) -> str:
    if kind is Kind.KEYS:
        return ROOT_KID
    return next(key.kid for key in WORKING if kind in key.kinds)


def header(kind: Kind, kid: str) -> bytes:
    return json.dumps({"alg": "EdDSA", "kid": kid, "typ": f"doorward-{kind.value}"}, separators=(",", ":")).encode()


def seal(raw_header: bytes, raw_payload: bytes, private: Ed25519PrivateKey) -> bytes:
    """JWS compact of these very bytes."""
    text = f"{b64url(raw_header)}.{b64url(raw_payload)}".encode()
    return text + b"." + b64url(private.sign(text)).encode()


def sign(kind: Kind, payload: dict[str, Any], kid: str | None = None) -> bytes:
    kid = kid or kid_for(kind)
    return seal(header(kind, kid), json.dumps(payload, ensure_ascii=False).encode(), KEYS[kid])


def signed(message: Message, site: str, kind: Kind, kid: str | None = None) -> bytes:
    return sign(kind, payload_of(message, site), kid)
