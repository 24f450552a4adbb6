"""The centre's folder copied into one file while `serve` goes on, and a new folder made from it.

In it are `centre.json`, the keys, the CA, and the books (SQLite's), with the photos of reports: all of one moment. Not in it: the broker's files, which are written
anew, enrolment files, which hold secrets of units, and books at PostgreSQL, which its own pg_dump copies.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy import make_url

from centre import broker_files, register, restored, units
from centre.books import Books, url_of
from centre.errors import CHECK_FAILED, CONFIGURATION, WRONG_USE, CentreError
from centre.folder import Folder, sync_folder
from centre.opened import OpenCentre
from centre.sealed_file import MAGIC, SealedFileError, SealedReader, SealedWriter
from centre.words import _, reason_of

BOOKS = "books.db"
SETTINGS = "centre.json"
SECRET_FOLDERS = ("keys", "tls")
DUMP = "books.dump"
"""Where the commands that copy books of a database of their own write to."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written. `books`: False where they are in a database of their own; `dump`: the command that copies that one."""

    path: Path
    size: int
    books: bool
    keys: bool
    dump: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What was made. `made_utc`: when the backup was. `revoked`: units that had no login at the broker any more.

    `books`: False where they are in a database of their own; `load`: the command that fills an empty one from what `dump` wrote.
    """

    site: str
    made_utc: float
    books: bool
    keys: bool
    revoked: tuple[str, ...]
    load: str | None = None


def back_up(centre: OpenCentre, path: Path, passphrase: str | None, now: float) -> Backup:
    """Write all of the folder to `path`, mode 0600, whole or not at all, encrypted; with no passphrase the books alone, readable as they are.

    Raises CentreError (wrong use) where `path` is there or can't be written.
    """
    if path.exists():
        raise CentreError(_("{path}: is there already").format(path=path), WRONG_USE)
    site = centre.site
    if site.books is not None and passphrase is None:
        raise CentreError(
            _("the books are in a database of their own: `{command}` copies them").format(
                command=dump_command(site.books)
            ),
            WRONG_USE,
        )
    fresh = path.with_name(f".{path.name}.new")
    try:
        with ExitStack() as stack:
            stack.callback(fresh.unlink, missing_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            file = stack.enter_context(os.fdopen(descriptor, "wb"))
            _pack(centre, file, passphrase, now)
            file.flush()
            os.fsync(file.fileno())
            fresh.replace(path)
            sync_folder(path.absolute().parent)
    except OSError as error:
        raise CentreError(f"{error.filename or path}: {reason_of(error)}", WRONG_USE) from None
    dump = None if site.books is None else dump_command(site.books)
    return Backup(path, path.stat().st_size, site.books is None, passphrase is not None, dump)


def dump_command(books: str) -> str:
    """Without the password, which is for ~/.pgpass."""
    if (file := _file_of(books)) is not None:
        return f"sqlite3 {file} '.backup {DUMP}'"
    return f"pg_dump --format=custom --no-owner --file={DUMP} {shlex.quote(_libpq(books))}"


def load_command(books: str) -> str:
    """Likewise; the database is there, and empty."""
    if (file := _file_of(books)) is not None:
        return f"cp {DUMP} {file}"
    return f"pg_restore --no-owner --exit-on-error --dbname={shlex.quote(_libpq(books))} {DUMP}"


def _file_of(books: str) -> str | None:
    """Of books at SQLite that lie elsewhere."""
    url = make_url(books)
    return shlex.quote(url.database or "") if url.get_backend_name() == "sqlite" else None


def _libpq(books: str) -> str:
    """The URL as PostgreSQL's own programs take it."""
    return make_url(books)._replace(drivername="postgresql", password=None).render_as_string()


def _pack(centre: OpenCentre, file: BinaryIO, passphrase: str | None, now: float) -> None:
    with ExitStack() as stack:
        target: BinaryIO = file
        if passphrase is not None:
            target = cast(BinaryIO, stack.enter_context(SealedWriter(file, passphrase)))
        books, small = stack.enter_context(_of_one_moment(centre, secrets=passphrase is not None))
        with tarfile.open(fileobj=target, mode="w|gz") as tar:
            for name, data in small.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(data), int(now), 0o600
                tar.addfile(entry, io.BytesIO(data))
            if books is not None:
                _add(tar, books, BOOKS, now)


def _add(tar: tarfile.TarFile, path: Path, name: str, now: float) -> None:
    entry = tar.gettarinfo(path, name)
    entry.mtime, entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = int(now), 0o600, 0, 0, "", ""
    with path.open("rb") as source:
        tar.addfile(entry, source)


@contextmanager
def _of_one_moment(centre: OpenCentre, *, secrets: bool) -> Iterator[tuple[Path | None, dict[str, bytes]]]:
    """A copy of the books, and the small files by name, as they were at the same moment: changes of keys write both under the books' lock.

    The lock is held while the small files are read, not while the books are copied: `serve` goes on.
    """
    folder = centre.folder
    if centre.site.books is not None:
        with centre.books.alone():
            small = _small_files(folder, secrets=secrets)
        yield None, small
        return
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder.path) as place:
        copy = Path(place) / BOOKS
        small = centre.books.copy_to(copy, lambda: _small_files(folder, secrets=secrets))
        yield copy, small


