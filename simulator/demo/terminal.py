"""`doorward demo` for a person: the panel as drawn, lock and contact, the facts as they reach the books, and keys to try. Only draws."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import closing

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.demo.bureau import BookFact
from simulator.demo.keyboard import Keyboard
from simulator.demo.stage import NAME, Stage, local
from simulator.demo.visitor import KEYS, Visitor
from simulator.panel import Screen

TURN_S = 0.1
FACTS = 14
_QUIET = {"seq", "at", "clock", "boot", "mono", "kind", "session", "version"}
_COLOURS = {
    "idle": "white on #12344d",
    "notice": "#ffe9b8 on #5a2a12",
    "answer": "#c9f2d4 on #14432a",
    "refused": "#ffe3b3 on #6b3d00",
    "alarm": "bold white on red",
}


def interact(stage: Stage) -> None:
    """Until `q`."""
    console = Console()
    with console.status("making a centre, a unit, a broker, and a door on pseudo-terminals …"):
        stage.start_broker()
        stage.found()
        stage.bureau.serve.start()
        stage.start_agent()
    with closing(Visitor(stage)) as visitor, Keyboard() as keyboard:
        facts: deque[BookFact] = deque(maxlen=FACTS)
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                keys = keyboard.pressed(TURN_S)
                if "q" in keys:
                    return
                for key in keys:
                    visitor.press(key)
                visitor.look_after()
                facts.extend(stage.bureau.facts(facts[-1].n if facts else 0))
                live.update(_view(console, stage, visitor, facts), refresh=True)


def _view(console: Console, stage: Stage, visitor: Visitor, facts: deque[BookFact]) -> Group:
    """All of it on the terminal there is: of facts and of what was said, the newest that have room."""
    top = Table.grid(padding=(0, 2))
    top.add_row(_screen(stage.box.panel.screen()), _state(stage))
    upper = Group(_keys(), top)
    room = console.height - len(console.render_lines(upper)) - 1
    said = list(visitor.said)[-max(1, room // 4) :]
    shown = min(FACTS, max(0, room - len(said) - 2))
    lower = [_facts(list(facts)[len(facts) - min(shown, len(facts)) :], shown)] if shown else []
    return Group(upper, *lower, Text("\n".join(said), style="cyan", no_wrap=True, overflow="ellipsis"))


def _keys() -> Panel:
    text = Text("now try:  ", style="bold")
    for known in KEYS:
        text.append(f" {known.key} ", style="bold reverse")
        text.append(f" {known.words}   ")
    text.append(" q ", style="bold reverse")
    text.append(" quit")
    return Panel(text, title="doorward demo", border_style="blue")


def _screen(screen: Screen) -> Panel:
    style = _COLOURS.get(screen.page, "white")
    rows = [*screen.body, *[""] * (8 - len(screen.body))]
    text = Text("\n".join([screen.title, "", *rows, screen.footer]), style=style, no_wrap=True)
    return Panel(text, title=f"panel of {NAME}", subtitle=f"page {screen.page}", style=style, width=28)


def _state(stage: Stage) -> Table:
    door = stage.box.door()
    table = Table.grid(padding=(0, 2))
    agent = stage.agent.pid
    rows = (
        ("lock", "unlocked" if door.unlocked else "locked", door.unlocked),
        ("contact", "open" if door.open else "closed", door.open),
        ("fire input", "FIRE" if door.fire.active else "quiet", door.fire.active),
        ("network", "whole" if stage.cable.whole else "CUT", not stage.cable.whole),
        ("agent", f"pid {agent}" if agent else "DEAD", agent is None),
        ("broker", f"{stage.broker_kind} on 127.0.0.1", False),
        ("relay board", f"{stage.box.relay.polls} polls at {stage.box.io.baud} baud", False),
    )
    for name, words, marked in rows:
        table.add_row(name, Text(words, style="bold yellow" if marked else "green"))
    for moment in stage.box.trace.moments("relay", "pulse")[-1:]:
        table.add_row("last pulse", Text(f"relay {moment.value} s, timed by the board"))
    table.add_row("", "")
    table.add_row("folder", str(stage.folder))
    return table


def _facts(facts: Sequence[BookFact], rows: int) -> Panel:
    table = Table.grid(padding=(0, 2))
    for fact in facts:
        rest = "  ".join(
            f"{key}={value}" for key, value in fact.data.items() if key not in _QUIET and value not in (None, "")
        )
        table.add_row(
            str(fact.seq),
            f"{local(fact.at_utc):%H:%M:%S.%f}"[:-3],
            Text(fact.kind, style="bold"),
            Text(rest, overflow="ellipsis", no_wrap=True),
        )
    return Panel(
        table, title="facts as they reach the books, in the unit's local time", border_style="blue", height=rows + 2
    )
