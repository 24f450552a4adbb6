"""`centre init`: a new centre's folder."""

from __future__ import annotations

import time
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from centre import certificates, holders, state
from centre.books import Books, url_of
from centre.errors import WRONG_USE, CentreError
from centre.folder import BrokerAddress, Folder, Site, make_folder, write_secret
from centre.keys import load_keys, load_root, make_keys
from centre.signing import Signer
from centre.state import Signed
from contract.messages import Keys, Kind, Scope
from contract.topics import down, valid_id


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
@click.option("--books", help="Database URL, if not SQLite in the folder.")
def init(path: Path, site: str, broker: str, ca: Path | None, timezone: str, books: str | None) -> None:
    """Make a centre in DIR: its root key, working keys, card and PIN keys, CA for the broker, and empty books.

    DIR then holds everything that makes this centre who it is: back it up, keep it secret. The root key (keys/root.pem)
    signs only the list of working keys; take it offline once the first units are enrolled.
    """
    address = _checked(site, broker, timezone)
    folder = Folder(path.absolute())
    if folder.settings.exists() or folder.keys.exists():
        raise CentreError(f"{path}: there is a centre already", WRONG_USE)
    make_folder(folder.path)
    folder.path.chmod(0o700)
    make_keys(folder)
    _certificates(folder, site, address, ca)
    described = Site(site, broker, timezone, books)
    _first_books(folder, described)
    folder.save(described)
    click.echo(f"made the centre of site {site} in {path}")
    if not address.tls:
        click.echo("centre: mqtt:// is not encrypted: only for trying on one machine", err=True)


def _checked(site: str, broker: str, timezone: str) -> BrokerAddress:
    if not valid_id(site):
        raise CentreError(f"--site: {site!r} is no id (a-z, 0-9, - and _, at most 48)", WRONG_USE)
    try:
        ZoneInfo(timezone)
    except (OSError, ValueError, KeyError):
        raise CentreError("--timezone: not a name of the IANA database", WRONG_USE) from None
    try:
        return BrokerAddress.parse(broker)
    except ValueError as error:
        raise CentreError(f"--broker: {error}", WRONG_USE) from None


def _certificates(folder: Folder, site: str, address: BrokerAddress, ca: Path | None) -> None:
    if not address.tls:
        return
    make_folder(folder.tls)
    if ca is None:
        certificates.make_ca(folder.tls, site)
        return
    data = ca.read_bytes()
    try:
        certificates.check_ca(data)
    except ValueError:
        raise CentreError(f"{ca}: no certificate in PEM", WRONG_USE) from None
    write_secret(folder.ca, data)


def _first_books(folder: Folder, site: Site) -> None:
    """Empty books, and in them the first `keys` message, signed by the root."""
    if site.books is None:
        write_secret(folder.books, b"")
    books = Books(url_of(folder, site))
    books.create()
    keys, scope, now = load_keys(folder), Scope("site", site.site), time.time()
    message = Keys(scope, 1, round(now, 3), keys.working)
    topic = down(site.site, scope, Kind.KEYS)
    token = Signer(site.site, keys).sign_keys(load_root(folder), topic, message)
    with books.changing() as conn:
        state.commit(conn, [Signed(topic, message, token)], now)
        holders.public_key(conn, folder, now)
    books.close()
