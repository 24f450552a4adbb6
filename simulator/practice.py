"""The command `doorward simulate`: a unit's hardware in software, for whoever practises with the installer's commands or has no board.

It holds the far ends of the serial lines and does with its doors what is typed. The agent and the tools are used on it as on a box.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from agent.cli.language import SpokenCommand, language_option
from agent.words import N_, _
from simulator.box import Box, BoxSpec
from simulator.dwin_panel import Layout
from simulator.osdp_reader import OsdpReader
from simulator.panel import Screen
from simulator.stairwell import MAGLOCK, DoorSpec
from simulator.tjc_panel import TjcPanel, TjcProject
from simulator.trace import Moment
from simulator.wiring import READER_OPTIONS

SECOND = DoorSpec("cellar", lock=MAGLOCK, relay_contact="nc", output=2, contact=5, exit_button=6, fire=7)
PANELS: dict[str, Layout | TjcProject] = {"dwin": Layout(), "tjc": TjcProject()}
READERS = (*READER_OPTIONS, "osdp")
BOARDS = {"waveshare-d": 1, "waveshare-io8": 1, "lctech": 255}
"""Those that may carry a lock, and their addresses ex works."""
_UNSEEN = frozenset({"frame", "noise", "challenged", "session", "pulse-ended"})
"""What of the trace passes on the lines only: that is for `doorward monitor`."""


_SAID = {
    each: each
    for each in (
        N_("unlocked"), N_("locked"), N_("pushed"), N_("broken-open"), N_("pressed"), N_("released"), N_("fire"),
        N_("fire-over"), N_("opened"), N_("closed"), N_("leak"), N_("clear"), N_("said"), N_("card"), N_("relay"),
        N_("pulse"), N_("by-hand"), N_("rebooted"), N_("power-cycled"), N_("plugged"), N_("unplugged"), N_("touched"),
        N_("buzzer"), N_("shows"), N_("sleeps"), N_("wakes"), N_("used"), N_("keyset"), N_("light"), N_("beeps"),
        N_("text"), N_("comset"), N_("it holds"), N_("it gives way"), N_("shown"), N_("dark"), N_("red"), N_("green"),
        N_("amber"), N_("blue"), N_("exit button"),
    )
} | {"keys": N_("keys typed"), "on": N_("switched on"), "off": N_("switched off")}  # fmt: skip
"""Words of the trace as they are told. What a reader or a display said is told as it was."""
_QUOTES = frozenset({"said", "shows", "text"})


class NotUnderstoodError(Exception):
    """What was typed is none of the deeds, or names what is not built in."""


@dataclass(frozen=True, slots=True)
class Deed:
    """`takes`: what follows the word, as it is shown; in brackets what may be left out."""

    takes: str
    words: str
    do: Callable[[Box, list[str]], object]

    def fits(self, given: int) -> bool:
        every = self.takes.split()
        return sum(not each.startswith("[") for each in every) <= given <= len(every)


def _door(box: Box, given: list[str]) -> str | None:
    if given and given[0] not in box.doors:
        raise NotUnderstoodError(_("the doors are {names}").format(names=", ".join(box.doors)))
    return given[0] if given else None


def _reader(box: Box, given: list[str]) -> str:
    name = given[1] if len(given) > 1 else "reader"
    if name not in box.readers:
        raise NotUnderstoodError(_("the readers are {names}").format(names=", ".join(box.readers)))
    return name


def _tap(box: Box, given: list[str]) -> object:
    if not given[0].isdecimal():
        raise NotUnderstoodError(_("a card is a number, as 12345678"))
    return box.tap(int(given[0]), _reader(box, given))


def _keys(box: Box, given: list[str]) -> None:
    name = _reader(box, given)
    if isinstance(box.readers[name], OsdpReader):
        box.press_keys(given[0], name)
    elif isinstance(box.panel, TjcPanel):
        box.touch(given[0])
    else:
        raise NotUnderstoodError(_("no keypad is built in: --reader osdp and --panel tjc have one"))


def _install(box: Box, given: list[str]) -> None:
    """As its maker's reset does it: back to the factory key, open for a new one."""
    reader = box.readers[_reader(box, ["", *given])]
    if not isinstance(reader, OsdpReader):
        raise NotUnderstoodError(_("only an OSDP reader has that"))
    from_the_factory(reader)


def _water(box: Box, given: list[str]) -> None:
    if box.meter is None:
        raise NotUnderstoodError(_("no meter is built in: --meter"))
    if not given[0].isdecimal():
        raise NotUnderstoodError(_("litres are a number, as 30"))
    box.water(int(given[0]))


def _line(box: Box, given: list[str], *, plug: bool) -> None:
    if given[0] not in box.lines:
        raise NotUnderstoodError(_("the ports are {names}").format(names=", ".join(box.lines)))
    line = box.lines[given[0]]
    (line.plug if plug else line.unplug)()


METER = "00000012345678"
"""What stands on the meter."""

