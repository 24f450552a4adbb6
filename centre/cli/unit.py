"""`centre unit`: the register of units."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from centre import register
from centre.cli.broker import rewrite
from centre.cli.context import CliContext
from centre.register import ListedUnit
from centre.units import parse_scope


@click.group()
def unit() -> None:
    """Units: add one, list all, write the enrolment file of one, revoke one."""


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@click.option("--name", default="", help="As people call it: 12号楼2单元.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="LEVEL/ID, once for each: building/b12, yard/y07, grid/g21, community/c05. Site and unit are implied.",
)
@click.pass_obj
def add(office: CliContext, unit_id: str, name: str, scopes: tuple[str, ...]) -> None:
    """Add a unit to the register."""
    parsed = [parse_scope(text, office.site.site) for text in scopes]
    register.add(office, unit_id, name, parsed, time.time())
    click.echo(f"added {unit_id}")


@unit.command("list")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.pass_obj
def list_units(office: CliContext, as_json: bool) -> None:
    """All units: enrolled, there, unwell."""
    for each in register.listed(office):
        click.echo(json.dumps(_value(each), ensure_ascii=False) if as_json else _line(office, each))


def _value(unit: ListedUnit) -> dict[str, Any]:
    known: dict[str, Any] = {
        "unit": unit.unit,
        "name": unit.name,
        "scopes": [str(scope) for scope in unit.scopes],
        "state": unit.state,
        "online": unit.online,
        "heard": unit.heard_utc,
    }
    return known | {key: unit.status.get(key) for key in ("version", "clock", "stale", "backlog", "storage")}


def _line(office: CliContext, unit: ListedUnit) -> str:
    presence = "online" if unit.online else "offline"
    stale = ", lacks state" if unit.online and unit.status.get("stale") is True else ""
    if unit.online and unit.status.get("storage") not in {"ok", None}:
        stale += f", storage {unit.status['storage']}"
    seen, scopes = office.local(unit.heard_utc), " ".join(map(str, unit.scopes))
    return f"{unit.unit}  {unit.state}  {presence}{stale}  {seen}  {scopes}  {unit.name}"


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (default: UNIT.enrolment.json in the folder's enrolments/).",
)
@click.pass_obj
def enrolment(office: CliContext, unit_id: str, out: Path | None) -> None:
    """Write the one file that makes a box this unit: broker login, keys, a one-time token. Secret, mode 0600.

    Also for a replaced box. A file written earlier for the unit works no more.
    """
    click.echo(str(register.enrol(office, unit_id, out, time.time())))
    rewrite(office)


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@click.pass_obj
def revoke(office: CliContext, unit_id: str) -> None:
    """A stolen or lost box: its broker logins and its key end, what is kept for it alone is cleared. What it sent stays in the books.

    A thief has the keyed hashes of the unit's scopes and the key to guess short card numbers from them: then `keys rotate card`; see docs/security.
    """
    done = register.revoke(office, unit_id, time.time())
    click.echo(f"revoked {unit_id}")
    for line in done.left:
        click.echo(f"centre: {line}", err=True)
    rewrite(office)
    if done.cleared:
        office.publish()
    office.rotate()
