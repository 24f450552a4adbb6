"""Keeping the journal within its size and its days: what leaves first, and the gap that facts leave behind in the chain.

Work comes in slices, each one transaction of at most SLICE rows (a few ms), so that new facts are served in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from agent.store.database import Transaction, used_bytes
from agent.store.journal import Journal
from contract.facts import Keep

SLICE = 500
DAY_S = 86_400.0


def purge(journal: Journal, utc: float, retention_days: float) -> Iterator[int]:
    """Drop confirmed facts older than `retention_days` before `utc`, oldest first; yields the count of each slice.

    A fact without a known time, or dated in the future by a wrong clock, goes with the next older one that has a time.
    """
    while True:
        last = _last_old(journal, utc - retention_days * DAY_S, utc + DAY_S)
        if last is None:
            return
        before = journal.base
        journal.drop_prefix(last)
        yield last - before


def _last_old(journal: Journal, cutoff: float, future: float) -> int | None:
    rows = journal.db.conn.execute(
        "SELECT seq, utc FROM facts WHERE seq <= ? ORDER BY seq LIMIT ?", (journal.confirmed, SLICE)
    ).fetchall()
    old = None
    for seq, at in rows:
        if not isinstance(at, int) or at > future:
            continue
        if at >= cutoff:
            break
        old = seq
    return old


def make_room(journal: Journal, cap_bytes: int) -> Iterator[int]:
    """Bring the journal to 97 % of `cap_bytes`: confirmed facts first, then by importance; yields the unconfirmed ones each slice dropped."""
    target = cap_bytes * 97 // 100
    while used_bytes(journal.db) > target:
        last = _oldest_confirmed(journal)
        if last is None:
            break
        journal.drop_prefix(last)
        yield 0
    for rank in Keep:
        while used_bytes(journal.db) > target:
            seqs = _oldest_of_rank(journal, rank, max(journal.swept[rank], journal.confirmed))
            if not seqs:
                journal.swept[rank] = journal.next_seq - 2  # all but the last fact, which stays
                break
            drop(journal, seqs)
            journal.swept[rank] = seqs[-1]
            yield len(seqs)


def telling(slices: Iterator[int], tell: Callable[[int], object]) -> Iterator[int]:
    """The same slices; at their end, or where they are broken off, `tell` hears how many facts they dropped that were not confirmed, where there were any."""
    dropped = 0
    try:
        for count in slices:
            dropped += count
            yield count
    finally:
        if dropped:
            tell(dropped)


def _oldest_confirmed(journal: Journal) -> int | None:
    rows = journal.db.conn.execute(
        "SELECT seq FROM facts WHERE seq <= ? ORDER BY seq LIMIT ?", (journal.confirmed, SLICE)
    ).fetchall()
    return rows[-1][0] if rows else None


def _oldest_of_rank(journal: Journal, rank: int, after: int) -> list[int]:
    rows = journal.db.conn.execute(
        "SELECT seq FROM facts WHERE seq > ? AND rank = ? AND line IS NOT NULL ORDER BY seq LIMIT ?",
        (after, rank, SLICE),
    ).fetchall()
    # never the last fact of all: the journal's end must stay a fact, so that numbers go on from it
    return [row[0] for row in rows if row[0] < journal.next_seq - 1]


def drop(journal: Journal, seqs: list[int]) -> None:
    """Turn these unconfirmed facts (ascending) into gaps, in one transaction. A run of numbers becomes one row; neighbours merge."""
    with Transaction(journal.db):
        for first, last in _runs(seqs):
            _drop_run(journal, first, last)


def _runs(seqs: list[int]) -> Iterator[tuple[int, int]]:
    first = seqs[0]
    for one, following in pairwise([*seqs, seqs[-1] + 2]):
        if following != one + 1:
            yield first, one
            first = following


def _drop_run(journal: Journal, first: int, last: int) -> None:
    run = journal.db.conn.execute
    left = run("SELECT first FROM facts WHERE seq = ? AND line IS NULL", (first - 1,)).fetchone()
    start = left[0] if left is not None and first - 1 > journal.confirmed else first
    right = run("SELECT seq FROM facts WHERE seq > ? ORDER BY seq LIMIT 1", (last,)).fetchone()
    end = last
    if right is not None and run("SELECT 1 FROM facts WHERE seq = ? AND line IS NULL", right).fetchone() is not None:
        end = right[0]
    run("DELETE FROM facts WHERE seq >= ? AND seq < ?", (start, end))
    run("UPDATE facts SET first = ?, utc = NULL, rank = 0, line = NULL WHERE seq = ?", (start, end))
