"""When a fact truly happened, where its unit's clock was not set yet: worked out from the monotonic clock and what the same run of the host knew before or after.

A unit without a clock dates facts by whatever its system says, which may be 1970. As soon as it hears the centre its facts are dated
truly, and the seconds between lie on its monotonic clock. What the journal says stays as it was signed; this is only a reading of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, select

from centre.schema import batches, epochs, facts
from contract.bounds import parse_rfc3339

TRUSTED = frozenset({"synced", "holdover"})
SET_WITHIN_S = 1.0
"""How near a clock that a confirm has set is to the true time."""
DRIFT = 50e-6
"""Seconds a second that a monotonic clock may be off: a plain crystal, outdoors."""
PAGE = 500
PLACED_WITHIN_S = 600.0
"""A time known no better than this does no stop of a round: five months of drift, or a run of which only what lies around it is known."""
MOST = 20_000
"""Facts looked at on either side. A unit that wrote more of them without a clock has none that could be worked out cheaply."""
_SLACK_S = 3600.0
"""Writers of the books beside each other may number a little out of turn."""
STARTED = "agent.started"


@dataclass(frozen=True, slots=True)
class Dated:
    """What of a fact line says when it was. `host` names the host's boot, where the line is a start that says so."""

    seq: int
    at_utc: float
    clock: str
    boot: int
    mono: float
    host: str | None = None
    starts: bool = False

    @property
    def trusted(self) -> bool:
        return self.clock in TRUSTED


@dataclass(frozen=True, slots=True)
class TrueTime:
    """`utc`: when it was, at most `within_s` off; None: nobody can say how far off. `worked_out`: it is not what the fact itself says.

    `after_utc`, `before_utc`: what is known to lie on either side of one that only lies between; None: nothing.
    """

    utc: float
    within_s: float | None
    worked_out: bool
    after_utc: float | None = None
    before_utc: float | None = None

    @property
    def placed(self) -> bool:
        """It is known well enough to say on which side of an hour it was."""
        return self.within_s is not None and self.within_s <= PLACED_WITHIN_S


def dated(line: bytes) -> Dated:
    """Of a line as the books have it, which was checked when it came."""
    read = json.loads(line)
    starts = read["kind"] == STARTED
    host = read.get("host") if starts else None
    at = parse_rfc3339(read["at"])
    return Dated(read["seq"], at, read["clock"], read["boot"], read["mono"], host, starts)


def true_times(
    before: Dated | None, run: Sequence[Dated], after: Dated | None, *, host_before: str | None = None
) -> list[TrueTime]:
    """Of facts without a clock that follow each other, with the trusted ones next to them on either side. `host_before`: of the start that `before` belongs to."""
    ends = [before] if before is not None else []
    clocks = _clocks([*ends, *run, *([] if after is None else [after])], host_before)
    earlier = None if before is None else clocks[0]
    later = None if after is None else clocks[-1]
    times = []
    for each, clock in zip(run, clocks[len(ends) :], strict=False):
        left = before if clock == earlier else None
        right = after if clock == later else None
        times.append(_between(each, before, after) if left is right is None else _measured(each, left, right))
    return times


def _clocks(lines: Sequence[Dated], host: str | None) -> list[int]:
    """For each line, on which run of a monotonic clock it lies. A start begins a new one, unless it says that the host has not been started anew."""
    found: list[int] = []
    clock = 0
    for last, each in zip([*lines[:1], *lines], lines, strict=False):
        same_host = each.starts and each.host is not None and each.host == host
        if each.boot != last.boot and not same_host:
            clock += 1
        if each.boot != last.boot or each.starts:
            host = each.host
        found.append(clock)
    return found


def _measured(fact: Dated, left: Dated | None, right: Dated | None) -> TrueTime:
    """By the monotonic clock, from one whose time is known; between two the drift is shared out."""
    offsets = [(each.mono, each.at_utc - each.mono) for each in (left, right) if each is not None]
    away = min(abs(fact.mono - mono) for mono, _ in offsets)
    if len(offsets) == 2 and offsets[1][0] > offsets[0][0]:
        (m0, o0), (m1, o1) = offsets
        offset = o0 + (o1 - o0) * (fact.mono - m0) / (m1 - m0)
    else:
        offset = offsets[-1][1]
    return TrueTime(fact.mono + offset, SET_WITHIN_S + DRIFT * away, worked_out=True)


