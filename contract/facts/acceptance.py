"""The acceptance sheet of a unit: what was tried at its doors when it was put in, or looked at again, and how it went."""

from __future__ import annotations

from typing import Annotated

from contract.bounds import At, Id, Items, Length, Range, WireName
from contract.facts.declaration import Fact, Keep, kind
from contract.frozen import frozen

ROWS_PER_PART = 12
"""So many rows of their greatest length stay below the 16 KiB of one journal line."""
MAX_PARTS = 40


@frozen
class SheetRow:
    """One thing that was tried. `passed`: null where a person has yet to look."""

    about: Annotated[str, Length(1, 80, cut=True)]
    passed: bool | None
    text: Annotated[str, Length(0, 200, cut=True)]


@kind("unit.sheet", Keep.MOST)
class UnitSheet(Fact):
    """A part of an acceptance sheet; all parts of one `sheet` are one. `tried`: when, by the unit's own system clock. `attended`: somebody was at the door."""

    sheet: Id
    """Random."""
    part: Annotated[int, Range(1, MAX_PARTS)]
    parts: Annotated[int, Range(1, MAX_PARTS)]
    tried_utc: Annotated[At, WireName("tried")]
    attended: bool
    version: Annotated[str, Length(1, 64)]
    rows: Annotated[tuple[SheetRow, ...], Items(0, ROWS_PER_PART)]
