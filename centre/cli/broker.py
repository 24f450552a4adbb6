"""`centre broker`: mosquitto's configuration, passwords and access file."""

from __future__ import annotations

from pathlib import Path

import click

from centre import broker_files
from centre.cli.context import CliContext
from centre.errors import WRONG_USE, CentreError
from centre.words import _


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
@click.option(
    "--serve",
    "serves",
    multiple=True,
    metavar="NAME",
    help="Logins for a further `serve --name NAME` that shares the books at PostgreSQL. Repeatable.",
)
@click.option("--no-serve", "without", multiple=True, metavar="NAME", help="That one has none any more. Repeatable.")
@click.pass_obj
def broker(
    office: CliContext,
    out: Path | None,
    listen: str | None,
    port: int | None,
    user: str | None,
    cert: Path | None,
    key: Path | None,
    serves: tuple[str, ...],
    without: tuple[str, ...],
) -> None:
    """Write mosquitto's configuration and access file: each unit reads its own scopes and writes below its own name, no more.

    For the service of the system: --out /etc/mosquitto/doorward --user mosquitto, then install the doorward.conf that is written there
    as its first line says. By hand: start `mosquitto -c mosquitto.conf` in the folder.

    The certificate is made anew when under 30 days of it are left; units go on trusting, for the CA is the same.

    Once written, `unit enrolment` and `unit revoke` write it again; mosquitto takes that up on SIGHUP (systemctl reload mosquitto).
    """
    if (cert is None) != (key is None):
        raise CentreError(_("--cert and --key go together"), WRONG_USE)
    pair = None if cert is None or key is None else (cert, key)
    path = broker_files.configure(
        office, out=out, listen=listen, port=port, user=user, certificate=pair, serves=serves, without=without
    )
    click.echo(str(path))


def rewrite(office: CliContext) -> None:
    """After a change of units, where the files were written before."""
    out = broker_files.rewrite(office)
    if out is not None:
        click.echo(_("wrote {out} again: reload the broker (SIGHUP)").format(out=out))
