"""What the centre made of a unit's facts, made again from the facts alone and held against the tables: receipts, courses of commands,
alarms, and which facts count under another number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from centre import adopted, projections
from centre.moved import is_earlier
from centre.names import named
from centre.projections import Receipt
from centre.record import StoredFact
from centre.retention import LINK as CUT
from centre.schema import alarms, courses, early, epochs, facts, moved, receipts
from centre.told import Told, alarm_name
from centre.words import _
from contract.chain import Alarm, EarlyReceipt, FactLine, check_alarm, check_receipt, parse_line
from contract.facts import ALARMS, CentreCheckpoint, names_of
from contract.plain import Reply
from contract.refusal import Refusal

Place = tuple[str, int]
"""Epoch and number."""
WATCHED = (projections.KINDS - projections.APPLIED) | ALARMS | names_of(CentreCheckpoint)
"""Kinds of fact that mean more than that they happened."""
_RECEIPTS = {"notice.received": "received_utc", "notice.shown": "shown_utc", "notice.ended": "ended_utc"}
_COLUMNS = tuple(_RECEIPTS.values())


@dataclass(slots=True)
class UnitFacts:
    """What the walk through a unit's epochs met."""

    unit: str
    early: Mapping[Place, str]
    """Marks of the receipts that came ahead, as the journal tells them."""
    came: set[Place] = field(default_factory=set)
    """Which of them the chain has brought."""
    ahead: dict[tuple[str, int], dict[str, set[float]]] = field(default_factory=dict)
    """By notice and revision, then by column: the times that they say."""
    receipts: dict[tuple[str, int], dict[str, tuple[int, float]]] = field(default_factory=dict)
    earlier: set[tuple[str, int, str, float]] = field(default_factory=set)
    """Notice, revision, column and time of facts without a scope, which programs of before took for receipts too."""
    alarms: dict[Place, tuple[str, bytes]] = field(default_factory=dict)
    carried: list[tuple[int, Place, Place | None, bool]] = field(default_factory=list)
    """Order of arrival, place, place before, `again` as stored."""
    witnessed: list[tuple[Place, float, str]] = field(default_factory=list)
    """Place, time and digest of each checkpoint the unit says it was told of."""


Steps = dict[tuple[str, str, str], tuple[int, dict[str, Any]]]
"""By command, state and unit: the first fact of it, by order of arrival, as a row of courses."""


def look(found: UnitFacts, steps: Steps, epoch: str, row: StoredFact, value: Mapping[str, Any]) -> None:
    """Takes in one fact of WATCHED kinds, or one that was another before, or is said to be."""
    seq, _h, line, _at_utc, _kind, again, n = row
    was = value.get("was")
    if again or was is not None:
        before = (str(was[0]), int(was[1])) if is_earlier(was, epoch) and was is not None else None
        found.carried.append((n, (epoch, seq), before, bool(again)))
    if value["kind"] in ALARMS:
        found.alarms[epoch, seq] = (value["kind"], line)
    if value["kind"] not in WATCHED:
        return
    fact = parse_line(line)
    assert isinstance(fact, FactLine)
    if value["kind"] in names_of(CentreCheckpoint):
        found.witnessed.append(((epoch, seq), fact.at_utc, str(value.get("digest"))))
        return
    step = projections.steps(found.unit, fact)
    if step is None and value["kind"] in _RECEIPTS and "scope" not in value and type(value.get("rev")) is int:
        found.earlier.add((str(value.get("id")), value["rev"], _RECEIPTS[value["kind"]], fact.at_utc))
    if isinstance(step, Receipt) and (epoch, seq) in found.early and found.early[epoch, seq] == adopted.line_mark(line):
        found.came.add((epoch, seq))
        found.ahead.setdefault((step.notice, step.rev), {}).setdefault(step.column, set()).add(step.at_utc)
    if isinstance(step, Receipt):
        times = found.receipts.setdefault((step.notice, step.rev), {})
        if step.column not in times or n < times[step.column][0]:
            times[step.column] = (n, step.at_utc)
    elif isinstance(step, Reply):
        name = (step.id, str(step.state), found.unit)
        if name not in steps or n < steps[name][0]:
            values = {"command": step.id, "state": str(step.state), "unit": found.unit, "reason": step.reason}
            steps[name] = (n, values | {"door": step.door, "at_utc": step.at_utc})


def receipts_of(found: UnitFacts, rows: Sequence[Row[Any]], told: Told) -> Iterator[str]:
    """Each time is one that a fact of the unit says, or that the journal tells where the facts were given up."""
    there = {(row.notice, row.rev): row for row in rows}
    given_up = told.receipts.get(found.unit, {})
    for name in sorted({*there, *found.receipts, *found.ahead, *given_up}):
        row = there.get(name)
        for column in _COLUMNS:
            stored = None if row is None else getattr(row, column)
            if not _holds(found, told, (*name, column), stored):
                yield _("unit {unit}: receipt of {notice} revision {rev}: {column}: not what its facts say").format(
                    unit=found.unit, notice=name[0], rev=name[1], column=column
                )
                break


