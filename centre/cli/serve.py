"""`centre serve`: keeps the books."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import click

from centre.alarm_hook import AlarmHook
from centre.cli.context import CliContext
from centre.errors import CHECK_FAILED, CentreError
from centre.folder import taken
from centre.service import Service

SWITCH_S = 0.0005
"""Python hands over between threads after 5 ms by default: that would be added to each fact on its way into the books."""


@click.command()
@click.option(
    "--exec",
    "program",
    type=click.Path(path_type=Path),
    help="A program that is run for each alarm, with JSON on stdin: one at a time, 30 s at most, no shell, no arguments.",
)
@click.pass_obj
def serve(office: CliContext, program: Path | None) -> None:
    """Take facts from the broker into the books, confirm what is committed, keep the broker's retained state right.

    One at a time for a folder. Stops on SIGTERM and SIGINT. Lines on stderr say what happens.
    """
    books = office.books  # before the lock, which shuts upgrades out
    with taken(office.folder.serving) as ours:
        if not ours:
            raise CentreError(f"{office.folder.path}: `serve` runs already", CHECK_FAILED)
        sys.setswitchinterval(SWITCH_S)
        hook = None if program is None else AlarmHook(program)
        service = Service(office.folder, office.site, office.keys, books, _say, hook)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: service.stop())
        _say(f"serving site {office.site.site}")
        service.run()
        _say("stopped")


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
