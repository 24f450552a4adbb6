"""The proof of one epoch, from what its unit signed: every line against the chain, the chain against the signatures, gaps against
the marks that a signature names. Pure; books and exports are proven by the same hundred lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from centre.words import _
from contract.bounds import parse_rfc3339
from contract.chain import GapMark, Header, batch_text, parse_marks


@dataclass(frozen=True, slots=True)
class Break:
    """Where the proof fails: `seq` is the number of the fact, 0 for the beginning of the epoch."""

    unit: str
    epoch: str
    seq: int
    what: str

    def __str__(self) -> str:
        return _("unit {unit} epoch {epoch} seq {seq}: {what}").format(
            unit=self.unit, epoch=self.epoch, seq=self.seq, what=self.what
        )


@dataclass(frozen=True, slots=True)
class EpochClaim:
    """What is claimed of an epoch: its chain goes from `start` at number `base` to `head` at number `seq`."""

    unit: str
    epoch: str
    base: int
    start: bytes
    seq: int
    head: bytes


@dataclass(frozen=True, slots=True)
class SignedSpan:
    """The header of a stored batch; `public`: the key it is said to be signed with; `marks`: the gaps its signature names."""

    batch: str
    first: int
    last: int
    prev: bytes
    head: bytes
    sig: bytes
    public: bytes
    marks: str = ""


@dataclass(frozen=True, slots=True)
class MissingFacts:
    """A stored gap: `h` is the chain's hash after `last`."""

    first: int
    last: int
    h: bytes


StoredFact = tuple[int, bytes | None, bytes, float | None, str | None, bool, int]
"""seq, hash (None: none is stored), line, and where they are stored: time, kind, `again`, order of arrival."""
Look = Callable[[StoredFact, Mapping[str, Any]], None]


