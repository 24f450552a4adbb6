"""Facts on their way up: a journal line, the hash chain over lines, signed batches and alarms. Pure; any bytes are safe to parse.

The bytes of a line are made once, when it is journaled, and never again: the chain is over exactly these bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import codec
from contract.bounds import (
    MAX_INTEGER,
    MAX_UTC,
    At,
    Count,
    Hex64,
    Id,
    Items,
    Length,
    Range,
    Rest,
    Signature,
    TextForm,
    WireName,
)
from contract.commands import Reason
from contract.envelope import signed
from contract.facts import Fact, NoticeReceived, NoticeShown, fact_of, names_of
from contract.frozen import frozen
from contract.messages import MAX_MESSAGE_BYTES
from contract.refusal import Refusal, parsed
from contract.strict_json import dumps, load_object

Holds = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature holds, of the key's 32 bytes, the signature's 64 and what is signed."""
MAX_BATCH_FACTS = 500
MAX_BATCH_BYTES = 60 * 1024
"""Of the lines together, without their ends; with those and the header a message stays below 64 KiB."""


RECEIPTS = names_of(NoticeReceived, NoticeShown)
"""What of a notice may go ahead of a backlog."""


@frozen
class FactLine:
    """A fact as journaled. What follows its own keys depends on the kind (facts/)."""

    seq: Annotated[int, Range(1, MAX_INTEGER)]
    """Grows by one, and is never used again."""
    at_utc: Annotated[At, WireName("at")]
    clock: Annotated[str, Length(1, 16)]
    """How far to trust `at`."""
    boot: Count
    """Counts starts."""
    mono: Annotated[float, Range(0, MAX_UTC)]
    """Seconds since boot."""
    kind: Annotated[str, Length(1, 48)]
    data: Annotated[Mapping[str, Any], Rest]

    @property
    def fact(self) -> Fact | None:
        """The fact as its kind declares it; None for a kind this version does not know. Raises codec.FieldError."""
        return fact_of(self.kind, self.data)


_OWN_KEYS = ("seq", "at", "clock", "boot", "mono", "kind")


@frozen
class Gap:
    """Stands for the facts `first..last` that a full journal dropped; `h` is the chain's hash (hex) after them."""

    first: int
    last: int
    h: str


@frozen
class GapLine:
    """A gap as journaled."""

    gap: Annotated[tuple[Annotated[int, Range(1, MAX_INTEGER)], ...], Items(2, 2)]
    """First and last of the facts that are missing."""
    h: Hex64
    """The chain's hash after them."""

    def faults(self) -> Iterator[str]:
        if self.gap[0] > self.gap[1]:
            yield "gap: ends before it begins"


def line(seq: int, at_utc: float, clock: str, boot: int, mono: float, kind: str, data: Mapping[str, Any]) -> bytes:
    """The bytes of one fact: compact UTF-8 JSON, no line end. `data` may not hold a key of the fact itself (ValueError)."""
    if not data.keys().isdisjoint(_OWN_KEYS):
        raise ValueError("data overrides a key of the fact itself")
    return dumps(codec.write(FactLine(seq, at_utc, clock, boot, round(mono, 3), kind, data)))


def parse_line(data: bytes) -> FactLine | Gap:
    """A fact or a gap line; ValueError with a few words for anything else."""
    value = load_object(data)
    if "gap" not in value:
        return codec.read(FactLine, value)
    if value.keys() != {"gap", "h"}:
        raise codec.FieldError("gap: not a line of its own")
    read = codec.read(GapLine, value)
    return Gap(read.gap[0], read.gap[1], read.h)


def gap_line(first: int, last: int, h: str) -> bytes:
    """The line that stands for the dropped facts `first..last`; `h` (hex) is the chain's hash after `last`."""
    return dumps({"gap": [first, last], "h": h})


def chain_start(site: str, unit: str, epoch: str, prev_epoch: str = "", prev_head: str = "") -> bytes:
    """h(0) of an epoch, 32 bytes. The previous epoch's id and head (hex) are empty for a unit's first epoch."""
    return hashlib.sha256(f"doorward-epoch-1|{site}|{unit}|{epoch}|{prev_epoch}|{prev_head}".encode()).digest()


def next_hash(h: bytes, line: bytes) -> bytes:
    """h(n) from h(n-1) (32 bytes) and line n, without its line end."""
    return hashlib.sha256(h + line).digest()


@frozen
class Header:
    """First line of a batch. An empty batch has `last` = `first` - 1 and `head` = `prev`."""

    MARK: ClassVar = ("v", 1)
    unit: Id
    epoch: Id
    """Random, made with the journal."""
    batch: Id
    """New at each sending."""
    first: Annotated[int, Range(1, MAX_INTEGER)]
    last: Count
    """Numbers of the first and the last fact."""
    prev: Hex64
    head: Hex64
    """The chain's hash before and after."""
    sig: Signature = b""

    def faults(self) -> Iterator[str]:
        if self.last < self.first - 1:
            yield "last: before first"
        if not self.sig:
            yield "sig: missing"


