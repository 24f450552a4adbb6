"""Days of the week and hours of a day as people write them in tables and options: one way of reading them for all."""

from __future__ import annotations

import re

from centre.sheet import folded
from centre.words import _
from contract.hours import parse_span

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = (
    DAYS,
    ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
    ("周一", "周二", "周三", "周四", "周五", "周六", "周天"),
    ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期天"),
    ("1", "2", "3", "4", "5", "6", "7"),
)
PARTS = re.compile(r"[;,、\s]+")
"""What stands between two of several."""
_UNTIL = re.compile(r"[-–—~至到]+")
"""And between the first and the last."""
_SHORT = re.compile(r"(?<!\d)(\d):")


def days_of(text: str) -> frozenset[int]:
    """`mon-fri`, `sat sun`, `1-5`, `周一-周五`; Monday is 0. Raises ValueError."""
    found: set[int] = set()
    for part in PARTS.split(folded(text).lower()):
        first, dash, last = _UNTIL.sub("-", part).partition("-")
        begin, end = _day(first), _day(last if dash else first)
        if end < begin:
            raise ValueError(_("days end before they begin"))
        found |= set(range(begin, end + 1))
    return frozenset(found)


def _day(text: str) -> int:
    for names in _NAMES:
        if text in names:
            return names.index(text)
    raise ValueError(_("not days as mon-fri or sat sun"))


def spans_of(text: str) -> list[str]:
    """`08:00-12:00 14:00-18:00`, or as spreadsheets write it `8:00-12:00`, as a message has them. Raises ValueError."""
    try:
        return [str(parse_span(hours(part))) for part in PARTS.split(folded(text))]
    except ValueError:
        raise ValueError(_("not hours as 08:00-18:00; over midnight: 22:00-24:00 00:00-06:00")) from None


def hours(text: str) -> str:
    """A span as a message has it, of one as people write it: `8:00至18:00`. What is none stays none."""
    return _SHORT.sub(r"0\1:", _UNTIL.sub("-", folded(text)))
