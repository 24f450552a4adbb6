"""Messages that were refused: counted in the books by unit, leaf and reason, and told to the operator, up to a bound. Owns the table refusals."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, update

from centre.books import insert_new
from centre.names import explained, named
from centre.schema import refusals
from centre.words import _
from contract.refusal import Refusal

MAX_DETAILS = 64
"""Refused messages told one by one of each group; the rest are only counted."""
SILENT_S = 60.0
"""The same refusal of the same unit is told again after so long."""
MAX_TOLD = 10_000
"""Refusals remembered as told: names may be invented."""

_Mark = tuple[str, str, str]
"""Unit, leaf, reason."""


class RefusedMessages:
    """Of one group at a time, from `begin` to `flush`. Used by one thread."""

    def __init__(self) -> None:
        self._told: dict[_Mark, float] = {}
        self.begin()

    def begin(self) -> None:
        """A new group; what was gathered of one that failed is dropped."""
        self._counts: Counter[_Mark] = Counter()
        self._details: dict[_Mark, str] = {}

    def note(self, unit: str, leaf: str, refusal: Refusal, now: float) -> str | None:
        """One of them. Returns a line for the operator, where it is time for one."""
        mark = (unit, leaf, str(refusal.reason))
        self._counts[mark] += 1
        if mark in self._details or len(self._details) >= MAX_DETAILS:
            return None
        self._details[mark] = refusal.detail.replace("\0", "\ufffd")  # PostgreSQL keeps no NUL in a text
        if now - self._told.get(mark, float("-inf")) < SILENT_S:
            return None
        if len(self._told) > MAX_TOLD:
            self._told.clear()
        self._told[mark] = now
        return _("{unit}: {leaf} refused: {reason}: {detail}").format(
            unit=unit or "?", leaf=leaf, reason=named(refusal.reason), detail=explained(refusal.detail)
        )

    def flush(self, conn: Connection, now: float) -> None:
        """Counts the group's in the books."""
        for mark, count in self._counts.items():
            if mark not in self._details:
                continue  # a flood of invented names: told by their number, kept from filling the books
            unit, leaf, reason = mark
            row = {"unit": unit, "leaf": leaf, "reason": reason}
            fresh = {"count": 0, "detail": "", "first_utc": now, "last_utc": now}
            conn.execute(insert_new(conn, refusals).values(**row, **fresh))
            same = (refusals.c.unit == unit) & (refusals.c.leaf == leaf) & (refusals.c.reason == reason)
            more = {"count": refusals.c.count + count, "detail": self._details[mark], "last_utc": now}
            conn.execute(update(refusals).where(same).values(**more))