@frozen
class Batch:
    """A batch as it came: not checked yet. Elements of `lines` are fact lines or gap lines."""

    header: Header
    lines: tuple[bytes, ...]


def build_batch(private: Ed25519PrivateKey, site: str, header: Header, lines: Sequence[bytes]) -> bytes:
    """The signed message: header line, then `lines` as journaled. Raises ValueError beyond 500 facts or 60 KiB."""
    if len(lines) > MAX_BATCH_FACTS or sum(map(len, lines)) > MAX_BATCH_BYTES:
        raise ValueError("more than a batch may hold")
    sealed = replace(header, sig=private.sign(batch_text(site, header, gap_marks(header.prev, lines))))
    return b"\n".join((dumps(codec.write(sealed)), *lines))


def parse_batch(data: bytes) -> Batch | Refusal:
    """Takes a batch apart; checks nothing but its form."""
    if len(data) > MAX_MESSAGE_BYTES:
        return Refusal(Reason.TOO_LONG, "larger than 64 KiB")
    lines = lines_of(data)
    if len(lines) > MAX_BATCH_FACTS:
        return Refusal(Reason.TOO_LONG, "more than 500 lines")
    try:
        return Batch(codec.read(Header, load_object(data.partition(b"\n")[0], max_depth=1)), lines)
    except ValueError as error:
        return Refusal(Reason.MALFORMED, f"header: {error}")


def lines_of(data: bytes) -> tuple[bytes, ...]:
    """What follows the header of a batch. One line end after the last line is allowed."""
    _, *lines = data.removesuffix(b"\n").split(b"\n")
    return tuple(lines)


def open_batch(batch: Batch, site: str, public: bytes) -> tuple[FactLine | Gap, ...] | Refusal:
    """The facts of a batch whose signature, numbers and chain from `prev` to `head` hold; else why not.

    Whether `prev` is the hash the books have before `first` is for the books to say.
    """
    opened = check_signature(batch, site, public) or open_lines(batch)
    return opened if isinstance(opened, Refusal) else tuple(element for element, _ in opened)


def check_signature(batch: Batch, site: str, public: bytes, holds: Holds = signed) -> Refusal | None:
    """None where it holds: it covers the header and the batch's gaps, and by `head` the lines that lead there (open_lines).

    `holds`: another way to look at a signature, as `signed`.
    """
    if signed_marks(batch, site, public, holds) is None:
        return Refusal(Reason.BAD_SIGNATURE, "signature does not hold")
    return None


def open_lines(batch: Batch) -> tuple[tuple[FactLine | Gap, bytes], ...] | Refusal:
    """The facts of a batch whose signature held already, as open_batch, each with the chain's hash after it."""
    header = batch.header
    opened: list[tuple[FactLine | Gap, bytes]] = []
    h, expected = bytes.fromhex(header.prev), header.first
    for raw in batch.lines:
        try:
            element = parse_line(raw)
        except ValueError as error:
            return Refusal(Reason.MALFORMED, f"fact {expected}: {error}")
        if isinstance(element, Gap):
            number, following, h = element.first, element.last + 1, bytes.fromhex(element.h)
        else:
            number, following, h = element.seq, element.seq + 1, next_hash(h, raw)
        if number != expected:
            return Refusal(Reason.MALFORMED, f"number {number} where {expected} was due")
        expected = following
        opened.append((element, h))
    if expected != header.last + 1:
        return Refusal(Reason.MALFORMED, f"ends before {expected}, header says {header.last}")
    if h.hex() != header.head:
        return Refusal(Reason.BAD_SIGNATURE, "chain does not reach head")
    return tuple(opened)


def check_batch(batch: Batch, site: str, public: bytes) -> Refusal | None:
    """None where open_batch would open it."""
    opened = open_batch(batch, site, public)
    return opened if isinstance(opened, Refusal) else None


def batch_text(site: str, header: Header, marks: str = "") -> bytes:
    """What `sig` of a header is over; `marks` are those of the batch's gaps."""
    h = header
    text = f"doorward-facts-1|{site}|{h.unit}|{h.epoch}|{h.batch}|{h.first}|{h.last}|{h.prev}|{h.head}"
    return (text + marks).encode()


@frozen
class GapMark:
    """A gap as a signature names it: its first and last number, the chain's hash (hex) before the one and after the other."""

    first: int
    last: int
    before: str
    after: str


