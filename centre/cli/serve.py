"""`centre serve`: keeps the books."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import click

from centre.alarm_hook import AlarmHook
from centre.cli.context import CliContext
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.folder import further_serves, taken
from centre.service import Service
from centre.words import _

SWITCH_S = 0.0005
"""Python hands over between threads after 5 ms by default: that would be added to each fact on its way into the books."""


@click.command()
@click.option(
    "--exec",
    "program",
    type=click.Path(path_type=Path),
    help="A program that is run for each alarm, with JSON on stdin: one at a time, 30 s at most, no shell, no arguments.",
)
@click.option(
    "--name", help="One of several that share the books at PostgreSQL; `broker --serve NAME` makes its logins."
)
@click.pass_obj
def serve(office: CliContext, program: Path | None, name: str | None) -> None:
    """Take facts from the broker into the books, confirm what is committed, keep the broker's retained state right.

    One at a time for a folder, but for those of other names. Stops on SIGTERM and SIGINT. Lines on stderr say what happens.
    """
    books = office.books  # before the lock, which shuts upgrades out
    if name is not None and name not in further_serves(office.keys.logins):
        raise CentreError(
            _("--name: there are no logins for {name!r}: `broker --serve NAME` makes them").format(name=name), WRONG_USE
        )
    with taken(office.folder.serving_as(name)) as ours:
        if not ours:
            raise CentreError(_("{path}: `serve` runs already").format(path=office.folder.path), CHECK_FAILED)
        sys.setswitchinterval(SWITCH_S)
        hook = None if program is None else AlarmHook(program)
        service = Service(office.folder, office.site, office.keys, books, _say, hook, name)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: service.stop())
        _say(_("serving site {site}").format(site=office.site.site))
        service.run()
        _say(_("stopped"))


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