def _holds(found: UnitFacts, told: Told, name: tuple[str, int, str], stored: float | None) -> bool:
    notice, rev, column = name
    before = told.receipts.get(found.unit, {}).get((notice, rev), {}).get(column)
    times = found.receipts.get((notice, rev), {})
    may_be = {times[column][1]} if column in times else set()
    may_be |= found.ahead.get((notice, rev), {}).get(column, set())
    may_be = may_be if before is None else {before}
    if stored is None:
        return all(each < told.retained_utc for each in may_be)
    return stored in may_be or (*name, stored) in found.earlier or stored < told.due_utc


def receipts_by_unit(conn: Connection) -> Iterator[tuple[str, list[Row[Any]]]]:
    """Those of each unit together, in the order in which the database sorts units."""
    rows = conn.execute(select(receipts).order_by(receipts.c.unit).execution_options(yield_per=1000))
    unit, mine = None, []
    for row in rows:
        if unit is not None and row.unit != unit:
            yield unit, mine
            mine = []
        unit = row.unit
        mine.append(row)
    if unit is not None:
        yield unit, mine


def courses_of(conn: Connection, steps: Steps, told: Told) -> Iterator[str]:
    """Of all commands: each row is what a fact says or what the journal tells as heard."""
    heard = {name: data for mine in told.replies.values() for name, data in mine.items()}
    there = {(row.command, row.state): adopted.reply_data(row._asdict()) for row in conn.execute(select(courses))}
    for name in sorted({*there, *heard, *(each[:2] for each in steps)}):
        row, ordered = there.get(name), told.commands.get(name[0])
        unit = row["unit"] if ordered is None and row is not None else (ordered or {}).get("unit", "")
        fact = steps.get((*name, unit))  # what other units say of the command is nothing
        said = heard.get(name) or (None if fact is None else fact[1])
        shown = f"{name[0]} {named(name[1])}"
        if row is None:
            if said is not None and ordered and said["at_utc"] >= told.retained_utc:
                yield _("course of command {command}: was told, and is not there").format(command=shown)
        elif said is None:
            if row["at_utc"] >= told.due_utc:
                yield _("course of command {command}: nobody told it").format(command=shown)
        elif said != row:
            yield _("course of command {command}: not what was heard, or what its fact says").format(command=shown)


def early_of(conn: Connection, site: str, found: UnitFacts, told: Told, publics: Sequence[bytes]) -> Iterator[str]:
    """Receipts that came ahead: each is signed, told by the journal, and there until the chain has brought its fact."""
    rows = {(row.epoch, row.seq): row for row in conn.execute(select(early).where(early.c.unit == found.unit))}
    for place in sorted({*rows, *told.early.get(found.unit, {})}):
        row, mark = rows.get(place), told.early.get(found.unit, {}).get(place)
        left = told.given_up.get((found.unit, place[0]))
        fault = None
        if row is None:
            gone = place in found.came or (left is not None and place[1] <= left["seq"])
            fault = None if gone else _("was told, and is not there")
        elif mark is None or mark != adopted.line_mark(row.line):
            fault = _("the journal does not tell of it")
        elif place in found.came:
            fault = _("its fact came, and it is there")
        else:
            fault = _ahead(found, site, row, publics)
        if fault:
            yield _("unit {unit}: receipt ahead of its fact, {epoch} {seq}: {fault}").format(
                unit=found.unit, epoch=place[0], seq=place[1], fault=fault
            )


def _ahead(found: UnitFacts, site: str, row: Row[Any], publics: Sequence[bytes]) -> str | None:
    receipt = EarlyReceipt(found.unit, row.epoch, row.seq, row.line, row.sig)
    for public in publics:
        fact = check_receipt(receipt, site, public)
        if isinstance(fact, FactLine):
            step = projections.steps(found.unit, fact)
            if isinstance(step, Receipt):
                found.ahead.setdefault((step.notice, step.rev), {}).setdefault(step.column, set()).add(step.at_utc)
            return None
    return _("its signature does not hold")


def alarms_of(conn: Connection, site: str, found: UnitFacts, told: Told, publics: Iterable[bytes]) -> Iterator[str]:
    keys = list(publics)
    mine, heard = set(), told.alarms.get(found.unit, {})
    for row in conn.execute(select(alarms).where(alarms.c.unit == found.unit)):
        name = alarm_name(row._asdict())
        mine.add(name)
        fault = _alarm(conn, site, found, row, told, keys)
        if fault:
            yield _("unit {unit}: alarm {kind} {epoch} {seq}: {fault}").format(
                unit=found.unit, kind=row.kind, epoch=row.epoch, seq=row.seq, fault=fault
            )
    due = {(kind, *place, "") for place, (kind, _line) in found.alarms.items()}
    due |= {name for name, data in heard.items() if not _went(found.unit, data, told)}
    for kind, epoch, seq, _detail in sorted(due - mine):
        yield _("unit {unit}: alarm {kind} {epoch} {seq}: was told, and is not there").format(
            unit=found.unit, kind=kind, epoch=epoch, seq=seq
        )


