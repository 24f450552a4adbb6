"""Bundles of units' software: taken into the folder's `bundles/` under their SHA-256, listed, packed for a person's hand, removed.

The files are what file_server.py hands out; what they are stands in the books. Nothing is sent to a unit here: see rolls.py.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, select

from centre import acts, restored, software_rows, state
from centre.errors import CHECK_FAILED, WRONG_USE, BadValueError, CentreError
from centre.folder import Folder, Site, make_folder, sync_folder, taken
from centre.opened import OpenCentre
from centre.schema import state as state_table
from centre.schema_software import bundles, rolls
from centre.words import _, reason_of
from contract import codec
from contract.messages import Kind
from contract.scopes import Scope
from contract.software import MAX_BUNDLE_BYTES, Form, Software

PACKAGE = "doorward"
"""The Debian package that units run: another one would be taken by no unit, or by the wrong one."""
DPKG_S = 60.0
LEAST_FREE = 256 * 1024 * 1024
"""Bytes that a new bundle leaves on the disk: the books may be on it."""
_BLOCK = 1024 * 1024
_FORMS = {b"!<arch>\n": Form.DEB, b"hsqs": Form.RAUC}


@dataclass(frozen=True, slots=True)
class Bundle:
    """`there`: its file is in the folder, as large as it was."""

    version: str
    form: Form
    size: int
    sha256: str
    added_utc: float
    there: bool


def place(folder: Folder) -> Path:
    """Where the files are."""
    return folder.path / "bundles"


def add(centre: OpenCentre, source: Path, version: str | None, by: str, now: float) -> Bundle:
    """Copy a .deb or .raucb into the folder. `version`: needed where the file does not say it. Again: the file, where it is gone.

    Raises CentreError: wrong use where it is neither, not of this package, or another file has this version.
    """
    centre.keys.kid_for(Kind.SOFTWARE)  # before anything is copied: an older centre has to make a key first
    folder = place(centre.folder)
    try:
        make_folder(folder)
        with taken(folder / ".lock") as ours:
            if not ours:
                raise CentreError(_("another bundle is being added just now"), CHECK_FAILED)
            (folder / ".new").unlink(missing_ok=True)  # of one that was cut off
            if shutil.disk_usage(folder).free - source.stat().st_size < LEAST_FREE:
                raise CentreError(
                    _("{folder}: no room: the books are to have some").format(folder=folder), CHECK_FAILED
                )
            return _add(centre, source, version, by, now)
    except OSError as error:
        raise CentreError(f"{error.filename or source}: {reason_of(error)}", WRONG_USE) from None


def _add(centre: OpenCentre, source: Path, version: str | None, by: str, now: float) -> Bundle:
    folder = place(centre.folder)
    fresh = folder / ".new"
    with ExitStack() as stack:
        stack.callback(fresh.unlink, missing_ok=True)
        size, sha256 = _copied(source, fresh)
        form = _form_of(fresh, source)
        found = Bundle(_version_of(fresh, form, version, source), form, size, sha256, now, there=True)
        _check(found)
        with centre.books.changing() as conn:
            row = _row(conn, found.version, found.form)
            if row is not None and row["removed_utc"] is None and row["sha256"] != sha256:
                what = _("{version} {form} is here already, and is another file: a new file wants a new version")
                raise CentreError(what.format(version=found.version, form=found.form.value), WRONG_USE)
            if (other := _same_file(conn, found)) is not None:
                raise CentreError(_("this file is here already, as {version}").format(version=other), WRONG_USE)
            fresh.replace(folder / sha256)
            sync_folder(folder)
            if row is None or row["removed_utc"] is not None:
                made = {"version": found.version, "form": form.value, "size": size, "sha256": sha256}
                software_rows.enter_bundle(conn, {**made, "added_utc": now, "removed_utc": None, "by": by}, now)
    return found


def _copied(source: Path, fresh: Path) -> tuple[int, str]:
    """Size and SHA-256 of what was copied, which is durable."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while block := file.read(_BLOCK):
            size += len(block)
            if size > MAX_BUNDLE_BYTES:
                raise CentreError(_("{source}: larger than 2 GiB").format(source=source), WRONG_USE)
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def _form_of(path: Path, source: Path) -> Form:
    """By its first bytes: a name says nothing."""
    with path.open("rb") as file:
        begin = file.read(8)
    form = next((form for magic, form in _FORMS.items() if begin.startswith(magic)), None)
    if form is None:
        raise CentreError(_("{source}: neither a Debian package nor a RAUC bundle").format(source=source), WRONG_USE)
    return form


