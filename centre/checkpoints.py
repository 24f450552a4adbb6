"""Checkpoints: one signed head over all that the record claims at a moment, to be kept where the centre's people cannot reach it.

A tree over every epoch of every unit and its key, hashed as RFC 6962 does, together with the head of the centre's own journal. The file
is one line of JSON, the head, and one for each leaf. Owns the table checkpoints.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import Connection, func, insert, select, update

from centre import acts
from centre.names import explained
from centre.record import MissingFacts
from centre.schema import epochs, gaps, unit_keys, units
from centre.schema_record import acts as acts_table
from centre.schema_record import checkpoints
from centre.words import N_, _
from contract import codec
from contract.bounds import Count, Hex64, Id, Pattern, Signature
from contract.envelope import signed
from contract.frozen import frozen
from contract.strict_json import dumps, load_object

KEPT = 30
"""So many of the newest are kept whole in the books; of earlier ones their digests."""
EVERY_S = 86_400.0
_DIGITS = 20
"""Bytes of a digest that are typed: nobody can make two checkpoints that agree in them."""


@frozen
class Leaf:
    """What is claimed of one epoch: the books have `base` < n ≤ `seq` but for `missing` of them, and its chain ends in `head`. An enrolled
    unit without an epoch is a leaf too, its `epoch` and `head` empty. `key`: the newest the unit was pinned with.
    """

    unit: Id
    epoch: Annotated[str, Pattern(r"([a-z0-9][a-z0-9_-]{0,47})?", "an id or empty")]
    base: Count
    seq: Count
    head: Annotated[str, Pattern(r"([0-9a-f]{64})?", "64 lower-case hex digits or empty")]
    missing: Count
    key: Annotated[str, Pattern(r"([0-9a-f]{64})?", "64 lower-case hex digits or empty")]


@frozen
class Head:
    """The first line. `at`: whole seconds since 1970. `acts`, `acts_head`: number and chain hash of the journal's last act before this.
    `previous`: digest of the checkpoint before, empty for the first. `key`: of the centre's own journal; it signs.
    """

    site: Id
    number: Count
    at: Count
    leaves: Count
    root: Hex64
    acts: Count
    acts_head: Hex64
    previous: Annotated[str, Pattern(r"([0-9a-f]{64})?", "64 lower-case hex digits or empty")]
    key: Hex64
    sig: Signature = b""

    @property
    def text(self) -> bytes:
        """What `sig` is over."""
        whole = (self.site, self.number, self.at, self.leaves, self.root, self.acts, self.acts_head, self.previous)
        return "|".join(map(str, ("doorward-checkpoint-1", *whole, self.key))).encode()

    @property
    def digest(self) -> str:
        """Hex; confirms carry it."""
        return hashlib.sha256(self.text).hexdigest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that holds in itself."""

    head: Head
    leaves: tuple[Leaf, ...]


def short(digest: str) -> str:
    """A digest as it is printed and typed: eight groups of four letters and digits."""
    text = base64.b32encode(bytes.fromhex(digest)[:_DIGITS]).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def same_short(digest: str, typed: str) -> bool:
    """Whether somebody typed this digest; case and blanks do not matter, nor are 0 and 1 anything but O and I."""
    plain = "".join(char for char in typed.upper() if char.isalnum()).replace("0", "O").replace("1", "I")
    return plain == short(digest).replace("-", "")


def root_of(lines: Sequence[bytes]) -> bytes:
    """RFC 6962's tree hash over these leaves."""
    if not lines:
        return hashlib.sha256().digest()
    if len(lines) == 1:
        return hashlib.sha256(b"\x00" + lines[0]).digest()
    split = 1 << (len(lines) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(lines[:split]) + root_of(lines[split:])).digest()


def make(conn: Connection, now: float) -> bytes:
    """A new checkpoint of the books as they are, kept and entered into the journal; the file. Commit what is in hand first."""
    journal = acts.own_journal(conn)
    lines = [dumps(codec.write(leaf)) for leaf in _leaves(conn)]
    before = conn.execute(select(checkpoints).order_by(checkpoints.c.number.desc()).limit(1)).first()
    last = conn.execute(select(acts_table.c.n, acts_table.c.h).order_by(acts_table.c.n.desc()).limit(1)).one()
    head = Head(
        site=journal.site,
        number=before.number + 1 if before else 1,
        at=int(now),
        leaves=len(lines),
        root=root_of(lines).hex(),
        acts=last.n,
        acts_head=last.h.hex(),
        previous=before.digest if before else "",
        key=journal.public.hex(),
    )
    sealed = codec.write(head) | {"sig": base64.urlsafe_b64encode(journal.private.sign(head.text)).decode().rstrip("=")}
    body = b"\n".join((dumps(sealed), *lines)) + b"\n"
    row = {"number": head.number, "at_utc": now, "digest": head.digest, "body": body}
    conn.execute(insert(checkpoints).values(**row))
    conn.execute(update(checkpoints).where(checkpoints.c.number <= head.number - KEPT).values(body=b""))
    acts.note(conn, "checkpoint", {"number": head.number, "digest": head.digest}, now)
    return body


