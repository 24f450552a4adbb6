"""Of putting the box into service."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class SheetTold:
    """The acceptance sheet of this id is in the journal: its file is not to be read again."""

    sheet: str
