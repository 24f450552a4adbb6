"""`centre init`: a new centre's folder."""

from __future__ import annotations

import time
from pathlib import Path

import click

from centre.cli.account import tell_invitation
from centre.cli.context import CliContext
from centre.folder import Site
from centre.founding import ADMINISTRATOR, found
from centre.words import _


@click.command()
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--site", required=True, help="The site's id: a-z, 0-9, - and _, for example badahu.")
@click.option("--broker", required=True, help="mqtts://HOST[:PORT], as the units reach it; mqtt:// only for trying.")
@click.option(
    "--ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The CA of a broker you have; without it the site gets its own.",
)
@click.option(
    "--timezone",
    default="Asia/Shanghai",
    show_default=True,
    help="For dates in rosters and notices, and for what is printed.",
)
@click.option("--books", help="postgresql+psycopg://USER@HOST/DATABASE, an empty one, if not SQLite in the folder.")
@click.option(
    "--administrator",
    default=ADMINISTRATOR,
    show_default=True,
    help="The name by which the first administrator signs in.",
)
def init(
    path: Path, site: str, broker: str, ca: Path | None, timezone: str, books: str | None, administrator: str
) -> None:
    """Make a centre in DIR: its root key, working keys, card and PIN keys, CA for the broker, and empty books.

    DIR then holds everything that makes this centre who it is: back it up, keep it secret. The root key (keys/root.pem)
    signs only the list of working keys; take it offline once the first units are enrolled.

    There is no password: the first administrator sets one by the link that is printed at the end.
    """
    made = found(path, Site(site, broker, timezone, books), ca, time.time(), administrator)
    click.echo(_("made the centre of site {site} in {path}").format(site=site, path=path))
    tell_invitation(CliContext(path), made.invitation)
    if not made.encrypted:
        click.echo(_("centre: mqtt:// is not encrypted: only for trying on one machine"), err=True)
