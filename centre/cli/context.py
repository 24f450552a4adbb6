"""What most commands need: the open centre, and how they tell what they did."""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from centre import key_changes, publisher, units
from centre.errors import UNREACHABLE, WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.roster_csv import moment
from centre.sheet import BadTableError
from contract.scopes import Scope

MAX_FAULTS = 50
"""Of a file, told by line."""


class CliContext(OpenCentre):
    """The open centre of a command, and what most commands tell at their end."""

    def publish(self) -> None:
        """Send what was committed; where the broker can't be reached, `serve` will, and that is no failure."""
        try:
            count = publisher.publish(self)
        except CentreError as error:
            if error.code != UNREACHABLE:
                raise
            click.echo(f"centre: {error}; `serve` publishes it when it comes up", err=True)
        else:
            click.echo(f"published ({count} messages)")

    def rotate(self) -> None:
        """Move changes of keys on as far as they go now, and publish what was done; `serve` goes on with it."""
        moved = key_changes.advance(self, time.time())
        for line in moved.done:
            click.echo(line)
        for trouble in moved.troubles:
            click.echo(f"centre: {trouble}", err=True)
        if moved.done:
            self.publish()

    def check_scope(self, scope: Scope, *, yes: bool) -> None:
        """Before anything is done: a scope that no unit has is mostly a slip of the pen."""
        with self.books.reading() as conn:
            found = units.reach(conn, self.site.site, scope)
        if not found.units:
            self.ask(f"{scope}: no unit is there", str(scope), found.known, yes=yes)

    def ask(self, what: str, name: str, known: Sequence[str], *, yes: bool) -> None:
        """Whether a name that is none so far is meant; those of `known` that are most like it are told. Without a terminal only `yes` says so.

        Raises CentreError (wrong use) where it is not meant.
        """
        if yes:
            return
        near = difflib.get_close_matches(name, known, 5, 0.3) or sorted(known)[:5]
        what += f"; known: {', '.join(near)}{', …' if len(known) > len(near) else ''}" if near else ""
        if not sys.stdin.isatty():
            raise CentreError(f"{what}. With --yes it is done all the same", WRONG_USE)
        if not click.confirm(f"{what}. Go on?", err=True):
            raise CentreError("nothing was changed", WRONG_USE)

    def local(self, utc: float | None) -> str:
        """A time as read in the site's timezone, to the second."""
        return "-" if utc is None else f"{datetime.fromtimestamp(utc, self.site.zone):%Y-%m-%d %H:%M:%S}"


yes_option = click.option("--yes", is_flag=True, help="Do not ask about a scope or id that is none so far.")


def told_faults(file: Path, error: BadTableError, nothing: str) -> str:
    """A line for each fault of a table, the first of them; `nothing` where it only holds nothing."""
    if not error.faults:
        return f"{file}: {nothing}"
    lines = [f"{file}:{fault}" for fault in error.faults[:MAX_FAULTS]]
    if len(error.faults) > MAX_FAULTS:
        lines.append(f"{file}: and {len(error.faults) - MAX_FAULTS} more")
    return "\n".join(lines)


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
