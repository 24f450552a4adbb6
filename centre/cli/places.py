"""`centre places`: where units and yards are on the console's map."""

from __future__ import annotations

import getpass
import time
from pathlib import Path

import click

from centre import places as known_places
from centre import shown
from centre.cli.context import CliContext, json_option, told_faults
from centre.errors import CentreError
from centre.sheet import BadTableError
from centre.words import _

_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books.")


@click.group()
def places() -> None:
    """Where units and yards are, for the map of the console; without them it is laid out by yards and buildings."""


@places.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_by
@click.pass_obj
def import_(office: CliContext, file: Path, by: str) -> None:
    """Take places from a file, all of it or nothing; those of other units stay.

    A CSV table with the columns unit, x, y (a plan of your own, y to the north) or unit, lon, lat; or GeoJSON: a Point with the property "unit",
    a Polygon with the property "yard" (or building, grid, community) and perhaps "name".
    """
    try:
        taken = known_places.take(office, file.read_bytes(), by, time.time())
    except BadTableError as error:
        raise CentreError(told_faults(file, error, _("holds no place")), error.code) from None
    click.echo(_("{units} units, {outlines} outlines").format(units=taken.units, outlines=taken.outlines))


@places.command("list")
@json_option("One object.")
@click.pass_obj
def list_places(office: CliContext, as_json: bool) -> None:
    """Units that have a place."""
    with office.books.reading() as conn:
        known = known_places.known(conn)
    if as_json:
        outlines = [{"scope": each.scope, "name": each.name, "points": each.points} for each in known.outlines]
        click.echo(shown.as_json({"earth": known.earth, "units": known.units, "outlines": outlines}))
        return
    for unit, (x, y) in sorted(known.units.items()):
        click.echo(shown.plain(f"{unit}  {x:g}  {y:g}"))
    for each in known.outlines:
        click.echo(
            shown.plain(
                _("{scope}  outline of {count} points  {name}").format(
                    scope=each.scope, count=len(each.points), name=each.name
                )
            )
        )


@places.command()
@_by
@click.pass_obj
def clear(office: CliContext, by: str) -> None:
    """Forget all places: the map is laid out by itself again."""
    known_places.clear(office, by, time.time())
    click.echo(_("no places any more"))
