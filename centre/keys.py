"""The centre's keys on disk: the root, the working keys with their kinds, card and PIN keys, its logins at the broker.

Owns making and reading them; signing is in signing.py. Nothing here leaves the folder but the public halves.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from centre.errors import CONFIGURATION, CentreError
from centre.folder import DESKS, LOGIN, Folder, make_folder, write_secret
from contract.enrolment import KEY_BYTES
from contract.messages import ROOT_KID, Kind, WorkingKey

WORKING = {
    "command-1": Kind.COMMAND,
    "command-2": Kind.COMMAND,
    "notice-1": Kind.NOTICE,
    "roster-1": Kind.ROSTER,
    "settings-1": Kind.SETTINGS,
    "confirm-1": Kind.CONFIRM,
}
"""What `init` makes: a key a kind, and for commands two, the one now and the next."""
FIRST_CARD_KEY = "c1"
FIRST_PIN_KEY = "p1"


@dataclass(frozen=True, slots=True, repr=False)
class CentreKeys:
    """All keys but the root, which is read on its own where it is there. `card_keys`, `pin_keys`: id to 64 hex digits."""

    working: tuple[WorkingKey, ...]
    private: Mapping[str, Ed25519PrivateKey]
    root_public: str
    card_keys: Mapping[str, str]
    pin_keys: Mapping[str, str]
    logins: Mapping[str, str]

    @property
    def card_key(self) -> tuple[str, bytes]:
        """Id and bytes of the card key new rosters are hashed with: the latest made."""
        name = list(self.card_keys)[-1]
        return name, bytes.fromhex(self.card_keys[name])

    def kid_for(self, kind: Kind) -> str:
        """The first working key that may sign this kind."""
        for key in self.working:
            if kind in key.kinds and key.kid in self.private:
                return key.kid
        raise CentreError(f"no key here may sign a {kind.value}", CONFIGURATION)


def make_keys(folder: Folder) -> None:
    """All first keys of a site."""
    make_folder(folder.keys)
    root = Ed25519PrivateKey.generate()
    _write_private(folder.keys / f"{ROOT_KID}.pem", root)
    working = []
    for kid, kind in WORKING.items():
        private = Ed25519PrivateKey.generate()
        _write_private(folder.keys / f"{kid}.pem", private)
        working.append({"kid": kid, "public": public_hex(private), "kinds": [kind.value]})
    public = {"root": public_hex(root), "working": working}
    write_secret(folder.keys / "public.json", json.dumps(public, indent=2).encode() + b"\n")
    shared = {
        "cards": {FIRST_CARD_KEY: secrets.token_hex(KEY_BYTES)},
        "pins": {FIRST_PIN_KEY: secrets.token_hex(KEY_BYTES)},
        "logins": {name: secrets.token_urlsafe(24) for name in (LOGIN, *DESKS)},
    }
    write_secret(folder.keys / "shared.json", json.dumps(shared, indent=2).encode() + b"\n")


def load_keys(folder: Folder) -> CentreKeys:
    """Raises CentreError (exit 78) naming the file that is missing or damaged."""
    public, shared = _json(folder.keys / "public.json"), _json(folder.keys / "shared.json")
    try:
        working = tuple(
            WorkingKey(key["kid"], key["public"], frozenset(Kind(kind) for kind in key["kinds"]))
            for key in public["working"]
        )
        root = str(public["root"])
        cards, pins, logins = shared["cards"], shared["pins"], shared["logins"]
    except (KeyError, TypeError, ValueError) as error:
        raise CentreError(f"{folder.keys}: damaged: {error!r}", CONFIGURATION) from None
    private = {key.kid: _read_private(folder.keys / f"{key.kid}.pem") for key in working}
    for key in working:
        if public_hex(private[key.kid]) != key.public:
            raise CentreError(f"{folder.keys / key.kid}.pem: not the key of public.json", CONFIGURATION)
    return CentreKeys(working, private, root, cards, pins, logins)


def load_root(folder: Folder) -> Ed25519PrivateKey:
    """Only for signing `keys`. It may lie elsewhere (offline) at all other times."""
    return _read_private(folder.keys / f"{ROOT_KID}.pem")


def public_hex(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes_raw().hex()


def _write_private(path: Path, private: Ed25519PrivateKey) -> None:
    write_secret(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _read_private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise CentreError(f"{path}: {error}", CONFIGURATION) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CentreError(f"{path}: not an Ed25519 key", CONFIGURATION)
    return key


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CentreError(f"{path}: {error}", CONFIGURATION) from None
    if not isinstance(value, dict):
        raise CentreError(f"{path}: not an object", CONFIGURATION)
    return value
