"""The centre's folder: where its keys, books and broker files lie, and what `init` wrote about the site.

Owns names and permissions of files (folders 0700, secrets 0600); knows nothing of what is in them.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from centre.errors import CONFIGURATION, CentreError
from centre.words import _
from contract.topics import valid_id

P = TypeVar("P")

ENVIRONMENT = "DOORWARD_CENTRE"
LOGIN = "centre"
"""User name and client id of `serve` at the broker."""
URGENT = f"{LOGIN}.4"
"""That of `serve`'s second connection, for what must not wait. Folders of earlier versions have it too: it was a fourth of those below."""
DESKS = tuple(f"{LOGIN}.{number}" for number in range(1, 4))
"""Logins of commands that publish by themselves, one at a time each. The dot keeps them out of the ids of units."""


HOME_BRIDGE = f"{LOGIN}.5"
"""User name and client id of the process that tells Home Assistant of units."""
HOME_DESKS = tuple(f"{LOGIN}.{number}" for number in range(6, 9))
"""Logins of the orders that it carries out: a flood of them keeps no command of ours from the broker."""


def home_login(site: str) -> str:
    """That of Home Assistant itself."""
    return f"home-assistant.{site}"


@dataclass(frozen=True, slots=True)
class ServeLogins:
    """The logins of one `serve`: `main` for facts and for what goes out, `urgent` for what must not wait, `desks` to read back by."""

    main: str
    urgent: str
    desks: tuple[str, ...]

    @staticmethod
    def of(name: str | None) -> ServeLogins:
        """`name`: one of several that share the books at PostgreSQL; None: the first, or the only one."""
        if name is None:
            return ServeLogins(LOGIN, URGENT, DESKS)
        return ServeLogins(f"{LOGIN}.{name}", f"{LOGIN}.{name}.4", (f"{LOGIN}.{name}.1",))

    @property
    def all(self) -> tuple[str, ...]:
        return (self.main, *self.desks, self.urgent)


def further_serves(logins: Iterable[str]) -> list[str]:
    """Names of further `serve` that there are logins for."""
    return sorted(parts[1] for login in logins if len(parts := login.split(".")) == 3 and parts[2] == "4")


_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is: `mqtts://host[:port]` or `mqtt://host[:port]`."""

    tls: bool
    host: str
    port: int

    @staticmethod
    def parse(url: str) -> BrokerAddress:
        """Raises ValueError with what is wrong."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS:
            raise ValueError(_("not mqtts://HOST[:PORT] or mqtt://HOST[:PORT]"))
        if not parts.hostname or parts.username or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError(_("only a host and a port are wanted"))
        return BrokerAddress(parts.scheme == "mqtts", parts.hostname, parts.port or _PORTS[parts.scheme])


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """Where mosquitto's files go (from the centre's folder, where not absolute), where it listens and as which user it runs; `certificate`, `key`: PEM files not made here."""

    out: str
    listen: str
    port: int
    user: str
    certificate: str | None = None
    key: str | None = None


CONSENTS = ("lockdown", "erase", "keys")
"""What a site may ask a second person's consent for, as centre/permits.py names it."""
FILES_PORT = 8443


@dataclass(frozen=True, slots=True)
class Files:
    """Where units fetch software: `host` and `port` as they know it, `listen`: the address it is served at; `certificate`, `key`: PEM files not made here."""

    host: str
    port: int = FILES_PORT
    listen: str = "0.0.0.0"  # noqa: S104  # units are elsewhere
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """Whom Home Assistant is told of: the units of `scope` (level/id), announced below `prefix`."""

    scope: str
    prefix: str = "homeassistant"


