"""The story as pictures for the README: the panel as it was, pixel by pixel, and the steps with their times in plain SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from simulator.demo.told import Told

if TYPE_CHECKING:
    from simulator.sheet import Shot

COLUMN, LINE = 9, 22
"""Pixels of a half-width character and of a line."""
LEADING = (
    "between notices: the unit's sign",
    "a resident's card",
    "an expired card",
    "a notice to the yard",
    "a patrol check-in, offline",
    "fire",
)
"""Captions of what stands at the head of the README."""
_FONT = "ui-monospace, 'Noto Sans Mono CJK SC', 'Sarasa Mono SC', 'Source Han Mono', monospace"


def columns(text: str) -> int:
    """Display width: a Chinese character takes two columns."""
    return sum(2 if east_asian_width(message) in "WF" else 1 for message in text)


def draw(folder: Path, told: Sequence[Told], shots: Sequence[Shot], font: Path | None) -> None:
    """`story.svg` into `folder`; where there were pictures to take, all of them as `story.png`, and some as `panel.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "story.svg").write_text(story_svg(told), encoding="utf-8")
    if shots and font is not None:
        from simulator.sheet import sheet  # noqa: PLC0415  # where there are pixels, there is Pillow

        (folder / "story.png").write_bytes(sheet(shots, font))
        (folder / "panel.png").write_bytes(sheet([shot for shot in shots if shot.caption in LEADING], font))


def story_svg(told: Sequence[Told]) -> str:
    """Each step, whether it held, when and what was seen."""
    rows = [(step, _folded(step.words, 96)) for step in told]
    lines = sum(1 + len(words) for _, words in rows)
    width, height = 108 * COLUMN, lines * LINE + 56
    parts = [f'<rect width="{width}" height="{height}" rx="8" fill="#1d2329"/>']
    parts.append(_run("$ doorward demo --story", 16, 30, "#9fb3c2"))
    y = 56
    for step, words in rows:
        mark, colour = ("✓", "#7bd88f") if step.held else ("✗", "#ff6b6b")
        parts.append(_run(f"{step.at_s:6.2f} s", 16, y, "#9fb3c2"))
        parts.append(_run(mark, 16 + 9 * COLUMN, y, colour))
        parts.append(_run(step.title, 16 + 11 * COLUMN, y, "#f2f5f7", bold=True))
        for line in words:
            y += LINE
            parts.append(_run(line, 16 + 11 * COLUMN, y, "#8d99a4"))
        y += LINE
    return _svg(width, height, parts)


def _folded(text: str, most: int) -> list[str]:
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if columns(longer) > most and line:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def _run(text: str, x: int, y: int, colour: str, *, bold: bool = False) -> str:
    """A line on the grid: `textLength` holds the columns, whatever font the reader has."""
    if not text:
        return ""
    weight = ' font-weight="bold"' if bold else ""
    length = f'textLength="{columns(text) * COLUMN}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x}" y="{y}" fill="{colour}"{weight} {length}>{escape(text)}</text>'


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    style = f' font-family="{_FONT}" font-size="16" xml:space="preserve">'
    return "\n".join([head + style, *(part for part in parts if part), "</svg>", ""])
