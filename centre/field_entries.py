"""What grid workers wrote on their rounds, as the books have it. Only reads; field_desk.py writes.

An entry files a report of its own, or says what was done about one: that somebody was visited, called, or anything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from centre.said import Filed
from centre.schema_reports import field_entries
from centre.words import N_
from contract.facts import ReportFiled
from contract.frozen import frozen


class What(StrEnum):
    FILED = "filed"
    VISITED = "visited"
    CALLED = "called"
    NOTED = "noted"


WORDS: Mapping[What, str] = {
    What.FILED: N_("filed on a round"),
    What.VISITED: N_("visited"),
    What.CALLED: N_("called"),
    What.NOTED: N_("noted"),
}


@frozen
class FieldEntry:
    """`key`: made where it was written. `at_utc`: when that was; `taken_utc`: when the centre had it. `photo`: as centre/photos.py names it."""

    key: str
    report: str
    what: What
    unit: str
    code: str
    by: str
    text: str
    photo: str | None
    at_utc: float
    taken_utc: float


def report_of(by: str, key: str) -> str:
    """The id of the report that an entry files: no other entry's, and none that a unit makes up can be this by chance."""
    return "f-" + hashlib.sha256(f"{by}\n{key}".encode()).hexdigest()[:24]


def with_key(conn: Connection, key: str) -> FieldEntry | None:
    row = conn.execute(select(field_entries).where(field_entries.c.key == key)).first()
    return None if row is None else _of_row(row)


def by_report(conn: Connection) -> dict[str, tuple[FieldEntry, ...]]:
    """In the order in which they were written."""
    found: dict[str, tuple[FieldEntry, ...]] = {}
    order = (field_entries.c.at_utc, field_entries.c.taken_utc, field_entries.c.key)
    for row in conn.execute(select(field_entries).order_by(*order)):
        found[row.report] = (*found.get(row.report, ()), _of_row(row))
    return found


def filed_by(entries: Mapping[str, tuple[FieldEntry, ...]]) -> dict[str, Filed]:
    """Reports that entries filed, by id, as if a door had told of them."""
    return {
        each.report: Filed(each.unit, ReportFiled(each.report, each.code, each.by, None, ""), each.at_utc, timed=True)
        for mine in entries.values()
        for each in mine
        if each.what is What.FILED
    }


def _of_row(row: Any) -> FieldEntry:
    values = row._asdict()
    del values["salt"]
    return FieldEntry(**{**values, "what": What(row.what)})
