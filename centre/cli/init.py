"""`centre init`: a new centre's folder."""

from __future__ import annotations

import time
from pathlib import Path

import click

from centre.folder import Site
from centre.founding import found
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
def init(path: Path, site: str, broker: str, ca: Path | None, timezone: str, books: str | None) -> None:
    """Make a centre in DIR: its root key, working keys, card and PIN keys, CA for the broker, and empty books.

    DIR then holds everything that makes this centre who it is: back it up, keep it secret. The root key (keys/root.pem)
    signs only the list of working keys; take it offline once the first units are enrolled.
    """
    made = found(path, Site(site, broker, timezone, books), ca, time.time())
    click.echo(_("made the centre of site {site} in {path}").format(site=site, path=path))
    if not made.encrypted:
        click.echo(_("centre: mqtt:// is not encrypted: only for trying on one machine"), err=True)
