"""What most commands need: the open centre, and how they tell what they did."""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from centre import key_changes, known, publisher, shown, units
from centre.errors import CHECK_FAILED, UNREACHABLE, WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.profiles_csv import profiles
from centre.roster_csv import moment
from centre.sheet import BadTableError
from centre.words import _, speak
from contract.hours import Hours
from contract.language import ENGLISH
from contract.scopes import Scope

F = TypeVar("F", bound=Callable[..., Any])

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
            click.echo(_("centre: {error}; `serve` publishes it when it comes up").format(error=error), err=True)
        else:
            said = _("published (1 message)") if count == 1 else _("published ({count} messages)")
            click.echo(said.format(count=count) if count else _("published by `serve`"))

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
            self.ask(_("{scope}: no unit is there").format(scope=scope), str(scope), found.known, yes=yes)

    def warn(self, what: str) -> None:
        """What is done all the same, and is mostly a slip of the pen."""
        click.echo(shown.plain(f"centre: {what}"), err=True)

    def check_doors(self, scope: Scope, doors: Collection[str]) -> None:
        """The centre knows doors by what units say of themselves alone; one that no unit has may be meant for later."""
        with self.books.reading() as conn:
            found = units.reach(conn, self.site.site, scope).units
            strange = known.doors_nobody_has(conn, found, doors)
        for door in strange:
            self.warn(
                _("{door}: no unit of {scope} has said so far that it has this door").format(door=door, scope=scope)
            )

    def ask(self, what: str, name: str, known: Sequence[str], *, yes: bool) -> None:
        """Whether a name that is none so far is meant; those of `known` that are most like it are told. Without a terminal only `yes` says so.

        Raises CentreError (wrong use) where it is not meant.
        """
        if yes:
            return
        near = difflib.get_close_matches(name, known, 5, 0.3) or sorted(known)[:5]
        if near:
            more = ", …" if len(known) > len(near) else ""
            what += _("; known: {names}").format(names=", ".join(near) + more)
        if not sys.stdin.isatty():
            raise CentreError(_("{what}. With --yes it is done all the same").format(what=what), WRONG_USE)
        if not click.confirm(_("{what}. Go on?").format(what=what), err=True):
            raise CentreError(_("nothing was changed"), WRONG_USE)

    def local(self, utc: float | None) -> str:
        """A time as read in the site's timezone, to the second."""
        return "-" if utc is None else f"{datetime.fromtimestamp(utc, self.site.zone):%Y-%m-%d %H:%M:%S}"


def json_option(text: str) -> Callable[[F], F]:
    """--json, as parameter `as_json`. What programs read is in English, whatever the language."""

    def chosen(_context: click.Context, _option: click.Parameter, value: bool) -> bool:
        if value:
            speak(ENGLISH)
        return value

    return click.option("--json", "as_json", is_flag=True, is_eager=True, callback=chosen, help=text)


def said(_context: click.Context, option: click.Parameter, value: str) -> str:
    """What is to be said is not left empty."""
    if not value.strip():
        raise CentreError(_("--{name}: says nothing").format(name=option.name), WRONG_USE)
    return value


yes_option = click.option("--yes", is_flag=True, help="Do not ask about a scope or id that is none so far.")


def told_faults(file: Path, error: BadTableError, nothing: str) -> str:
    """A line for each fault of a table, the first of them; `nothing` where it only holds nothing."""
    if not error.faults:
        return f"{file}: {nothing}"
    lines = [f"{file}:{fault}" for fault in error.faults[:MAX_FAULTS]]
    if len(error.faults) > MAX_FAULTS:
        lines.append(_("{file}: and {count} more").format(file=file, count=len(error.faults) - MAX_FAULTS))
    return "\n".join(lines)


def profiles_of(file: Path | None) -> dict[str, Hours] | None:
    """The weekly profiles of a file; None without one. Raises CentreError, a line for each fault."""
    if file is None:
        return None
    try:
        return profiles(file.read_bytes())
    except BadTableError as error:
        raise CentreError(told_faults(file, error, _("holds nothing")), CHECK_FAILED) from None


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
        raise CentreError(_("--{name}: {error}, or as 15m, 2h, 3d").format(name=name, error=error), WRONG_USE) from None
