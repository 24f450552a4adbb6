"""Whether drawn texts can be read: contrast by WCAG 2.2 (relative luminance, success criterion 1.4.3), ink in each cell."""

from __future__ import annotations

from simulator.dwin_set.render import Drawn, DrawnText, Rgb


def luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def ratio(one: Rgb, other: Rgb) -> float:
    """From 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def contrast(drawn: Drawn, text: DrawnText) -> float:
    """Of the ink against the worst pixel under the cells of the text; 21 for no text."""
    worst = 21.0
    for cell in text.laid.cells:
        box = cell.x, cell.y, cell.x + cell.across, cell.y + cell.down
        part = drawn.ground.crop(box)
        for _, colour in part.getcolors(part.width * part.height) or []:
            assert isinstance(colour, tuple)
            worst = min(worst, ratio(text.ink, (colour[0], colour[1], colour[2])))
    return worst


def without_ink(drawn: Drawn, text: DrawnText) -> list[str]:
    """Characters whose cell looks the same as before they were drawn."""
    faults = []
    for cell in text.laid.cells:
        box = cell.x, cell.y, cell.x + cell.across, cell.y + cell.down
        if not cell.blank and drawn.image.crop(box).tobytes() == drawn.ground.crop(box).tobytes():
            faults.append(f"text {text.field.vp:04X}: nothing at {cell.x},{cell.y}")
    return faults


def outside(drawn: Drawn) -> int:
    """How many pixels changed that are in no text's box: drawn by a text they would stand in its neighbour. Icons and numbers count too."""
    rest = drawn.image.copy()
    for text in drawn.texts:
        rest.paste(drawn.ground.crop(text.box), text.box[:2])
    pairs = zip(rest.tobytes()[::3], drawn.ground.tobytes()[::3], strict=True)
    return 0 if rest.tobytes() == drawn.ground.tobytes() else sum(one != other for one, other in pairs)
