"""The panel's flash: 64 slots of 256 KiB, and a file's leading number is its first slot. What overlaps is overwritten without a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from agent.words import _
from contract.frozen import frozen

SLOT = 256 * 1024
SLOTS = 64
FREE = (range(18, 22), range(23, SLOTS))
"""What a project may use; the others have one use each."""
ASCII, TOUCH, DISPLAY, INITIAL = 0, 13, 14, 22
PICTURES: Final = "pictures"
USUAL_BACKGROUND = 32
"""The library that most panels' settings name for the backgrounds."""


class NoRoomError(ValueError):
    """The files do not fit into the flash."""


@frozen
class Stored:
    """A file in the flash."""

    name: str
    slot: int
    size: int

    @property
    def slots(self) -> range:
        return range(self.slot, self.slot + -(-self.size // SLOT))


def arrange(fonts: Mapping[str, int], pictures: int, background: int | None = None) -> dict[str, int]:
    """The first slot of each font and of the pictures, by their sizes in bytes. Raises NoRoomError.

    Pictures go to `background` where it is given; else where there is room. The largest font is placed first.
    """
    taken: set[int] = set()
    placed: dict[str, int] = {}
    if background is not None:
        placed[PICTURES] = _take(taken, pictures, background)
    for name, size in sorted(fonts.items(), key=lambda each: -each[1]):
        placed[name] = _take(taken, size)
    if background is None:
        placed[PICTURES] = _take(taken, pictures)
    return placed


def _take(taken: set[int], size: int, wanted: int | None = None) -> int:
    for slots in FREE:
        for first in slots if wanted is None else (wanted,):
            needed = range(first, first + -(-size // SLOT))
            if needed.start in slots and needed.stop <= slots.stop and taken.isdisjoint(needed):
                taken.update(needed)
                return first
    where = _("the flash") if wanted is None else _("slot {number}").format(number=wanted)
    raise NoRoomError(_("no room in {where} for {count} slots of 256 KiB").format(where=where, count=-(-size // SLOT)))


def faults(files: Iterable[Stored]) -> list[str]:
    """Files that overlap, or reach beyond the flash."""
    found, owners = [], dict[int, str]()
    for file in files:
        if file.slots.stop > SLOTS:
            found.append(f"{file.name}: reaches beyond the flash of 16 MiB")
        met = {owners[slot] for slot in file.slots if slot in owners}
        found += [f"{file.name}: overlaps {other}" for other in sorted(met)]
        owners.update(dict.fromkeys(file.slots, file.name))
    return found
