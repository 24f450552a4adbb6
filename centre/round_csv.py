"""The stops of a patrol round from CSV: a line each, in the order in which they are walked."""

from __future__ import annotations

from dataclasses import dataclass

from centre.sheet import Cells, Columns, Fault, lines
from centre.words import _
from contract.rounds import minute_of
from contract.topics import valid_id

COLUMNS = Columns(
    {
        "unit": ("单元", "编号", "单元编号"),
        "door": ("门",),
        "from": ("开始", "起", "从"),
        "until": ("结束", "止", "到"),
        "name": ("名称", "点位"),
    },
    ("unit", "from", "until"),
    frozenset({"name"}),
)
DOOR = "main"
"""Where a line names none."""
_MAX_NAME = 40


@dataclass(frozen=True, slots=True)
class StopLine:
    """`line`: of the file it is from, `heading`: what that calls the column of units; minutes as in contract.rounds; `name` empty for the register's."""

    line: int
    unit: str
    door: str
    begins: int
    ends: int
    name: str
    heading: str = "unit"


def read_stops(data: bytes, faults: list[Fault]) -> list[StopLine]:
    """The stops of the file; what is wrong is added to `faults`, and then nothing of it is to be used."""
    found = (_stop(cells) for cells in lines(data, COLUMNS, faults))
    return [each for each in found if each is not None]


def _stop(cells: Cells) -> StopLine | None:
    unit = cells.read("unit", _ident, "")
    door = cells.read("door", _ident, DOOR)
    begins, ends = cells.read("from", _minute, 0), cells.read("until", _minute, 1)
    if cells.good and begins in (ends, 1440):
        cells.fault("until", _("a window that is none: it ends when it begins"))
    name = cells.read("name", _name, "")
    return StopLine(cells.line, unit, door, begins, ends, name, cells.heading("unit")) if cells.good else None


def _ident(text: str) -> str:
    if not valid_id(text):
        raise ValueError(_("not an id (a-z, 0-9, - and _, at most 48)") if text else _("missing"))
    return text


def _minute(text: str) -> int:
    """Spreadsheets write 8:00, and 08:00:00."""
    hour, colon, rest = text.partition(":")
    plain = f"{hour:0>2}{colon}{rest.removesuffix(':00') if rest.count(':') else rest}"
    try:
        return minute_of(plain)
    except ValueError:
        raise ValueError(_("{text!r} is no time of day as 08:00").format(text=text)) from None


def _name(text: str) -> str:
    if len(text) > _MAX_NAME:
        raise ValueError(_("more than {max_name} characters").format(max_name=_MAX_NAME))
    return text