def _between(fact: Dated, before: Dated | None, after: Dated | None) -> TrueTime:
    """No clock of its run was ever set: it lies between what went before and what came after, and where its own date does too, that is the best guess."""
    if before is None and after is None:
        return TrueTime(fact.at_utc, None, worked_out=False)
    utc = fact.at_utc
    if before is not None:
        utc = max(utc, before.at_utc)
    if after is not None:
        utc = min(utc, after.at_utc)
    bounds = None if before is None else before.at_utc, None if after is None else after.at_utc
    if before is None or after is None:
        return TrueTime(utc, None, utc != fact.at_utc, *bounds)
    return TrueTime(utc, max(utc - before.at_utc, after.at_utc - utc, 0.0), utc != fact.at_utc, *bounds)


class Times:
    """The true times of facts in the books, as long as one telling of them takes: each stretch without a clock is worked out once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[int, TrueTime]] = {}

    def of(self, conn: Connection, unit: str, epoch: str, line: bytes) -> TrueTime:
        fact = dated(line)
        if fact.trusted:
            return TrueTime(fact.at_utc, SET_WITHIN_S, worked_out=False)
        known = self._found.setdefault((unit, epoch), {})
        if fact.seq not in known:
            known |= _stretch(conn, unit, epoch, fact)
        return known[fact.seq]


def taken_utc(conn: Connection, epoch_id: int, seq: int) -> float | None:
    """When the books took a fact, by the centre's clock: it is no younger than that."""
    mine = (batches.c.epoch_id == epoch_id) & (batches.c.first <= seq) & (batches.c.last >= seq)
    found: float | None = conn.execute(select(batches.c.taken_utc).where(mine).order_by(batches.c.id).limit(1)).scalar()
    return found


def taken_since(conn: Connection, utc: float) -> int:
    """A number (facts.n) above which all facts lie that the books took from then on, found in a few steps; there may be some from a little before, too."""
    c = batches.c
    low, high = 0, conn.execute(select(func.max(c.id))).scalar() or 0
    while low < high:
        middle = (low + high + 1) // 2
        probe = select(c.id, c.taken_utc).where(c.id <= middle).order_by(c.id.desc()).limit(1)
        row = conn.execute(probe).first()
        if row is None or row.taken_utc < utc - _SLACK_S:
            low = middle
        else:
            high = row.id - 1
    joined = batches.join(facts, (facts.c.epoch_id == c.epoch_id) & facts.c.seq.between(c.first, c.last))
    last = select(c.id).where(c.id <= low).order_by(c.id.desc()).limit(1).scalar_subquery()
    return conn.execute(select(func.min(facts.c.n)).select_from(joined).where(c.id == last)).scalar() or 0


def _stretch(conn: Connection, unit: str, epoch: str, fact: Dated) -> dict[int, TrueTime]:
    """Of all facts without a clock around this one, by their numbers."""
    earlier, before = _until_trusted(_from(conn, unit, epoch, fact.seq, back=True))
    later, after = _until_trusted(_from(conn, unit, epoch, fact.seq, back=False))
    run = [*reversed(earlier), fact, *later]
    host = None if before is None else _host_of(conn, unit, epoch, before)
    times = true_times(before, run, after, host_before=host)
    return {each.seq: time for each, time in zip(run, times, strict=True)}


def _until_trusted(lines: Iterator[Dated]) -> tuple[list[Dated], Dated | None]:
    """Those without a clock, and the trusted one that ends them."""
    passed: list[Dated] = []
    for each in lines:
        if each.trusted:
            return passed, each
        passed.append(each)
        if len(passed) >= MOST:
            break
    return passed, None


def _from(conn: Connection, unit: str, epoch: str, seq: int, *, back: bool) -> Iterator[Dated]:
    while True:
        beyond, order = (facts.c.seq < seq, facts.c.seq.desc()) if back else (facts.c.seq > seq, facts.c.seq)
        lines = conn.execute(_lines(unit, epoch).where(beyond).order_by(order).limit(PAGE)).scalars().all()
        for line in lines:
            found = dated(line)
            yield found
            seq = found.seq
        if len(lines) < PAGE:
            return


def _host_of(conn: Connection, unit: str, epoch: str, fact: Dated) -> str | None:
    starts = _lines(unit, epoch).where(facts.c.kind == STARTED, facts.c.seq <= fact.seq)
    line = conn.execute(starts.order_by(facts.c.seq.desc()).limit(1)).scalar()
    start = None if line is None else dated(line)
    return None if start is None or start.boot != fact.boot else start.host


def _lines(unit: str, epoch: str) -> Select[bytes]:
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id)
    return select(facts.c.line).select_from(joined).where(epochs.c.unit == unit, epochs.c.epoch == epoch)