@dataclass(frozen=True, slots=True)
class Oidc:
    """An OpenID provider that the site's people sign in at: `issuer`, its URL; `client`: what the console is called there; `label`: what the button says."""

    issuer: str
    client: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What `centre.json` says. `books` is a database URL, None for the SQLite file of the folder.

    `mosquitto`: how its files were written last, so that changes of units can write them again; None before the first time. `files`: how
    software was served last, likewise. `consent`: what of CONSENTS waits for a second person, of what is done by name. `clips`: the
    address of a recorder's clips (centre/clips.py), as the console links them. `oidc`: where people may sign in instead.
    """

    site: str
    broker: str
    timezone: str
    books: str | None = None
    mosquitto: Mosquitto | None = None
    files: Files | None = None
    consent: tuple[str, ...] | None = None
    clips: str | None = None
    oidc: Oidc | None = None
    home_assistant: Home | None = None
    """None: Home Assistant is told of nothing."""

    @property
    def serves_files(self) -> Files:
        """Beside the broker, where nothing else was said."""
        return self.files or Files(self.address.host)

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress.parse(self.broker)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Folder:
    """Names in the folder."""

    path: Path

    @property
    def settings(self) -> Path:
        return self.path / "centre.json"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def tls(self) -> Path:
        return self.path / "tls"

    @property
    def ca(self) -> Path:
        """The certificate the broker's is checked with, if any."""
        return self.tls / "ca.pem"

    @property
    def files(self) -> Path:
        """The certificate by which software is served, where it is made here."""
        return self.path / "files"

    @property
    def broker(self) -> Path:
        return self.path / "broker"

    @property
    def books(self) -> Path:
        return self.path / "books.db"

    @property
    def serving(self) -> Path:
        """Locked by `serve` while it runs."""
        return self.path / "serve.lock"

    def serving_as(self, name: str | None) -> Path:
        """Locked by the `serve` of that name."""
        return self.serving if name is None else self.path / f"serve-{name}.lock"

    def load(self) -> Site:
        """Raises CentreError (exit 78) where this is no centre's folder or its file is damaged."""
        try:
            value = json.loads(self.settings.read_bytes())
        except FileNotFoundError:
            raise CentreError(
                _("{path}: no centre here; see `init`, `--dir`, {environment}").format(
                    path=self.path, environment=ENVIRONMENT
                ),
                CONFIGURATION,
            ) from None
        except (OSError, ValueError) as error:
            raise CentreError(f"{self.settings}: {error}", CONFIGURATION) from None
        return self._site(value)

    def _site(self, value: object) -> Site:
        if not isinstance(value, dict):
            raise CentreError(_("{settings}: not an object").format(settings=self.settings), CONFIGURATION)
        site, broker, zone = value.get("site"), value.get("broker"), value.get("timezone")
        books = value.get("books")
        if not isinstance(site, str) or not valid_id(site):
            raise CentreError(_("{settings}: site: not an id").format(settings=self.settings), CONFIGURATION)
        if books is not None and not isinstance(books, str):
            raise CentreError(_("{settings}: books: not a database URL").format(settings=self.settings), CONFIGURATION)
        try:
            BrokerAddress.parse(str(broker))
        except ValueError as error:
            raise CentreError(
                _("{settings}: broker: {error}").format(settings=self.settings, error=error), CONFIGURATION
            ) from None
        try:
            ZoneInfo(str(zone))
        except (OSError, ValueError, KeyError):
            raise CentreError(
                _("{settings}: timezone: not a name of the IANA database").format(settings=self.settings), CONFIGURATION
            ) from None
        mosquitto, files = self._part(value, "mosquitto", Mosquitto), self._part(value, "files", Files)
        clips = value.get("clips")
        if clips is not None and not isinstance(clips, str):
            raise CentreError(_("{settings}: clips: not an address").format(settings=self.settings), CONFIGURATION)
        home = self._part(value, "home_assistant", Home)
        if home is not None and not (isinstance(home.scope, str) and isinstance(home.prefix, str)):
            raise CentreError(_("{settings}: home_assistant: not text").format(settings=self.settings), CONFIGURATION)
        oidc = self._part(value, "oidc", Oidc)
        return Site(site, str(broker), str(zone), books, mosquitto, files, self._consent(value), clips, oidc, home)

    def _consent(self, value: Mapping[str, Any]) -> tuple[str, ...] | None:
        given = value.get("consent")
        if given is None:
            return None
        if not isinstance(given, list) or not all(each in CONSENTS for each in given):
            raise CentreError(
                _("{settings}: consent: not a list of {known}").format(
                    settings=self.settings, known=", ".join(CONSENTS)
                ),
                CONFIGURATION,
            )
        return tuple(given)

    def _part(self, value: Mapping[str, Any], name: str, kind: type[P]) -> P | None:
        given = value.get(name)
        try:
            return None if given is None else kind(**given)
        except TypeError as error:
            raise CentreError(f"{self.settings}: {name}: {error}", CONFIGURATION) from None

    def save(self, site: Site) -> None:
        value = {name: entry for name, entry in asdict(site).items() if entry is not None}
        write_secret(self.settings, json.dumps(value, indent=2).encode() + b"\n")


def make_folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_secret(path: Path, data: bytes) -> None:
    """Whole or not at all, mode 0600, durable when it returns."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """What was made, renamed or deleted in it is durable when this returns."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def taken(path: Path, *, shared: bool = False) -> Iterator[bool]:
    """Hold a lock file, alone or with others that share it; False where another process holds it against that.

    Ends with the process, however that ends.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
