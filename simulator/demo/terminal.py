"""`doorward demo` for a person: the panel as drawn, lock and contact, the facts as they reach the books, and keys to try. Only draws.

On a terminal that can do nothing but print, what changes is printed.
"""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.demo import people
from simulator.demo.bureau import BookFact
from simulator.demo.glass import Glass, able, screen_of
from simulator.demo.keyboard import Keyboard
from simulator.demo.stage import Stage, local
from simulator.demo.visitor import KEYS, Visitor
from simulator.demo.words import EN
from simulator.panel import Screen

TURN_S = 0.1
FACTS = 40
KEYPAD = (
    (f"301*{people.PIN}#", "pad.pin"),
    (f"301*{people.DURESS_PIN}#", "pad.duress"),
    ("*21#", "pad.report"),
    ("*31#", "pad.service"),
    ("*", "pad.star"),
    ("Enter", "pad.enter"),
)
SMALL = (64, 18)
"""With fewer columns or rows only the panel is shown, and what happened last."""
BESIDE = 39
"""Columns of what stands beside the panel."""


def interact(stage: Stage, words: Mapping[str, str]) -> None:
    """Until `q`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a character that the terminal has not
    console = Console()
    console.print(words["making"])
    stage.start_broker()
    stage.found()
    stage.bureau.serve.start()
    stage.start_agent()
    with closing(Visitor(stage, words)) as visitor, Keyboard() as keyboard:
        if console.is_dumb_terminal:
            _print(console, visitor, keyboard)
        else:
            _draw(console, visitor, keyboard)


def _draw(console: Console, visitor: Visitor, keyboard: Keyboard) -> None:
    facts: deque[BookFact] = deque(maxlen=FACTS)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while _turn(visitor, keyboard, facts):
            live.update(view(console, visitor, facts), refresh=True)


def _turn(visitor: Visitor, keyboard: Keyboard, facts: deque[BookFact]) -> bool:
    """What was pressed is done, what came to the books is fetched. Whether to go on."""
    keys = keyboard.pressed(TURN_S)
    if "q" in keys:
        return False
    for key in keys:
        visitor.press(key)
    visitor.look_after()
    facts.extend(visitor.stage.bureau.facts(facts[-1].n if facts else 0))
    return True


# --- a terminal that only prints


def _print(console: Console, visitor: Visitor, keyboard: Keyboard) -> None:
    words = visitor.words
    console.print(words["try"], "  ".join(f"{key}: {text}" for key, text in _keys(words)), markup=False)
    facts: deque[BookFact] = deque(maxlen=FACTS)
    shown: Screen | None = None
    told, said = 0, ""
    while _turn(visitor, keyboard, facts):
        screen = screen_of(visitor.box.panel)
        if screen != shown and screen.title:
            shown = screen
            console.print("\n".join(["", *(f"  | {line}" for line in plain(screen, console.encoding))]), markup=False)
        if visitor.said and visitor.said[-1] != said:
            said = visitor.said[-1]
            console.print(said, markup=False)
        for fact in facts:
            if fact.n > told:
                told = fact.n
                console.print(f"  {fact.seq} {fact.kind} {fact.rest}", markup=False, soft_wrap=True)


def plain(screen: Screen, encoding: str) -> list[str]:
    lines = Glass(40, 14, able(encoding)).lines(screen)
    return [line for line in (each.plain.rstrip() for each in lines) if line]


# --- a terminal that can be drawn on


def view(console: Console, visitor: Visitor, facts: Sequence[BookFact]) -> Group:
    """All of it on the terminal there is: of facts and of what was said, the newest that have room."""
    width, height = console.size
    screen = screen_of(visitor.box.panel)
    can, colour = able(console.encoding), not console.no_color
    if width < SMALL[0] or height < SMALL[1]:
        return _small(Glass(width, height - 2, can, colour=colour), screen, visitor)
    high = min(20, max(10, height // 2))
    glass = Glass(min(high * 10 // 3, width - BESIDE - 1), high, can, colour=colour)
    right = list(_beside(visitor, screen, width - glass.width - 1, high))
    left = glass.lines(screen, dark=visitor.box.panel.dark)
    gap = " " if colour else "|"
    rows = [_joined(line, gap, right[row] if row < len(right) else Text()) for row, line in enumerate(left)]
    said = list(visitor.said)[-max(1, (height - high) // 5) :]
    room = height - high - len(said) - 2
    shown: list[RenderableType] = []
    if room > 0:
        newest = list(facts)[-room:]
        shown.append(_facts(newest, room, visitor.words))
    told = [Text(line, style="cyan", no_wrap=True, overflow="crop") for line in said]
    return Group(*rows, *shown, *told)


def _small(glass: Glass, screen: Screen, visitor: Visitor) -> Group:
    said = visitor.said[-1] if visitor.said else ""
    hint = visitor.words["small"]
    last = [Text(line, no_wrap=True, overflow="crop") for line in (said, hint)]
    return Group(*glass.lines(screen, dark=visitor.box.panel.dark), *last)


def _joined(left: Text, gap: str, right: Text) -> Text:
    line = Text(no_wrap=True, overflow="crop")
    line.append_text(left)
    line.append(gap)
    line.append_text(right)
    return line


def _beside(visitor: Visitor, screen: Screen, width: int, rows: int) -> Iterator[Text]:
    """What can be tried, and how the door stands."""
    words = visitor.words
    yield Text(f" {words['keypad'] if visitor.typing else words['try']}", style="bold yellow")
    tried = list(_typed(words) if visitor.typing else _pressed(words, width))
    yield from tried
    states = list(_states(visitor, screen))
    left = rows - 1 - len(tried)
    if left > len(states):
        yield Text()
        yield from (_state(*each) for each in states)
        return
    least = states[:6]
    for at in range(0, len(least), 2):
        line = _state(*least[at], width=width // 2)
        line.append_text(_state(*least[at + 1]))
        yield line


def _keys(words: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(key, words[f"key.{key}"]) for key in (*(each.key for each in KEYS), "q")]


def _pressed(words: Mapping[str, str], width: int) -> Iterator[Text]:
    """Single keys, in two columns."""
    keys = _keys(words)
    half = (len(keys) + 1) // 2
    for row in range(half):
        line = _key(*keys[row], width=width // 2)
        if row + half < len(keys):
            line.append_text(_key(*keys[row + half]))
        yield line


def _typed(words: Mapping[str, str]) -> Iterator[Text]:
    for keys, key in KEYPAD:
        yield _key(keys, words[key])
    yield Text()


def _key(key: str, words: str, width: int = 0) -> Text:
    text = Text(f" {key} ", style="bold reverse")
    rest = f" {words}"
    text.append(set_cell_size(rest, width - len(key) - 2) if width else rest, style="not bold not reverse")
    return text


def _states(visitor: Visitor, screen: Screen) -> Iterator[tuple[str, str, bool]]:
    """Name, state and whether that is unusual; the first six are the most telling."""
    words, stage = visitor.words, visitor.stage
    door, agent = stage.box.door(), stage.agent.pid
    switches = (
        ("lock", door.unlocked),
        ("door", door.open),
        ("fire", door.fire.active),
        ("network", not stage.cable.whole),
        ("agent", agent is None),
    )
    for name, on in switches:
        state = words[f"{name}.{'on' if on else 'off'}"].format(pid=agent)
        yield words[name], state, on
    yield words["shown"], words["shown.page"].format(page=screen.page), False
    yield words["broker"], words["broker.on"].format(kind=stage.broker_kind), False
    relay = stage.box.relay
    yield words["board"], words["board.on"].format(polls=relay.polls, baud=stage.box.io.baud), False
    for moment in stage.box.trace.moments("relay", "pulse")[-1:]:
        yield words["pulse"], words["pulse.on"].format(relay=moment.value), False
    yield words["folder"], str(stage.folder), False


def _state(name: str, state: str, unusual: bool, width: int = 0) -> Text:
    text = Text(f" {name} ")
    room = width - cell_len(name) - 2
    shown = set_cell_size(state, room) if width else state
    return text.append(shown, style="bold yellow" if unusual else "green")


def _facts(facts: Sequence[BookFact], rows: int, words: Mapping[str, str] = EN) -> Panel:
    table = Table.grid(padding=(0, 2))
    for fact in facts:
        table.add_row(
            str(fact.seq),
            f"{local(fact.at_utc):%H:%M:%S.%f}"[:-3],
            Text(fact.kind, style="bold", no_wrap=True),
            Text(fact.rest, overflow="ellipsis", no_wrap=True),
        )
    return Panel(table, title=words["facts"], border_style="blue", height=rows + 2)
