"""mosquitto's files for the site, written where they belong: when they are first wanted, when units change, when a login goes."""

from __future__ import annotations

import getpass
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from centre import broker as texts
from centre import certificates, units
from centre.errors import WRONG_USE, CentreError
from centre.folder import Folder, Mosquitto, ServeLogins, Site, further_serves, make_folder, write_secret
from centre.keys import CentreKeys, share
from centre.opened import OpenCentre
from centre.passwords import holds
from centre.units import Unit
from centre.words import _, reason_of
from contract.topics import PREFIX, valid_id

CONFIGURATION = "mosquitto.conf"
PASSWORDS = "passwords"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # a broker is there to be reached


def configure(
    centre: OpenCentre,
    *,
    out: Path | None = None,
    listen: str | None = None,
    port: int | None = None,
    user: str | None = None,
    certificate: tuple[Path, Path] | None = None,
    serves: Iterable[str] = (),
    without: Iterable[str] = (),
) -> Path:
    """Write them, and keep what was said for the next time; None is what was said last. Returns the path of mosquitto's configuration.

    `serves`: names of further `serve` that are to have logins; `without`: those that are to have none any more. Raises CentreError.
    `certificate`: one not made here, and its key. First time: the folder's broker/, every address, the port of the broker's URL, the user we are, a certificate of the site's own CA.
    """
    _change_serves(centre, serves, without)
    ours = centre.folder.broker.name  # below the centre's folder, wherever that is moved
    before = centre.site.mosquitto or Mosquitto(ours, EVERYWHERE, centre.site.address.port, getpass.getuser())
    said = {
        "out": None if out is None else str(out.absolute()),
        "listen": listen,
        "port": port,
        "user": user,
        "certificate": None if certificate is None else str(certificate[0].absolute()),
        "key": None if certificate is None else str(certificate[1].absolute()),
    }
    wanted = replace(before, **{name: value for name, value in said.items() if value is not None})  # type: ignore[arg-type]
    _write_now(centre, wanted)
    centre.save(replace(centre.site, mosquitto=wanted))
    return place(centre.folder, wanted) / CONFIGURATION


def _change_serves(centre: OpenCentre, serves: Iterable[str], without: Iterable[str]) -> None:
    """Raises CentreError where a name is none, or the books are no database that several can share."""
    known = centre.keys.logins
    fresh: dict[str, str | None] = {}
    for name in serves:
        if not valid_id(name) or name.isdigit():
            raise CentreError(
                _("{name}: no name for a `serve` (a-z, 0-9, - and _; not digits alone)").format(name=name), WRONG_USE
            )
        if centre.books.in_a_file:
            raise CentreError(_("several `serve` want books at PostgreSQL"), WRONG_USE)
        fresh |= {login: secrets.token_urlsafe(24) for login in ServeLogins.of(name).all if login not in known}
    for name in without:
        if name not in further_serves(known):
            raise CentreError(_("{name}: there is no `serve` of this name").format(name=name), WRONG_USE)
        fresh |= dict.fromkeys(ServeLogins.of(name).all)
    if fresh:
        with centre.books.alone():
            share(centre.folder, "logins", fresh)
        centre.read_keys_again()


def place(folder: Folder, wanted: Mosquitto) -> Path:
    """Where the files are."""
    return folder.path / wanted.out


def rewrite(centre: OpenCentre) -> str | None:
    """After a change of units. Returns the folder, whose broker is to be reloaded; None where they were never written here."""
    wanted = centre.site.mosquitto
    if wanted is None:
        return None
    _write_now(centre, wanted)
    return str(place(centre.folder, wanted))


def _write_now(centre: OpenCentre, wanted: Mosquitto) -> None:
    with centre.books.reading() as conn:
        known = units.listed(conn, centre.site.site)
    write(centre.folder, centre.site, centre.keys, known, wanted)


