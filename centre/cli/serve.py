"""`centre serve`: keeps the books."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from centre import own_process
from centre.alarm_hook import AlarmHook
from centre.beside import Beside
from centre.cli.console import address_of
from centre.cli.context import CliContext
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.figures import FigureReader
from centre.folder import further_serves, taken
from centre.metrics_server import MetricsServer, MetricsText
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
@click.option(
    "--metrics",
    metavar="[HOST:]PORT",
    help="Also tell Prometheus there how the centre stands (GET /metrics); without HOST on this machine alone.",
)
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
    metrics: str | None,
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
        pages = {"--url": url, "--cert": cert, "--key": key, "--frame": frame}
        home = _home_assistant(office, name)
        with _metrics(office, service, metrics), _console(office, listen, pages, behind_proxy), home:
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
    command = ["console", "--listen", listen, "--with-parent", *(["--behind-proxy"] if behind_proxy else [])]
    for option, value in options.items():
        command += [] if value is None else [option, str(value)]
    with _beside(office, "console", command):
        yield


@contextmanager
def _home_assistant(office: CliContext, name: str | None) -> Iterator[None]:
    """Likewise what tells Home Assistant of units, where the site says so; of several `serve` beside the first."""
    if office.site.home_assistant is None or name is not None:
        yield
        return
    with _beside(office, "home-assistant", ["home-assistant", "run", "--with-parent"]):
        yield


@contextmanager
def _beside(office: CliContext, name: str, words: Sequence[str]) -> Iterator[None]:
    command = own_process.command("agent", "centre", "--dir", str(office.folder.path), *words)
    beside = Beside(name, command, _say)
    beside.start()
    try:
        yield
    finally:
        beside.stop()


@contextmanager
def _metrics(office: CliContext, service: Service, where: str | None) -> Iterator[None]:
    """Figures for Prometheus, on threads of their own."""
    if where is None:
        yield
        return
    host, port = address_of(where if ":" in where else f"127.0.0.1:{where}", "metrics")
    reader = FigureReader(office.folder, office.site.site, office.books)
    server = MetricsServer(host, port, MetricsText(reader, service.serving))
    server.start()
    _say(_("metrics at http://{host}:{port}/metrics").format(host=server.server_name, port=server.server_port))
    try:
        yield
    finally:
        server.stop()


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
