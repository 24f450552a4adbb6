"""A card that was read for enrolment: what a unit sends up, sealed to the desk that asked, and to nobody else. hpke.py is the cipher.

The desk makes a key for each command and forgets it with its end, so that no key that is stolen later opens what went over the broker.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from contract import codec, hpke
from contract.bounds import Pattern
from contract.frozen import frozen
from contract.strict_json import dumps, load_object


@frozen
class ReadOff:
    """What `sealed` of a reply opens to."""

    card: Annotated[str, Pattern(r"0|[1-9A-F][0-9A-F]{0,15}", "a card's normal form")] = field(repr=False)
    """Its normal form."""
    check: Annotated[str, Pattern(r"[0-9]{2}", "two digits")]
    """Random, and on the unit's displays beside it: so a desk and whoever stands there know that they speak of one card."""


def seal_card(public: bytes, site: str, unit: str, command: str, card: ReadOff) -> bytes:
    """For the holder of the private key of `public` (X25519, 32 bytes), as the answer to this command alone. Raises ValueError for a key that is none."""
    return hpke.seal(public, _purpose(site, unit, command), dumps(codec.write(card)))


def open_card(private: X25519PrivateKey, site: str, unit: str, command: str, sealed: bytes) -> ReadOff:
    """Raises hpke.SealError for what was not sealed to this key, by this unit's answer to this command, or is not of the contract inside."""
    text = hpke.unseal(private, _purpose(site, unit, command), sealed)
    try:
        return codec.read(ReadOff, load_object(text))
    except ValueError:
        raise hpke.SealError("opened, and not of the contract") from None


def _purpose(site: str, unit: str, command: str) -> bytes:
    return f"doorward-card-1|{site}|{unit}|{command}".encode()
