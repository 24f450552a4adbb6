"""mosquitto's files for the site, written where they belong: when they are first wanted, when units change, when a login goes."""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from centre import broker as texts
from centre import certificates, units
from centre.errors import WRONG_USE, CentreError
from centre.folder import Folder, Mosquitto, Site, make_folder, write_secret
from centre.keys import CentreKeys
from centre.opened import OpenCentre
from centre.units import Unit

CONFIGURATION = "mosquitto.conf"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # a broker is there to be reached


def configure(
    centre: OpenCentre,
    *,
    out: Path | None = None,
    listen: str | None = None,
    port: int | None = None,
    user: str | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> Path:
    """Write them, and keep what was said for the next time; None is what was said last. Returns the path of mosquitto's configuration.

    `certificate`: one not made here, and its key. First time: the folder's broker/, every address, the port of the broker's URL, the user we are, a certificate of the site's own CA.
    """
    before = centre.site.mosquitto or Mosquitto(
        str(centre.folder.broker), EVERYWHERE, centre.site.address.port, getpass.getuser()
    )
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
    return Path(wanted.out) / CONFIGURATION


def rewrite(centre: OpenCentre) -> str | None:
    """After a change of units. Returns the folder, whose broker is to be reloaded; None where they were never written here."""
    wanted = centre.site.mosquitto
    if wanted is None:
        return None
    _write_now(centre, wanted)
    return wanted.out


def _write_now(centre: OpenCentre, wanted: Mosquitto) -> None:
    with centre.books.reading() as conn:
        known = units.listed(conn, centre.site.site)
    write(centre.folder, centre.site, centre.keys, known, wanted)


def write(folder: Folder, site: Site, keys: CentreKeys, known: Iterable[Unit], wanted: Mosquitto) -> None:
    """All files, mode 0600, for the user the broker runs as where we may give them away. Raises CentreError."""
    out, there = Path(wanted.out), list(known)
    data = out / "data"
    try:
        for each in (out, data):
            make_folder(each)
        certificate, key = _certificate(folder, site, wanted, out)
        listener = texts.Listener(wanted.listen, wanted.port, certificate, key, wanted.user)
        written = {
            "passwords": texts.passwords(there, keys.logins),
            "access": texts.access(site.site, there),
            CONFIGURATION: texts.configuration(out, data, listener),
        }
        for name, text in written.items():
            write_secret(out / name, text.encode())
        if os.geteuid() == 0:
            for path in (out, data, *(path for path in out.iterdir() if path.is_file())):
                shutil.chown(path, wanted.user)
    except LookupError:
        raise CentreError(f"--user: no user {wanted.user!r} on this machine", WRONG_USE) from None
    except OSError as error:
        raise CentreError(f"{error.filename or out}: {error.strerror}", WRONG_USE) from None


def _certificate(folder: Folder, site: Site, wanted: Mosquitto, out: Path) -> tuple[Path | None, Path | None]:
    address = site.address
    if not address.tls:
        return None, None
    if wanted.certificate is not None and wanted.key is not None:
        return Path(wanted.certificate), Path(wanted.key)
    if not (folder.tls / "ca.key").exists():
        raise CentreError("the broker's CA is not ours: name its certificate with --cert and --key", WRONG_USE)
    certificates.make_server(folder.tls, out, address.host)
    return out / "server.pem", out / "server.key"
