"""What a TJC panel that is drawn on shows, and the next instructions on the way to a page. Pure.

Only what differs is drawn. A picture of another kind clears all first, alone; the title comes last, alone, once all else is acknowledged:
so no title ever stands over a body that is not its own, whatever is lost on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from drivers.display import hmi
from drivers.display.tjc_drawing import GROUND, SIGN, WHOLE, Sheet, Slot, Stroke, Strokes, overlap

MAX_TOGETHER = 480
"""Bytes said in one go: the panel's buffer takes 1 KB, and may still hold what was said before."""
TOGETHER_S = 0.045
"""Nor longer on the line than this: what is urgent comes next."""
BITS = 10
"""On the line, of each byte."""


@dataclass(slots=True)
class Painted:
    """As far as acknowledgements tell. `scenery`: of the picture that was begun by clearing all; None: nothing is known."""

    scenery: tuple[bytes, ...] | None = None
    strokes: dict[Slot, Stroke] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def forget(self) -> None:
        self.scenery = None
        self.strokes.clear()
        self.sizes.clear()

    def take(self, stroke: Stroke, sheet: Sheet) -> None:
        """It was acknowledged."""
        part, line = stroke.slot
        if stroke.slot == sheet.clear.slot:
            self.forget()
            self.scenery = sheet.scenery
        elif line == WHOLE:
            self._empty(part)
            self.sizes[part] = sheet.sizes[part]
        elif stroke.blank:
            self.strokes.pop(stroke.slot, None)
        else:
            self._covered(stroke)
            self.strokes[stroke.slot] = stroke
            self.sizes[part] = sheet.sizes.get(part, 0)

    def doubt(self, strokes: Sequence[Stroke]) -> None:
        """They may have been taken, or not: what stands in their places is unknown."""
        for stroke in strokes:
            part, line = stroke.slot
            if stroke.slot == (GROUND, 0):
                self.forget()
            elif line == WHOLE:
                for slot in [slot for slot in self.strokes if slot[0] == part]:
                    self.strokes[slot] = _unknown(slot)
            else:
                self.strokes[stroke.slot] = _unknown(stroke.slot)

    def _covered(self, stroke: Stroke) -> None:
        """What belongs over it and stood there is gone."""
        for slot, there in list(self.strokes.items()):
            if _height(slot) > _height(stroke.slot) and overlap(stroke.box, there.box):
                del self.strokes[slot]

    def _empty(self, part: str) -> None:
        for slot in [slot for slot in self.strokes if slot[0] == part]:
            del self.strokes[slot]

    def says(self, stroke: Stroke) -> bool:
        there = self.strokes.get(stroke.slot)
        return there is not None and there.said == stroke.said

    def key_at(self, x: int, y: int) -> str:
        """Of what stands there now."""
        return next((stroke.key for stroke in self.strokes.values() if stroke.key and _inside(stroke, x, y)), "")


def _height(slot: Slot) -> tuple[int, int]:
    """What is higher is painted later; texts and what comes after them lie side by side."""
    part, number = slot
    return (_LAYERS.index(part), number) if part in _LAYERS else (len(_LAYERS), 0)


_LAYERS = (GROUND, SIGN)


def _unknown(slot: Slot) -> Stroke:
    return Stroke(slot, b"", "")


def _inside(stroke: Stroke, x: int, y: int) -> bool:
    """Half the gap between two lines is each one's."""
    left, top, width, height = stroke.box
    gap = height // 8
    return left <= x < left + width and top - gap <= y < top + height + gap


def next_strokes(painted: Painted, sheet: Sheet, baud: int, lacking: Collection[str] = ()) -> Strokes | None:
    """What is said next, or None when all of it is there. `lacking`: what the panel turned out not to have."""
    if "fill" in lacking:
        return None
    if painted.scenery != sheet.scenery:
        return Strokes((sheet.clear,))
    early = [each for each in sheet.under if not painted.says(each)]
    changes = {part: list(_changes(painted, sheet, part)) for part in sheet.texts}
    title = changes.pop("title", [])
    others = [stroke for part in changes.values() for stroke in part]
    if (title or len(changes.get("body", ())) > 1) and others and _stands(painted, "title"):
        return Strokes(sheet.blanks["title"][:1])
    if early or others:
        return Strokes(tuple(_fitting([*early, *others], baud)))
    if title:
        return Strokes(tuple(title))
    edges = [each for each in sheet.edges if not painted.says(each)]
    return Strokes(tuple(_fitting(edges, baud))) if edges else None


def _stands(painted: Painted, part: str) -> bool:
    return any(slot[0] == part for slot in painted.strokes)


def _changes(painted: Painted, sheet: Sheet, part: str) -> Iterator[Stroke]:
    """Of one place. Lines of another size cannot be covered one by one: the place is emptied first."""
    whole, *blanks = sheet.blanks[part]
    wanted = {stroke.slot: stroke for stroke in sheet.texts[part]}
    there = {slot for slot in painted.strokes if slot[0] == part}
    if there and painted.sizes.get(part) != sheet.sizes[part]:
        yield whole
        return
    for blank in blanks:
        stroke = wanted.get(blank.slot)
        if stroke is None:
            if blank.slot in there:
                yield blank
        elif not painted.says(stroke):
            yield stroke


def _fitting(strokes: Sequence[Stroke], baud: int) -> Iterator[Stroke]:
    """As many of the first as go together; at least one."""
    room = min(MAX_TOGETHER, int(baud / BITS * TOGETHER_S))
    for number, stroke in enumerate(strokes):
        room -= len(stroke.said) + len(hmi.END)
        if number and room < 0:
            return
        yield stroke


def drawn(painted: Painted, sheet: Sheet) -> bool:
    """Whether all that was to be read stands there."""
    return (
        sheet.readable
        and painted.scenery == sheet.scenery
        and all(painted.says(stroke) for stroke in sheet.texts.get("body", ()))
    )
