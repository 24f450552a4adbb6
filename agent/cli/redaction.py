"""What must not leave the unit, taken out of texts: keys, passwords and tokens whole, keyed hashes of cards and PINs by a stand-in.

A stand-in is the same for the same hash within one bundle, so that an incident can still be replayed; its key is thrown away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.config import Config
from agent.errors import DoorwardError
from agent.identity import ENROLMENT, TOKEN, UNIT_KEY, Identity, secret_path
from agent.store import reading
from drivers.registry import DRIVERS

REMOVED = "[removed]"
_HASH = re.compile(r"(?<![0-9A-Fa-f])[0-9a-f]{32}(?![0-9A-Fa-f])")
_SECRET_KEY = re.compile(
    r"""(?i)(\b(?:key|scbk|password|passwd|secret|token|pin)s?["']?\s*[:=]\s*)(?!credential:)("[^"]*"|'[^']*'|[^\s,}#]+)"""
)
_COMMENT = re.compile(r"(^|\s)#.*$")
_LEAST = 6
"""Shorter than this is no secret, and would be found everywhere."""


class Redaction:
    def __init__(self, secrets: Iterable[bytes], hashes: Iterable[str]) -> None:
        texts = {form for secret in secrets if len(secret) >= _LEAST for form in forms(secret)}
        self._secrets = sorted(texts, key=len, reverse=True)
        self._hashes = frozenset(hashes)
        self._key = os.urandom(32)

    def text(self, text: str, *, all_hashes: bool = False) -> str:
        """Any text. `all_hashes`: every run of 32 hex digits counts as a keyed hash, known or not."""
        for secret in self._secrets:
            text = text.replace(secret, REMOVED)
        return _HASH.sub(lambda found: self._stand_in(found[0], certain=all_hashes), text)

    def _stand_in(self, value: str, *, certain: bool) -> str:
        if not certain and value not in self._hashes:
            return value
        return hmac.new(self._key, value.encode("ascii"), hashlib.sha256).hexdigest()[:32]

    def configuration(self, text: str) -> str:
        """Line by line, so that faults still name the right one: comments go, and so do values of keys that name a secret."""
        return self.text(
            "\n".join(_SECRET_KEY.sub(rf"\1{REMOVED}", _COMMENT.sub("", line)) for line in text.split("\n"))
        )


def forms(secret: bytes) -> Iterator[str]:
    """The ways a secret may be written."""
    for text in (
        secret.hex(),
        secret.hex().upper(),
        base64.b64encode(secret).decode(),
        base64.urlsafe_b64encode(secret).decode(),
    ):
        yield text
        yield text.rstrip("=")
    try:
        yield secret.decode("utf-8")
    except UnicodeDecodeError:
        return


def secrets_of(config: Config) -> Iterator[bytes]:
    """Every secret this unit has, as far as this user may read it."""
    yield from _of_identity(config.identity)
    for device in config.devices.values():
        for name in getattr(DRIVERS[device.driver], "secrets", ()):
            yield from _of_place(str(getattr(device.options, name, "")), config.path.absolute().parent)
    if config.link is not None and config.link.certificate_key is not None:
        yield from _of_place(config.link.certificate_key, config.path.absolute().parent)


def _of_identity(folder: Path) -> Iterator[bytes]:
    """From the files themselves too: a damaged identity is what support looks at most."""
    try:
        identity = Identity.load(folder)
        yield identity.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    except DoorwardError:
        pass
    yield from _of_place(str(folder / TOKEN), folder)
    yield from _of_place(str(folder / UNIT_KEY), folder)
    try:
        enrolment = json.loads((folder / ENROLMENT).read_bytes())
    except (OSError, ValueError):
        return
    yield from _values(
        {key: enrolment.get(key) for key in ("password", "card_keys", "pin_keys", "visitor_keys", "token")}
    )


def _values(given: Any) -> Iterator[bytes]:
    if isinstance(given, dict):
        for value in given.values():
            yield from _values(value)
    elif isinstance(given, list):
        for value in given:
            yield from _values(value)
    elif isinstance(given, str):
        yield from _written(given)


def _written(text: str) -> Iterator[bytes]:
    """A text as it stands, its lines where it has several (a PEM), and the bytes it may be hex of."""
    for line in text.split("\n"):
        if line.strip() and not line.startswith("-----"):
            yield line.strip().encode()
    try:
        yield bytes.fromhex(text.strip())
    except ValueError:
        return


def _of_place(place: str, folder: Path) -> Iterator[bytes]:
    """What is kept in a file, or is the secret itself."""
    if not place:
        return
    try:
        yield from _written(secret_path(place, folder).read_text(encoding="utf-8"))
    except (OSError, ValueError, DoorwardError):
        yield from _written(place)


def hashes_of(state: Path) -> frozenset[str]:
    """The keyed hashes of the cards and PINs this unit knows."""
    try:
        holders = reading.holders(state)
    except DoorwardError:
        return frozenset()
    people = [holder for entries in holders.values() for holder in entries]
    pins = {hashed for holder in people for hashed in (holder.pin, holder.duress) if hashed}
    return frozenset(holders) | pins
