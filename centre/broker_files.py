"""mosquitto's files for the site, written where they belong: by the commands that change units, and by `serve` when a login goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from centre import broker as texts
from centre import certificates
from centre.errors import WRONG_USE, CentreError
from centre.folder import Folder, Mosquitto, Site, make_folder, write_secret
from centre.keys import CentreKeys
from centre.units import Unit

CONFIGURATION = "mosquitto.conf"


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