def _small_files(folder: Folder, *, secrets: bool) -> dict[str, bytes]:
    found = {SETTINGS: folder.settings.read_bytes()}
    for name in SECRET_FOLDERS if secrets else ():
        for path in sorted((folder.path / name).glob("*")):
            if path.is_file() and path.suffix != ".lock" and not path.name.startswith("."):
                found[f"{name}/{path.name}"] = path.read_bytes()
    return found


# --- back


def is_sealed(path: Path) -> bool:
    """Whether a backup wants a passphrase. Raises CentreError (wrong use) where it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise CentreError(f"{path}: {reason_of(error)}", WRONG_USE) from None


def restore(path: Path, to: Path, passphrase: str | None, now: float, logins: Path | None = None) -> Restored:
    """Make the folder `to`, which must be empty or not there, from a backup; whole or not at all.

    The books are marked: `serve` publishes nothing before it has read what the broker retains, and asks each unit what it has.
    `logins`: the folder of mosquitto's files as they are now; units that have no login there are revoked, for they were since.
    Raises CentreError: exit 1 where the backup does not hold, wrong use where there is something in `to`.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise CentreError(_("{to}: is not empty").format(to=to), WRONG_USE)
    fresh = to.absolute().with_name(f".{to.absolute().name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(mode=0o700, parents=True)
        made_utc = _unpack(path, fresh, passphrase)
        made = _mark(OpenCentre(fresh), made_utc, now, logins)
        if to.exists():
            to.rmdir()
        fresh.rename(to.absolute())
        sync_folder(to.absolute().parent)
    except OSError as error:
        raise CentreError(f"{error.filename or to}: {reason_of(error)}", WRONG_USE) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return made


def _unpack(path: Path, fresh: Path, passphrase: str | None) -> float:
    """Returns when the backup was made."""
    made_utc = 0.0
    try:
        with path.open("rb") as file, ExitStack() as stack:
            source: BinaryIO = file
            if passphrase is not None:
                reader = stack.enter_context(SealedReader(file, passphrase))
                source = cast(BinaryIO, stack.enter_context(io.BufferedReader(reader)))
            with tarfile.open(fileobj=source, mode="r|gz") as tar:
                for entry in tar:
                    _one(tar, entry, fresh)
                    made_utc = max(made_utc, float(entry.mtime))
            while source.read(1024 * 1024):  # to the end: what was cut off or added is seen
                pass
    except (tarfile.TarError, EOFError, SealedFileError) as error:
        raise CentreError(f"{path}: {error}", CHECK_FAILED) from None
    return made_utc


def _one(tar: tarfile.TarFile, entry: tarfile.TarInfo, fresh: Path) -> None:
    """Only files, only names that a backup has."""
    parts = entry.name.split("/")
    plain = entry.name in {BOOKS, SETTINGS} or (len(parts) == 2 and parts[0] in SECRET_FOLDERS)
    source = tar.extractfile(entry) if entry.isreg() else None
    if not plain or source is None or parts[-1] in {"", ".", ".."}:
        raise CentreError(_("{name!r}: nothing that a backup has").format(name=entry.name), CHECK_FAILED)
    target = fresh / entry.name
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())


def _mark(centre: OpenCentre, made_utc: float, now: float, logins: Path | None) -> Restored:
    """Raises CentreError where what was unpacked is no centre's."""
    site, keys = centre.site, (centre.folder.keys / "public.json").exists()
    if site.books is not None:
        return Restored(site.site, made_utc, books=False, keys=keys, revoked=(), load=load_command(site.books))
    if not centre.folder.books.exists():
        raise CentreError(_("no books in it"), CONFIGURATION)
    if not keys:  # the centre's own journal goes on once its key is there
        if logins is not None:
            what = _("no key is in this backup, and what is done is signed: restore without it, then `unit revoke`")
            raise CentreError(_("--broker-files: {what}").format(what=what), WRONG_USE)
        bare = Books(url_of(centre.folder, site))
        with bare.changing() as conn:
            restored.mark(conn, now, made_utc)
        bare.close()
        return Restored(site.site, made_utc, books=True, keys=False, revoked=())
    try:
        with centre.books.changing() as conn:
            restored.mark(conn, now, made_utc)
        gone = () if logins is None else tuple(_revoke_missing(centre, logins, now))
    finally:
        centre.books.close()
    return Restored(site.site, made_utc, books=True, keys=keys, revoked=gone)


def mark_copied(centre: OpenCentre, now: float, logins: Path | None) -> tuple[str, ...]:
    """The folder, or its database, was put back by other means: as `restore` does it. Returns the units that were revoked again."""
    with centre.books.changing() as conn:
        restored.mark(conn, now, None)
    return () if logins is None else tuple(_revoke_missing(centre, logins, now))


def _revoke_missing(centre: OpenCentre, logins: Path, now: float) -> Iterator[str]:
    """Units that were enrolled when the backup was made, and that the broker lets in no longer: they were revoked since."""
    there = broker_files.units_let_in(logins, centre.site.site)
    with centre.books.reading() as conn:
        known = [unit.unit for unit in units.listed(conn, centre.site.site) if unit.logins and not unit.revoked]
    for unit in known:
        if unit not in there:
            register.revoke(centre, unit, now)
            yield unit
