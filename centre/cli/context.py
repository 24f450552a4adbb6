"""What most commands need of the centre's folder, each opened when it is asked for; and how they tell what they did."""

from __future__ import annotations

import time
from datetime import datetime
from functools import cached_property
from pathlib import Path

import click

from centre import publisher, units
from centre.books import Books
from centre.errors import UNREACHABLE, WRONG_USE, CentreError
from centre.folder import Folder, Site
from centre.keys import CentreKeys, load_keys
from centre.roster import moment
from centre.rotations import Rotor
from centre.signing import Signer
from contract.messages import Scope


class CliContext:
    """The folder at `path`. Every property raises CentreError where it is missing or damaged."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path.absolute())

    @cached_property
    def site(self) -> Site:
        return self.folder.load()

    @cached_property
    def keys(self) -> CentreKeys:
        return load_keys(self.folder)

    @cached_property
    def books(self) -> Books:
        return Books.of(self.folder, self.site)

    @cached_property
    def signer(self) -> Signer:
        return Signer(self.site.site, self.keys)

    def publish(self) -> None:
        """Send what was committed; where the broker can't be reached, `serve` will, and that is no failure."""
        try:
            with publisher.connected(self.folder, self.site, self.keys) as link:
                count = publisher.publish_unsent(self.books, link)
        except CentreError as error:
            if error.code != UNREACHABLE:
                raise
            click.echo(f"centre: {error}; `serve` publishes it when it comes up", err=True)
        else:
            click.echo(f"published ({count} messages)")

    def rotate(self) -> list[str]:
        """Move changes of keys on as far as they go now; `serve` goes on with it. Returns what was done, published already."""
        rotor = Rotor(self.folder, self.site, self.books)
        lines = rotor.advance(time.time())
        for line in lines:
            click.echo(line)
        for trouble in rotor.troubles:
            click.echo(f"centre: {trouble}", err=True)
        self.__dict__.pop("keys", None)
        self.__dict__.pop("signer", None)
        if lines:
            self.publish()
        return lines

    def tell_reach(self, scope: Scope) -> None:
        """A scope that no unit has is mostly a slip of the pen: it is said, and no failure, for units may come later."""
        with self.books.reading() as conn:
            live = [unit for unit in units.listed(conn, self.site.site) if not unit.revoked]
        if not any(scope in unit.scopes for unit in live):
            like = sorted({str(each) for unit in live for each in unit.scopes if each.level == scope.level})
            known = f"; known: {', '.join(like[:10])}{', …' if like[10:] else ''}" if like else ""
            click.echo(f"centre: {scope}: no unit is there yet{known}", err=True)

    def local(self, utc: float | None) -> str:
        """A time as read in the site's timezone, to the second."""
        return "-" if utc is None else f"{datetime.fromtimestamp(utc, self.site.zone):%Y-%m-%d %H:%M:%S}"


def moment_option(office: CliContext, name: str, text: str | None, *, end: bool = False) -> float | None:
    """The value of an option that takes a date, a time, or how long from now (`-` before now): 90s, 15m, 2h, 3d."""
    if text is None:
        return None
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    if text[-1:] in seconds and text[:-1].removeprefix("-").isdecimal():
        return time.time() + int(text[:-1]) * seconds[text[-1]]
    try:
        return moment(text, office.site.zone, end=end)
    except ValueError as error:
        raise CentreError(f"--{name}: {error}, or as 15m, 2h, 3d", WRONG_USE) from None
