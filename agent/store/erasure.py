"""Removing what is kept of a holder beside the journal. The keyed hashes of their cards and PINs stood in rosters: in the cache, in its WAL,
in copies of it that were set aside as damaged, and in crash files, which record what the core knew.

The journal has no such hash. Its facts keep the holder's opaque id: they are chained, and prove what happened.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from agent.store import bodies, plainfile
from agent.store.cache import Cache
from agent.store.cache_keeper import CacheKeeper
from agent.store.faults import STORAGE_ERRORS, DamagedError
from agent.store.folder import sync_folder

STILL_NAMED = "a roster still names them"


def erase(folder: Path, cache: CacheKeeper, holder: str) -> str:
    """Why something may be left, in a few words; empty where nothing is. Raises STORAGE_ERRORS where the cache cannot be read or folded.

    What is deleted in the cache is overwritten there as it is deleted (`secure_delete`); folding the WAL takes the copies of before.
    """
    if not cache.on_disk:
        return "the disk takes nothing"
    if cache.read(lambda each: _named(each, holder), otherwise=True):
        return STILL_NAMED
    try:
        cache.cache.fold()
        _clear_files(folder)
    except STORAGE_ERRORS as error:
        return f"the disk: {error}"
    return ""


def _named(cache: Cache, holder: str) -> bool:
    """Whether a part of a roster that is kept, in force or not yet, still has them."""
    for (body,) in cache.db.conn.execute("SELECT body FROM parts").fetchall():
        with suppress(DamagedError):
            if holder in bodies.ids_in(body):
                return True
    return False


def _clear_files(folder: Path) -> None:
    for crash in folder.glob("crash-*"):
        plainfile.clear(crash)
        with suppress(FileNotFoundError):
            crash.unlink()
    quarantine = folder / plainfile.QUARANTINE
    if quarantine.is_dir():
        for case in quarantine.iterdir():
            if not _is_journal(case):
                shutil.rmtree(case) if case.is_dir() and not case.is_symlink() else case.unlink()
        sync_folder(quarantine)
    sync_folder(folder)


def _is_journal(case: Path) -> bool:
    """A damaged journal is kept for support: it holds facts, and no hash of anybody."""
    return (
        case.is_dir() and not case.is_symlink() and all(part.name.startswith("journal.db") for part in case.iterdir())
    )
