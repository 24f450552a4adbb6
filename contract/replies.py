"""A reply's signature: by the unit's key, over the site, the unit and everything the reply says. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import codec
from contract.bounds import rfc3339
from contract.commands import Reason
from contract.envelope import signed
from contract.plain import Reply
from contract.refusal import Refusal
from contract.strict_json import dumps


def build_reply(private: Ed25519PrivateKey, site: str, unit: str, reply: Reply) -> bytes:
    """The message, signed."""
    return dumps(codec.write(replace(reply, sig=private.sign(_text(site, unit, reply)))))


def check_reply(reply: Reply, site: str, unit: str, public: bytes) -> Refusal | None:
    """None where the signature holds: this unit said this."""
    if not signed(public, reply.sig, _text(site, unit, reply)):
        return Refusal(Reason.BAD_SIGNATURE, "signature does not hold")
    return None


def _text(site: str, unit: str, reply: Reply) -> bytes:
    """What is absent is empty. Only `reason` may hold a bar: all before it and all behind it cannot, so it stays one reply.

    A sealed card stands behind all that, where there is one: a hash is longer than a door's name can be, so neither is taken for the other.
    """
    detail = hashlib.sha256((reply.detail or "").encode()).hexdigest()
    said = f"{reply.id}|{reply.state}|{rfc3339(reply.at_utc)}|{reply.reason or ''}|{reply.door or ''}|{detail}"
    sealed = "" if reply.sealed is None else f"|{hashlib.sha256(reply.sealed).hexdigest()}"
    return f"doorward-reply-1|{site}|{unit}|{said}{sealed}".encode()
