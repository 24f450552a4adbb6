"""Enrolment: the file the centre writes for one unit, and the message by which the unit shows its public key.

The file holds secrets; whoever writes it does so with mode 0600.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from contract import codec
from contract.bounds import Hex64, Id, Items, Length, Pattern
from contract.commands import Reason
from contract.envelope import KeyRing, key_ring
from contract.frozen import frozen
from contract.messages import WorkingKey
from contract.refusal import Refusal, parsed
from contract.strict_json import dumps, load_object

FORMAT = "doorward-enrolment-1"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
KEY_BYTES = 32
"""Of card keys, PIN keys and the token."""


def broker_address(url: str) -> tuple[str, int, bool]:
    """Host, port, whether with TLS. Raises ValueError on a URL that is none of ours."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not mqtt://host[:port] or mqtts://host[:port]")
    return parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "mqtts"


@frozen
class Enrolment:
    """All a unit is given."""

    MARK: ClassVar = ("format", FORMAT)
    site: Id
    unit: Id
    broker: Annotated[str, Pattern(r"mqtts?://.{1,292}", "mqtts://host:port or mqtt://…")]
    password: Annotated[str, Length(1, 200)]
    """Of the broker login."""
    root_key: Hex64
    working_keys: Annotated[tuple[WorkingKey, ...], Items(0, 32)]
    """As in `keys`."""
    card_keys: Annotated[Mapping[Id, Hex64], Items(1, 100)]
    """By their ids."""
    pin_keys: Annotated[Mapping[Id, Hex64], Items(0, 100)]
    """By their ids."""
    token: Hex64
    """Good once."""
    ca: Annotated[str, Length(1, 60_000)] | None = None
    """The site's CA certificate as PEM; none where the broker is `mqtt://` or its CA is the system's."""
    visitor_keys: Annotated[Mapping[Id, Hex64], Items(0, 100)] = field(default_factory=dict)
    """This unit's keys for visitors' codes, by the ids of the site's master keys."""
    acceptance: bool = False
    """True: the box says on its display that it is not accepted, until `settings` name its key. False, as in files of before: it never does."""

    def __repr__(self) -> str:
        return f"Enrolment(site={self.site!r}, unit={self.unit!r}, broker={self.broker!r})"

    def key_ring(self) -> KeyRing:
        """The keys to verify with until a `keys` message is in force."""
        return key_ring(bytes.fromhex(self.root_key), self.working_keys)


def build_enrolment(enrolment: Enrolment) -> bytes:
    """The file's bytes."""
    return dumps(codec.write(enrolment))


def parse_enrolment(data: bytes) -> Enrolment:
    """The file read strictly. Raises ValueError whose text says what is wrong, naming the key, never quoting a value."""
    value = load_object(data)
    if value.get("format") != FORMAT:
        raise codec.FieldError(f"format: this is not an enrolment file ({FORMAT})")
    return codec.read(Enrolment, value)


@frozen
class Enrol:
    """A unit's public key, proved by the one-time token of its enrolment."""

    unit: Id
    public: Hex64
    """Raw Ed25519 public key."""
    hmac: Hex64
    """HMAC-SHA256 with the token over `doorward-enrol-1|site|unit|public`."""


def enrol_message(site: str, unit: str, public: bytes, token: bytes) -> bytes:
    """What the unit publishes on `up/<unit>/enrol`: its Ed25519 public key (32 bytes), proved by the one-time token."""
    proof = hmac.digest(token, _proof_text(site, unit, public.hex()), hashlib.sha256)
    return dumps(codec.write(Enrol(unit, public.hex(), proof.hex())))


def check_enrol(data: bytes, site: str, unit: str, token: bytes) -> bytes | Refusal:
    """The public key of an enrol message of this unit whose proof holds; else why not: too_long, malformed, not_mine, bad_signature."""
    sent = parsed(Enrol, data, max_depth=1)
    if isinstance(sent, Refusal):
        return sent
    if sent.unit != unit:
        return Refusal(Reason.NOT_MINE, "unit: not the topic's")
    due = hmac.digest(token, _proof_text(site, unit, sent.public), hashlib.sha256)
    if not hmac.compare_digest(due.hex(), sent.hmac):
        return Refusal(Reason.BAD_SIGNATURE, "the token does not prove this key")
    return bytes.fromhex(sent.public)


def _proof_text(site: str, unit: str, public: str) -> bytes:
    return f"doorward-enrol-1|{site}|{unit}|{public}".encode()