def alarms_of_centre(conn: Connection, told: Told) -> Iterator[str]:
    """As `alarms_of`, for those that are of no unit: they are the books' own."""
    rows = [row._asdict() for row in conn.execute(select(alarms).where(alarms.c.unit.is_(None)))]
    mine, heard = {alarm_name(row): adopted.alarm_data(row) for row in rows}, told.alarms.get("", {})
    for name in sorted(mine.keys() | heard.keys()):
        if mine.get(name) != heard.get(name):
            fault = _("the journal does not tell of it") if name in mine else _("was told, and is not there")
            yield _("centre: alarm {kind}: {fault}").format(kind=name[0], fault=fault)


def _went(unit: str, data: Mapping[str, Any], told: Told) -> bool:
    """Whether an alarm was forgotten with its fact, which was given up with age."""
    left = told.given_up.get((unit, data["epoch"]))
    of_a_fact = data["line"] is not None and left is not None and data["seq"] <= left["seq"]
    return of_a_fact and (unit, data["epoch"], data["seq"]) not in told.stay


def _alarm(
    conn: Connection, site: str, found: UnitFacts, row: Row[Any], told: Told, keys: Sequence[bytes]
) -> str | None:
    """What is wrong with a row: it is to be a fact's, one that the unit signed ahead, or one of the books' own that the journal tells."""
    heard = told.alarms.get(found.unit, {}).get(alarm_name(row._asdict()))
    if row.line is None:
        return None if heard == adopted.alarm_data(row._asdict()) else _("the journal does not tell of it")
    epoch = conn.execute(select(epochs).where(epochs.c.unit == found.unit, epochs.c.epoch == row.epoch)).first()
    line = None
    if epoch is not None:
        mine = (facts.c.epoch_id == epoch.id) & (facts.c.seq == row.seq)
        line = conn.execute(select(facts.c.line).where(mine)).scalar()
    if line == row.line:
        return None if row.matched else _("its fact came, and it says that none did")
    first = told.epochs.get((found.unit, row.epoch), {})
    if row.matched and heard is not None and first.get("link") == CUT and row.seq <= first["base"]:
        return None  # its fact was given up before there was this journal
    if row.matched or (line is not None and row.matched is None):
        return _("says that its fact came, and it is another")
    if heard is None or heard["line"] != adopted.line_mark(row.line):
        return _("the journal does not tell of it")
    if heard["sig"] is None:
        return None
    alarm = Alarm(found.unit, row.epoch, row.seq, row.line, bytes.fromhex(heard["sig"]))
    held = any(not isinstance(check_alarm(alarm, site, key), Refusal) for key in keys)
    return None if held else _("its signature does not hold")


def again_of(conn: Connection, found: UnitFacts) -> Iterator[str]:
    """A fact counts once: under the first of its numbers that came. The rest is `again`, and nothing else is."""
    first_as: dict[Place, int] = {}
    for n, _place, before, _again in found.carried:
        if before is not None:
            first_as[before] = min(n, first_as.get(before, n))
    originals, given_up = _originals(conn, found.unit, first_as)
    carried = {place for _n, place, _before, _again in found.carried}
    for n, place, before, again in found.carried:
        under_first = before in originals and originals[before][0] < n if before is not None else False
        under_other = before is not None and first_as[before] < n
        late = place in first_as and first_as[place] < n
        if again is not (under_first or under_other or late) and before not in given_up:
            yield _("unit {unit} epoch {epoch} seq {seq}: whether it counts is not what the chain says").format(
                unit=found.unit, epoch=place[0], seq=place[1]
            )
    for place, (n, again) in originals.items():
        if place not in carried and again is not (first_as[place] < n):
            yield _("unit {unit} epoch {epoch} seq {seq}: whether it counts is not what the chain says").format(
                unit=found.unit, epoch=place[0], seq=place[1]
            )
    due = {place for place, n in first_as.items() if place not in originals or n < originals[place][0]}
    rows = conn.execute(select(moved.c.epoch, moved.c.seq).where(moved.c.unit == found.unit))
    for epoch, seq in sorted(due.symmetric_difference({(epoch, seq) for epoch, seq in rows}) - given_up):
        yield _("unit {unit} epoch {epoch} seq {seq}: what is kept of its moving is not what the chain says").format(
            unit=found.unit, epoch=epoch, seq=seq
        )


def _originals(
    conn: Connection, unit: str, places: Iterable[Place]
) -> tuple[dict[Place, tuple[int, bool]], set[Place]]:
    """Order of arrival and `again` of the facts that are still under these numbers; and which of them were given up with age."""
    known = {row.epoch: row for row in conn.execute(select(epochs).where(epochs.c.unit == unit))}
    found: dict[Place, tuple[int, bool]] = {}
    given_up = set()
    for name, seq in places:
        if name not in known:
            continue
        if seq <= known[name].base:
            given_up.add((name, seq))
        mine = (facts.c.epoch_id == known[name].id) & (facts.c.seq == seq)
        row = conn.execute(select(facts.c.n, facts.c.again).where(mine)).first()
        if row is not None:
            found[name, seq] = (row.n, row.again)
    return found, given_up