def _version_of(path: Path, form: Form, given: str | None, source: Path) -> str:
    if form is Form.RAUC or shutil.which("dpkg-deb") is None:
        if given is None:
            raise BadValueError("version", _("is needed: this file does not tell it here"))
        return given
    command = ["dpkg-deb", "--showformat=${Package}\\n${Version}\\n", "--show", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DPKG_S, check=False)
    except (subprocess.TimeoutExpired, UnicodeDecodeError):
        done = subprocess.CompletedProcess(command, 1, "", "")
    package, _line, version = done.stdout.strip().partition("\n")
    if done.returncode != 0 or not version:
        raise CentreError(_("{source}: a damaged Debian package").format(source=source), WRONG_USE)
    if package != PACKAGE:
        what = _("{source}: is the package {package}, and units run {ours}")
        raise CentreError(what.format(source=source, package=package, ours=PACKAGE), WRONG_USE)
    if given not in (None, version):
        raise BadValueError("version", _("the package says {version}").format(version=version))
    return version


def _check(bundle: Bundle) -> None:
    """What no message could say is not taken."""
    try:
        message(bundle, "https://localhost/", Scope("unit", "u"), 1, 1.0)
    except codec.FieldError as error:
        raise CentreError(str(error), WRONG_USE) from None


def message(bundle: Bundle, url: str, scope: Scope, rev: int, now: float, *, withdrawn: bool = False) -> Software:
    """That units of `scope` should run this. Raises codec.FieldError."""
    given = {
        "scope": str(scope),
        "rev": rev,
        "iat": round(now, 3),
        "version": bundle.version,
        "form": bundle.form.value,
    }
    given |= {"size": bundle.size, "sha256": bundle.sha256, "url": url}
    return codec.read(Software, given | ({"withdrawn": True} if withdrawn else {}))


def url_of(site: Site, sha256: str) -> str:
    """Where a unit has it from. Raises CentreError (wrong use) where the site has no TLS, and `files` was never told where it is."""
    if site.files is None and not site.address.tls:
        raise CentreError(
            _("the broker is reached without TLS: units take software from an encrypted centre only"), WRONG_USE
        )
    files = site.serves_files
    host = f"[{files.host}]" if ":" in files.host else files.host
    return f"https://{host}:{files.port}/software/{sha256}"


# --- what is there


def listed(centre: OpenCentre) -> list[Bundle]:
    """In the order in which they came."""
    there = select(bundles).where(bundles.c.removed_utc.is_(None)).order_by(bundles.c.added_utc, bundles.c.version)
    with centre.books.reading() as conn:
        return [_bundle(centre.folder, row._asdict()) for row in conn.execute(there)]


def one(conn: Connection, folder: Folder, version: str, form: Form | None) -> Bundle:
    """`form` None: the only one that this version has. Raises CentreError (wrong use) where there is none, or its file is gone."""
    mine = (bundles.c.version == version) & bundles.c.removed_utc.is_(None)
    found = [_bundle(folder, row._asdict()) for row in conn.execute(select(bundles).where(mine))]
    found = [each for each in found if form in (None, each.form)]
    if not found:
        raise CentreError(_("{version}: no such bundle; `software list` shows them").format(version=version), WRONG_USE)
    if len(found) > 1:
        raise BadValueError("form", _("{version} is here as deb and as rauc: say which").format(version=version))
    if not found[0].there:
        what = _("{version}: its file is gone from {folder}: `software add` it again")
        raise CentreError(what.format(version=version, folder=place(folder)), CHECK_FAILED)
    return found[0]


def known(conn: Connection, folder: Folder, version: str, form: str) -> Bundle:
    """Of the books, whether its file is there or not; it was there once."""
    row = _row(conn, version, Form(form))
    assert row is not None, "what is rolled out was added"
    return _bundle(folder, row)


