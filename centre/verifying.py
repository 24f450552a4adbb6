"""The proof of the record as an act of somebody's: carried out, told as it goes, and entered with what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Text, cast, func, select

from centre import acts
from centre import verify as proving
from centre.checkpoints import Checkpoint
from centre.opened import OpenCentre
from centre.schema import epochs
from centre.schema_record import acts as acts_table
from centre.verify import RecordFault
from contract.strict_json import load_object

TOLD = 50
"""Faults that are told one by one; the others are counted."""
LOOKED = 200_000
"""Acts that are looked at for the last proof."""


@dataclass
class Verified:
    """How far it came. `broken`: faults, of which `faults` tells the first; `remarks`: what is no fault and is to be known."""

    epochs: int = 0
    of: int = 0
    facts: int = 0
    broken: int = 0
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add_fault(self, words: str) -> None:
        self.broken += 1
        if len(self.faults) < TOLD:
            self.faults.append(words)


@dataclass(frozen=True, slots=True)
class LastVerified:
    """The newest that the journal tells of."""

    at_utc: float
    by: str
    broken: int
    facts: int


def verify(centre: OpenCentre, given: Sequence[Checkpoint], by: str) -> Iterator[Verified]:
    """The same value again after each epoch, then at its end, once the act is entered."""
    found = Verified()
    with centre.books.reading() as conn:
        found.of = int(conn.execute(select(func.count()).select_from(epochs)).scalar() or 0)
        for each in proving.proofs(conn, given):
            if isinstance(each, RecordFault):
                if each.broken:
                    found.add_fault(str(each))
                else:
                    found.remarks.append(str(each))
            else:
                found.epochs += 1
                found.facts += each.facts
                for place in each.breaks:
                    found.add_fault(str(place))
            yield found
    data = {"by": by, "facts": found.facts, "epochs": found.epochs, "broken": found.broken, "checkpoints": len(given)}
    with centre.books.writing() as conn:
        acts.note(conn, "verified", data, time.time())
    yield found


def last(conn: Connection) -> LastVerified | None:
    """Of those that this program entered; None where nobody had it verified so, or so long ago that LOOKED acts came since."""
    n, line = acts_table.c.n, acts_table.c.line
    newest = int(conn.execute(select(func.max(n))).scalar() or 0)
    text = func.convert_from(line, "UTF8") if conn.dialect.name == "postgresql" else cast(line, Text)
    query = select(line).where(n > newest - LOOKED, text.like('%"act":"verified"%')).order_by(n.desc()).limit(1)
    for found in conn.execute(query).scalars():
        value = load_object(bytes(found))
        return LastVerified(float(value["at"]), str(value["by"]), int(value["broken"]), int(value["facts"]))
    return None
