"""Units from CSV: a line each, with a column for each level of place."""

from __future__ import annotations

from dataclasses import dataclass

from centre.sheet import Cells, Columns, Fault, lines
from centre.words import _
from contract.scopes import LEVELS, Scope
from contract.topics import valid_id

PLACES = LEVELS[1:-1]
"""Between site and unit, which are implied."""
COLUMNS = Columns(
    {
        "unit": ("单元", "编号", "单元编号"),
        "name": ("名称", "位置"),
        "community": ("社区",),
        "grid": ("网格",),
        "yard": ("院落", "小区"),
        "building": ("楼栋", "楼"),
    },
    ("unit",),
    frozenset({"name"}),
)
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class NewUnit:
    """`line`: of the file it is from; `heading`: what that calls the column of units."""

    line: int
    unit: str
    name: str
    scopes: tuple[Scope, ...]
    heading: str = "unit"


def read_units(data: bytes, faults: list[Fault]) -> list[NewUnit]:
    """The units of the file; what is wrong is added to `faults`, and then nothing of it is to be used."""
    found: dict[str, NewUnit] = {}
    for cells in lines(data, COLUMNS, faults):
        made = _unit(cells)
        if made is None:
            continue
        first = found.setdefault(made.unit, made)
        if first is not made:
            cells.fault("unit", _("the same as in line {line}").format(line=first.line))
    return list(found.values())


def _unit(cells: Cells) -> NewUnit | None:
    ident = cells.read("unit", _ident, "")
    name = cells.read("name", _name, "")
    places = {level: cells.read(level, _ident, "") for level in PLACES}
    scopes = tuple(Scope(level, place) for level, place in places.items() if place)
    return NewUnit(cells.line, ident, name, scopes, cells.heading("unit")) if cells.good else None


def _ident(text: str) -> str:
    if not valid_id(text):
        raise ValueError(_("not an id (a-z, 0-9, - and _, at most 48)") if text else _("missing"))
    return text


def _name(text: str) -> str:
    if len(text) > _MAX_NAME:
        raise ValueError(_("more than {max_name} characters").format(max_name=_MAX_NAME))
    return text
