"""Draws the usual boxes for docs/wiring.md, from what is in them: `python docs/img/boxes.py` writes box-*.svg beside itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FONT = "ui-sans-serif, 'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK SC', sans-serif"
INK, SOFT, DATA, CURRENT, SIGNAL, CUT = "#1d2a33", "#5b6670", "#1f5fa8", "#b3261e", "#3d6b35", "#b3261e"
WIDTH = 940


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
        Serial("screen", "TTL or RS-232, 115200", (("DWIN panel", "DGUS II, GBK"),)),
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
        Serial("reader", "USB or TTL, 9600", (("QR scanner", "suffix CR, at the stairwell door"),)),
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
    top = y + height / 2 - 9 * (len(words) - 1) + 5
    for number, line in enumerate(words):
        parts.append(
            text(
                line,
                x + width / 2,
                top + 18 * number,
                SOFT if number else INK,
                12 if number else 14,
                "middle",
                400 if number else 600,
            )
        )
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


def heading(words: str, y: float) -> list[str]:
    return [text(words, 24, y, SOFT, 13, weight=600), wire([(24, y + 8), (WIDTH - 24, y + 8)], "#d5dbe0", 1)]


def serial(lines: Sequence[Serial], top: float) -> tuple[list[str], float]:
    step = 64
    parts = [
        *heading("Serial lines", top),
        *block(40, top + 28, 150, step * len(lines) - 16, ["Linux board", "12 V, with battery"], "#eef4fb"),
    ]
    for number, line in enumerate(lines):
        y = top + 52 + step * number
        parts += [
            wire([(190, y), (400, y)], DATA),
            text(line.port, 200, y - 7, DATA, 14, weight=600),
            text(line.kind, 200, y + 17, SOFT, 12),
        ]
        x = 400.0
        for place, (name, detail) in enumerate(line.devices):
            if place:
                parts.append(wire([(x - 20, y), (x, y)], DATA))
            parts += block(x, y - 24, 250, 48, [name, detail], "#eef4fb")
            x += 270
    return parts, top + 40 + step * len(lines)


def inputs(wires: Sequence[tuple[str, Contact]], top: float) -> tuple[list[str], float]:
    parts = heading("Inputs of the board: what the agent sees", top)
    for number, (terminal, contact) in enumerate(wires):
        x, y = 40 + (number % 2) * 450, top + 46 + (number // 2) * 42
        parts += [
            text(terminal, x, y + 5, SIGNAL, 14, weight=600),
            wire([(x + 96, y), (x + 106, y)], SIGNAL),
            *switch(x + 106, y, contact, SIGNAL),
            text(contact.name, x + 180, y + 5, INK, 13),
        ]
    return parts, top + 46 + ((len(wires) + 1) // 2) * 42


def circuit(lock: Circuit, top: float) -> tuple[list[str], float]:
    parts = heading(f"The current of door {lock.door}’s lock. {lock.says}", top)
    y = top + 62
    lives = ["with battery"] if lock.parallel else []
    parts += block(
        40, y - 22 - 9 * len(lives), 110, 44 + 18 * len(lives), ["supply", "12 V +, own fuse", *lives], "#fdf0ef"
    )
    x = 150.0
    for contact in lock.series:
        parts += [
            wire([(x, y), (x + 60, y)], CURRENT),
            *switch(x + 60, y, contact, INK),
            wire([(x + 120, y), (x + 178, y)], CURRENT),
            *(
                text(part, x + 90, y + 24 + 15 * row, INK, 12, "middle")
                for row, part in enumerate(contact.name.split(", "))
            ),
        ]
        x += 178
    bottom = y
    if lock.parallel:
        fork, join = x + 60, x + 420
        parts.append(wire([(x, y), (fork, y)], CURRENT))
        for number, contact in enumerate(lock.parallel):
            at = y + 44 * number
            bottom = at
            parts += [
                wire([(fork, y), (fork, at), (fork + 60, at)], CURRENT),
                *switch(fork + 60, at, contact, INK),
                wire([(fork + 120, at), (join, at), (join, y)], CURRENT),
                text(contact.name, fork + 132, at - 8, INK, 12),
            ]
        x = join
    parts += [
        wire([(x, y), (740, y)], CURRENT),
        *block(740, y - 22, 100, 44, [lock.lock, "diode across it"], "#fdf0ef"),
        wire([(840, y), (880, y)], CURRENT),
        text("0 V", 886, y + 5, CURRENT, 14, weight=600),
    ]
    return parts, bottom + 58


def svg(drawing: Drawing) -> str:
    parts, y = serial(drawing.serial, 76)
    more, y = inputs(drawing.inputs, y + 12)
    parts += more
    for each in drawing.circuits:
        more, y = circuit(each, y + 14)
        parts += more
    says = "Red contacts work without the agent. Contacts are drawn at rest."
    says = says if drawing.circuits else "Contacts are drawn at rest, with the detector powered."
    parts.append(text(says, 24, y + 2, CUT, 12))
    height = y + 18
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" font-family="{FONT}">'
    back = f'<rect width="{WIDTH}" height="{height:g}" rx="10" fill="#f7f9fa"/>'
    return "\n".join([head, back, text(drawing.title, 24, 40, INK, 18, weight=600), *parts, "</svg>", ""])


if __name__ == "__main__":
    for each in DRAWINGS:
        (Path(__file__).parent / f"{each.name}.svg").write_text(svg(each), encoding="utf-8")
