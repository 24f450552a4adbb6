"""`centre broker`: mosquitto's configuration, passwords and access file."""

from __future__ import annotations

import getpass
from dataclasses import replace
from pathlib import Path

import click

from centre import broker_files, units
from centre.cli.context import CliContext
from centre.errors import WRONG_USE, CentreError
from centre.folder import Mosquitto

EVERYWHERE = "0.0.0.0"  # noqa: S104  # a broker is there to be reached


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write (default: broker/ in the folder, which only you can read).",
)
@click.option("--listen", default=None, help="Address to listen on (default: 0.0.0.0; what was said last is kept).")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=None, help="Port to listen on (default: that of the broker's URL)."
)
@click.option(
    "--user",
    default=None,
    help="The user mosquitto runs as when started by root (default: you); as root, the files are given to it.",
)
@click.option(
    "--cert",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your own server certificate, with --key; else the site's CA signs one.",
)
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def broker(
    office: CliContext,
    out: Path | None,
    listen: str | None,
    port: int | None,
    user: str | None,
    cert: Path | None,
    key: Path | None,
) -> None:
    """Write mosquitto's configuration and access file: each unit reads its own scopes and writes below its own name, no more.

    For the service of the system: --out /etc/mosquitto/doorward --user mosquitto, and include its mosquitto.conf from there.

    Once written, `unit enrolment` and `unit revoke` write it again; mosquitto takes that up on SIGHUP (systemctl reload mosquitto).
    """
    if (cert is None) != (key is None):
        raise CentreError("--cert and --key go together", WRONG_USE)
    before = office.site.mosquitto or Mosquitto(
        str(office.folder.broker), EVERYWHERE, office.site.address.port, getpass.getuser()
    )
    said = {
        "out": None if out is None else str(out.absolute()),
        "listen": listen,
        "port": port,
        "user": user,
        "certificate": None if cert is None else str(cert.absolute()),
        "key": None if key is None else str(key.absolute()),
    }
    wanted = replace(before, **{name: value for name, value in said.items() if value is not None})  # type: ignore[arg-type]
    write(office, wanted)
    office.folder.save(replace(office.site, mosquitto=wanted))
    click.echo(str(Path(wanted.out) / broker_files.CONFIGURATION))


def rewrite(office: CliContext) -> None:
    """After a change of units, where the files were written before."""
    if office.site.mosquitto is not None:
        write(office, office.site.mosquitto)
        click.echo(f"wrote {office.site.mosquitto.out} again: reload the broker (SIGHUP)")


def write(office: CliContext, wanted: Mosquitto) -> None:
    with office.books.reading() as conn:
        known = units.listed(conn, office.site.site)
    broker_files.write(office.folder, office.site, office.keys, known, wanted)
