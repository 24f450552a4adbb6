"""Facts on their way up: a journal line, the hash chain over lines, signed batches and alarms. Pure; any bytes are safe to parse.

The bytes of a line are made once, when it is journaled, and never again: the chain is over exactly these bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import fields
from contract.envelope import b64url, signed, unb64url
from contract.fields import FieldError
from contract.messages import MAX_MESSAGE_BYTES, Reason
from contract.refusal import Refusal
from contract.strict_json import dumps, load_object

MAX_BATCH_FACTS = 500
MAX_BATCH_BYTES = 60 * 1024
"""Of the lines together, without their ends; with those and the header a message stays below 64 KiB."""

_OWN_KEYS = ("seq", "at", "clock", "boot", "mono", "kind")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def rfc3339(utc: float) -> str:
    """Seconds since 1970 as `2026-11-24T07:35:54.123Z`, to the nearest millisecond (years 1970 to 9999)."""
    whole, millis = divmod(round(utc * 1000), 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def parse_rfc3339(text: str) -> float:
    """The inverse of rfc3339; exactly its form, else ValueError."""
    if not _AT.fullmatch(text):
        raise ValueError("not a time as 2026-11-24T07:35:54.123Z")
    return datetime.fromisoformat(text[:-5] + "+00:00").timestamp() + int(text[-4:-1]) / 1000


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact read back from its line: `at_utc` in seconds since 1970, `mono` in seconds since boot, `data` the rest."""

    seq: int
    at_utc: float
    clock: str
    boot: int
    mono: float
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """Stands for the facts `first..last` that a full journal dropped; `h` is the chain's hash (hex) after them."""

    first: int
    last: int
    h: str


def line(seq: int, at_utc: float, clock: str, boot: int, mono: float, kind: str, data: Mapping[str, Any]) -> bytes:
    """The bytes of one fact: compact UTF-8 JSON, no line end. `data` may not hold a key of the fact itself (ValueError)."""
    if not data.keys().isdisjoint(_OWN_KEYS):
        raise ValueError("data overrides a key of the fact itself")
    own = (seq, rfc3339(at_utc), clock, boot, round(mono, 3), kind)
    return dumps({**dict(zip(_OWN_KEYS, own, strict=True)), **data})


def gap_line(first: int, last: int, h: str) -> bytes:
    """The line that stands for the dropped facts `first..last`; `h` (hex) is the chain's hash after `last`."""
    return dumps({"gap": [first, last], "h": h})


def parse_line(data: bytes) -> FactLine | Gap:
    """A fact or a gap line; ValueError with a few words for anything else."""
    value = load_object(data)
    if "gap" in value:
        return _gap(value)
    at = parse_rfc3339(fields.text(value, "at", 24))
    clock, kind = fields.text(value, "clock", 16, least=1), fields.text(value, "kind", 48, least=1)
    mono = float(fields.number(value, "mono", 0, fields.MAX_UTC))
    seq, boot = fields.integer(value, "seq", 1), fields.integer(value, "boot")
    for key in _OWN_KEYS:
        del value[key]
    return FactLine(seq, at, clock, boot, mono, kind, value)


def _gap(value: dict[str, Any]) -> Gap:
    span = value["gap"]
    if value.keys() != {"gap", "h"} or not isinstance(span, list) or len(span) != 2:
        raise FieldError("gap: not two numbers")
    ends = dict(zip(("first", "last"), span, strict=True))
    first = fields.integer(ends, "first", 1)
    return Gap(first, fields.integer(ends, "last", first), fields.hex_text(value, "h", 64))


def chain_start(site: str, unit: str, epoch: str, prev_epoch: str = "", prev_head: str = "") -> bytes:
    """h(0) of an epoch, 32 bytes. The previous epoch's id and head (hex) are empty for a unit's first epoch."""
    return hashlib.sha256(f"doorward-epoch-1|{site}|{unit}|{epoch}|{prev_epoch}|{prev_head}".encode()).digest()


def chain(h: bytes, line: bytes) -> bytes:
    """h(n) from h(n-1) (32 bytes) and line n, without its line end."""
    return hashlib.sha256(h + line).digest()


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a batch. `prev`, `head`: chain hash (hex) before `first` and after `last`; `sig`: 64 bytes.

    An empty batch has `last` = `first` - 1 and `head` = `prev`.
    """

    unit: str
    epoch: str
    batch: str
    first: int
    last: int
    prev: str
    head: str
    sig: bytes = b""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it came: not checked yet. Elements of `lines` are fact lines or gap lines."""

    header: Header
    lines: tuple[bytes, ...]


def build_batch(private: Ed25519PrivateKey, site: str, header: Header, lines: Sequence[bytes]) -> bytes:
    """The signed message: header line, then `lines` as journaled. Raises ValueError beyond 500 facts or 60 KiB."""
    if len(lines) > MAX_BATCH_FACTS or sum(map(len, lines)) > MAX_BATCH_BYTES:
        raise ValueError("more than a batch may hold")
    sealed = replace(header, sig=private.sign(_batch_text(site, header)))
    return b"\n".join((_header_line(sealed), *lines))


