"""The centre's keys on disk: the root, the working keys with their kinds, card and PIN keys, its logins at the broker.

Owns making and reading them; signing is in signing.py. Nothing here leaves the folder but the public halves.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from centre.errors import CONFIGURATION, CentreError
from centre.folder import Folder, ServeLogins, make_folder, write_secret
from centre.words import _
from contract.enrolment import KEY_BYTES
from contract.kinds import KINDS
from contract.messages import ROOT_KID, Kind, WorkingKey
from contract.visitors import visitor_key

COMMAND_KEYS = (Kind.COMMAND, Kind.COMMAND)
"""Two: the one now and the next."""
STATE_KEYS = tuple(kind for kind in KINDS if kind not in {Kind.COMMAND, Kind.KEYS})
"""A key a kind; `keys` is the root's."""
WORKING = {"command-1": Kind.COMMAND, "command-2": Kind.COMMAND, **{f"{kind}-1": kind for kind in STATE_KEYS}}
"""What `init` makes."""
FIRST_CARD_KEY = "c1"
FIRST_PIN_KEY = "p1"
FIRST_VISITOR_KEY = "v1"


@dataclass(frozen=True, slots=True, repr=False)
class CentreKeys:
    """All keys but the root, which is read on its own where it is there. `card_keys`, `pin_keys`: id to 64 hex digits."""

    working: tuple[WorkingKey, ...]
    private: Mapping[str, Ed25519PrivateKey]
    root_public: str
    card_keys: Mapping[str, str]
    pin_keys: Mapping[str, str]
    logins: Mapping[str, str]
    unit_logins: Mapping[str, str] = field(default_factory=dict)
    """Passwords of second logins of units, to be handed to them sealed."""
    visitor_keys: Mapping[str, str] = field(default_factory=dict)
    """Master keys of visitors' codes, as card keys; a unit is given what is made of them for it alone."""

    def shared(self, what: str) -> Mapping[str, str]:
        """Keys that many units have, by their ids, the latest made last. `what`: card, pin or visitor."""
        return {"card": self.card_keys, "pin": self.pin_keys, "visitor": self.visitor_keys}[what]

    def visitor_keys_of(self, site: str, unit: str) -> dict[str, str]:
        """What this unit is given, by the ids of the masters, 64 hex digits each."""
        masters = self.visitor_keys.items()
        return {name: visitor_key(bytes.fromhex(master), site, unit).hex() for name, master in masters}

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
        hint = _(": `keys rotate state` makes one, with the root key") if kind in STATE_KEYS else ""
        raise CentreError(_("no key here may sign a {kind}{hint}").format(kind=kind.value, hint=hint), CONFIGURATION)


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
        "visitors": {FIRST_VISITOR_KEY: secrets.token_hex(KEY_BYTES)},
        "logins": {name: secrets.token_urlsafe(24) for name in ServeLogins.of(None).all},
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
        raise CentreError(
            _("{keys}: damaged: {error!r}").format(keys=folder.keys, error=error), CONFIGURATION
        ) from None
    private = {key.kid: _read_private(folder.keys / f"{key.kid}.pem") for key in working}
    for key in working:
        if public_hex(private[key.kid]) != key.public:
            raise CentreError(
                _("{keys}.pem: not the key of public.json").format(keys=folder.keys / key.kid), CONFIGURATION
            )
    visitors = shared.get("visitors", {})
    return CentreKeys(working, private, root, cards, pins, logins, shared.get("units", {}), visitors)


def load_root(folder: Folder) -> Ed25519PrivateKey:
    """Only for signing `keys`. It may lie elsewhere (offline) at all other times."""
    path = folder.keys / f"{ROOT_KID}.pem"
    if not path.exists():
        what = _(
            "the root key is not here, and only it signs a change of working keys: bring it, and take it away again"
        )
        raise CentreError(f"{path}: {what}", CONFIGURATION)
    return _read_private(path)


def share(folder: Folder, section: str, values: Mapping[str, str | None]) -> None:
    """Enter keys or passwords into `shared.json` by their ids, or with None take them out. `section`: cards, pins, visitors, units, logins.

    For one process at a time: inside a transaction that writes the books.
    """
    path = folder.keys / "shared.json"
    shared = _json(path)
    known = shared.setdefault(section, {})
    for name, value in values.items():
        known.pop(name, None)
        if value is not None:
            known[name] = value
    write_secret(path, json.dumps(shared, indent=2).encode() + b"\n")


def make_working(folder: Folder, kinds: Iterable[tuple[str, Kind]]) -> None:
    """New working keys by their kids, behind those that are there: they sign nothing as long as another may."""
    public = _json(folder.keys / "public.json")
    for kid, kind in kinds:
        private = Ed25519PrivateKey.generate()
        _write_private(folder.keys / f"{kid}.pem", private)
        public["working"].append({"kid": kid, "public": public_hex(private), "kinds": [kind.value]})
    write_secret(folder.keys / "public.json", json.dumps(public, indent=2).encode() + b"\n")


def retire_working(folder: Folder, kids: Iterable[str]) -> None:
    """These sign nothing any more; `delete_private` once that is certain."""
    gone = set(kids)
    public = _json(folder.keys / "public.json")
    public["working"] = [key for key in public["working"] if key["kid"] not in gone]
    write_secret(folder.keys / "public.json", json.dumps(public, indent=2).encode() + b"\n")


def delete_private(folder: Folder, kids: Iterable[str]) -> None:
    """The private halves of working keys that were retired; those that are gone already are no fault."""
    there = {key["kid"] for key in _json(folder.keys / "public.json")["working"]}
    for kid in set(kids) - there:
        (folder.keys / f"{kid}.pem").unlink(missing_ok=True)


_JOURNAL = "journal.pem"


def make_journal_key(folder: Folder) -> Ed25519PrivateKey:
    """The key of the centre's own journal, written down beside its place: `keep_journal_key` once what it signed is committed."""
    private = Ed25519PrivateKey.generate()
    make_folder(folder.keys)
    _write_private(folder.keys / f"{_JOURNAL}.begun", private)
    return private


def keep_journal_key(folder: Folder) -> None:
    """Raises CentreError (exit 78) where there is none: the books have a journal, and its key is gone."""
    try:
        (folder.keys / f"{_JOURNAL}.begun").replace(folder.keys / _JOURNAL)
    except FileNotFoundError:
        if has_journal_key(folder):
            return  # another process was as far at the same moment
        what = _("the key of the centre's own journal is missing; bring it back from a backup")
        raise CentreError(f"{folder.keys / _JOURNAL}: {what}", CONFIGURATION) from None


def has_journal_key(folder: Folder) -> bool:
    return (folder.keys / _JOURNAL).exists()


def load_journal_key(folder: Folder) -> Ed25519PrivateKey:
    """Raises CentreError (exit 78) where it is missing or damaged."""
    return _read_private(folder.keys / _JOURNAL)


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
        raise CentreError(_("{path}: not an Ed25519 key").format(path=path), CONFIGURATION)
    return key


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CentreError(f"{path}: {error}", CONFIGURATION) from None
    if not isinstance(value, dict):
        raise CentreError(_("{path}: not an object").format(path=path), CONFIGURATION)
    return value
