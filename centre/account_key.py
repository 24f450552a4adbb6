"""The key by which the books' rows of accounts, sessions and tokens are known as the centre's own: whoever can write to the books alone lets nobody in.

Owns the file `keys/accounts.key`, and the form of tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from pathlib import Path

from centre.errors import CONFIGURATION, CentreError
from centre.folder import Folder, make_folder, write_secret
from centre.words import _
from contract.frozen import frozen

KEY_BYTES = 32
Part = str | float | None


@frozen
class Token:
    """What somebody shows: `id` finds the row, `secret` is in no row."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}"


def new_token() -> Token:
    return Token(secrets.token_hex(8), secrets.token_urlsafe(32))


def read_token(text: str) -> Token:
    """Any text gives one; the row that is not there, or the seal that does not hold, refuses it."""
    name, _dot, secret = text.partition(".")
    return Token(name[:16], secret[:64])


class AccountKey:
    """`seal` and `holds` name what they are for, so that one row's seal is none of another table's."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, what: str, *parts: Part) -> str:
        text = json.dumps([what, *parts], ensure_ascii=False)
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def holds(self, seal: str, what: str, *parts: Part) -> bool:
        return hmac.compare_digest(self.seal(what, *parts).encode(), seal.encode("utf-8", "surrogatepass"))

    def derived(self, purpose: str) -> str:
        """A secret for one purpose of another library, such as signing a cookie."""
        return self.seal("derived", purpose)


def path_of(folder: Folder) -> Path:
    return folder.keys / "accounts.key"


def make(folder: Folder) -> None:
    """Before the first account: what it sealed would hold no more. One that is there stays."""
    if path_of(folder).exists():
        return
    make_folder(folder.keys)
    write_secret(path_of(folder), base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")


def load(folder: Folder) -> AccountKey:
    """Raises CentreError (exit 78) where it is missing or damaged."""
    path = path_of(folder)
    try:
        key = base64.b64decode(path.read_bytes(), validate=False)
    except FileNotFoundError:
        what = _("not here, and only it knows accounts as ours: `account add` makes it, a backup brings it back")
        raise CentreError(f"{path}: {what}", CONFIGURATION) from None
    except (OSError, ValueError) as error:
        raise CentreError(f"{path}: {error}", CONFIGURATION) from None
    if len(key) != KEY_BYTES:
        raise CentreError(_("{path}: no key of accounts").format(path=path), CONFIGURATION)
    return AccountKey(key)
