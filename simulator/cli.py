"""The command `doorward demo`: everything on this machine, on simulated serial hardware, under one temporary folder."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import FrameType

import click

from simulator.box import BoxSpec
from simulator.broker import BrokerError, Kind
from simulator.demo.disk import keep_mounts_to_ourselves
from simulator.demo.panels import designed
from simulator.demo.pictures import draw
from simulator.demo.stage import Stage
from simulator.demo.story import Story
from simulator.demo.waiting import NotHeldError
from simulator.demo.words import LANGUAGES, PANEL, languages
from simulator.practice import BOARDS, PANELS, READERS

HELD, NOT_HELD, UNREACHABLE = 0, 1, 69


class _StopError(BaseException):
    """A signal ended the demo: everything is cleared away on the way out."""


@click.command("demo")
@click.option(
    "--story", is_flag=True, help="The self-checking run: prints each step, ends by itself, exit 0 when all held."
)
@click.option(
    "--broker",
    type=click.Choice(["mosquitto", "iotcore"]),
    help="Which broker (default: mosquitto where it is installed).",
)
@click.option(
    "--panel", type=click.Choice([*PANELS]), default="dwin", help="Which display is built in.", show_default=True
)
@click.option(
    "--reader",
    type=click.Choice([*READERS]),
    default="osdp",
    help="What the reader sends; `osdp` has a keypad.",
    show_default=True,
)
@click.option(
    "--board", type=click.Choice([*BOARDS]), default="waveshare-d", help="Which relay board.", show_default=True
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --story: write its pictures into this folder.",
)
@click.option(
    "--language",
    type=click.Choice([*LANGUAGES]),
    help="Of the panel and of the demo at a terminal (default: zh-CN for the panel). The story has a Chinese panel.",
)
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Work in this folder and leave it (logs, books)."
)
@click.pass_context
def demo(
    ctx: click.Context,
    story: bool,
    broker: str | None,
    panel: str,
    reader: str,
    board: str,
    pictures: Path | None,
    language: str | None,
    keep: Path | None,
) -> None:
    """A unit, its centre and a broker at work, on serial hardware in software. Needs no other machine; leaves nothing running."""
    at_terminal = not story and sys.stdin.isatty() and sys.stdout.isatty()
    if language not in (None, PANEL) and not at_terminal:
        raise click.UsageError(f"--language {language} is for the demo at a terminal: the story reads a Chinese panel")
    spoken = languages(language, os.environ, sys.stdout.encoding) if at_terminal else (PANEL, "en")
    mix = BoxSpec(panel=PANELS[panel], reader_form=reader, board=board, address=BOARDS[board])
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    keep_mounts_to_ourselves()
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            code = _play(keep.absolute(), at_terminal, broker, mix, pictures, spoken)
        else:
            with tempfile.TemporaryDirectory(prefix="doorward-demo-") as folder:
                code = _play(Path(folder), at_terminal, broker, mix, pictures, spoken)
    except NotHeldError as error:
        click.echo(f"demo: {error}", err=True)
        code = NOT_HELD
    except BrokerError as error:
        click.echo(f"demo: {error}", err=True)
        code = UNREACHABLE
    except (KeyboardInterrupt, _StopError):
        click.echo("stopped", err=True)
        code = NOT_HELD
    ctx.exit(code)


def _play(
    folder: Path, at_terminal: bool, broker: str | None, mix: BoxSpec, pictures: Path | None, spoken: tuple[str, str]
) -> int:
    kind: Kind | None = None
    if broker is not None:
        kind = "mosquitto" if broker == "mosquitto" else "iotcore"
    here, there = designed(mix, _say)
    with Stage(folder, kind, here, warm=True, next_door=there, language=spoken[0]) as stage:
        try:
            if not at_terminal:
                return _tell(stage, pictures)
            from simulator.demo.terminal import interact  # noqa: PLC0415  # only people need rich

            with suppress(KeyboardInterrupt):  # as good a way to leave as `q`
                interact(stage, LANGUAGES[spoken[1]])
            return HELD
        finally:
            _deaf()


def _tell(stage: Stage, pictures: Path | None) -> int:
    story = Story(stage, _say)
    held = story.run()
    if pictures is not None:
        draw(pictures, story.told, story.scene.shots, stage.panel_font)
    return HELD if held else NOT_HELD


def _deaf() -> None:
    """Clearing away is not to be interrupted by a second signal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _StopError
