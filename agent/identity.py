"""Who this unit is: its own signing key and what the centre gave it at enrolment, as a folder only its owner can read.

`enrol` makes the folder whole or not at all; `Identity.load` reads it and names each file that is wrong; nothing here goes into a log.
Under systemd the files may come as credentials (`LoadCredential=identity:/etc/doorward/identity`), which the service can read and not change.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent.errors import IdentityError, shown
from agent.words import _, reason_of
from contract.enrolment import KEY_BYTES, Enrolment, build_enrolment, parse_enrolment
from contract.frozen import frozen

ENROLMENT = "enrolment.json"
UNIT_KEY = "unit.key"
TOKEN = "token"  # noqa: S105  # the name of a file
SPENT = "token.spent"  # likewise
MADE_FROM = "made-from"
_CREDENTIAL = "identity"
_NO_TOKEN = "00" * KEY_BYTES
_MAX_BYTES = 256 * 1024

T = TypeVar("T")


@frozen
class Identity:
    """`enrolment`: as the centre wrote it, without the token. `token`: 32 bytes, until the centre has confirmed this unit; then None."""

    folder: Path
    enrolment: Enrolment
    private: Ed25519PrivateKey
    token: bytes | None

    def __repr__(self) -> str:
        return f"Identity(site={self.site!r}, unit={self.unit!r})"

    @property
    def site(self) -> str:
        return self.enrolment.site

    @property
    def unit(self) -> str:
        return self.enrolment.unit

    @property
    def public(self) -> bytes:
        """The unit's public key, 32 bytes."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def card_keys(self) -> Mapping[str, bytes]:
        return {name: bytes.fromhex(key) for name, key in self.enrolment.card_keys.items()}

    @property
    def pin_keys(self) -> Mapping[str, bytes]:
        return {name: bytes.fromhex(key) for name, key in self.enrolment.pin_keys.items()}

    @classmethod
    def load(cls, folder: Path) -> Identity:
        """Raises IdentityError with one line for each file that is missing, damaged or open to others."""
        place = _Place(folder)
        faults: list[str] = place.folder_faults()
        if faults:
            raise IdentityError(*faults)
        enrolment = place.read(ENROLMENT, parse_enrolment, faults)
        private = place.read(UNIT_KEY, _private_key, faults)
        token = place.read(TOKEN, _token, faults) if place.path(TOKEN).exists() and not place.spent() else None
        if faults or enrolment is None or private is None:
            raise IdentityError(*faults)
        return cls(folder, enrolment, private, token)


def differences(enrolment: Enrolment, site: str, unit: str) -> list[str]:
    """In what a configuration for `site` and `unit` does not speak of the enrolled unit; one line each."""
    pairs = (("unit.site", site, enrolment.site), ("unit.id", unit, enrolment.unit))
    return [
        _("{key} is {here}, and the enrolment is for {there}").format(key=key, here=here, there=there)
        for key, here, there in pairs
        if here != there
    ]


