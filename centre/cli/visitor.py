"""`centre visitor`: codes for visitors."""

from __future__ import annotations

import dataclasses
import re
import time

import click

from centre import shown, visitors
from centre.cli.context import CliContext, json_option, yes_option
from centre.errors import WRONG_USE, CentreError
from centre.words import _

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})/(\d{1,2})")


@click.group()
def visitor() -> None:
    """Visitors: make a code for one day and one entry, revoke it, list them."""


@visitor.command()
@click.argument("unit_id", metavar="UNIT")
@click.argument("door")
@click.option("--day", help="The local day it is good on, as 2026-10-01 (default: today).")
@click.option("--for", "note", default="", help="Whom it is for, for your own list.")
@yes_option
@click.pass_obj
def make(office: CliContext, unit_id: str, door: str, day: str | None, note: str, yes: bool) -> None:
    """Make a code of eight digits for DOOR of UNIT. It is told once, here; the visitor types it and `#`.

    The door need not be told: the code opens it also when it was offline all the while.
    """
    doors = visitors.doors_of(office, unit_id)
    if doors and door not in doors:
        office.ask(_("{unit}: has no door {door}").format(unit=unit_id, door=door), door, doors, yes=yes)
    now = time.time()
    made = visitors.make(office, unit_id, door, day or visitors.today(office, now), note, now)
    name = f"{made.day}/{made.serial}"
    click.echo(_("{code}  {unit} {door}  {name}").format(code=made.code, unit=made.unit, door=made.door, name=name))


@visitor.command()
@click.argument("unit_id", metavar="UNIT")
@click.argument("door")
@click.argument("name", metavar="DAY/NUMBER")
@click.pass_obj
def revoke(office: CliContext, unit_id: str, door: str, name: str) -> None:
    """A code opens no longer, once the unit has heard of it. DAY/NUMBER as `make` and `list` say it: 2026-10-01/3."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise CentreError(_("{name}: not a day and a number as 2026-10-01/3").format(name=name), WRONG_USE)
    visitors.revoke(office, unit_id, door, found[1], int(found[2]), time.time())
    click.echo(_("revoked {unit} {door} {name}").format(unit=unit_id, door=door, name=name))
    office.publish()


@visitor.command("list")
@click.argument("unit_id", metavar="UNIT")
@click.option("--since", help="From this day on (default: today).")
@json_option("One object a line.")
@click.pass_obj
def list_codes(office: CliContext, unit_id: str, since: str | None, as_json: bool) -> None:
    """Codes that were made, without their digits: used when, revoked when."""
    for each in visitors.listed(office, unit_id, since or visitors.today(office, time.time())):
        if as_json:
            click.echo(shown.as_json(dataclasses.asdict(each)))
            continue
        line = _("{door}  {name}  made {made}  used {used}  revoked {revoked}  {note}")
        times = {"made": office.local(each.made_utc), "used": office.local(each.used_utc)}
        rest = {"revoked": office.local(each.revoked_utc), "note": each.note}
        click.echo(shown.plain(line.format(door=each.door, name=f"{each.day}/{each.serial}", **times, **rest)))
