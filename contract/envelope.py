"""The envelope of signed messages: JWS compact, one algorithm, an exact header. Strict on purpose: what is not exactly so is refused.

Verifying only; the centre signs with a JOSE library. Never raises on input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contract.base64url import unb64url
from contract.commands import Reason
from contract.frozen import frozen
from contract.messages import MAX_MESSAGE_BYTES, ROOT_KID, Kind, WorkingKey
from contract.refusal import Refusal
from contract.strict_json import StrictJsonError, load_object

MAX_HEADER_CHARS = 512
_HEADER_KEYS = {"alg", "typ", "kid"}


@frozen
class PublicKey:
    """A public key (32 bytes, Ed25519) and the kinds of message it is good for."""

    kid: str
    public: bytes
    kinds: frozenset[Kind]


KeyRing = Mapping[str, PublicKey]


def key_ring(root: bytes, working: Iterable[WorkingKey]) -> KeyRing:
    """The root key for `keys`, and the working keys for what each lists; never `keys`, never the root's name."""
    ring = {ROOT_KID: PublicKey(ROOT_KID, root, frozenset({Kind.KEYS}))}
    for key in working:
        if key.kid != ROOT_KID:
            ring[key.kid] = PublicKey(key.kid, bytes.fromhex(key.public), key.kinds - {Kind.KEYS})
    return ring


def verify(token: bytes, kind: Kind, ring: KeyRing) -> dict[str, Any] | Refusal:
    """The payload of a signed message of this kind, or why not: too_long, bad_signature, unknown_key, wrong_key.

    The payload is parsed only after its signature held.
    """
    if len(token) > MAX_MESSAGE_BYTES:
        return Refusal(Reason.TOO_LONG, "larger than 64 KiB")
    parts = token.split(b".")
    if len(parts) != 3:
        return _malformed("not three parts")
    kid = _kid(parts[0], kind)
    if isinstance(kid, Refusal):
        return kid
    key = ring.get(kid)
    if key is None:
        return Refusal(Reason.UNKNOWN_KEY, "no such key")
    if kind not in key.kinds:
        return Refusal(Reason.WRONG_KEY, f"this key may not sign {kind.value}")
    payload, signature = unb64url(parts[1]), unb64url(parts[2])
    if payload is None or signature is None:
        return _malformed("not canonical base64url")
    if not signed(key.public, signature, parts[0] + b"." + parts[1]):
        return _malformed("signature does not hold")
    try:
        return load_object(payload)
    except StrictJsonError as error:
        return _malformed(f"payload: {error}")


def unverified_payload(token: bytes) -> dict[str, Any]:
    """The payload of a signed message that was verified when it came. Raises ValueError for what is none."""
    parts = token.split(b".")
    payload = unb64url(parts[1]) if len(parts) == 3 else None
    if payload is None:
        raise ValueError("not a signed message")
    return load_object(payload)


def signed(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether this Ed25519 signature (64 bytes) over `data` holds. False too for a key that is none."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _kid(part: bytes, kind: Kind) -> str | Refusal:
    """The key id of a header that holds exactly alg, typ and kid, as they must be."""
    raw = unb64url(part) if len(part) <= MAX_HEADER_CHARS else None
    if raw is None:
        return _malformed("header: not canonical base64url")
    try:
        header = load_object(raw, max_depth=1)
    except StrictJsonError as error:
        return _malformed(f"header: {error}")
    if header.keys() != _HEADER_KEYS:
        return _malformed("header: not exactly alg, typ, kid")
    if header["alg"] != "EdDSA":
        return _malformed("header: alg is not EdDSA")
    if header["typ"] != f"doorward-{kind.value}":
        return _malformed("header: typ is of another kind")
    kid = header["kid"]
    return kid if isinstance(kid, str) else _malformed("header: kid is not text")


def _malformed(detail: str) -> Refusal:
    return Refusal(Reason.BAD_SIGNATURE, detail)
