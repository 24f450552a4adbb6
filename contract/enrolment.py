"""Enrolment: the file the centre writes for one unit, and the message by which the unit shows its public key.

The file holds secrets; whoever writes it does so with mode 0600.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract import fields
from contract.envelope import KeyRing, key_ring
from contract.fields import FieldError
from contract.messages import MAX_MESSAGE_BYTES, Kind, Reason, WorkingKey
from contract.refusal import Refusal
from contract.strict_json import StrictJsonError, dumps, load_object

FORMAT = "doorward-enrolment-1"
KEY_BYTES = 32
"""Of card keys, PIN keys and the token."""


@dataclass(frozen=True, slots=True, repr=False)
class Enrolment:
    """All a unit is given. `root_key`: 64 hex digits; `card_keys`, `pin_keys`: id to 64 hex digits; `token`: 64 hex digits.

    `ca` is the site's CA certificate as PEM text, None where the broker is `mqtt://` or its CA is the system's.
    """

    site: str
    unit: str
    broker: str
    password: str
    root_key: str
    working_keys: tuple[WorkingKey, ...]
    card_keys: Mapping[str, str]
    pin_keys: Mapping[str, str]
    token: str
    ca: str | None = None

    def __repr__(self) -> str:
        return f"Enrolment(site={self.site!r}, unit={self.unit!r}, broker={self.broker!r})"

    def key_ring(self) -> KeyRing:
        """The keys to verify with until a `keys` message is in force."""
        return key_ring(bytes.fromhex(self.root_key), self.working_keys)


def build_enrolment(enrolment: Enrolment) -> bytes:
    """The file's bytes."""
    e = enrolment
    keys = [{"kid": k.kid, "public": k.public, "kinds": sorted(k.kinds)} for k in e.working_keys]
    return dumps(
        {
            "format": FORMAT,
            "site": e.site,
            "unit": e.unit,
            "broker": e.broker,
            "ca": e.ca,
            "password": e.password,
            "root_key": e.root_key,
            "working_keys": keys,
            "card_keys": dict(e.card_keys),
            "pin_keys": dict(e.pin_keys),
            "token": e.token,
        }
    )


def parse_enrolment(data: bytes) -> Enrolment:
    """The file read strictly. Raises ValueError whose text says what is wrong, naming the key, never quoting a value."""
    value = load_object(data)
    if value.get("format") != FORMAT:
        raise FieldError(f"format: this is not an enrolment file ({FORMAT})")
    broker = fields.text(value, "broker", 300)
    if not broker.startswith(("mqtt://", "mqtts://")):
        raise FieldError("broker: not mqtts://… or mqtt://…")
    return Enrolment(
        site=fields.ident(value, "site"),
        unit=fields.ident(value, "unit"),
        broker=broker,
        password=fields.text(value, "password", 200, least=1),
        root_key=fields.hex_text(value, "root_key", 64),
        working_keys=tuple(_working_key(key) for key in fields.objects(value, "working_keys", 32)),
        card_keys=_secrets(value, "card_keys", least=1),
        pin_keys=_secrets(value, "pin_keys", least=0),
        token=fields.hex_text(value, "token", 2 * KEY_BYTES),
        ca=fields.optional(fields.text, value, "ca", 60_000, least=1),
    )


def enrol_message(site: str, unit: str, public: bytes, token: bytes) -> bytes:
    """What the unit publishes on `up/<unit>/enrol`: its Ed25519 public key (32 bytes), proved by the one-time token."""
    proof = hmac.digest(token, _proof_text(site, unit, public.hex()), hashlib.sha256)
    return dumps({"unit": unit, "public": public.hex(), "hmac": proof.hex()})


def check_enrol(data: bytes, site: str, unit: str, token: bytes) -> bytes | Refusal:
    """The public key of an enrol message of this unit whose proof holds; else why not: too_long, malformed, not_mine, bad_signature."""
    if len(data) > MAX_MESSAGE_BYTES:
        return Refusal(Reason.TOO_LONG, "larger than 64 KiB")
    try:
        value = load_object(data, max_depth=1)
        named, public, proof = (
            fields.ident(value, "unit"),
            fields.hex_text(value, "public", 64),
            fields.hex_text(value, "hmac", 64),
        )
    except StrictJsonError as error:
        return Refusal(Reason.MALFORMED, str(error))
    if named != unit:
        return Refusal(Reason.NOT_MINE, "unit: not the topic's")
    if not hmac.compare_digest(hmac.digest(token, _proof_text(site, unit, public), hashlib.sha256).hex(), proof):
        return Refusal(Reason.BAD_SIGNATURE, "the token does not prove this key")
    return bytes.fromhex(public)


def _proof_text(site: str, unit: str, public: str) -> bytes:
    return f"doorward-enrol-1|{site}|{unit}|{public}".encode()


def _working_key(value: Mapping[str, Any]) -> WorkingKey:
    kinds = fields.array(value, "kinds", 32)
    return WorkingKey(
        fields.ident(value, "kid"), fields.hex_text(value, "public", 64), frozenset(k for k in Kind if k.value in kinds)
    )


def _secrets(value: Mapping[str, Any], key: str, least: int) -> dict[str, str]:
    found = fields.child(value, key)
    if len(found) < least:
        raise FieldError(f"{key}: none there")
    for name in found:
        fields.ident({key: name}, key)
        fields.hex_text(found, name, 2 * KEY_BYTES)
    return found
