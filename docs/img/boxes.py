"""Draws the usual boxes for docs/wiring.md, from what is in them: `python docs/img/boxes.py` writes box-*.svg beside itself.

Every label stands there in English and in Chinese; a word that CHINESE lacks is an error, but for names that are the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FONT = "ui-sans-serif, 'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK SC', sans-serif"
INK, SOFT, DATA, CURRENT, SIGNAL, CUT = "#1d2a33", "#5b6670", "#1f5fa8", "#b3261e", "#3d6b35", "#b3261e"
WIDTH = 940


CHINESE = {
    "A stairwell door with a strike: locked without current, a handle inside opens it": "单元门，阴极锁：没有电时锁住，门内把手能打开",
    "An escape door with a maglock: unlocked without current": "逃生门，磁力锁：没有电时打开",
    "Two doors, two boards on one line: a strike and the cellar’s maglock": "两扇门，一条线上两块板：阴极锁，地下室是磁力锁",
    "Serial lines": "串口线",
    "Inputs of the board: what the agent sees": "板的输入：门禁程序看到的",
    "Red contacts work without the agent. Contacts are drawn at rest.": "红色的触点不靠门禁程序也起作用。触点按静止时的样子画。",
    "The current of door main’s lock.": "门 main 的锁的电路。",
    "The current of door cellar’s lock.": "门 cellar 的锁的电路。",
    "Exit button and fire contact close a circuit that feeds it, beside the relay.": "出门按钮和消防触点自己接通另一路给锁供电，与继电器并联。",
    "Fire contact and exit button open its supply themselves, before the relay.": "消防触点和出门按钮自己断开锁的供电，串在继电器之前。",
    "Linux board": "主板",
    "12 V, with battery": "12 V，带电池",
    "relay board": "继电器板",
    "cellar board": "地下室的板",
    "waveshare-d, address 1": "waveshare-d，地址 1",
    "waveshare-io8, address 1": "waveshare-io8，地址 1",
    "lctech, address 255": "lctech，地址 255",
    "125 kHz, its coil in the outer wall": "125 kHz，线圈在外墙里",
    "DWIN panel": "迪文屏",
    "TJC panel": "陶晶驰屏",
    "UTF-8, with a keypad": "UTF-8，带键盘",
    "GBK, at the stairwell door": "GBK，在单元门",
    "Wiegand converter": "韦根转换器",
    "a line of ten digits a card": "每张卡一行十位数字",
    "QR scanner": "二维码扫描器",
    "suffix CR, at the stairwell door": "后缀 CR，在单元门",
    "keypad": "键盘",
    "a character a key, at the cellar": "每键一个字符，在地下室",
    "door contact": "门磁",
    "cellar door contact": "地下室门磁",
    "exit button, its second pole": "出门按钮的另一组触点",
    "cellar exit button, its second pole": "地下室出门按钮的另一组触点",
    "fire contact, its second pole": "消防触点的另一组",
    "fire contact, a third pole": "消防触点的第三组",
    "gas detector, opens on gas": "燃气探测器，漏气时断开",
    "fire contact, opens on fire": "消防触点，火警时断开",
    "fire contact, closes on fire": "消防触点，火警时闭合",
    "exit button, opens when pressed": "出门按钮，按下时断开",
    "exit button, closes when pressed": "出门按钮，按下时闭合",
    "relay 1, COM–NO": "继电器 1，COM–NO",
    "relay 1, COM–NC": "继电器 1，COM–NC",
    "cellar relay 1, COM–NC": "地下室继电器 1，COM–NC",
    "supply": "电源",
    "12 V +, own fuse": "自带熔断器",
    "with battery": "带电池",
    "strike": "阴极锁",
    "maglock": "磁力锁",
    "diode across it": "两端并二极管",
    "Water meters and gas detectors: lines of their own, and a contact that needs no line": "水表和燃气探测器：各有自己的线；用触点的不需要串口线",
    "Contacts are drawn at rest, with the detector powered.": "触点按静止时的样子画，探测器已通电。",
    "water meter 301": "水表 301",
    "water meter 302": "水表 302",
    "gas detector": "燃气探测器",
    "Modbus, with a display": "Modbus，带显示",
    "gas detector, its relay: opens on gas": "燃气探测器的继电器：漏气时断开",
    "gas detector, its fault relay": "燃气探测器的故障继电器",
}
SAME = frozenset({"RDM6300", "DGUS II, GBK", "CJ/T 188"})
"""Labels that are the same in both."""


def chinese(words: str) -> str:
    """Raises KeyError. Empty where the label is the same."""
    return "" if words in SAME else CHINESE[words]


@dataclass(frozen=True)
class Serial:
    """A line from the Linux board: what kind it is, and the devices on it as (name, detail)."""

    port: str
    kind: str
    devices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Contact:
    """A switch in a wire: `closed` is how it stands at rest; `hard` when it works without the agent."""

    name: str
    closed: bool
    hard: bool = True


@dataclass(frozen=True)
class Circuit:
    """A lock's current. `series` is passed through one after another, `parallel` are ways beside one another; then the lock.

    What ways beside one another feed needs current to open: its supply has a battery.
    """

    door: str
    series: tuple[Contact, ...]
    parallel: tuple[Contact, ...]
    lock: str
    says: str


@dataclass(frozen=True)
class Drawing:
    name: str
    title: str
    serial: tuple[Serial, ...]
    inputs: tuple[tuple[str, Contact], ...]
    circuits: tuple[Circuit, ...]


def relay(number: int, *, closed: bool, board: str = "") -> Contact:
    return Contact(f"{board}relay {number}, COM–{'NC' if closed else 'NO'}", closed, hard=False)


FIRE_OPENS = Contact("fire contact, opens on fire", closed=True)
FIRE_CLOSES = Contact("fire contact, closes on fire", closed=False)
EXIT_OPENS = Contact("exit button, opens when pressed", closed=True)
EXIT_CLOSES = Contact("exit button, closes when pressed", closed=False)
WATCHED = (
    ("DI 1", Contact("door contact", closed=True, hard=False)),
    ("DI 2", Contact("exit button, its second pole", closed=False, hard=False)),
    ("DI 3", Contact("fire contact, its second pole", closed=True, hard=False)),
)

STRIKE = Drawing(
    "box-strike",
    "A stairwell door with a strike: locked without current, a handle inside opens it",
    (
        Serial("io", "RS-485, 9600", (("relay board", "waveshare-d, address 1"),)),
        Serial("reader", "TTL, 9600", (("RDM6300", "125 kHz, its coil in the outer wall"),)),
        Serial("screen", "TTL / RS-232, 115200", (("DWIN panel", "DGUS II, GBK"),)),
    ),
    (*WATCHED, ("DI 4", Contact("gas detector, opens on gas", closed=True, hard=False))),
    (
        Circuit(
            "main",
            (),
            (relay(1, closed=False), EXIT_CLOSES, FIRE_CLOSES),
            "strike",
            "Exit button and fire contact close a circuit that feeds it, beside the relay.",
        ),
    ),
)
MAGLOCK = Drawing(
    "box-maglock",
    "An escape door with a maglock: unlocked without current",
    (
        Serial("io", "RS-485, 9600", (("relay board", "waveshare-io8, address 1"),)),
        Serial("reader", "RS-232, 9600", (("Wiegand converter", "a line of ten digits a card"),)),
        Serial("screen", "TTL, 115200", (("TJC panel", "UTF-8, with a keypad"),)),
    ),
    WATCHED,
    (
        Circuit(
            "main",
            (FIRE_OPENS, EXIT_OPENS, relay(1, closed=True)),
            (),
            "maglock",
            "Fire contact and exit button open its supply themselves, before the relay.",
        ),
    ),
)
TWO_DOORS = Drawing(
    "box-two-doors",
    "Two doors, two boards on one line: a strike and the cellar’s maglock",
    (
        Serial(
            "io", "RS-485, 9600", (("relay board", "waveshare-d, address 1"), ("cellar board", "lctech, address 255"))
        ),
        Serial("reader", "USB / TTL, 9600", (("QR scanner", "suffix CR, at the stairwell door"),)),
        Serial("keypad", "RS-232, 9600", (("keypad", "a character a key, at the cellar"),)),
        Serial("screen", "TTL, 115200", (("TJC panel", "GBK, at the stairwell door"),)),
    ),
    (
        *WATCHED,
        ("cellar DI 1", Contact("cellar door contact", closed=True, hard=False)),
        ("cellar DI 2", Contact("cellar exit button, its second pole", closed=False, hard=False)),
        ("cellar DI 3", Contact("fire contact, a third pole", closed=True, hard=False)),
    ),
    (
        Circuit(
            "main",
            (),
            (relay(1, closed=False), EXIT_CLOSES, FIRE_CLOSES),
            "strike",
            "Exit button and fire contact close a circuit that feeds it, beside the relay.",
        ),
        Circuit(
            "cellar",
            (FIRE_OPENS, EXIT_OPENS, relay(1, closed=True, board="cellar ")),
            (),
            "maglock",
            "Fire contact and exit button open its supply themselves, before the relay.",
        ),
    ),
)
METERS = Drawing(
    "box-meters",
    "Water meters and gas detectors: lines of their own, and a contact that needs no line",
    (
        Serial("meters", "RS-485, 2400, even", (("water meter 301", "CJ/T 188"), ("water meter 302", "CJ/T 188"))),
        Serial("gas", "RS-485, 9600", (("gas detector", "Modbus, with a display"),)),
    ),
    (
        ("DI 4", Contact("gas detector, its relay: opens on gas", closed=True, hard=False)),
        ("DI 5", Contact("gas detector, its fault relay", closed=True, hard=False)),
    ),
    (),
)
DRAWINGS = (STRIKE, MAGLOCK, TWO_DOORS, METERS)


def text(
    words: str, x: float, y: float, colour: str = INK, size: int = 14, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-size="{size}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def block(x: float, y: float, width: float, height: float, words: Sequence[str], fill: str = "#ffffff") -> list[str]:
    """A device: its name, and smaller what it is."""
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}" stroke="{INK}" stroke-width="1.5"/>'
    ]
    name, *rest = words
    lines = [f"{name} {chinese(name)}".strip(), *(line for each in rest for line in (each, chinese(each)) if line)]
    top = y + height / 2 - 8 * (len(lines) - 1) + 5
    for number, line in enumerate(lines):
        colour, size, weight = (SOFT, 12, 400) if number else (INK, 14, 600)
        parts.append(text(line, x + width / 2, top + 16 * number, colour, size, "middle", weight))
    return parts


def wire(points: Sequence[tuple[float, float]], colour: str, width: float = 2) -> str:
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def switch(x: float, y: float, contact: Contact, colour: str) -> list[str]:
    """A contact of 60 in a horizontal wire, as it stands at rest."""
    lift = 0 if contact.closed else 14
    colour = CUT if contact.hard else colour
    return [
        wire([(x, y), (x + 16, y)], colour),
        wire([(x + 44, y), (x + 60, y)], colour),
        f'<circle cx="{x + 16:g}" cy="{y:g}" r="3" fill="{colour}"/>',
        f'<circle cx="{x + 44:g}" cy="{y:g}" r="3" fill="{colour}"/>',
        wire([(x + 16, y), (x + 44, y - lift)], colour, 3),
    ]


def heading(words: Sequence[str], y: float) -> list[str]:
    """Sentences, in English and below it in Chinese: 34 high."""
    return [
        text(" ".join(words), 24, y, SOFT, 13, weight=600),
        text("".join(map(chinese, words)), 24, y + 18, SOFT, 13, weight=600),
        wire([(24, y + 26), (WIDTH - 24, y + 26)], "#d5dbe0", 1),
    ]


def serial(lines: Sequence[Serial], top: float) -> tuple[list[str], float]:
    step = 76
    parts = [
        *heading(["Serial lines"], top),
        *block(40, top + 44, 150, step * len(lines) - 16, ["Linux board", "12 V, with battery"], "#eef4fb"),
    ]
    for number, line in enumerate(lines):
        y = top + 74 + step * number
        parts += [
            wire([(190, y), (400, y)], DATA),
            text(line.port, 200, y - 7, DATA, 14, weight=600),
            text(line.kind, 200, y + 17, SOFT, 12),
        ]
        x = 400.0
        for place, (name, detail) in enumerate(line.devices):
            if place:
                parts.append(wire([(x - 20, y), (x, y)], DATA))
            parts += block(x, y - 30, 250, 60, [name, detail], "#eef4fb")
            x += 270
    return parts, top + 62 + step * len(lines)


def inputs(wires: Sequence[tuple[str, Contact]], top: float) -> tuple[list[str], float]:
    parts = heading(["Inputs of the board: what the agent sees"], top)
    for number, (terminal, contact) in enumerate(wires):
        x, y = 40 + (number % 2) * 450, top + 64 + (number // 2) * 46
        parts += [
            text(terminal, x, y + 5, SIGNAL, 14, weight=600),
            wire([(x + 96, y), (x + 106, y)], SIGNAL),
            *switch(x + 106, y, contact, SIGNAL),
            text(contact.name, x + 180, y - 2, INK, 13),
            text(chinese(contact.name), x + 180, y + 15, INK, 13),
        ]
    return parts, top + 64 + ((len(wires) + 1) // 2) * 46


def pieces(contact: Contact) -> list[str]:
    """Its name in short lines, English first."""
    return [*contact.name.split(", "), *chinese(contact.name).split("，")]


def circuit(lock: Circuit, top: float) -> tuple[list[str], float]:
    parts = heading([f"The current of door {lock.door}’s lock.", lock.says], top)
    y = top + 92
    lives = ["with battery"] if lock.parallel else []
    half = 29 + 16 * len(lives)
    parts += block(40, y - half, 120, 2 * half, ["supply", "12 V +, own fuse", *lives], "#fdf0ef")
    x = 160.0
    bottom = y
    for contact in lock.series:
        parts += [
            wire([(x, y), (x + 60, y)], CURRENT),
            *switch(x + 60, y, contact, INK),
            wire([(x + 120, y), (x + 178, y)], CURRENT),
            *(text(part, x + 90, y + 24 + 15 * row, INK, 12, "middle") for row, part in enumerate(pieces(contact))),
        ]
        bottom = y + 44
        x += 178
    if lock.parallel:
        fork, join = x + 50, x + 430
        parts.append(wire([(x, y), (fork, y)], CURRENT))
        for number, contact in enumerate(lock.parallel):
            at = y + 48 * number
            bottom = at + 8
            parts += [
                wire([(fork, y), (fork, at), (fork + 60, at)], CURRENT),
                *switch(fork + 60, at, contact, INK),
                wire([(fork + 120, at), (join, at), (join, y)], CURRENT),
                text(contact.name, fork + 132, at - 8, INK, 12),
                text(chinese(contact.name), fork + 132, at + 16, INK, 12),
            ]
        x = join
    parts += [
        wire([(x, y), (722, y)], CURRENT),
        *block(722, y - 29, 134, 58, [lock.lock, "diode across it"], "#fdf0ef"),
        wire([(856, y), (885, y)], CURRENT),
        text("0 V", 891, y + 5, CURRENT, 14, weight=600),
    ]
    return parts, bottom + 58


def svg(drawing: Drawing) -> str:
    parts, y = serial(drawing.serial, 100)
    more, y = inputs(drawing.inputs, y + 12)
    parts += more
    for each in drawing.circuits:
        more, y = circuit(each, y + 14)
        parts += more
    legend = "Red contacts work without the agent. Contacts are drawn at rest."
    legend = legend if drawing.circuits else "Contacts are drawn at rest, with the detector powered."
    parts += [text(legend, 24, y + 2, CUT, 12), text(chinese(legend), 24, y + 20, CUT, 12)]
    height = y + 36
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" font-family="{FONT}">'
    back = f'<rect width="{WIDTH}" height="{height:g}" rx="10" fill="#f7f9fa"/>'
    title = [
        text(drawing.title, 24, 40, INK, 18, weight=600),
        text(chinese(drawing.title), 24, 66, INK, 18, weight=600),
    ]
    return "\n".join([head, back, *title, *parts, "</svg>", ""])


if __name__ == "__main__":
    for each in DRAWINGS:
        (Path(__file__).parent / f"{each.name}.svg").write_text(svg(each), encoding="utf-8")
