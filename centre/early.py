"""Receipts of notices that came ahead of a backlog, signed: kept until the chain brings the same fact. Owns the table `early`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, delete, select

from centre import acts, adopted
from centre.books import insert_new
from centre.schema import early
from contract.chain import EarlyReceipt
from contract.commands import Reason
from contract.refusal import Refusal

MOST_OF_A_UNIT = 256
"""Waiting for their facts. A unit sends four a minute, for as long as its backlog takes."""


class Early:
    """Dies with its transaction's failure: make a new one then."""

    def __init__(self, conn: Connection) -> None:
        self._waiting: dict[tuple[str, str], dict[int, bytes]] = {}
        self._count: Counter[str] = Counter()
        self._rows: dict[tuple[str, str, int], dict[str, Any]] = {}
        self._taken: dict[tuple[str, str, int], str] = {}
        for row in conn.execute(select(early)):
            self._enter(row.unit, row.epoch, row.seq, row.line)

    def take(self, receipt: EarlyReceipt, now: float) -> bool | Refusal:
        """One whose fact the books do not have: whether it is new. Refused where too many wait. `flush` before the transaction ends."""
        unit, epoch, seq = receipt.unit, receipt.epoch, receipt.seq
        if seq in self._waiting.get((unit, epoch), ()):
            return False
        if self._count[unit] >= MOST_OF_A_UNIT:
            return Refusal(Reason.RATE, f"{MOST_OF_A_UNIT} receipts wait for their facts")
        row = {"unit": unit, "epoch": epoch, "seq": seq, "line": receipt.line, "sig": receipt.sig, "taken_utc": now}
        self._rows[unit, epoch, seq] = row
        self._taken[unit, epoch, seq] = adopted.line_mark(receipt.line)
        self._enter(unit, epoch, seq, receipt.line)
        return True

    def _enter(self, unit: str, epoch: str, seq: int, line: bytes) -> None:
        self._waiting.setdefault((unit, epoch), {})[seq] = line
        self._count[unit] += 1

    def waits(self, unit: str, epoch: str) -> frozenset[int]:
        """The numbers of facts that came ahead."""
        return frozenset(self._waiting.get((unit, epoch), ()))

    def match(self, conn: Connection, unit: str, epoch: str, seq: int, line: bytes) -> bool:
        """The chain brought the fact: whether it is the line that came ahead. That one is not kept any longer; another is."""
        waiting = self._waiting[unit, epoch]
        same = waiting.pop(seq) == line
        self._count[unit] -= 1
        if not waiting:
            del self._waiting[unit, epoch]
        if same and self._rows.pop((unit, epoch, seq), None) is None:
            mine = (early.c.unit == unit) & (early.c.epoch == epoch) & (early.c.seq == seq)
            conn.execute(delete(early).where(mine))
        return same

    def flush(self, conn: Connection, now: float) -> None:
        """Writes what `take` gathered; one act of the centre for all of it."""
        if self._taken:
            acts.note(conn, "early", adopted.early_data(self._taken), now)
            self._taken = {}
        if self._rows:
            conn.execute(insert_new(conn, early), list(self._rows.values()))
            self._rows = {}
