"""The cache, kept usable whatever the disk does: rebuilt when damaged, in memory while the disk takes nothing, back on disk after.

Used by the store's thread only. What it holds can be fetched again, so memory is good enough for a while; facts never come here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from agent.store import database, salvage
from agent.store.cache import Cache, open_cache
from agent.store.copying import copied
from agent.store.database import Database
from agent.store.faults import STORAGE_ERRORS, StorageMode, mode_of
from agent.store.schema import CACHE_KIND

log = logging.getLogger("store")

NAME = "cache.db"
RETRY_S = 2.0

T = TypeVar("T")


class CacheKeeper:
    """`cache` is there from `open` on. `rebuilt`: it was damaged, and what could not be read must be fetched again; cleared by who tells."""

    cache: Cache

    def __init__(self, folder: Path, beat: Callable[[], None] = lambda: None) -> None:
        """`beat` is called before each piece of work on the disk."""
        self._beat = beat
        self.rebuilt = False
        self._folder = folder
        self._path = folder / NAME
        self._on_disk = False
        self._retry_mono = 0.0

    @property
    def on_disk(self) -> bool:
        return self._on_disk

    @property
    def reading(self) -> tuple[str, str, str, int] | None:
        """What is being read, as (kind, scope, id, rev)."""
        return self.cache.reading if hasattr(self, "cache") else None

    def open(self) -> None:
        try:
            self.cache = self._attached()
            self._on_disk = True
        except STORAGE_ERRORS as error:
            log.warning("cache: %s (%s); kept in memory", mode_of(error, self._folder).value, error)
            self._to_memory(_rows_of_file(self._path))

    def write(self, work: Callable[[Cache], T]) -> T:
        """Do `work` in one transaction. It is done again from the start where the cache had to be rebuilt or moved to memory."""
        while True:
            self._beat()
            try:
                with self.cache.transaction():
                    return work(self.cache)
            except STORAGE_ERRORS as error:
                self._mend(error)

    def read(self, work: Callable[[Cache], T], otherwise: T) -> T:
        """What `work` reads, after a rebuild from what could be salvaged where need be; `otherwise` where even that is damaged."""
        for _ in range(2):
            self._beat()
            try:
                return work(self.cache)
            except STORAGE_ERRORS as error:
                self._mend(error)
        return otherwise

    def due_mono(self) -> float | None:
        return None if self._on_disk else self._retry_mono

    def turn(self) -> None:
        """Go back to the disk when it is time to try."""
        if self._on_disk or time.monotonic() < self._retry_mono:
            return
        self._retry_mono = time.monotonic() + RETRY_S
        held = self.cache
        try:
            fresh = self._attached()
        except STORAGE_ERRORS as error:
            mode_of(error, self._folder)
            return
        try:
            with fresh.transaction():
                fresh.clear()
                _restore(fresh, salvage.cache_rows(held.db.conn))
        except STORAGE_ERRORS as error:
            mode_of(error, self._folder)
            fresh.close()
            return
        held.close()
        self.cache, self._on_disk = fresh, True
        log.info("cache: on the disk again")

    def close(self) -> None:
        self.cache.close()

    def _mend(self, error: Exception) -> None:
        mode = mode_of(error, self._folder)
        error.__traceback__ = None  # its frames hold cursors, which keep the file locked after the connection is closed
        if not self._on_disk:
            raise AssertionError("the cache in memory failed") from error
        log.warning("cache: %s (%s)", mode.value, error)
        if mode is StorageMode.DAMAGED:
            self.cache.close()
            with suppress(*STORAGE_ERRORS):
                self._rebuild()
                self.cache = open_cache(self._path)
                return
            self._to_memory(_rows_of_file(self._path))
            return
        rows = list(salvage.cache_rows(self.cache.db.conn))
        self.cache.close()
        self._to_memory(rows)

    def _attached(self) -> Cache:
        if database.adopt(self._path):
            self.rebuilt = True
        try:
            return open_cache(self._path)
        except FileNotFoundError:
            database.create(self._path, CACHE_KIND, lambda db: None)
        except STORAGE_ERRORS as error:
            if mode_of(error, self._folder) is not StorageMode.DAMAGED:
                raise
            log.error("cache: damaged (%s), set aside and rebuilt", error)  # noqa: TRY400
            self._rebuild()
        return open_cache(self._path)

    def _rebuild(self) -> None:
        self.rebuilt = True
        with salvage.opened(self._path) as conn:

            def fill(db: Database) -> None:
                cache = Cache(db)
                with cache.transaction():
                    _restore(cache, salvage.cache_rows(conn))

            database.create(self._path, CACHE_KIND, fill)

    def _to_memory(self, rows: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
        cache = Cache(database.connect_memory(CACHE_KIND))
        with cache.transaction():
            _restore(cache, rows)
        self.cache, self._on_disk = cache, False
        self._retry_mono = time.monotonic() + RETRY_S


def _restore(cache: Cache, rows: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
    for table, values in rows:
        cache.restore(table, values)
    cache.drop_incomplete()


def _rows_of_file(path: Path) -> list[tuple[str, tuple[Any, ...]]]:
    """What the file holds, from a copy: on a read-only disk SQLite cannot open a file with a WAL in place."""
    with suppress(OSError), copied(path) as copy, salvage.opened(copy) as conn:
        return list(salvage.cache_rows(conn))
    return []
