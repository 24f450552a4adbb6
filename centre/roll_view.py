"""How a roll stands, read from the books: who was handed the version, what each unit showed and told since, who is still to have it. Only reads."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import Connection, and_, select

from centre import units
from centre.roll_course import Failure, Followed, Heard, Member, SaidOf, heard_of, judged, newer
from centre.rolls import Roll
from centre.schema import epochs, facts
from centre.schema import units as units_table
from centre.schema_software import TOLD, roll_units
from centre.units import parse_scope
from contract.chain import FactLine, parse_line
from contract.codec import FieldError
from contract.facts import Fact, SoftwareFetched, SoftwareRefused, SoftwareReturned
from contract.plain import Status, parse_status

_UNSEEN = Heard(online=False, since_utc=0.0, version=None, well=False)


class Statuses:
    """Statuses as they were read last: of 2,000 units few change between two looks, and each is a kilobyte."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Status | None]] = {}

    def heard(self, conn: Connection, names: Collection[str]) -> dict[str, Heard]:
        """Of these units."""
        columns = (units_table.c.unit, units_table.c.online, units_table.c.heard_utc, units_table.c.status)
        rows = conn.execute(select(*columns).where(units_table.c.revoked_utc.is_(None)))
        return {
            row.unit: heard_of(row.online, row.heard_utc, self._of(row.unit, row.status))
            for row in rows
            if row.unit in names
        }

    def _of(self, unit: str, text: str | None) -> Status | None:
        known = self._known.get(unit)
        if text is None or known is None or known[0] != text:
            found = parse_status(text.encode()) if text is not None else None
            known = self._known[unit] = (text or "", found if isinstance(found, Status) else None)
        return known[1]


@dataclass(frozen=True, slots=True)
class RollView:
    """`reached`: units of the scope, enrolled and not revoked. `standings`: of those, who was handed the version, as each stands now; `changed`: those of whom the table says otherwise."""

    roll: Roll
    reached: tuple[str, ...]
    heard: Mapping[str, Heard]
    standings: tuple[Followed, ...]
    changed: tuple[Member, ...]

    def wave(self, number: int) -> list[Followed]:
        return [each for each in self.standings if each.member.wave == number]

    @property
    def waiting(self) -> list[str]:
        """Not handed it yet."""
        handed = {each.member.unit for each in self.standings}
        return [name for name in self.reached if name not in handed]

    def newer(self, name: str) -> bool:
        """Whether it runs a newer version already."""
        runs = self.heard.get(name, _UNSEEN).version
        return runs is not None and newer(runs, self.roll.version)

    def candidates(self) -> list[str]:
        """Who may be handed it now, in an order that spreads them over the buildings and is the same each time.

        Before the last wave a unit proves something only if it is well and does not run the version already.
        """
        last = self.roll.steps.is_last(self.roll.wave)
        found = []
        for name in self.waiting:
            heard = self.heard.get(name, _UNSEEN)
            if not heard.online or heard.version is None or self.newer(name):
                continue
            if last or (heard.well and heard.version != self.roll.version):
                found.append(name)
        return sorted(found, key=lambda name: _place(self.roll.id, name))


@lru_cache(maxsize=8192)
def _place(roll: int, name: str) -> bytes:
    return hashlib.sha256(f"{roll} {name}".encode()).digest()


def view(conn: Connection, site: str, roll: Roll, statuses: Statuses, now: float, since_utc: float) -> RollView:
    """`since_utc`: as roll_course.judged has it."""
    enrolled = units.enrolled(conn)
    there = units.reach(conn, site, parse_scope(roll.scope, site)).units
    reached = tuple(name for name in there if name in enrolled)
    heard = statuses.heard(conn, frozenset(reached))
    said = _said(conn, roll)
    standings, changed = [], []
    for member in _members(conn, roll.id):
        if member.unit not in heard:  # revoked, or moved elsewhere
            continue
        as_was = Followed(member, heard[member.unit], said.get(member.unit, SaidOf()))
        found = judged(as_was, roll.version, now, since_utc)
        if found != member:
            changed.append(found)
        standings.append(replace(as_was, member=found))
    return RollView(roll, reached, heard, tuple(standings), tuple(changed))


def _members(conn: Connection, roll: int) -> Iterator[Member]:
    for row in conn.execute(
        select(roll_units).where(roll_units.c.roll == roll).order_by(roll_units.c.wave, roll_units.c.unit)
    ):
        failed = None if row.failed is None else Failure(row.failed)
        yield Member(row.unit, row.wave, row.handed_utc, row.ready_utc, row.unwell_utc, failed, row.excused)


def _said(conn: Connection, roll: Roll) -> dict[str, SaidOf]:
    """Of the version. What was refused or given up before the roll began, or went on, counts no more."""
    found: dict[str, SaidOf] = defaultdict(SaidOf)
    for unit, n, fact in _facts(conn, roll.begin_n):
        match fact:
            case SoftwareFetched(version) if version == roll.version:
                found[unit] = replace(found[unit], fetched=True)
            case SoftwareRefused(version, reason) if version == roll.version and n > roll.after_n:
                found[unit] = replace(found[unit], refused=reason)
            case SoftwareReturned(version, _, reason) if version == roll.version and n > roll.after_n:
                found[unit] = replace(found[unit], returned=reason)
    return found


def _facts(conn: Connection, after: int) -> Iterable[tuple[str, int, Fact]]:
    """In order of arrival, behind that one. Data that is not of the contract's form is kept in the books and means nothing here."""
    joined = select(epochs.c.unit, facts.c.n, facts.c.line).join(epochs, facts.c.epoch_id == epochs.c.id)
    for row in conn.execute(
        joined.where(and_(TOLD, facts.c.n > after, facts.c.again.is_(False))).order_by(facts.c.n)
    ).all():
        line = parse_line(row.line)
        with suppress(FieldError):
            if isinstance(line, FactLine) and (fact := line.fact) is not None:
                yield row.unit, row.n, fact
