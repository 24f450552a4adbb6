"""Facts kept no longer than they have to be: the oldest whole batches of an epoch go, and a cutoff stays in their place.

The chain goes on from the cutoff, and the last batch that went stays by its header: the unit's own signature over the hash there. An act
of the centre says so, and holds the last fact that went: by it whoever proves the books sees how old they were. Owns the table pruned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from centre import acts, adopted, photos, projections, said
from centre.errors import WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.projections import Receipt
from centre.schema import (
    acknowledgements,
    alarms,
    batches,
    commands,
    courses,
    epochs,
    facts,
    forks,
    gaps,
    pruned,
    receipts,
    repeats,
)
from centre.schema_record import signed_gaps
from centre.schema_reports import case_steps, field_entries
from centre.words import _
from contract.chain import FactLine, parse_line

LEAST_MONTHS = 6
MONTH_S = 31 * 86_400.0
LINK = "pruned"
"""Of an epoch that begins at a cutoff."""
SLICE = 20_000
MOST_BATCHES = 2000
"""Facts and batches taken out in one transaction, about: `serve` waits for less than a second."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many facts went, of how many epochs."""

    facts: int
    epochs: int


def retain(centre: OpenCentre, months: int, now: float) -> Pruned:
    """Facts that came over `months` ago go, as far as whole batches do, and what was made of them. Raises CentreError under six months."""
    if months < LEAST_MONTHS:
        raise CentreError(_("--months: at least {least_months}").format(least_months=LEAST_MONTHS), WRONG_USE)
    before_utc = now - months * MONTH_S
    with centre.books.reading() as conn:
        numbers = list(conn.execute(select(epochs.c.id).order_by(epochs.c.id)).scalars())
    gone = []
    for number in numbers:
        slices = list(_slices(centre, number, before_utc, now))
        gone += [sum(slices)] if slices else []
    with centre.books.alone() as conn:
        _forget(conn, before_utc, now)
        _forget_entries(conn, before_utc)
        photos.forget_unnamed(conn)
    return Pruned(sum(gone), len(gone))


def _slices(centre: OpenCentre, number: int, before_utc: float, now: float) -> Iterator[int]:
    while True:
        with centre.books.alone() as conn:
            step = _prune(conn, number, before_utc, now)
        if step is None:
            return
        yield step


def _prune(conn: Connection, number: int, before_utc: float, now: float) -> int | None:
    """One slice of an epoch. Returns how many facts went; None where nothing is left to go."""
    epoch = conn.execute(select(epochs).where(epochs.c.id == number)).one()
    last = _boundary(conn, epoch, before_utc)
    if last is None:
        return None
    mine = facts.c.epoch_id == number
    _keep_meaning(conn, epoch, last, before_utc, now)
    fact = conn.execute(select(facts.c.h, facts.c.line).where(mine, facts.c.seq == last)).one()
    gone = {"unit": epoch.unit, "epoch": epoch.epoch, "seq": last, "h": fact.h.hex(), "until": before_utc}
    gone |= {"before": _hash_before(conn, epoch, last).hex(), "line": fact.line.decode()}
    acts.note(conn, "given_up", gone | {"alarms": _forget_alarms(conn, epoch, last)}, now)
    _cut(conn, epoch, last, fact.h, now)
    count = conn.execute(delete(facts).where(mine, facts.c.seq <= last)).rowcount
    conn.execute(delete(gaps).where(gaps.c.epoch_id == number, gaps.c.last <= last))
    conn.execute(delete(batches).where(batches.c.epoch_id == number, batches.c.last < last))
    conn.execute(delete(signed_gaps).where(signed_gaps.c.epoch_id == number, signed_gaps.c.last < last))
    conn.execute(delete(forks).where(forks.c.epoch_id == number, forks.c.last <= last))
    return count


def _boundary(conn: Connection, epoch: Row[Any], before_utc: float) -> int | None:
    """The last number of an old batch that no later one reaches back over, so that every signature that stays has its lines.

    It is that of a fact which says itself that it is as old: the centre's word alone would let young facts be given up.
    """
    mine = and_(batches.c.epoch_id == epoch.id, batches.c.last > epoch.base)
    columns = select(batches.c.id, batches.c.first, batches.c.last, batches.c.taken_utc)
    old: list[Row[Any, Any, Any, Any]] = []
    for row in conn.execute(columns.where(mine).order_by(batches.c.last).limit(MOST_BATCHES)):
        if row.taken_utc >= before_utc or (old and row.last > epoch.base + SLICE):
            break
        old.append(row)
    if not old:
        return None
    after = select(func.min(batches.c.first)).where(mine, batches.c.last > old[-1].last)
    lowest = conn.execute(after).scalar()
    for row in reversed(old):
        if (lowest is None or lowest > row.last) and _says_old(conn, epoch, row.last, before_utc):
            return int(row.last)
        lowest = row.first if lowest is None else min(lowest, row.first)
    return None


def _says_old(conn: Connection, epoch: Row[Any], last: int, before_utc: float) -> bool:
    mine = and_(facts.c.epoch_id == epoch.id, facts.c.seq == last, facts.c.at_utc < before_utc)
    return conn.execute(select(facts.c.n).where(mine)).first() is not None