def parse_batch(data: bytes) -> Batch | Refusal:
    """Takes a batch apart; checks nothing but its form. One line end after the last line is allowed."""
    if len(data) > MAX_MESSAGE_BYTES:
        return Refusal(Reason.TOO_LONG, "larger than 64 KiB")
    first, *lines = data.removesuffix(b"\n").split(b"\n")
    if len(lines) > MAX_BATCH_FACTS:
        return Refusal(Reason.TOO_LONG, "more than 500 lines")
    try:
        return Batch(_header(load_object(first, max_depth=1)), tuple(lines))
    except ValueError as error:
        return Refusal(Reason.MALFORMED, f"header: {error}")


def open_batch(batch: Batch, site: str, public: bytes) -> tuple[FactLine | Gap, ...] | Refusal:
    """The facts of a batch whose signature, numbers and chain from `prev` to `head` hold; else why not.

    Whether `prev` is the hash the books have before `first` is for the books to say.
    """
    header = batch.header
    if not signed(public, header.sig, _batch_text(site, header)):
        return Refusal(Reason.BAD_SIGNATURE, "signature does not hold")
    opened: list[FactLine | Gap] = []
    h, expected = bytes.fromhex(header.prev), header.first
    for raw in batch.lines:
        try:
            element = parse_line(raw)
        except ValueError as error:
            return Refusal(Reason.MALFORMED, f"fact {expected}: {error}")
        if isinstance(element, Gap):
            number, following, h = element.first, element.last + 1, bytes.fromhex(element.h)
        else:
            number, following, h = element.seq, element.seq + 1, chain(h, raw)
        if number != expected:
            return Refusal(Reason.MALFORMED, f"number {number} where {expected} was due")
        expected = following
        opened.append(element)
    if expected != header.last + 1:
        return Refusal(Reason.MALFORMED, f"ends before {expected}, header says {header.last}")
    if h.hex() != header.head:
        return Refusal(Reason.BAD_SIGNATURE, "chain does not reach head")
    return tuple(opened)


def check_batch(batch: Batch, site: str, public: bytes) -> Refusal | None:
    """None where open_batch would open it."""
    opened = open_batch(batch, site, public)
    return opened if isinstance(opened, Refusal) else None


def _batch_text(site: str, header: Header) -> bytes:
    h = header
    return f"doorward-facts-1|{site}|{h.unit}|{h.epoch}|{h.batch}|{h.first}|{h.last}|{h.prev}|{h.head}".encode()


def _header_line(header: Header) -> bytes:
    h = header
    named = {"v": 1, "unit": h.unit, "epoch": h.epoch, "batch": h.batch, "first": h.first, "last": h.last}
    return dumps({**named, "prev": h.prev, "head": h.head, "sig": b64url(h.sig)})


def _header(value: dict[str, Any]) -> Header:
    fields.integer(value, "v", 1, 1)
    first = fields.integer(value, "first", 1)
    return Header(
        unit=fields.ident(value, "unit"),
        epoch=fields.ident(value, "epoch"),
        batch=fields.ident(value, "batch"),
        first=first,
        last=fields.integer(value, "last", first - 1),
        prev=fields.hex_text(value, "prev", 64),
        head=fields.hex_text(value, "head", 64),
        sig=_signature(value),
    )


@dataclass(frozen=True, slots=True)
class Alarm:
    """A signed copy of one urgent fact, sent ahead of the queue."""

    unit: str
    epoch: str
    seq: int
    line: bytes
    sig: bytes


def build_alarm(private: Ed25519PrivateKey, site: str, unit: str, epoch: str, seq: int, line: bytes) -> bytes:
    sig = private.sign(_alarm_text(site, unit, epoch, seq, line))
    return dumps({"unit": unit, "epoch": epoch, "seq": seq, "line": line.decode(), "sig": b64url(sig)})


def parse_alarm(data: bytes) -> Alarm | Refusal:
    """Takes an alarm apart; checks nothing but its form."""
    if len(data) > MAX_MESSAGE_BYTES:
        return Refusal(Reason.TOO_LONG, "larger than 64 KiB")
    try:
        value = load_object(data, max_depth=1)
        return Alarm(
            unit=fields.ident(value, "unit"),
            epoch=fields.ident(value, "epoch"),
            seq=fields.integer(value, "seq", 1),
            line=fields.text(value, "line", MAX_MESSAGE_BYTES).encode(),
            sig=_signature(value),
        )
    except ValueError as error:
        return Refusal(Reason.MALFORMED, str(error))


def check_alarm(alarm: Alarm, site: str, public: bytes) -> FactLine | Refusal:
    """The fact of an alarm whose signature holds and whose line is the fact `seq`; else why not."""
    if not signed(public, alarm.sig, _alarm_text(site, alarm.unit, alarm.epoch, alarm.seq, alarm.line)):
        return Refusal(Reason.BAD_SIGNATURE, "signature does not hold")
    try:
        fact = parse_line(alarm.line)
    except ValueError as error:
        return Refusal(Reason.MALFORMED, str(error))
    if isinstance(fact, Gap) or fact.seq != alarm.seq:
        return Refusal(Reason.MALFORMED, "the line is another fact")
    return fact


def _alarm_text(site: str, unit: str, epoch: str, seq: int, line: bytes) -> bytes:
    return f"doorward-alarm-1|{site}|{unit}|{epoch}|{seq}|{hashlib.sha256(line).hexdigest()}".encode()


def _signature(value: dict[str, Any]) -> bytes:
    sig = unb64url(fields.text(value, "sig", 86).encode())
    if sig is None or len(sig) != 64:
        raise FieldError("sig: not 64 bytes in base64url")
    return sig