def gap_marks(prev: str, lines: Sequence[bytes]) -> str:
    """`|FIRST-LAST:BEFORE:AFTER` for each gap among the lines of a batch, whose chain begins at `prev` (hex); empty where none is."""
    if not any(line.startswith(_GAP_BEGINS) for line in lines):
        return ""
    h, marks = bytes.fromhex(prev), []
    for raw in lines:
        gap = _gap_of(raw)
        if gap is None:
            h = next_hash(h, raw)
        else:
            marks.append(f"|{gap.first}-{gap.last}:{h.hex()}:{gap.h}")
            h = bytes.fromhex(gap.h)
    return "".join(marks)


def parse_marks(marks: str) -> tuple[GapMark, ...]:
    """Raises ValueError for what gap_marks does not make."""
    found = []
    for part in marks.split("|")[1:]:
        span, before, after = part.split(":")
        first, last = span.split("-")
        found.append(GapMark(int(first), int(last), before, after))
    return tuple(found)


def signed_marks(batch: Batch, site: str, public: bytes, holds: Holds = signed) -> str | None:
    """The marks of its gaps as the unit signed them; empty where it has none, or is of a unit that signed none; None where the
    signature does not hold.
    """
    header, marks = batch.header, gap_marks(batch.header.prev, batch.lines)
    if marks and holds(public, header.sig, batch_text(site, header, marks)):
        return marks
    return "" if holds(public, header.sig, batch_text(site, header)) else None


_GAP_BEGINS = b'{"gap":'


def _gap_of(raw: bytes) -> Gap | None:
    if not raw.startswith(_GAP_BEGINS):
        return None
    try:
        element = parse_line(raw)
    except ValueError:
        return None
    return element if isinstance(element, Gap) else None


@frozen
class Alarm:
    """A signed copy of one urgent fact, sent ahead of the queue."""

    unit: Id
    epoch: Id
    seq: Annotated[int, Range(1, MAX_INTEGER)]
    line: Annotated[bytes, TextForm(str.encode, bytes.decode, "text", {"maxLength": MAX_MESSAGE_BYTES})]
    """The fact's line, as text."""
    sig: Signature


@frozen
class EarlyReceipt:
    """A signed copy of a `notice.received` or `notice.shown` that waits behind a backlog."""

    unit: Id
    epoch: Id
    seq: Annotated[int, Range(1, MAX_INTEGER)]
    line: Annotated[bytes, TextForm(str.encode, bytes.decode, "text", {"maxLength": MAX_MESSAGE_BYTES})]
    """The fact's line, as text."""
    sig: Signature


def build_alarm(private: Ed25519PrivateKey, site: str, unit: str, epoch: str, seq: int, line: bytes) -> bytes:
    sig = private.sign(_copy_text("alarm", site, unit, epoch, seq, line))
    return dumps(codec.write(Alarm(unit, epoch, seq, line, sig)))


def build_receipt(private: Ed25519PrivateKey, site: str, unit: str, epoch: str, seq: int, line: bytes) -> bytes:
    sig = private.sign(_copy_text("receipt", site, unit, epoch, seq, line))
    return dumps(codec.write(EarlyReceipt(unit, epoch, seq, line, sig)))


def parse_alarm(data: bytes) -> Alarm | Refusal:
    """Takes an alarm apart; checks nothing but its form."""
    return parsed(Alarm, data, max_depth=1)


def parse_receipt(data: bytes) -> EarlyReceipt | Refusal:
    """Takes a receipt sent ahead apart; checks nothing but its form."""
    return parsed(EarlyReceipt, data, max_depth=1)


def check_alarm(alarm: Alarm, site: str, public: bytes) -> FactLine | Refusal:
    """The fact of an alarm whose signature holds and whose line is the fact `seq`; else why not."""
    return _check_copy(alarm, _copy_text("alarm", site, alarm.unit, alarm.epoch, alarm.seq, alarm.line), public)


def check_receipt(receipt: EarlyReceipt, site: str, public: bytes) -> FactLine | Refusal:
    """As check_alarm; and the fact is the receipt of a notice."""
    r = receipt
    fact = _check_copy(r, _copy_text("receipt", site, r.unit, r.epoch, r.seq, r.line), public)
    if isinstance(fact, FactLine) and fact.kind not in RECEIPTS:
        return Refusal(Reason.MALFORMED, "not the receipt of a notice")
    return fact


def _check_copy(copy: Alarm | EarlyReceipt, text: bytes, public: bytes) -> FactLine | Refusal:
    if not signed(public, copy.sig, text):
        return Refusal(Reason.BAD_SIGNATURE, "signature does not hold")
    try:
        fact = parse_line(copy.line)
    except ValueError as error:
        return Refusal(Reason.MALFORMED, str(error))
    if isinstance(fact, Gap) or fact.seq != copy.seq:
        return Refusal(Reason.MALFORMED, "the line is another fact")
    return fact


def _copy_text(what: str, site: str, unit: str, epoch: str, seq: int, line: bytes) -> bytes:
    return f"doorward-{what}-1|{site}|{unit}|{epoch}|{seq}|{hashlib.sha256(line).hexdigest()}".encode()
