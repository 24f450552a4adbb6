"""Facts that a unit took over into a later epoch (`"was": [epoch, seq]`): each counts once. Owns the table moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from centre.books import enter_new
from centre.schema import facts, moved
from contract.topics import valid_id


def is_earlier(was: object, epoch: str) -> bool:
    """Whether this names a fact of another epoch than its own: where the fact was taken over from."""
    if not (isinstance(was, list) and len(was) == 2 and isinstance(was[0], str) and valid_id(was[0])):
        return False
    return type(was[1]) is int and was[0] != epoch


class Moved:
    """Dies with its transaction's failure: make a new one then."""

    def __init__(self, conn: Connection) -> None:
        self._left = {(row.unit, row.epoch) for row in conn.execute(select(moved.c.unit, moved.c.epoch).distinct())}

    def again(self, conn: Connection, unit: str, was: Sequence[Any], epoch_id: int | None) -> bool:
        """Whether a fact that was `was` (is_earlier) is in the books already, under its first number or another later one.

        `epoch_id`: of its first epoch, where the books have that.
        """
        if epoch_id is not None:
            mine = (facts.c.epoch_id == epoch_id) & (facts.c.seq == was[1])
            if conn.execute(select(facts.c.n).where(mine)).first():
                return True
        self._left.add((unit, was[0]))
        row = {"unit": unit, "epoch": was[0], "seq": was[1]}
        return not enter_new(conn, moved, row)

    def elsewhere(self, conn: Connection, unit: str, epoch: str, first: int, last: int) -> frozenset[int]:
        """Numbers that the books already got from a later epoch: a late delivery after a new beginning."""
        if (unit, epoch) not in self._left:
            return frozenset()
        mine = (moved.c.unit == unit) & (moved.c.epoch == epoch)
        return frozenset(conn.execute(select(moved.c.seq).where(mine, moved.c.seq.between(first, last))).scalars())