DEEDS = {
    "tap": Deed("CARD [READER]", N_("hold a card to a reader"), _tap),
    "keys": Deed("KEYS [READER]", N_("type on the keypad of an OSDP reader or a TJC panel"), _keys),
    "push": Deed("[DOOR]", N_("push the door: it opens if it is unlocked"), lambda b, g: b.push_door(_door(b, g))),
    "force": Deed("[DOOR]", N_("break the door open"), lambda b, g: b.door(_door(b, g)).force()),
    "exit": Deed("[DOOR]", N_("press the exit button"), lambda b, g: b.press_exit(_door(b, g))),
    "fire": Deed("", N_("set the fire contact off"), lambda b, _: b.fire()),
    "safe": Deed("", N_("the fire is over"), lambda b, _: b.fire(False)),
    "gas": Deed("", N_("the gas detector opens"), lambda b, _: b.gas()),
    "nogas": Deed("", N_("and closes again"), lambda b, _: b.gas(False)),
    "water": Deed("LITRES", N_("so much water runs through the meter"), _water),
    "unplug": Deed("PORT", N_("pull an adapter out"), lambda b, g: _line(b, g, plug=False)),
    "plug": Deed("PORT", N_("put it back"), lambda b, g: _line(b, g, plug=True)),
    "power": Deed("", N_("the unit's supply fails and returns"), lambda b, _: b.power_cut()),
    "install": Deed("[READER]", N_("put an OSDP reader into install mode, its key forgotten"), _install),
    "screen": Deed("", N_("what the display shows"), lambda b, _: click.echo(drawn(b.panel.screen()))),
}


def from_the_factory(reader: OsdpReader) -> None:
    reader.peripheral.key, reader.peripheral.installing = None, True


def drawn(screen: Screen) -> str:
    rows = [line for line in (screen.title, *screen.body, screen.footer) if line]
    return "\n".join(["  +--", *(f"  | {row}" for row in rows), "  +--"])


def obey(box: Box, text: str) -> None:
    """One line that was typed. Raises NotUnderstoodError."""
    verb, *given = text.split()
    deed = DEEDS.get(verb)
    if deed is None:
        raise NotUnderstoodError(_("{verb} is nothing that can be done here: help").format(verb=verb))
    if not deed.fits(len(given)):
        raise NotUnderstoodError(_("say {what}").format(what=f"{verb} {deed.takes}".rstrip()))
    deed.do(box, given)


def told(moment: Moment) -> str | None:
    """A line for what somebody would notice; a screen once it has its title."""
    if moment.what in _UNSEEN or (moment.what == "shows" and not moment.value.split(" | ")[1]):
        return None
    kind, _between, name = moment.part.partition(" ")
    part = _("door {name}").format(name=name) if kind == "door" else moment.part
    value = moment.value if moment.what in _QUOTES else _worded(moment.value)
    return _("{part}: {what}").format(part=part, what=f"{_worded(moment.what)} {value}".rstrip())


def _worded(value: str) -> str:
    if value in _SAID:
        return _(_SAID[value])
    return " ".join(_(_SAID[word]) if word in _SAID else word for word in value.split(" "))


@click.command("simulate", cls=SpokenCommand)
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--panel", type=click.Choice([*PANELS]), default="dwin", help="Which display.", show_default=True)
@click.option(
    "--reader", type=click.Choice([*READERS]), default="decimal", help="What the reader sends.", show_default=True
)
@click.option(
    "--board", type=click.Choice([*BOARDS]), default="waveshare-d", help="Which relay board.", show_default=True
)
@click.option("--two-doors", is_flag=True, help="A cellar door too, with a maglock and a reader of its own.")
@click.option("--meter", is_flag=True, help="A water meter too, on a line of its own.")
def simulate(folder: Path | None, panel: str, reader: str, board: str, two_doors: bool, meter: bool) -> None:
    """A box to practise on: relay board, reader, display and doors in software, behind serial ports in FOLDER.

    Prints the ports for probe and setup, then does at the doors what is typed (help). An OSDP reader comes as from the factory.
    """
    if two_doors and board == "lctech":
        raise click.UsageError(_("lctech has 4 inputs, and two doors want 7"))
    doors = (DoorSpec(), SECOND) if two_doors else (DoorSpec(),)
    digits = METER if meter else ""
    spec = BoxSpec(doors, board, BOARDS[board], panel=PANELS[panel], reader_form=reader, meter=digits)
    play(folder, spec)


simulate.params.append(language_option())


def play(folder: Path | None, spec: BoxSpec) -> None:
    """Until `quit`, the end of the input, Ctrl-C or SIGTERM."""
    with ExitStack() as stack:
        stack.enter_context(suppress(KeyboardInterrupt))
        signal.signal(signal.SIGTERM, _stop)
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doorward-box-")))
        box = stack.enter_context(Box(folder.absolute(), spec))
        for name, reader in box.readers.items():
            if isinstance(reader, OsdpReader):
                from_the_factory(reader)
                box.key_file(name).unlink()
        box.trace.listener = _show
        click.echo(" ".join(("doorward", "probe", *map(str, box.ports.values()))))
        click.echo(_("What can be done at the door: help. It ends with quit."))
        for text in sys.stdin:
            if text.split() == ["quit"]:
                break
            _take(box, text.strip())


def _take(box: Box, text: str) -> None:
    if text == "help":
        for verb, deed in DEEDS.items():
            click.echo(f"  {f'{verb} {deed.takes}':<22}{_(deed.words)}")
    elif text:
        try:
            obey(box, text)
        except (NotUnderstoodError, KeyError, ValueError) as error:
            click.echo(_("not understood: {error}").format(error=error))


def _show(moment: Moment) -> None:
    line = told(moment)
    if line is not None:
        click.echo(line)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
