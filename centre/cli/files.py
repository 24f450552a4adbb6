"""`centre files`: hands bundles of units' software out over HTTPS."""

from __future__ import annotations

import dataclasses
import resource
import signal
import time
from pathlib import Path

import click

from centre import bundles, certificates
from centre.cli.context import CliContext
from centre.errors import CHECK_FAILED, CONFIGURATION, WRONG_USE, CentreError
from centre.folder import FILES_PORT, Files, make_folder, taken
from centre.words import _, reason_of

FILES_BESIDE = 256
"""Open files of the process beside its connections: bundles that are sent, and its own."""


@click.command()
@click.option(
    "--listen", metavar="ADDRESS", help="Address to listen on (default: 0.0.0.0; what was said last is kept)."
)
@click.option("--host", help="As units reach it: a name or an address (default: that of the broker).")
@click.option(
    "--port", type=click.IntRange(1, 65535), help=f"Port to listen on, and to be reached at (default: {FILES_PORT})."
)
@click.option(
    "--cert",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your own server certificate, with --key; else the site's CA signs one.",
)
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def files(
    office: CliContext, listen: str | None, host: str | None, port: int | None, cert: Path | None, key: Path | None
) -> None:
    """Hand out the bundles of `software add` over HTTPS, to whoever asks by their SHA-256. Runs beside `serve`, as a service of its own.

    Stops on SIGTERM and SIGINT. The certificate is made anew at a start with under 30 days of it left.
    """
    if (cert is None) != (key is None):
        raise CentreError(_("--cert and --key go together"), WRONG_USE)
    before = office.site.serves_files
    wanted = Files(host or before.host, port or before.port, listen or before.listen, before.certificate, before.key)
    if cert is not None and key is not None:
        wanted = dataclasses.replace(wanted, certificate=str(cert.absolute()), key=str(key.absolute()))
    with taken(office.folder.path / "files.lock") as ours:
        if not ours:
            raise CentreError(_("{path}: `files` runs already").format(path=office.folder.path), CHECK_FAILED)
        _serve(office, wanted)


def _serve(office: CliContext, wanted: Files) -> None:
    from centre import file_server  # noqa: PLC0415  # no other command pays for a web server

    certificate = file_server.Certificate(*_certificate(office, wanted))
    at = file_server.listening(wanted.listen, wanted.port)
    with at:
        if wanted != office.site.files:
            office.save(dataclasses.replace(office.site, files=wanted))
        folder = bundles.place(office.folder)
        make_folder(folder)
        _limit_files(file_server.CONNECTIONS)
        for number in (signal.SIGTERM, signal.SIGINT):  # the server's own are in force while it runs
            signal.signal(number, lambda *_: None)
        _say(_("handing out {folder} at {listen}:{port}").format(folder=folder, listen=wanted.listen, port=wanted.port))
        try:
            file_server.serve(file_server.Bundles(folder), certificate, at)
        except OSError as error:
            raise CentreError(f"{error.filename or certificate.path}: {reason_of(error)}", CONFIGURATION) from None
    _say(_("stopped"))


def _certificate(office: CliContext, wanted: Files) -> tuple[Path, Path]:
    if wanted.certificate is not None and wanted.key is not None:
        return Path(wanted.certificate), Path(wanted.key)
    if not (office.folder.tls / "ca.key").exists():
        raise CentreError(_("the broker's CA is not ours: name a certificate of it with --cert and --key"), WRONG_USE)
    make_folder(office.folder.files)
    certificates.make_server(office.folder.tls, office.folder.files, wanted.host)
    return office.folder.files / "server.pem", office.folder.files / "server.key"


def _limit_files(connections: int) -> None:
    """As many open files as that takes, and no more: what comes beyond is accepted later, and costs no memory until then."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = connections + FILES_BESIDE
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
