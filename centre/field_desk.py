"""What a grid worker writes on her round: a report of her own, or what she did about one. Each is an act of the centre, and counts once however often it is sent.

Owns the table field_entries.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, func, insert, select

from centre import acts, adopted, cases, photos, units
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.field_entries import FieldEntry, What, report_of, with_key
from centre.opened import OpenCentre
from centre.schema_reports import field_entries
from centre.words import _
from contract.frozen import frozen

MAX_TEXT = 2000
LATE_S = 30 * 86_400.0
"""What was written longer ago than this, by its phone, was written by a clock that is wrong."""
MOST_A_DAY = 500
MOST_PHOTOS_A_DAY = 100
"""Of one account: up to 800 MB of the centre's disk."""
DAY_S = 86_400.0
KEY = re.compile(r"[A-Za-z0-9-]{16,64}")


@frozen
class Written:
    """`key`: the phone made it, once for each entry. `about`: a unit's id for what files a report, else the report's. `at_utc` by the phone's clock."""

    key: str
    what: What
    about: str
    text: str
    code: str = ""
    photo: bytes | None = None
    at_utc: float | None = None


def write(centre: OpenCentre, written: Written, by: str, now: float) -> FieldEntry:
    """What was taken before by this key is that entry. Raises BadValueError, CentreError (wrong use)."""
    _check(written)
    photo = None if not written.photo else photos.name_of(written.photo)
    with centre.books.reading() as conn:  # a photo is on the disk before its entry: what is refused leaves none there
        is_new = _is_new(conn, centre.site.site, written, by, now)
    if is_new and written.photo:
        photos.keep(centre.folder, written.photo)
    with centre.books.changing() as conn:
        known = with_key(conn, written.key)
        if known is not None:
            return _same(known, written, by, photo)
        _check_many(conn, written, by, now)
        report, unit = _about(conn, centre.site.site, written, by)
        at_utc = now if written.at_utc is None else min(max(written.at_utc, now - LATE_S), now)
        row: dict[str, Any] = {"key": written.key, "report": report, "what": written.what.value, "unit": unit, "by": by}
        row |= {"code": written.code, "text": written.text.strip(), "photo": photo}
        row |= {"at_utc": round(at_utc, 3), "taken_utc": round(now, 3)}
        conn.execute(insert(field_entries).values(**row))
        acts.note(conn, "field", adopted.field_data(row), now)
        entry = with_key(conn, written.key)
        assert entry is not None
        return entry


def _is_new(conn: Connection, site: str, written: Written, by: str, now: float) -> bool:
    """Raises CentreError where it would be refused."""
    if with_key(conn, written.key) is not None:
        return False
    _check_many(conn, written, by, now)
    _about(conn, site, written, by)
    return True


def _about(conn: Connection, site: str, written: Written, by: str) -> tuple[str, str]:
    """The report and the unit that it is about. Raises CentreError (wrong use)."""
    if written.what is not What.FILED:
        case = cases.one(conn, site, written.about)
        return case.id, case.filed.unit
    unit = units.one(conn, site, written.about)
    if unit.revoked:
        raise BadValueError("unit", _("{unit}: no such unit").format(unit=written.about))
    return report_of(by, written.key), unit.unit


def _same(known: FieldEntry, written: Written, by: str, photo: str | None) -> FieldEntry:
    """A key is one entry's: another one under it was made by a fault, or by somebody who guesses."""
    about = known.unit if known.what is What.FILED else known.report
    mine = (known.by, known.what, about, known.code, known.text, known.photo)
    if mine != (by, written.what, written.about, written.code, written.text.strip(), photo):
        raise CentreError(_("another entry was taken under this key: write it anew"), WRONG_USE)
    return known


def _check(written: Written) -> None:
    if not KEY.fullmatch(written.key):
        raise BadValueError("key", _("16 to 64 letters, digits and -"))
    if not written.text.strip() or len(written.text) > MAX_TEXT or "\0" in written.text:
        raise BadValueError("text", _("1 to {most} characters").format(most=MAX_TEXT))


def _check_many(conn: Connection, written: Written, by: str, now: float) -> None:
    mine = (field_entries.c.by == by) & (field_entries.c.taken_utc > now - DAY_S)
    count, with_photo = conn.execute(select(func.count(), func.count(field_entries.c.photo)).where(mine)).one()
    if count >= MOST_A_DAY:
        raise CentreError(_("more than {most} entries in a day: go on tomorrow").format(most=MOST_A_DAY), WRONG_USE)
    if written.photo and with_photo >= MOST_PHOTOS_A_DAY:
        raise BadValueError(
            "photo", _("more than {most} photos in a day: write it without").format(most=MOST_PHOTOS_A_DAY)
        )
