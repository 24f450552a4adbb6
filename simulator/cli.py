"""The command `doorward demo`: everything on this machine, on simulated serial hardware, under one temporary folder."""

from __future__ import annotations

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
from simulator.demo.pictures import draw
from simulator.demo.stage import Stage
from simulator.demo.story import Story
from simulator.demo.waiting import NotHeldError
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
    "--reader", type=click.Choice([*READERS]), default="decimal", help="What the reader sends.", show_default=True
)
@click.option(
    "--board", type=click.Choice([*BOARDS]), default="waveshare-d", help="Which relay board.", show_default=True
)
@click.option(
    "--svg", type=click.Path(path_type=Path, file_okay=False), help="With --story: write its pictures into this folder."
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
    svg: Path | None,
    keep: Path | None,
) -> None:
    """A unit, its centre and a broker at work, on serial hardware in software. Needs no other machine; leaves nothing running."""
    mix = BoxSpec(panel=PANELS[panel], reader_form=reader, board=board, address=BOARDS[board])
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    keep_mounts_to_ourselves()
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            code = _play(keep.absolute(), story, broker, mix, svg)
        else:
            with tempfile.TemporaryDirectory(prefix="doorward-demo-") as folder:
                code = _play(Path(folder), story, broker, mix, svg)
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


def _play(folder: Path, story: bool, broker: str | None, mix: BoxSpec, svg: Path | None) -> int:
    kind: Kind | None = None
    if broker is not None:
        kind = "mosquitto" if broker == "mosquitto" else "iotcore"
    with Stage(folder, kind, mix) as stage:
        try:
            if story or not (sys.stdin.isatty() and sys.stdout.isatty()):
                return _tell(stage, svg)
            from simulator.demo.terminal import interact  # noqa: PLC0415  # only people need rich

            with suppress(KeyboardInterrupt):  # as good a way to leave as `q`
                interact(stage)
            return HELD
        finally:
            _deaf()


def _tell(stage: Stage, svg: Path | None) -> int:
    story = Story(stage, _say)
    held = story.run()
    if svg is not None:
        draw(svg, story.told, story.scene.shots)
    return HELD if held else NOT_HELD


def _deaf() -> None:
    """Clearing away is not to be interrupted by a second signal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _StopError
