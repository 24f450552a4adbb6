"""Draws the steps of docs/panel-tjc.md: `python docs/img/tjc_steps.py` writes tjc-*.svg beside itself. Schemes, not copies of a screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FONT = "ui-sans-serif, 'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK SC', sans-serif"
INK, SOFT, MARK, PAPER = "#1d2a33", "#5b6670", "#b3261e", "#ffffff"
WIDTH, ROW, LEFT, COLUMN = 560, 34, 24, 230


@dataclass(frozen=True)
class Line:
    """A label and what stands in its field; what is to be chosen is `marked`. Without a label it is text alone."""

    label: str
    value: str
    marked: bool = True


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    lines: tuple[Line, ...]
    button: str = ""


STEPS = (
    Step(
        "tjc-1-project",
        "1  New project",
        (
            Line("Series and model", "as printed on its back"),
            Line("Display direction", "0, 90, 180 or 270: as it hangs"),
            Line("Character encoding", "gb2312"),
        ),
        "OK",
    ),
    Step(
        "tjc-2-font",
        "2  Font generator, once for each font",
        (
            Line("Height", "24, then 32, 48, 96"),
            Line("Font", "sans-serif, such as Noto Sans SC", marked=False),
            Line("Characters", "all; for the digits ASCII alone"),
            Line("Name", "f24, f32, f48, f96", marked=False),
        ),
        "Generate, then add it",
    ),
    Step(
        "tjc-3-list",
        "3  The list of fonts: the number counts",
        (
            Line("0", "f24   24 × 24   captions"),
            Line("1", "f32   32 × 32   text"),
            Line("2", "f48   48 × 48   titles"),
            Line("3", "f96   48 × 96   clock and digits"),
        ),
    ),
    Step(
        "tjc-4-program",
        "4  Program.s, and a page without anything on it",
        (
            Line("Program.s", "baud=115200"),
            Line("", "page 0"),
            Line("page0: sta", "solid color", marked=False),
            Line("page0: bco", "2244, a dark blue", marked=False),
            Line("page0: components", "none"),
        ),
    ),
    Step(
        "tjc-5-card",
        "5  Compile, and put the .tft on the panel",
        (
            Line("microSD, FAT32", "one file: door.tft"),
            Line("Panel", "power off, card in, power on", marked=False),
            Line("It says", "how far it is, then that it is done", marked=False),
            Line("Panel", "power off, card out, power on"),
        ),
    ),
)


def svg(step: Step) -> str:
    return "\n".join([*_parts(step), "</svg>", ""])


def _parts(step: Step) -> Iterator[str]:
    high = 76 + ROW * len(step.lines) + (ROW + 8 if step.button else 0)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" font-family="{FONT}" font-size="15">'
    yield f"<title>{escape(step.title)}</title>"
    yield f'<rect x="1" y="1" width="{WIDTH - 2}" height="{high - 2}" rx="8" fill="{PAPER}" stroke="{INK}" stroke-width="2"/>'
    yield f'<path d="M1 44H{WIDTH - 1}" stroke="{INK}" stroke-width="2"/>'
    yield f'<text x="{LEFT}" y="29" fill="{INK}" font-weight="bold">{escape(step.title)}</text>'
    for number, line in enumerate(step.lines):
        y = 60 + ROW * number
        colour = MARK if line.marked else SOFT
        yield f'<text x="{LEFT}" y="{y + 18}" fill="{SOFT}">{escape(line.label)}</text>'
        yield (
            f'<rect x="{COLUMN}" y="{y}" width="{WIDTH - COLUMN - LEFT}" height="26" rx="4" fill="none" '
            f'stroke="{colour}" stroke-width="{2 if line.marked else 1}"/>'
        )
        yield f'<text x="{COLUMN + 10}" y="{y + 18}" fill="{INK}">{escape(line.value)}</text>'
    if step.button:
        y = 64 + ROW * len(step.lines)
        yield f'<rect x="{COLUMN}" y="{y}" width="{WIDTH - COLUMN - LEFT}" height="30" rx="15" fill="{INK}"/>'
        middle = (COLUMN + WIDTH - LEFT) // 2
        yield f'<text x="{middle}" y="{y + 20}" fill="{PAPER}" text-anchor="middle">{escape(step.button)}</text>'


if __name__ == "__main__":
    for each in STEPS:
        (Path(__file__).parent / f"{each.name}.svg").write_text(svg(each), encoding="utf-8")
