"""A batch of facts taken apart and checked, in a form that costs little to hand from one process to another and to enter into the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contract.chain import (
    Batch,
    FactLine,
    Gap,
    Header,
    Holds,
    check_signature,
    lines_of,
    open_lines,
    parse_batch,
    parse_line,
)
from contract.commands import Reason
from contract.envelope import signed
from contract.refusal import Refusal


@dataclass(frozen=True, slots=True)
class OpenedLines:
    """The lines of a batch whose numbers and chain hold, one value each in every sequence; `hashes` has 32 bytes each: the chain's after it.

    For a gap: the number it ends at, and no time and kind.
    """

    numbers: Sequence[int]
    hashes: bytes
    at_utc: tuple[float, ...]
    kinds: tuple[str, ...]
    gaps: tuple[tuple[int, Gap], ...] = ()
    """Each with its place among the lines."""
    renumbered: frozenset[int] = frozenset()
    """Places of facts that name an earlier number, of another epoch."""

    def hash_at(self, place: int) -> bytes:
        return self.hashes[32 * place : 32 * place + 32]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a unit before its batch is looked at: its key (32 bytes), and where its newest epoch stands in the books."""

    public: bytes
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class CheckedBatch:
    """What came of a batch that was checked with a unit's key before its turn came."""

    public: bytes
    """32 bytes: the key."""
    header: Header | Refusal
    """Refusal: not of the contract's form, or its signature does not hold."""
    lines: OpenedLines | Refusal | None
    """None where the header was refused, and for what the books have already."""

    def batch(self, payload: bytes) -> Batch | Refusal:
        """As parse_batch reads the message that was checked."""
        return self.header if isinstance(self.header, Refusal) else Batch(self.header, lines_of(payload))


def open_rows(batch: Batch) -> OpenedLines | Refusal:
    """The lines of a batch whose signature held."""
    opened = open_lines(batch)
    if isinstance(opened, Refusal):
        return opened
    gaps: list[tuple[int, Gap]] = []
    renumbered: set[int] = set()
    times, kinds, numbers = [], [], []
    for place, (element, _) in enumerate(opened):
        if isinstance(element, Gap):
            gaps.append((place, element))
            times.append(0.0)
            kinds.append("")
            numbers.append(element.last)
            continue
        if "was" in element.data:
            renumbered.add(place)
        times.append(element.at_utc)
        kinds.append(element.kind)
        numbers.append(element.seq)
    if "\0" in "".join(kinds):
        return Refusal(Reason.MALFORMED, "kind: holds a NUL")  # in no database of the centre's
    all_of_them = numbers if gaps else range(batch.header.first, batch.header.last + 1)
    hashes = b"".join(h for _, h in opened)
    return OpenedLines(all_of_them, hashes, tuple(times), tuple(kinds), tuple(gaps), frozenset(renumbered))


def check(payload: bytes, site: str, expected: Expected, holds: Holds = signed) -> CheckedBatch:
    """All that can be said of a message without the books. `holds` looks at its signature."""
    public, batch = expected.public, parse_batch(payload)
    if isinstance(batch, Refusal):
        return CheckedBatch(public, batch, None)
    refusal = check_signature(batch, site, public, holds)
    if refusal is not None:
        return CheckedBatch(public, refusal, None)
    known = batch.header.epoch == expected.epoch and batch.header.last <= expected.seq
    return CheckedBatch(public, batch.header, None if known else open_rows(batch))


def fact_in(line: bytes) -> FactLine:
    """The fact of an opened line, where that is no gap: read once more, since few are looked at closer."""
    fact = parse_line(line)
    assert isinstance(fact, FactLine)
    return fact
