"""What the centre's people wrote and photographed about reports, found where it tells of somebody who is to be erased, and taken out.

The journal has only salted marks of such texts, so what goes from the books is gone. Facts, which say a report's room, are the units' own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from centre import acts, photos, said
from centre.errors import WRONG_USE, CentreError
from centre.schema_reports import case_steps, field_entries
from centre.words import _

LEAST = 2
"""Characters of what is looked for: a single one is in every text."""


@dataclass(frozen=True, slots=True)
class WrittenAbout:
    """A report with all that was written about it, oldest first, and how many photos there are. `unit` empty where its fact is gone."""

    report: str
    unit: str
    texts: tuple[str, ...]
    photos: int


def of_holder(conn: Connection, holder: str) -> list[WrittenAbout]:
    """Reports that they filed at a door as residents, of which anything was written. What somebody filed on patrol is about others."""
    mine = {each.fact.report for each in said.reports(conn) if each.fact.by == holder and each.fact.room is not None}
    return [each for each in _all(conn) if each.report in mine]


def naming(conn: Connection, words: Iterable[str]) -> list[WrittenAbout]:
    """Reports of which a text has one of these: a name, a room. Capital letters count as small ones."""
    wanted = [each.casefold() for each in words if len(each) >= LEAST]
    return [each for each in _all(conn) if any(word in text.casefold() for word in wanted for text in each.texts)]


def _all(conn: Connection) -> list[WrittenAbout]:
    """All that have a text or a photo."""
    units = {each.fact.report: each.unit for each in said.reports(conn)}
    texts: dict[str, list[str]] = {}
    shots: dict[str, int] = {}
    for row in conn.execute(select(field_entries).order_by(field_entries.c.at_utc, field_entries.c.key)):
        units.setdefault(row.report, row.unit)
        texts.setdefault(row.report, []).append(row.text)
        shots[row.report] = shots.get(row.report, 0) + (row.photo is not None)
    for row in conn.execute(select(case_steps).order_by(case_steps.c.id)):
        texts.setdefault(row.report, []).append(row.text)
    found = (
        WrittenAbout(report, units.get(report, ""), tuple(filter(None, mine)), shots.get(report, 0))
        for report, mine in texts.items()
    )
    return [each for each in found if each.texts or each.photos]


def take_out(conn: Connection, reports: Collection[str], by: str, now: float) -> tuple[int, int]:
    """Every text and photo of these; an act of the centre. Returns how many of each. Raises CentreError (wrong use) where one is none."""
    f, c = field_entries.c, case_steps.c
    entries = conn.execute(select(f.key, f.report, f.text, f.photo).where(f.report.in_(reports))).all()
    steps = conn.execute(select(c.id, c.report, c.text).where(c.report.in_(reports))).all()
    known = {row.report for row in (*entries, *steps)} | {each.fact.report for each in said.reports(conn)}
    for report in sorted(set(reports) - known):
        raise CentreError(_("{name}: no such report").format(name=report), WRONG_USE)
    keys = sorted(row.key for row in entries if row.text or row.photo)
    numbers = sorted(row.id for row in steps if row.text)
    if not keys and not numbers:
        return 0, 0
    conn.execute(update(field_entries).where(f.key.in_(keys)).values(text="", salt="", photo=None))
    conn.execute(update(case_steps).where(c.id.in_(numbers)).values(text="", salt=""))
    gone = photos.forget_unnamed(conn)
    acts.note(conn, "forgotten", {"entries": keys, "steps": numbers, "by": by}, now)
    return sum(bool(row.text) for row in entries) + len(numbers), gone
