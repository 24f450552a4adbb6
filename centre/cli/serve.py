"""`centre serve`: keeps the books."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from centre.alarm_hook import AlarmHook
from centre.beside import Beside
from centre.cli.console import address_of
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
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="Also serve the centre's pages to browsers there; more of it: `console --help`.",
)
@click.option("--url", metavar="URL", help="With --listen: as people reach them, behind a proxy.")
@click.option(
    "--cert",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --listen: a server certificate (PEM), with --key.",
)
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--behind-proxy", is_flag=True, help="With --listen: a proxy on this machine ends TLS.")
@click.option("--frame", metavar="ORIGIN", hidden=True)
@click.pass_obj
def serve(
    office: CliContext,
    program: Path | None,
    name: str | None,
    listen: str | None,
    url: str | None,
    cert: Path | None,
    key: Path | None,
    behind_proxy: bool,
    frame: str | None,
) -> None:
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
        with _console(office, listen, {"--url": url, "--cert": cert, "--key": key, "--frame": frame}, behind_proxy):
            service.run()
        _say(_("stopped"))


@contextmanager
def _console(
    office: CliContext, listen: str | None, options: Mapping[str, object], behind_proxy: bool
) -> Iterator[None]:
    """The pages, in a process of their own beside this one."""
    if listen is None:
        yield
        return
    address_of(listen)
    command = [sys.executable, "-P", "-m", "agent", "centre", "--dir", str(office.folder.path), "console"]
    command += ["--listen", listen, "--with-parent", *(["--behind-proxy"] if behind_proxy else [])]
    for option, value in options.items():
        command += [] if value is None else [option, str(value)]
    beside = Beside("console", command, _say)
    beside.start()
    try:
        yield
    finally:
        beside.stop()


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