def _leaves(conn: Connection) -> list[Leaf]:
    """By unit and epoch."""
    rows = conn.execute(select(unit_keys.c.unit, unit_keys.c.public).order_by(unit_keys.c.pinned_utc))
    keys = {row.unit: row.public for row in rows}
    lost = select(gaps.c.epoch_id, func.sum(gaps.c.last - gaps.c.first + 1)).group_by(gaps.c.epoch_id)
    missing = {epoch: int(count) for epoch, count in conn.execute(lost)}
    found = [
        Leaf(row.unit, row.epoch, row.base, row.seq, row.head.hex(), missing.get(row.id, 0), keys.get(row.unit, ""))
        for row in conn.execute(select(epochs))
    ]
    there = {leaf.unit for leaf in found}
    known = conn.execute(select(units.c.unit)).scalars()
    found += [Leaf(unit, "", 0, 0, "", 0, keys[unit]) for unit in known if unit not in there and unit in keys]
    return sorted(found, key=lambda leaf: (leaf.unit, leaf.epoch))


def newest(conn: Connection) -> tuple[float, str] | None:
    """When the newest was made, and its digest."""
    row = conn.execute(select(checkpoints).order_by(checkpoints.c.number.desc()).limit(1)).first()
    return None if row is None else (row.at_utc, row.digest)


@dataclass(frozen=True, slots=True)
class ListedCheckpoint:
    """`short`: as it is read out; `whole`: its file is still kept."""

    number: int
    at_utc: float
    short: str
    whole: bool


def listed(conn: Connection, count: int = 100) -> list[ListedCheckpoint]:
    """The newest, newest first."""
    rows = conn.execute(select(checkpoints).order_by(checkpoints.c.number.desc()).limit(count))
    return [ListedCheckpoint(row.number, row.at_utc, short(row.digest), bool(row.body)) for row in rows]


def kept(conn: Connection) -> dict[int, tuple[str, bytes]]:
    """Digest and file of each by its number; the files of older ones are empty."""
    return {row.number: (row.digest, row.body) for row in conn.execute(select(checkpoints))}


def read(body: bytes) -> Checkpoint | str:
    """A checkpoint whose leaves, root and signature fit together; else what is wrong."""
    first, *lines = body.removesuffix(b"\n").split(b"\n")
    try:
        value = load_object(first, max_depth=1)
        head = codec.read(Head, value)
        leaves = tuple(codec.read(Leaf, load_object(line, max_depth=1)) for line in lines)
    except ValueError as error:
        return _("not a checkpoint: {error}").format(error=explained(str(error)))
    if len(leaves) != head.leaves or root_of(lines).hex() != head.root:
        return _("its leaves are not those that were signed")
    if not signed(bytes.fromhex(head.key), head.sig, head.text):
        return _("its signature does not hold")
    return Checkpoint(head, leaves)


@dataclass(frozen=True, slots=True)
class Met:
    """What a proof met in an epoch: where it begins and ends, hashes at the numbers asked for, its gaps."""

    base: int
    seq: int
    hashes: Mapping[int, bytes]
    gaps: Iterable[MissingFacts]


OTHER = N_("is of another history")


def in_words(fault: str, restored: object) -> str:
    """`restored`: the restore (told.py) that lost what was then, where one did. Another history is the work of none."""
    return (
        fault
        if restored is None or fault.endswith(_(OTHER))
        else _("{fault} ({restored})").format(fault=fault, restored=restored)
    )


def leaf_fault(leaf: Leaf, met: Met, given_up: Mapping[str, Any] | None) -> str | None:
    """Why an epoch does not go on from what a checkpoint says of it, in a few words. `given_up`: the centre's act of doing so with age."""
    if met.seq < leaf.seq:
        return _("had {then} facts then, and has {now}").format(then=leaf.seq, now=met.seq)
    if met.base > leaf.base and (given_up is None or given_up["seq"] < met.base):
        return _("began after {then} then, and begins after {now}").format(then=leaf.base, now=met.base)
    if met.base > leaf.base and met.base >= leaf.seq:
        return None  # all of it was given up
    if met.hashes.get(leaf.seq, b"").hex() != leaf.head:
        return _("fact {seq} {other}").format(seq=leaf.seq, other=_(OTHER))
    missing = sum(gap.last - gap.first + 1 for gap in met.gaps if gap.last <= leaf.seq)
    if missing > leaf.missing:
        return _("{count} facts up to {seq} are missing that were there").format(
            count=missing - leaf.missing, seq=leaf.seq
        )
    return None
