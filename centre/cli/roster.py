"""`centre roster`: who may open, from CSV."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import click

from centre import rosters
from centre.cli.context import CliContext, told_faults, yes_option
from centre.errors import CentreError
from centre.roster_csv import COLUMNS
from centre.sheet import BadTableError
from centre.units import parse_scope


@click.group()
def roster() -> None:
    """Rosters: put one in place from CSV, list all."""


@roster.command(
    help=f"""Put ROSTER in place for a scope, from a CSV file with a heading line.

Columns: {", ".join(COLUMNS.names)}. `id` and `card` are needed. The card as printed: 0012345678, 188,24910 (in quotes), 00BC614E or
0x12345678. `role`: resident, staff, patrol, emergency. `pin`: 4 to 12 digits (kept as a keyed hash; no unit of this version asks for it). `from`, `until`: dates (the day of `until` included) or times. `doors` and
`flags`: separated by blanks.

The whole roster is replaced: leaving a holder out revokes. Nothing changes unless every line is good."""
)
@click.argument("name", metavar="ROSTER")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--scope", required=True, help="Where: LEVEL/ID, for example building/b12.")
@click.option("--empty", is_flag=True, help="The file may hold nobody: everybody in the roster is revoked.")
@yes_option
@click.pass_obj
def put(office: CliContext, name: str, file: Path, scope: str, empty: bool, yes: bool) -> None:
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    here = [each.id for each in rosters.listed(office) if each.scope == scope]
    if here and name not in here:
        office.ask(f"{name}: no such roster for {scope}, those there stay in force", name, here, yes=yes)
    try:
        made = rosters.put(office, where, name, file.read_bytes(), time.time(), title=file.name, empty=empty)
    except BadTableError as error:
        nobody = "holds nobody; with --empty everybody in the roster is revoked"
        raise CentreError(told_faults(file, error, nobody), error.code) from None
    was = "" if made.before is None else f", {made.before} before"
    click.echo(f"roster {name} rev {made.rev}: {made.holders} holders in {made.parts} parts for {where}{was}")
    office.publish()


@roster.command("list")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.pass_obj
def list_rosters(office: CliContext, as_json: bool) -> None:
    """Rosters in place."""
    for each in rosters.listed(office):
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(each)))
        else:
            sent = "sent" if each.sent else "not sent yet"
            click.echo(f"{each.id}  rev {each.rev}  {each.scope}  {each.holders} holders in {each.parts} parts  {sent}")
