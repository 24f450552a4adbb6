"""Opening the journal: an existing one, the first one, or a new one in place of a damaged one with what could be salvaged."""

from __future__ import annotations

from pathlib import Path

from agent.store import database, epochs, salvage
from agent.store.database import Database
from agent.store.journal import Journal, open_journal
from agent.store.schema import journal_kind
from contract.frozen import frozen


@frozen
class Terms:
    """What the journal is to be: whose, how large (MiB), how long confirmed facts stay (days)."""

    site: str
    unit: str
    journal_mb: int
    retention_days: float


def open_or_found(path: Path, terms: Terms, utc: float) -> Journal:
    """The journal at `path`, begun now where there is none. Raises STORAGE_ERRORS."""
    try:
        return open_journal(path, terms.site, terms.unit, terms.journal_mb)
    except FileNotFoundError:
        _found(path, terms, utc, epochs.CarriedOver())
        return open_journal(path, terms.site, terms.unit, terms.journal_mb)


def rebuild(path: Path, terms: Terms, utc: float, known: Journal | None) -> int:
    """Set the damaged file aside, with a new epoch in its place. Returns how many unconfirmed facts it took over.

    `known`: the journal (closed) where it was open before: what is in memory is better than what can be read.
    """
    with salvage.opened(path) as conn:
        carried = salvage.carried_over_from(conn, 0 if known is None else known.confirmed)
        if known is not None:
            carried.boot = max(carried.boot, known.boot)
            if known.epoch not in [row[0] for row in carried.epochs]:
                carried.epochs.append((known.epoch, known.epoch_utc, "", ""))
            carried.head = known.head.hex()
        return _found(path, terms, utc, carried)


def _found(path: Path, terms: Terms, utc: float, carried: epochs.CarriedOver) -> int:
    kept = 0

    def fill(db: Database) -> None:
        nonlocal kept
        kept = epochs.found(db, terms.site, terms.unit, utc, carried)

    database.create(path, journal_kind(terms.journal_mb), fill)
    return kept
