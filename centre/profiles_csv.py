"""Weekly profiles from CSV: a line for some days of a profile, and one for each of its holidays. Every fault is named with its line and column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from centre.sheet import BadTableError, Cells, Columns, Fault, lines
from centre.weekdays import DAYS, PARTS, days_of, spans_of
from centre.words import _
from contract.codec import FieldError, read
from contract.hours import Hours
from contract.topics import valid_id

COLUMNS = Columns(
    {"profile": ("名称", "时段", "时段名称"), "days": ("星期", "日期"), "hours": ("时间",)},
    ("profile", "days"),
)
_HOLIDAY = frozenset({"holiday", "节假日"})
MOST_DAYS = 400


class _Profile:
    """One profile as far as it is read."""

    def __init__(self) -> None:
        self.week: list[list[str]] = [[] for _day in range(7)]
        self.holiday: list[str] = []
        self.holidays: set[str] = set()

    def made(self) -> Hours:
        """Raises FieldError where it is more than a message takes."""
        values = {"week": self.week, "holidays": sorted(self.holidays), "holiday": self.holiday}
        return read(Hours, values)


def profiles(data: bytes) -> dict[str, Hours]:
    """By name. `days` is `mon-fri`, `sat sun`, `holiday` (what holds on holidays), or a date or `2026-10-01..2026-10-07`: days that are holidays. Raises BadTableError."""
    faults: list[Fault] = []
    found: dict[str, _Profile] = {}
    for cells in lines(data, COLUMNS, faults):
        name = cells.read("profile", _name, "")
        spans: list[str] = cells.read("hours", spans_of, list[str]())
        _enter(found.setdefault(name, _Profile()), cells, spans)
    made = {}
    for name, profile in found.items():
        try:
            made[name] = profile.made()
        except FieldError as error:
            faults.append(Fault(1, name, str(error)))
    if faults or not made:
        raise BadTableError(faults)
    return made


def rows_of(name: str, hours: Hours) -> Iterator[dict[str, str]]:
    """The lines of which `profiles` makes this one again."""
    for spans in dict.fromkeys(hours.week):
        days = " ".join(DAYS[day] for day, mine in enumerate(hours.week) if mine == spans)
        yield {"profile": name, "days": days, "hours": " ".join(map(str, spans))}
    if hours.holiday:
        yield {"profile": name, "days": "holiday", "hours": " ".join(map(str, hours.holiday))}
    if hours.holidays:
        yield {"profile": name, "days": " ".join(sorted(hours.holidays)), "hours": ""}


def _enter(profile: _Profile, cells: Cells, spans: list[str]) -> None:
    none: set[str] | None = set()
    dates = cells.read("days", _dates, none)
    if dates is not None:
        profile.holidays |= dates
        if spans:
            cells.fault("hours", _("a date is a holiday; its hours stand in the line holiday"))
    elif cells.read("days", _is_holiday, absent=False):
        profile.holiday += spans
    else:
        for day in cells.read("days", days_of, frozenset[int]()):
            profile.week[day] += spans


def _name(text: str) -> str:
    if not valid_id(text):
        raise ValueError(_("no id (a-z, 0-9, - and _, at most 48)"))
    return text


def _is_holiday(text: str) -> bool:
    return text.lower() in _HOLIDAY


def _dates(text: str) -> set[str] | None:
    """None for what begins as no date does."""
    if not text[:4].isdecimal() or len(text) < 8:
        return None
    found: set[str] = set()
    for part in PARTS.split(text.replace("/", "-")):
        first, dots, last = part.partition("..")
        try:
            begin = date.fromisoformat(first)
            end = date.fromisoformat(last) if dots else begin
        except ValueError:
            raise ValueError(_("not a date as 2026-10-01, or 2026-10-01..2026-10-07")) from None
        if not 0 <= (end - begin).days < MOST_DAYS:
            raise ValueError(_("days end before they begin"))
        found |= {(begin + timedelta(days=n)).isoformat() for n in range((end - begin).days + 1)}
    return found
