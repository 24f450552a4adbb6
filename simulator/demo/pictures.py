"""The story as pictures for the README: the panel's screens, and the steps with their times. Plain SVG, no font from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from simulator.demo.told import Told
from simulator.panel import Screen

COLUMN, LINE = 9, 22
"""Pixels of a half-width character and of a line."""
_PANEL_COLUMNS, _PANEL_LINES = 20, 10
_FONT = "ui-monospace, 'Noto Sans Mono CJK SC', 'Sarasa Mono SC', 'Source Han Mono', monospace"
_INK = {"idle": "#dfe7ee", "notice": "#f3e7ff", "answer": "#c9f2d4", "refused": "#ffe3b3", "alarm": "#ffffff"}
_BOARD = {"idle": "#12344d", "notice": "#43285c", "answer": "#14432a", "refused": "#6b3d00", "alarm": "#a11616"}


def columns(text: str) -> int:
    """Display width: a Chinese character takes two columns."""
    return sum(2 if east_asian_width(message) in "WF" else 1 for message in text)


@dataclass(frozen=True, slots=True)
class _Box:
    x: int
    y: int
    width: int
    height: int


def draw(folder: Path, told: Sequence[Told], shots: Sequence[tuple[str, Screen]]) -> None:
    """`panel.svg` and `story.svg` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "panel.svg").write_text(panel_svg(shots), encoding="utf-8")
    (folder / "story.svg").write_text(story_svg(told), encoding="utf-8")


def panel_svg(shots: Sequence[tuple[str, Screen]]) -> str:
    """The screens beside one another, three a row, each as a resident saw it."""
    gap, caption = 24, 26
    width, height = _PANEL_COLUMNS * COLUMN + 36, _PANEL_LINES * LINE + 32
    rows = (len(shots) + 2) // 3
    parts = []
    for number, (words, screen) in enumerate(shots):
        x = gap + (number % 3) * (width + gap)
        y = gap + (number // 3) * (height + caption + gap)
        parts += _screen(screen, _Box(x, y, width, height))
        parts.append(_text(words, x, y + height + 19, "#5b6670", 13))
    return _svg(3 * (width + gap) + gap, rows * (height + caption + gap) + gap, parts)


def _screen(screen: Screen, box: _Box) -> list[str]:
    ink, board = _INK.get(screen.page, "#ffffff"), _BOARD.get(screen.page, "#222222")
    parts = [
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="10" fill="#20262b"/>',
        f'<rect x="{box.x + 8}" y="{box.y + 8}" width="{box.width - 16}" height="{box.height - 16}" rx="4" fill="{board}"/>',
    ]
    left, top = box.x + 18, box.y + 32
    parts.append(_run(screen.title, left, top, ink, bold=True))
    for row, line in enumerate(screen.body):
        parts.append(_run(line, left, top + (row + 1) * LINE + 6, ink))
    parts.append(_run(screen.footer, left, box.y + box.height - 17, ink))
    return parts


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


def _text(text: str, x: int, y: int, colour: str, size: int) -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" font-size="{size}">{escape(text)}</text>'


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    style = f' font-family="{_FONT}" font-size="16" xml:space="preserve">'
    return "\n".join([head + style, *(part for part in parts if part), "</svg>", ""])