class _Place:
    """Where the files are: the folder, or systemd's credentials made from it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        given = os.environ.get("CREDENTIALS_DIRECTORY", "")
        self._credentials = Path(given) if given and (Path(given) / f"{_CREDENTIAL}_{ENROLMENT}").exists() else None

    def path(self, name: str) -> Path:
        return self._folder / name if self._credentials is None else self._credentials / f"{_CREDENTIAL}_{name}"

    def folder_faults(self) -> list[str]:
        if self._credentials is not None:
            return []
        none_yet = _("{folder}: there is no identity yet: run doorward enrol FILE").format(folder=self._folder)
        try:
            mode = self._folder.stat().st_mode
            if not stat.S_ISDIR(mode):
                return [_("{folder}: is not a folder").format(folder=self._folder)]
            if mode & 0o077:
                return [_("{folder}: is open to others: chmod 700 {folder}").format(folder=self._folder)]
            return [] if any(self._folder.iterdir()) else [none_yet]
        except FileNotFoundError:
            return [none_yet]
        except OSError as error:
            if error.errno == errno.EACCES and "CREDENTIALS_DIRECTORY" in os.environ:
                return [none_yet]  # the folder is root's, and systemd found nothing in it to hand over
            return [_("{path}: {why}").format(path=self._folder, why=_why(error))]

    def read(self, name: str, parse: Callable[[bytes], T], faults: list[str]) -> T | None:
        path = self.path(name)
        try:
            with path.open("rb") as file:
                if self._credentials is None and os.fstat(file.fileno()).st_mode & 0o077:
                    faults.append(_("{path}: is open to others: chmod 600 {path}").format(path=path))
                    return None
                return parse(file.read(_MAX_BYTES))
        except FileNotFoundError:
            faults.append(_("{path}: is missing: run doorward enrol FILE again").format(path=path))
        except OSError as error:
            faults.append(_("{path}: {why}").format(path=path, why=_why(error)))
        except ValueError as error:
            faults.append(
                _("{path}: is damaged: {error}: run doorward enrol FILE again").format(
                    path=path, error=shown(error, 100)
                )
            )
        return None

    def spent(self) -> bool:
        """Credentials cannot be deleted, so there the state folder remembers that the token was used."""
        marker = _spent_marker() if self._credentials is not None else None
        if marker is None:
            return False
        try:
            return marker.read_text(encoding="ascii").strip() == _print_of(self.path(TOKEN))
        except (OSError, ValueError):
            return False

    def spend(self) -> None:
        if self._credentials is None:
            self.path(TOKEN).unlink(missing_ok=True)
            _sync(self._folder)
            return
        marker = _spent_marker()
        if marker is not None and self.path(TOKEN).exists():
            _write(marker.with_suffix(".new"), _print_of(self.path(TOKEN)).encode("ascii"))
            marker.with_suffix(".new").replace(marker)
            _sync(marker.parent)


def spend_token(folder: Path) -> None:
    """The centre has confirmed this unit: its one-time token is deleted for good. Raises OSError where the disk refuses."""
    _Place(folder).spend()


def enrol(file: Path, folder: Path) -> Identity:
    """Make the unit's own key and the identity folder from an enrolment file. Raises IdentityError.

    The folder appears whole, in one step; one that was there is kept beside it as `<folder>.replaced-<time>`.
    """
    enrolment = read_enrolment(file)
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _tidy(folder)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))  # mode 0700
        try:
            _write(made / ENROLMENT, build_enrolment(replace(enrolment, token=_NO_TOKEN)))
            _write(made / UNIT_KEY, pem)
            _write(made / TOKEN, enrolment.token.encode("ascii"))
            _write(made / MADE_FROM, _mark_of(enrolment))
            _sync(made)
            _put_in_place(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)  # gone from there already when all went well
        _sync(folder.parent)
    except OSError as error:
        raise IdentityError(_("{path}: {why}").format(path=folder, why=_why(error))) from None
    return Identity.load(folder)


def is_made_from(folder: Path, file: Path) -> bool:
    """Whether the identity there is what this very file made of the box: enrolled by it once more it would show a second key for one token."""
    try:
        made = (folder / MADE_FROM).read_bytes()
    except OSError:
        return False
    return made == _mark_of(read_enrolment(file))


def _mark_of(enrolment: Enrolment) -> bytes:
    """A digest over all that the file holds; its random token keeps it from telling anything."""
    return hashlib.sha256(build_enrolment(enrolment)).hexdigest().encode("ascii")


def secret_path(value: str, folder: Path) -> Path:
    """The file of a secret: `credential:NAME` is systemd's credential of that name, anything else a path, from `folder` when relative."""
    kind, _colon, name = value.partition(":")
    if kind != "credential":
        return folder / value
    given = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not given or not name or "/" in name:
        raise IdentityError(
            _("{value}: no such credential: only the service has it (LoadCredential={name}:FILE)").format(
                value=shown(value), name=shown(name)
            )
        )
    return Path(given) / name


def read_enrolment(file: Path) -> Enrolment:
    """The enrolment file `file`. Raises IdentityError."""
    try:
        with file.open("rb") as opened:
            return parse_enrolment(opened.read(_MAX_BYTES + 1))
    except OSError as error:
        raise IdentityError(_("{path}: {why}").format(path=file, why=_why(error))) from None
    except ValueError as error:
        raise IdentityError(
            _("{file}: {error}: no enrolment file as `doorward centre unit enrolment` writes it").format(
                file=file, error=shown(error, 100)
            )
        ) from None


def _tidy(folder: Path) -> None:
    """After a power cut in the middle of an enrolment: a whole identity is kept aside, a half-made one goes."""
    for left in folder.parent.glob(f".{folder.name}.new-*"):
        if (left / UNIT_KEY).exists() and (left / ENROLMENT).exists():
            left.rename(_aside(folder))
        else:
            shutil.rmtree(left, ignore_errors=True)


def _aside(folder: Path) -> Path:
    """A new name for an identity that was replaced, by the time."""
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return folder.with_name(f"{folder.name}.replaced-{at}-{os.urandom(2).hex()}")


def _put_in_place(made: Path, folder: Path) -> None:
    """`made` becomes `folder`; at no moment is there neither the old one nor the new one."""
    if not folder.exists() or not any(folder.iterdir()):
        made.rename(folder)
        return
    aside = folder.with_name(
        f"{folder.name}.replaced-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(2).hex()}"
    )
    if _exchange(made, folder):
        made.rename(aside)
    else:
        folder.rename(aside)
        made.rename(folder)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step (renameat2, RENAME_EXCHANGE); False where the file system or the C library cannot."""
    import ctypes  # noqa: PLC0415  # only ever needed here, and not by the agent as it runs

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    at_fdcwd, swap = -100, 2
    return call is not None and call(at_fdcwd, os.fsencode(one), at_fdcwd, os.fsencode(other), swap) == 0


def _write(path: Path, data: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private_key(data: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError):
        raise ValueError(_("not a private key")) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(_("not an Ed25519 key"))  # noqa: TRY004  # damaged, as far as the operator is concerned
    return key


def _token(data: bytes) -> bytes:
    token = bytes.fromhex(data.decode("ascii"))
    if len(token) != KEY_BYTES:
        raise ValueError(_("not a token"))
    return token


def _print_of(token: Path) -> str:
    return hashlib.sha256(token.read_bytes()).hexdigest()


def _spent_marker() -> Path | None:
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(state) / SPENT if state else None


def _why(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return _("may not be read or written by this user: use root, or the user doorward")
    return reason_of(error)