def _hash_before(conn: Connection, epoch: Row[Any], seq: int) -> bytes:
    if seq - 1 == epoch.base:
        start: bytes = epoch.start
        return start
    fact = select(facts.c.h).where(facts.c.epoch_id == epoch.id, facts.c.seq == seq - 1)
    gap = select(gaps.c.h).where(gaps.c.epoch_id == epoch.id, gaps.c.last == seq - 1)
    h: bytes | None = conn.execute(fact).scalar()
    return conn.execute(gap).scalar_one() if h is None else h


def _cut(conn: Connection, epoch: Row[Any], last: int, h: bytes, now: float) -> None:
    values = {"base": last, "h": h, "pruned_utc": now}
    if epoch.link == LINK:
        conn.execute(update(pruned).where(pruned.c.epoch_id == epoch.id).values(**values))
    else:
        conn.execute(insert(pruned).values(epoch_id=epoch.id, link=epoch.link, start=epoch.start, **values))
    conn.execute(update(epochs).where(epochs.c.id == epoch.id).values(base=last, start=h, link=LINK))


def _forget_alarms(conn: Connection, epoch: Row[Any], last: int) -> list[int]:
    """Alarms of facts that go with them. Returns the numbers of those that stay: the chain brought another line, or none."""
    mine = and_(alarms.c.unit == epoch.unit, alarms.c.epoch == epoch.epoch, alarms.c.line.is_not(None))
    of_them = and_(mine, alarms.c.seq <= last)
    for table in (acknowledgements, repeats):
        matched = select(alarms.c.id).where(of_them, alarms.c.matched.is_(True))
        conn.execute(delete(table).where(table.c.alarm.in_(matched)))
    conn.execute(delete(alarms).where(of_them, alarms.c.matched.is_(True)))
    return sorted(conn.execute(select(alarms.c.seq).where(of_them)).scalars())


def _keep_meaning(conn: Connection, epoch: Row[Any], last: int, before_utc: float, now: float) -> None:
    """Receipts and steps of commands that stay though their facts go: from now on they are the centre's own word."""
    wanted = projections.KINDS - projections.APPLIED
    mine = and_(facts.c.epoch_id == epoch.id, facts.c.seq <= last, facts.c.kind.in_(wanted))
    seen: set[tuple[str, str]] = set()
    for line in conn.execute(select(facts.c.line).where(mine).order_by(facts.c.seq)).scalars().all():
        fact = parse_line(line)
        found = projections.steps(epoch.unit, fact) if isinstance(fact, FactLine) else None
        if found is None:
            continue
        name = (found.notice, str(found.rev)) if isinstance(found, Receipt) else (found.id, str(found.state))
        if name in seen:
            continue
        seen.add(name)
        if isinstance(found, Receipt):
            same = and_(receipts.c.notice == found.notice, receipts.c.unit == epoch.unit, receipts.c.rev == found.rev)
            for row in conn.execute(select(receipts).where(same, ~_old_receipt(before_utc))).all():
                acts.note(conn, "receipt", adopted.receipt_data(row), now)
        else:
            same = and_(courses.c.command == found.id, courses.c.state == str(found.state))
            for row in conn.execute(select(courses).where(same, ~_old_step(before_utc))).all():
                acts.note(conn, "reply", adopted.reply_data(row._asdict()), now)


def _old_receipt(before_utc: float) -> ColumnElement[bool]:
    times = (receipts.c.received_utc, receipts.c.shown_utc, receipts.c.ended_utc)
    return and_(*(or_(each.is_(None), each < before_utc) for each in times))


def _old_step(before_utc: float) -> ColumnElement[bool]:
    return and_(courses.c.heard_utc < before_utc, courses.c.at_utc < before_utc)


def _forget(conn: Connection, before_utc: float, now: float) -> None:
    """What was made of facts that are gone, and orders as old: receipts, courses. Alarms went with their facts."""
    acts.note(conn, "retained", {"until": before_utc}, now)
    conn.execute(delete(courses).where(_old_step(before_utc)))
    conn.execute(delete(commands).where(commands.c.exp_utc < before_utc))
    conn.execute(delete(receipts).where(_old_receipt(before_utc)))
    _forget_cases(conn, before_utc)


def _forget_cases(conn: Connection, before_utc: float) -> None:
    """What was done about reports whose facts are gone."""
    there = {each.fact.report for each in said.reports(conn)}
    done = select(case_steps.c.report).group_by(case_steps.c.report).having(func.max(case_steps.c.at_utc) < before_utc)
    for report in set(conn.execute(done).scalars()) - there:
        conn.execute(delete(case_steps).where(case_steps.c.report == report))


def _forget_entries(conn: Connection, before_utc: float) -> None:
    """What grid workers wrote of reports of which all is as old."""
    kept = {each.fact.report for each in said.reports(conn)} | set(conn.execute(select(case_steps.c.report)).scalars())
    newest = func.max(field_entries.c.taken_utc)
    old = select(field_entries.c.report).group_by(field_entries.c.report).having(newest < before_utc)
    for report in set(conn.execute(old).scalars()) - kept:
        conn.execute(delete(field_entries).where(field_entries.c.report == report))


def fault(conn: Connection, epoch: Row[Any]) -> str | None:
    """Why the row of the cutoff that an epoch begins with does not hold. That the unit signed it is for record.py to say."""
    row = conn.execute(select(pruned).where(pruned.c.epoch_id == epoch.id)).first()
    if row is None or (row.base, row.h) != (epoch.base, epoch.start):
        return _("there is no cutoff of what came before")
    return None