def _row(conn: Connection, version: str, form: Form) -> dict[str, Any] | None:
    mine = (bundles.c.version == version) & (bundles.c.form == form.value)
    row = conn.execute(select(bundles).where(mine)).first()
    return None if row is None else row._asdict()


def _same_file(conn: Connection, bundle: Bundle) -> str | None:
    """The other version that a file is here as."""
    mine = (bundles.c.sha256 == bundle.sha256) & bundles.c.removed_utc.is_(None) & (bundles.c.version != bundle.version)
    other: str | None = conn.execute(select(bundles.c.version).where(mine)).scalar()
    return other


def _bundle(folder: Folder, row: dict[str, Any]) -> Bundle:
    try:
        there = (place(folder) / row["sha256"]).stat().st_size == row["size"]
    except OSError:
        there = False
    return Bundle(row["version"], Form(row["form"]), row["size"], row["sha256"], row["added_utc"], there)


def remove(centre: OpenCentre, version: str, form: Form | None, by: str, now: float) -> None:
    """Its file goes. Raises CentreError (wrong use) where it is being rolled out, or units are still to run it."""
    with centre.books.changing() as conn:
        mine = (bundles.c.version == version) & bundles.c.removed_utc.is_(None)
        found = [row._asdict() for row in conn.execute(select(bundles).where(mine)) if form in (None, Form(row.form))]
        if len(found) != 1:
            one(conn, centre.folder, version, form)
        row = found[0]
        open_ = rolls.c.state.in_(("running", "stopped")) & (rolls.c.version == version) & (rolls.c.form == row["form"])
        if conn.execute(select(rolls.c.id).where(open_)).first():
            raise CentreError(_("{version}: a roll of it is under way").format(version=version), WRONG_USE)
        asked = (state_table.c.kind == Kind.SOFTWARE.value) & (state_table.c.title == version)
        if conn.execute(
            select(state_table.c.scope).where(asked, ~state_table.c.withdrawn, state_table.c.token.is_not(None))
        ).first():
            what = _("{version}: units are to run it, and a replaced box would ask for it: roll out a newer one first")
            raise CentreError(what.format(version=version), WRONG_USE)
        software_rows.enter_bundle(conn, {**row, "removed_utc": now, "by": by}, now)
    (place(centre.folder) / row["sha256"]).unlink(missing_ok=True)


# --- for a person's hand


def pack(centre: OpenCentre, version: str, form: Form | None, scope: Scope, out: Path, by: str, now: float) -> Path:
    """One file for `doorward update`: the signed word that units of `scope` may run this, and the bundle. Whole or not at all.

    Raises CentreError (wrong use) where `out` is there, or can't be written.
    """
    if out.exists():
        raise CentreError(_("{path}: is there already").format(path=out), WRONG_USE)
    with centre.books.changing() as conn:
        bundle = one(conn, centre.folder, version, form)
        rev = state.next_rev(conn, Kind.SOFTWARE, scope, now)
        made = message(bundle, url_of(centre.site, bundle.sha256), scope, rev, now)
        token = centre.signer.sign_state(state.topic_of(centre.site.site, made), made)
        restored.note_shown(conn, Kind.SOFTWARE.value, str(scope), "", rev, now)  # it is given to nobody else
        acts.note(
            conn,
            "packed",
            {"version": version, "form": bundle.form.value, "scope": str(scope), "rev": rev, "by": by},
            now,
        )
    fresh = out.with_name(f".{out.name}.new")
    try:
        with ExitStack() as stack:
            stack.callback(fresh.unlink, missing_ok=True)
            with fresh.open("wb") as file, (place(centre.folder) / bundle.sha256).open("rb") as payload:
                _tar(file, token, payload, bundle.size, now)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(out)
            sync_folder(out.absolute().parent)
    except OSError as error:
        raise CentreError(f"{error.filename or out}: {reason_of(error)}", WRONG_USE) from None
    return out


def _tar(file: BinaryIO, token: bytes, payload: BinaryIO, size: int, now: float) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, length, source in (("software.jws", len(token), io.BytesIO(token)), ("payload", size, payload)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = length, int(now), 0o644
            tar.addfile(entry, source)