def write(folder: Folder, site: Site, keys: CentreKeys, known: Iterable[Unit], wanted: Mosquitto) -> None:
    """All files, mode 0600, for the user the broker runs as where we may give them away. Raises CentreError."""
    out, there = place(folder, wanted), list(known)
    try:
        make_folder(out)
        if _needs_own(folder, site, wanted):
            certificates.make_server(folder.tls, out, site.address.host)
        written = _texts(site, keys, there, wanted, out)
        written[PASSWORDS] = texts.passwords(there, keys.logins)
        for name, text in written.items():
            write_secret(out / name, text.encode())
        if os.geteuid() == 0:
            for path in (out, *(path for path in out.iterdir() if path.is_file())):
                shutil.chown(path, wanted.user)
    except LookupError:
        raise CentreError(_("--user: no user {user!r} on this machine").format(user=wanted.user), WRONG_USE) from None
    except OSError as error:
        raise CentreError(f"{error.filename or out}: {reason_of(error)}", WRONG_USE) from None


def outdated(centre: OpenCentre) -> list[str]:
    """Of the files of the broker, those that are not what the books and keys say now; by name.

    Raises OSError where one cannot be read, the certificate and its key included. Only where they were written before.
    """
    wanted = centre.site.mosquitto
    assert wanted is not None
    out = place(centre.folder, wanted)
    with centre.books.reading() as conn:
        known = units.listed(conn, centre.site.site)
    found = [
        name
        for name, text in _texts(centre.site, centre.keys, known, wanted, out).items()
        if (out / name).read_bytes() != text.encode()
    ]
    for each in certificate_of(centre.site, wanted):
        if each is not None:
            (out / each).read_bytes()
    kept = dict(line.partition(":")[::2] for line in (out / PASSWORDS).read_text().splitlines())
    theirs = dict(login for unit in known for login in unit.logins)
    logins = centre.keys.logins
    ours = all(holds(password, kept.get(name, "")) for name, password in logins.items())
    if not ours or {name: each for name, each in kept.items() if name not in logins} != theirs:
        found.append(PASSWORDS)
    return found


def _texts(site: Site, keys: CentreKeys, known: Iterable[Unit], wanted: Mosquitto, out: Path) -> dict[str, str]:
    """What is the same each time it is written; passwords are salted anew."""
    listener = texts.Listener(wanted.listen, wanted.port, *certificate_of(site, wanted), wanted.user)
    return {
        "access": texts.access(site.site, known, further_serves(keys.logins), site.home_assistant),
        CONFIGURATION: texts.configuration(listener),
        texts.DROP_IN: texts.drop_in(out),
    }


def certificate_of(site: Site, wanted: Mosquitto) -> tuple[Path | None, Path | None]:
    """The broker's certificate and its key as its configuration names them; none for plain MQTT."""
    if not site.address.tls:
        return None, None
    if wanted.certificate is not None and wanted.key is not None:
        return Path(wanted.certificate), Path(wanted.key)
    return Path("server.pem"), Path("server.key")


def _needs_own(folder: Folder, site: Site, wanted: Mosquitto) -> bool:
    """Whether the certificate is ours to make. Raises CentreError where it would be and its CA is not ours."""
    certificate = certificate_of(site, wanted)[0]
    if certificate is None or certificate.is_absolute():
        return False
    if not (folder.tls / "ca.key").exists():
        raise CentreError(_("the broker's CA is not ours: name its certificate with --cert and --key"), WRONG_USE)
    return True


def units_let_in(out: Path, site: str) -> frozenset[str]:
    """Units that mosquitto's access file in `out` gives rights. Raises CentreError where it can't be read, or is of no site like this."""
    path = out / "access"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise CentreError(f"{path}: {error}", WRONG_USE) from None
    if f"{PREFIX}/{site}/" not in text:
        raise CentreError(_("{path}: gives no rights for site {site}").format(path=path, site=site), WRONG_USE)
    return frozenset(re.findall(rf"^topic write {PREFIX}/{site}/up/([a-z0-9_-]+)/", text, re.MULTILINE))
