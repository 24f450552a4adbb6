"""The command `doorward demo`: everything on this machine, on simulated serial hardware, under one temporary folder."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import FrameType

import click

from simulator.box import BoxSpec
from simulator.broker import BrokerError, Kind
from simulator.demo.disk import keep_mounts_to_ourselves
from simulator.demo.panels import designed
from simulator.demo.pictures import draw
from simulator.demo.stage import OF_A_HAND, OF_THE_STORY, Stage
from simulator.demo.story import Story
from simulator.demo.waiting import NotHeldError
from simulator.demo.words import LANGUAGES, PANEL, languages
from simulator.practice import BOARDS, PANELS, READERS

HELD, NOT_HELD, UNREACHABLE = 0, 1, 69


class How(Enum):
    """For whom it is."""

    PAGE = "page"
    TERMINAL = "terminal"
    STORY = "story"


@dataclass(frozen=True, slots=True)
class Asked:
    """`language` as it was said; `spoken`: of the panel and of the demo, whoever said it."""

    how: How
    broker: str | None
    mix: BoxSpec
    pictures: Path | None
    language: str | None
    spoken: tuple[str, str]
    port: int


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
    help="Of the panel and of the demo (default: zh-CN for the panel, the browser's for its page). The story has a Chinese panel.",
)
@click.option("--terminal", is_flag=True, help="At the terminal, by keys, and not in a browser.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The page's port on 127.0.0.1 (default: a free one). With it the page is served without a terminal too.",
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
    terminal: bool,
    port: int | None,
    keep: Path | None,
) -> None:
    """A unit, its centre and a broker at work, on serial hardware in software, in your browser. Needs no other machine; leaves nothing running.

    Without a terminal it is the story.
    """
    how = _how(story, terminal, port)
    if language not in (None, PANEL) and how is How.STORY:
        raise click.UsageError(
            f"--language {language} is for the demo that people use: the story reads a Chinese panel"
        )
    spoken = (PANEL, "en") if how is How.STORY else languages(language, os.environ, sys.stdout.encoding)
    mix = BoxSpec(panel=PANELS[panel], reader_form=reader, board=board, address=BOARDS[board])
    asked = Asked(how, broker, mix, pictures, language, spoken, port or 0)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    keep_mounts_to_ourselves()
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            code = _play(keep.absolute(), asked)
        else:
            with tempfile.TemporaryDirectory(prefix="doorward-demo-") as folder:
                code = _play(Path(folder), asked)
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


def _how(story: bool, terminal: bool, port: int | None) -> How:
    """A story where nobody sits before a terminal, unless the page is asked for."""
    seated = sys.stdin.isatty() and sys.stdout.isatty()
    if story and (terminal or port is not None):
        raise click.UsageError("--story goes with neither --terminal nor --port")
    if terminal and not seated:
        raise click.UsageError("--terminal: here is none")
    if story or (not seated and port is None):
        return How.STORY
    return How.TERMINAL if terminal else How.PAGE


def _play(folder: Path, asked: Asked) -> int:
    kind: Kind | None = None
    if asked.broker is not None:
        kind = "mosquitto" if asked.broker == "mosquitto" else "iotcore"
    with ExitStack() as stack:
        serving = None
        if asked.how is How.PAGE:
            from simulator.demo.web.serving import Serving  # noqa: PLC0415  # only pages need a web server

            serving = stack.enter_context(Serving(asked.port))
        here, there = designed(asked.mix, _say)
        pace = OF_THE_STORY if serving is None else OF_A_HAND
        stage = stack.enter_context(Stage(folder, kind, here, next_door=there, language=asked.spoken[0], pace=pace))
        stack.callback(_deaf)
        if asked.how is How.STORY:
            return _tell(stage, asked.pictures)
        words = LANGUAGES[asked.spoken[1]]
        with suppress(KeyboardInterrupt):  # as good a way to leave as `q`
            if serving is None:
                from simulator.demo.terminal import interact  # noqa: PLC0415  # only people need rich

                interact(stage, words)
            else:
                from simulator.demo.web.play import play  # noqa: PLC0415

                play(stage, serving, words, asked.language, _say)
        return HELD


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
