"""Reading the state folder from another process, for the command line, also while the agent runs: from a copy in memory. Never writes there."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from agent.errors import EXIT_UNREACHABLE, DoorwardError
from agent.store import bodies, cache_keeper, journal_keeper, rows
from agent.store.cache import Cache
from agent.store.copying import copied, mark
from agent.store.database import Database, migrate
from agent.store.faults import STORAGE_ERRORS
from agent.store.index import HolderIndex
from agent.store.plainfile import QUARANTINE
from agent.store.schema import CACHE_KIND
from contract import chain as contract_facts
from contract.frozen import frozen
from contract.messages import Holder, Kind, Secrets, StateMessage

T = TypeVar("T")
_SLICE = 500


class StoreUnreadableError(DoorwardError):
    """There is no journal or cache to read, or it cannot be read."""

    code = EXIT_UNREACHABLE


@frozen
class JournalEntry:
    """A line of the journal: a fact (`first` = `last`), or the gap that dropped facts left."""

    epoch: str
    first: int
    last: int
    line: bytes
    confirmed: bool


@frozen
class Summary:
    """`last`: number of the newest fact (0: none yet). `waiting`: facts the centre has not confirmed, the oldest of `oldest_utc`.

    `confirmed` may lag behind what the running agent knows: it is written now and then only. `set_aside`: damaged files kept.
    """

    epoch: str
    boot: int
    last: int
    confirmed: int
    waiting: int
    dropped: int
    oldest_utc: float | None
    rosters: Mapping[str, int]
    holders: int
    notices: int
    set_aside: tuple[str, ...]


def facts(folder: Path, *, since_utc: float | None = None, after: int = 0) -> Iterator[JournalEntry]:
    """Journal entries with a number over `after`, oldest first; with `since_utc` only those since then (or of unknown time)."""
    with _opened(folder / journal_keeper.NAME) as db:
        yield from _entries(db, after, since_utc)


def follow(
    folder: Path, *, after: int = 0, every_s: float = 0.5, ended: Callable[[], bool] = lambda: False
) -> Iterator[JournalEntry]:
    """As `facts`, and then what comes, until `ended`. Goes on over a restart of the agent and into a new epoch."""
    epoch: str | None = None
    known: object = None
    while not ended():
        with suppress(StoreUnreadableError, OSError):
            now = mark(folder / journal_keeper.NAME)
            if now != known:
                with _opened(folder / journal_keeper.NAME) as db:
                    current = _epoch(db)
                    if epoch not in {None, current}:
                        after = 0
                    epoch = current
                    for entry in _entries(db, after, None):
                        after = entry.last
                        yield entry
                known = now
        time.sleep(every_s)


def holders(folder: Path) -> Mapping[str, tuple[Holder, ...]]:
    """Holders in force by card hash, as the core has them."""
    index = HolderIndex()
    _of_cache(folder, index.load)
    return index.event().by_key


def messages(folder: Path, *kinds: Kind) -> tuple[StateMessage, ...]:
    """What is kept of desired state but rosters, keys and secrets; of these kinds, where any are named."""
    return _of_cache(folder, lambda cache: cache.messages(*kinds))


def secrets(folder: Path) -> tuple[Secrets, ...]:
    """What is kept of secrets, sealed; none where the journal is of a version before they were."""
    with _opened(folder / journal_keeper.NAME) as db:
        if db.conn.execute("SELECT 1 FROM sqlite_schema WHERE name = 'secrets'").fetchone() is None:
            return ()
        return tuple(bodies.load(Secrets, body) for body in rows.secrets(db))


def signed_keys(folder: Path) -> bytes:
    """The newest `keys` as they were signed; empty where the enrolment's are in force."""
    with _opened(folder / journal_keeper.NAME) as db:
        row = db.conn.execute("SELECT body FROM keys").fetchone()
        return b"" if row is None else bytes(row[0])


def summary(folder: Path) -> Summary:
    with _opened(folder / journal_keeper.NAME) as db:
        one = db.conn.execute
        confirmed, base = one("SELECT confirmed, base FROM position").fetchone()
        last = one("SELECT max(seq) FROM facts").fetchone()[0]
        waiting = one("SELECT count(*) FROM facts WHERE seq > ? AND line IS NOT NULL", (confirmed,)).fetchone()[0]
        gaps = one("SELECT seq, first FROM facts WHERE line IS NULL").fetchall()
        oldest = one("SELECT utc FROM facts WHERE seq > ? ORDER BY seq LIMIT 1", (confirmed,)).fetchone()
        epoch, boot = _epoch(db), one("SELECT boot FROM life").fetchone()[0]
    rosters, people, shown = _of_cache(folder, _cache)
    return Summary(
        epoch=epoch,
        boot=boot,
        last=base if last is None else last,
        confirmed=confirmed,
        waiting=waiting,
        dropped=sum(seq - first + 1 for seq, first in gaps),
        oldest_utc=None if oldest is None else oldest[0],
        rosters=rosters,
        holders=people,
        notices=shown,
        set_aside=tuple(sorted(case.name for case in (folder / QUARANTINE).glob("*"))),
    )


def _cache(cache: Cache) -> tuple[dict[str, int], int, int]:
    rosters = cache.in_force()
    count = sum(len(cache.holders(roster)) for roster in rosters)
    return {"/".join(roster): rev for roster, rev in rosters.items()}, count, len(cache.messages(Kind.NOTICE))


def _entries(db: Database, after: int, since_utc: float | None) -> Iterator[JournalEntry]:
    epoch = _epoch(db)
    confirmed = db.conn.execute("SELECT confirmed FROM position").fetchone()[0]
    since = -1 if since_utc is None else since_utc
    while True:
        rows = db.conn.execute(
            "SELECT seq, first, line, h FROM facts WHERE seq > ? AND (utc IS NULL OR utc >= ?) ORDER BY seq LIMIT ?",
            (after, since, _SLICE),
        ).fetchall()
        for seq, first, line, h in rows:
            text = contract_facts.gap_line(first, seq, h.hex()) if line is None else line
            yield JournalEntry(epoch, seq if line is not None else first, seq, text, seq <= confirmed)
        if not rows:
            return
        after = rows[-1][0]


def _epoch(db: Database) -> str:
    return str(db.conn.execute("SELECT epoch FROM epochs ORDER BY n DESC LIMIT 1").fetchone()[0])


def _of_cache(folder: Path, work: Callable[[Cache], T]) -> T:
    with _opened(folder / cache_keeper.NAME) as db:
        migrate(db, CACHE_KIND)  # the copy
        return work(Cache(db))


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    """A copy of it. Raises StoreUnreadableError, also for what goes wrong while it is read."""
    if not path.is_file():
        raise StoreUnreadableError(f"{path}: there is none; has the agent run with this state folder?")
    try:
        with copied(path) as copy, closing(sqlite3.connect(copy, isolation_level=None)) as conn:
            yield Database(conn)
    except (*STORAGE_ERRORS, TypeError, AttributeError) as error:
        raise StoreUnreadableError(f"{path}: cannot be read: {error}") from None