@lru_cache(maxsize=4096)
def _key(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


def signs(site: str, unit: str, epoch: str, span: SignedSpan) -> bool:
    """Whether the signature of a stored header holds, with the gaps it is said to name."""
    header = Header(unit, epoch, span.batch, span.first, span.last, span.prev.hex(), span.head.hex())
    try:
        _key(span.public).verify(span.sig, batch_text(site, header, span.marks))
    except (InvalidSignature, ValueError):
        return False
    return True


def cutoff_fault(site: str, claim: EpochClaim, spans: Iterable[SignedSpan]) -> str | None:
    """Why the unit does not vouch for the hash that an epoch begins with, whose older facts were given up; None where it does."""
    for span in spans:
        if (span.last, span.head) == (claim.base, claim.start) and signs(site, claim.unit, claim.epoch, span):
            return None
    return _("the unit's signature over the cutoff does not hold")


class EpochWalk:
    """Goes once through an epoch. `told`: gaps that the centre's own journal names. `wanted`: numbers whose hash is asked for afterwards."""

    def __init__(
        self,
        site: str,
        claim: EpochClaim,
        spans: Iterable[SignedSpan],
        missing: Iterable[MissingFacts],
        told: Iterable[GapMark] = (),
        wanted: Iterable[int] = (),
    ) -> None:
        self.claim = claim
        self.hashes: dict[int, bytes] = {claim.base: claim.start}
        """The chain's hash after each number that was asked for or signed, as far as it was met."""
        self.facts = 0
        self.missing = 0
        self._gaps = sorted(missing, key=lambda gap: gap.first)
        self._spans = list(spans)
        self._anchors: dict[int, bytes | None] = {}
        self._marks: dict[int, GapMark] = {}
        self._faults = [fault for span in self._spans for fault in self._take(site, span)]
        for mark in told:
            self._anchor(mark)
        self._wanted = {*self._anchors, *wanted}

    def _break(self, seq: int, what: str) -> Break:
        return Break(self.claim.unit, self.claim.epoch, seq, what)

    def _take(self, site: str, span: SignedSpan) -> Iterator[Break]:
        """What a batch's signature says of the chain."""
        try:
            marks = parse_marks(span.marks)
            held = signs(site, self.claim.unit, self.claim.epoch, span)
        except ValueError:
            held = False
        if not held:
            self._anchors.setdefault(span.last, None)
            yield self._break(
                span.first,
                _("batch {first} to {last}: signature does not hold").format(first=span.first, last=span.last),
            )
            return
        for number, h in ((span.first - 1, span.prev), (span.last, span.head)):
            if self._anchors.get(number) is None:
                self._anchors[number] = h
            elif self._anchors[number] != h:
                yield self._break(number, _("two signatures say two things of it"))
        for mark in marks:
            self._anchor(mark)

    def _anchor(self, mark: GapMark) -> None:
        self._marks[mark.last] = mark
        for number, h in ((mark.first - 1, mark.before), (mark.last, mark.after)):
            if h and self._anchors.get(number) is None:
                self._anchors[number] = bytes.fromhex(h)

    def run(self, facts: Iterable[StoredFact], watched: frozenset[str], look: Look) -> Iterator[Break]:
        """`facts` by their numbers; `look` is given those of `watched` kinds, and those that say that they were another before."""
        yield from self._faults
        wanted, hashes = self._wanted, self.hashes
        gaps = iter(self._gaps)
        gap = next(gaps, None)
        h, due = self.claim.start, self.claim.base + 1
        for row in facts:
            seq, stored, line = row[0], row[1], row[2]
            while gap is not None and gap.first <= seq:
                yield from self._gap(gap, due, h)
                h, due = gap.h, gap.last + 1
                gap = next(gaps, None)
            self.facts += 1
            if seq != due:
                yield self._misplaced(due, seq)
                h = stored if type(stored) is bytes else h
            else:
                after = sha256(h + line).digest() if type(line) is bytes else b""
                if stored is not None and after != stored:
                    yield self._break(seq, _("the line is not the one that was chained"))
                h = stored if type(stored) is bytes else after
                fault = _read(row, watched, look)
                if fault:
                    yield self._break(seq, fault)
            if seq in wanted:
                hashes[seq] = h
            due = seq + 1
        while gap is not None:
            yield from self._gap(gap, due, h)
            h, due = gap.h, gap.last + 1
            gap = next(gaps, None)
        yield from self._end(due, h)
        yield from self._signed()

    def _misplaced(self, due: int, found: int) -> Break:
        what = _("missing ({count} facts)").format(count=found - due) if found > due else _("there twice")
        return self._break(min(due, found), what)

    def _gap(self, gap: MissingFacts, due: int, h: bytes) -> Iterator[Break]:
        """A gap counts where a signature, or the centre's own journal, names it; what stands before it is to be signed."""
        self.missing += gap.last - gap.first + 1
        if gap.first != due:
            yield self._misplaced(due, gap.first)
        mark = self._marks.get(gap.last)
        if mark is None or mark.after != gap.h.hex() or mark.first > gap.first:
            yield self._break(gap.first, _("a gap to {last} that nobody signed").format(last=gap.last))
        elif due - 1 > self.claim.base and due - 1 not in self._anchors:
            yield self._break(due - 1, _("no signature is stored for it"))
        self.hashes[gap.last] = gap.h

    def _end(self, due: int, h: bytes) -> Iterator[Break]:
        claim = self.claim
        if due != claim.seq + 1:
            yield self._break(min(due, claim.seq + 1), _("the books end here, and say {seq}").format(seq=claim.seq))
        elif h != claim.head:
            yield self._break(claim.seq, _("the chain does not end at the head the books have"))

    def _signed(self) -> Iterator[Break]:
        """The hashes that were met against the signed ones, and whether each number lies in a signed batch or a gap."""
        for number, signed in sorted(self._anchors.items()):
            met = self.hashes.get(number)
            if signed is not None and met is not None and met != signed:
                yield self._break(number, _("is not what the unit signed"))
            if signed is not None and met is None and self._should_be_met(number):
                yield self._break(number, _("was signed, and is not there"))
        covered = self.claim.base
        spans = [(span.first, span.last) for span in self._spans] + [(gap.first, gap.last) for gap in self._gaps]
        for first, last in sorted(spans):
            if first > covered + 1:
                yield self._break(covered + 1, _("no signature is stored for it"))
            covered = max(covered, last)
        if covered < self.claim.seq:
            yield self._break(covered + 1, _("no signature is stored for it"))

    def _should_be_met(self, number: int) -> bool:
        return number > self.claim.seq


_USUAL = re.compile(
    rb'\{"seq":([0-9]{1,16}),"at":"([^"]{24})","clock":"[a-z]{1,16}","boot":[0-9]+,"mono":[0-9.]+,"kind":"([a-z_.]+)"'
)
"""As our units write a line: reading it all takes four times as long as the rest of its proof."""


def _read(row: StoredFact, watched: frozenset[str], look: Look) -> str | None:
    """What is wrong with a line that is in its place, in a few words."""
    seq, _h, line, at_utc, kind, again, _n = row
    try:
        usual = _USUAL.match(line)
        if usual is None or b'"was"' in line or again:
            value = json.loads(line)
            number, at, said = value["seq"], str(value["at"]), str(value["kind"])
        else:
            value = None
            number, at, said = int(usual[1]), usual[2].decode(), usual[3].decode()
        if number != seq or (kind is not None and (said != kind or abs(_seconds(at) - (at_utc or 0.0)) > 0.0006)):
            return _("number, kind or time of the row is not the line's")
        if value is not None or said in watched:
            look(row, json.loads(line) if value is None else value)
    except (ValueError, KeyError, TypeError, AttributeError):
        return _("the line is no fact")  # a text where bytes should be, too
    return None


def number_of(line: bytes) -> int:
    """The number that a fact says it has. Raises ValueError where it says none."""
    usual = _USUAL.match(line)
    try:
        return int(usual[1] if usual else json.loads(line)["seq"])
    except (KeyError, TypeError):
        raise ValueError(_("a fact without a number")) from None


@lru_cache(maxsize=64)
def _minute(text: str) -> float:
    return parse_rfc3339(f"{text}00.000Z")


def _seconds(at: str) -> float:
    return _minute(at[:17]) + float(at[17:23])
