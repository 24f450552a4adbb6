"""Draws the steps of docs/install.md, labelled in Chinese and English: `python docs/img/install_steps.py` writes install-*.svg beside itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FONT = "'Noto Sans CJK SC', 'Noto Sans', 'DejaVu Sans', ui-sans-serif, sans-serif"
INK, SOFT, MARK, PAPER, SCREEN, LIGHT = "#1d2a33", "#5b6670", "#b3261e", "#ffffff", "#12324a", "#eef2f5"
WIDTH = 640


@dataclass(frozen=True)
class Thing:
    """A box with its lines of text; `look`: paper, screen, or file."""

    x: int
    y: int
    wide: int
    high: int
    lines: tuple[str, ...]
    look: str = "paper"
    marked: bool = False


@dataclass(frozen=True)
class Arrow:
    """From left to right, or down; with words above it."""

    x: int
    y: int
    to_x: int
    to_y: int
    words: str = ""


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    high: int
    parts: tuple[Thing | Arrow, ...]


STEPS = (
    Step(
        "install-1-card",
        "1  把映像写到卡上 · Write the image to the card",
        190,
        (
            Thing(24, 70, 220, 90, ("doorward-amd64.img", "映像文件 · image file"), "file"),
            Arrow(252, 115, 372, 115, "写卡程序 · writer"),
            Thing(380, 70, 236, 90, ("4 GB 以上的存储卡", "a card of 4 GB or more"), marked=True),
        ),
    ),
    Step(
        "install-2-files",
        "2  把文件放到分区 DOORWARD · Lay the files onto DOORWARD",
        290,
        (
            Thing(24, 64, 592, 204, ("DOORWARD（任何电脑都能打开 · any computer opens it）",)),
            Thing(44, 104, 552, 44, ("config.yaml      门的配置 · the door's configuration",), "file", marked=True),
            Thing(
                44,
                156,
                552,
                44,
                ("b12-u2.enrolment.json      本单元的入网文件 · this unit's enrolment",),
                "file",
                marked=True,
            ),
            Thing(
                44,
                208,
                552,
                44,
                ("network.txt      需要时：无线或固定地址 · if needed: Wi-Fi or a fixed address",),
                "file",
            ),
        ),
    ),
    Step(
        "install-3-power",
        "3  插卡，接线，通电 · Card in, wires, power",
        300,
        (
            Thing(220, 64, 200, 214, ("门口机 · controller",)),
            Thing(244, 108, 152, 44, ("卡 · card",), "file", marked=True),
            Thing(244, 164, 152, 44, ("电源 · power",), "file", marked=True),
            Thing(244, 220, 152, 44, ("网线或无线 · network",), "file"),
            Arrow(428, 130, 468, 130),
            Thing(476, 108, 140, 44, ("屏幕 · screen",), "file"),
            Arrow(428, 186, 468, 186),
            Thing(476, 164, 140, 44, ("读卡器 · reader",), "file"),
            Arrow(428, 242, 468, 242),
            Thing(476, 220, 140, 44, ("继电器板 · relays",), "file"),
            Thing(
                24,
                108,
                172,
                156,
                (
                    "出门按钮和消防触点",
                    "自己放开门锁",
                    "exit button and fire",
                    "contact free the lock",
                    "by their own wires",
                ),
                marked=True,
            ),
        ),
    ),
    Step(
        "install-4-answer",
        "4  看屏幕，或看 result.txt · Read the screen, or result.txt",
        250,
        (
            Thing(24, 64, 280, 160, ("12号楼2单元", "14:05", "屏幕画出名称", "the screen draws the name"), "screen"),
            Thing(
                336,
                64,
                280,
                160,
                ("result.txt", "已入网为 b12-u2", "已采用 config.yaml", "enrolled as b12-u2", "config.yaml was taken"),
                "file",
            ),
        ),
    ),
    Step(
        "install-5-sheet",
        "5  验收 · Acceptance",
        190,
        (
            Thing(24, 70, 180, 90, ("doorward selftest", "在门口 · at the door"), marked=True),
            Arrow(212, 115, 272, 115),
            Thing(280, 70, 150, 90, ("自检单", "signed sheet")),
            Arrow(438, 115, 478, 115),
            Thing(486, 70, 130, 90, ("中心验收", "the centre", "accepts")),
        ),
    ),
)


def svg(step: Step) -> str:
    return "\n".join([*_parts(step), "</svg>", ""])


def _parts(step: Step) -> Iterator[str]:
    box = f'viewBox="0 0 {WIDTH} {step.high}" font-family="{FONT}" font-size="15"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    yield f"<title>{escape(step.title)}</title>"
    frame = f'width="{WIDTH - 2}" height="{step.high - 2}" rx="8" fill="{PAPER}" stroke="{INK}" stroke-width="2"'
    yield f'<rect x="1" y="1" {frame}/>'
    yield f'<path d="M1 44H{WIDTH - 1}" stroke="{INK}" stroke-width="2"/>'
    yield f'<text x="24" y="29" fill="{INK}" font-weight="bold">{escape(step.title)}</text>'
    for part in step.parts:
        yield from _thing(part) if isinstance(part, Thing) else _arrow(part)


def _thing(thing: Thing) -> Iterator[str]:
    fill = {"paper": PAPER, "screen": SCREEN, "file": LIGHT}[thing.look]
    edge = MARK if thing.marked else SOFT
    place = f'x="{thing.x}" y="{thing.y}" width="{thing.wide}" height="{thing.high}"'
    yield f'<rect {place} rx="6" fill="{fill}" stroke="{edge}" stroke-width="{2 if thing.marked else 1}"/>'
    ink = PAPER if thing.look == "screen" else INK
    step = 24
    first = thing.y + 25 if thing.high > 160 else thing.y + (thing.high - step * len(thing.lines)) // 2 + 17
    for number, line in enumerate(thing.lines):
        middle = thing.x + thing.wide // 2
        yield f'<text x="{middle}" y="{first + step * number}" fill="{ink}" text-anchor="middle">{escape(line)}</text>'


def _arrow(arrow: Arrow) -> Iterator[str]:
    yield (
        f'<path d="M{arrow.x} {arrow.y}L{arrow.to_x} {arrow.to_y}m-8 -6l8 6l-8 6" fill="none" '
        f'stroke="{INK}" stroke-width="2"/>'
    )
    if arrow.words:
        middle = (arrow.x + arrow.to_x) // 2
        yield f'<text x="{middle}" y="{arrow.y - 12}" fill="{SOFT}" text-anchor="middle" font-size="13">{escape(arrow.words)}</text>'


if __name__ == "__main__":
    for each in STEPS:
        (Path(__file__).parent / f"{each.name}.svg").write_text(svg(each), encoding="utf-8")
