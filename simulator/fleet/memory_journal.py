"""A unit's journal in memory: facts numbered and chained, cut into signed batches, kept until the centre's signed confirm."""

from __future__ import annotations

import itertools
import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.chain import (
    MAX_BATCH_BYTES,
    MAX_BATCH_FACTS,
    FactLine,
    Header,
    build_batch,
    chain_start,
    line,
    next_hash,
    parse_line,
)
from contract.facts import Fact
from contract.facts.declaration import data_of, kind_of

BOOT = 1


@dataclass(slots=True)
class Cut:
    """Facts `first` to `last` as they go out together. `batch` and `message` once it was signed; `sent_mono` while it is on its way."""

    first: int
    last: int
    prev: bytes
    head: bytes
    lines: Sequence[bytes]
    batch: str = ""
    message: bytes = b""
    sent_mono: float | None = None

    def hash_at(self, seq: int) -> bytes:
        """The chain's hash after `seq`, which lies in it or right before it."""
        if seq == self.last:
            return self.head
        h = self.prev
        for each in self.lines[: seq - self.first + 1]:
            h = next_hash(h, each)
        return h


class MemoryJournal:
    """One unit's. `batch_facts`: at most so many facts go into a batch, within what the contract allows."""

    def __init__(
        self, site: str, unit: str, key: Ed25519PrivateKey, session: str, batch_facts: int = MAX_BATCH_FACTS
    ) -> None:
        self.batch_facts = batch_facts
        self._site, self._unit, self._key, self._session = site, unit, key, session
        self._numbers = itertools.count(1)
        self._left: frozenset[str] = frozenset()
        self.begin(secrets.token_hex(8))

    def begin(self, epoch: str, previous: tuple[str, str] = ("", "")) -> None:
        """A new epoch, empty. `previous`: the one before and its head (hex)."""
        self.epoch = epoch
        self.confirmed = self.last = 0
        self.head = self._confirmed_head = chain_start(self._site, self._unit, epoch, *previous)
        self._open: list[bytes] = []
        self.cuts: deque[Cut] = deque()

    @property
    def backlog(self) -> int:
        """Facts that are not confirmed."""
        return self.last - self.confirmed

    def write(self, fact: Fact, at_utc: float, mono: float) -> bytes:
        """Number and chain a fact. Returns its line."""
        made = line(self.last + 1, at_utc, "synced", BOOT, mono, kind_of(fact), data_of(fact))
        self.append(made)
        return made

    def append(self, made: bytes) -> None:
        """Chain a line that was made for the next number."""
        self.last += 1
        self.head = next_hash(self.head, made)
        self._open.append(made)

    @property
    def uncut(self) -> int:
        """Facts that are in no batch yet."""
        return len(self._open)

    def cut(self, most: int | None = None) -> None:
        """What was written since goes into batches, as few as may be; `most`: only so many facts of it."""
        first, prev = self.last - len(self._open) + 1, self.cuts[-1].head if self.cuts else self._confirmed_head
        part, rest = self._open[:most], [] if most is None else self._open[most:]
        for lines in _parted(part, self.batch_facts):
            h = prev
            for each in lines:
                h = next_hash(h, each)
            self.cuts.append(Cut(first, first + len(lines) - 1, prev, h, lines))
            first, prev = first + len(lines), h
        self._open = rest

    def join(self) -> None:
        """What was cut and is not on its way is cut anew when it goes."""
        lines: list[bytes] = []
        while self.cuts and self.cuts[-1].sent_mono is None and not self.cuts[-1].message:
            lines = [*self.cuts.pop().lines, *lines]
        self._open = [*lines, *self._open]

    def sign(self, cut: Cut) -> None:
        """Under a new batch's name: each sending has its own."""
        cut.batch = f"{self._session}-{next(self._numbers)}"
        cut.message = self._signed(cut.batch, cut.first, cut.last, (cut.prev, cut.head), cut.lines)

    def nothing(self) -> bytes:
        """An empty batch, which asks for a confirm."""
        batch = f"{self._session}-{next(self._numbers)}"
        return self._signed(batch, self.last + 1, self.last, (self.head, self.head), ())

    def _signed(self, batch: str, first: int, last: int, ends: tuple[bytes, bytes], lines: Sequence[bytes]) -> bytes:
        header = Header(self._unit, self.epoch, batch, first, last, ends[0].hex(), ends[1].hex())
        return build_batch(self._key, self._site, header, lines)

    def confirm(self, epoch: str, seq: int, head: str) -> bool:
        """Facts up to `seq` need no longer be kept. False where that is not our own history: a new epoch is due."""
        if epoch != self.epoch:
            return epoch in self._left
        if seq > self.last:
            return False
        if seq < self.confirmed:
            return True  # of what is gone here the centre's word is all there is
        cut = self.cuts[-1].last if self.cuts else self.confirmed
        if seq > cut:
            self.cut(seq - cut)
        own = self._hash_at(seq)
        if own.hex() != head:
            return False
        while self.cuts and self.cuts[0].last <= seq:
            self.cuts.popleft()
        if self.cuts and self.cuts[0].first <= seq:
            whole = self.cuts.popleft()
            rest = whole.lines[seq + 1 - whole.first :]
            self.cuts.appendleft(Cut(seq + 1, whole.last, own, whole.head, rest))
        self.confirmed, self._confirmed_head = seq, own
        return True

    def _hash_at(self, seq: int) -> bytes:
        for cut in self.cuts:
            if cut.first <= seq <= cut.last:
                return cut.hash_at(seq)
        return self._confirmed_head if seq == self.confirmed else self.head

    def renew(self) -> None:
        """A new epoch after this one: what is not confirmed goes on in it, numbered anew, with its first number beside it."""
        self.cut()
        before, kept = self.epoch, [(cut.first + n, each) for cut in self.cuts for n, each in enumerate(cut.lines)]
        self._left |= {before}
        self.begin(secrets.token_hex(8), (before, self.head.hex()))
        for seq, text in kept:
            fact = parse_line(text)
            assert isinstance(fact, FactLine)  # a journal in memory drops nothing, so it has no gaps
            data = {"was": [before, seq], **fact.data}
            self.append(line(self.last + 1, fact.at_utc, fact.clock, fact.boot, fact.mono, fact.kind, data))

    def copied(self, session: str) -> MemoryJournal:
        """As a box that was copied with its disk would have it."""
        made = copy(self)
        made._session, made._open = session, list(self._open)  # noqa: SLF001  # its own class
        made.cuts = deque(Cut(cut.first, cut.last, cut.prev, cut.head, cut.lines) for cut in self.cuts)
        made._numbers = itertools.count(1)  # noqa: SLF001
        return made


def _parted(lines: Sequence[bytes], most: int) -> Iterable[list[bytes]]:
    """As many as a batch holds."""
    part: list[bytes] = []
    size = 0
    for each in lines:
        if part and (len(part) >= most or size + len(each) > MAX_BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(each)
        size += len(each)
    if part:
        yield part
