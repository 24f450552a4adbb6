"""`centre roster`: who may open, from CSV."""

from __future__ import annotations

import dataclasses
import getpass
import json
import time
from pathlib import Path

import click

from centre import holder_desk, pins, roster_export, rosters, shown
from centre.cli.context import CliContext, json_option, moment_option, profiles_of, told_faults, yes_option
from centre.cli.holder import as_value, entry_line
from centre.errors import WRONG_USE, CentreError
from centre.roster_csv import COLUMNS, FLAGS
from centre.sheet import BadTableError
from centre.units import parse_scope
from centre.words import _


@click.group()
def roster() -> None:
    """Rosters: put one in place from CSV, make a PIN, list all, show one, export one."""


@roster.command(
    help=f"""Put ROSTER in place for a scope, from a CSV file with a heading line.

Columns: {", ".join(COLUMNS.names)}. `id` and `card` are needed. The card as printed: 0012345678, 188,24910 (in quotes), 00BC614E or
0x12345678. `role`: resident, staff, patrol, emergency, service (these need `org`, an id, and `until`). `pin`, `duress`: 4 to 12 digits each, typed after the
room and `*`, or after the card; a duress PIN opens too, and raises an alarm here. Without these two columns those that were made stay. `pin_required`: yes where the card opens only with the PIN. `from`, `until`: dates (the day of `until` included) or times. `doors` and
`flags`: separated by blanks ({", ".join(FLAGS)}). `hours`: the name of a weekly profile of --hours.

The whole roster is replaced: leaving a holder out revokes. Nothing changes unless every line is good."""
)
@click.argument("name", metavar="ROSTER")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--scope", required=True, help="Where: LEVEL/ID, for example building/b12.")
@click.option(
    "--hours",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Weekly profiles, from a CSV: profile,days,hours as school,mon-fri,07:00-09:00.",
)
@click.option(
    "--again", is_flag=True, help="Take in cards, holders and organisations that were revoked; kept in the books."
)
@click.option("--empty", is_flag=True, help="The file may hold nobody: everybody in the roster is revoked.")
@yes_option
@click.pass_obj
def put(
    office: CliContext, name: str, file: Path, scope: str, hours: Path | None, empty: bool, again: bool, yes: bool
) -> None:
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    here = [each.id for each in rosters.listed(office) if each.scope == scope]
    if here and name not in here:
        office.ask(
            _("{name}: a new roster for {scope}, beside those that are there and stay in force").format(
                name=name, scope=scope
            ),
            name,
            here,
            yes=yes,
        )
    try:
        made = rosters.put(
            office,
            where,
            name,
            file.read_bytes(),
            time.time(),
            title=file.name,
            empty=empty,
            profiles=profiles_of(hours),
            again=getpass.getuser() if again else None,
        )
    except BadTableError as error:
        nobody = _("holds nobody; with --empty everybody in the roster is revoked")
        raise CentreError(told_faults(file, error, nobody), error.code) from None
    was = "" if made.before is None else _(", {before} before").format(before=made.before)
    click.echo(
        _("roster {name} rev {rev}: {size} for {where}{was}").format(
            name=name, rev=made.rev, size=_size(made.holders, made.parts), where=where, was=was
        )
    )
    for doubt in made.doubts:
        click.echo(shown.plain(f"centre: {doubt}"), err=True)
    office.publish()


def _size(holders: int, parts: int) -> str:
    one = _("1 holder") if holders == 1 else _("{holders} holders").format(holders=holders)
    return one if parts == 1 else _("{holders} in {parts} parts").format(holders=one, parts=parts)


@roster.command("pin")
@click.argument("name", metavar="ROSTER")
@click.argument("holder")
@click.option(
    "--duress", is_flag=True, help="A second PIN beside the one in place: it opens too, and raises an alarm here."
)
@click.option("--digits", type=click.IntRange(pins.LEAST, pins.MOST), default=pins.DIGITS, show_default=True)
@click.option("--scope", help="Where: LEVEL/ID, for a roster whose name is there in several.")
@click.pass_obj
def make_pin(office: CliContext, name: str, holder: str, duress: bool, digits: int, scope: str | None) -> None:
    """Make a new PIN for a holder. It is told once, here, and kept nowhere but sealed. The roster goes out with its hash."""
    where = None if scope is None else parse_scope(scope, office.site.site)
    made = rosters.make_pin(office, name, holder, time.time(), digits=digits, duress=duress, scope=where)
    click.echo(_("{holder}: {pin}").format(holder=holder, pin=made.pin))
    if made.another:
        text = _(
            "centre: good until the PIN key has changed; from then on the one that `keys rotate pin` wrote for {holder}"
        )
        click.echo(text.format(holder=holder), err=True)
    office.publish()


@roster.command("list")
@click.option("--expiring", metavar="30d", help="Instead: who ends within that time, or has ended, a line each.")
@json_option("One object a line.")
@click.pass_obj
def list_rosters(office: CliContext, expiring: str | None, as_json: bool) -> None:
    """Rosters in place."""
    if expiring is not None:
        before = moment_option(office, "expiring", expiring, end=True)
        assert before is not None
        for entry in holder_desk.expiring(office, before):
            click.echo(shown.as_json(as_value(entry)) if as_json else shown.plain(entry_line(office, entry)))
        return
    for each in rosters.listed(office):
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(each)))
        else:
            sent = _("sent") if each.sent else _("not sent yet")
            click.echo(
                _("{id}  rev {rev}  {scope}  {size}  {sent}").format(
                    id=each.id, rev=each.rev, scope=each.scope, size=_size(each.holders, each.parts), sent=sent
                )
            )


@roster.command("show")
@click.argument("name", metavar="ROSTER")
@click.option("--scope", help="Of which scope, where several have one of this name.")
@json_option("One object a line.")
@click.pass_obj
def show(office: CliContext, name: str, scope: str | None, as_json: bool) -> None:
    """Who is in ROSTER, a line each: ids, never a card number."""
    for entry in roster_export.entries(office, name, scope):
        click.echo(shown.as_json(as_value(entry)) if as_json else shown.plain(entry_line(office, entry)))


@roster.command("export")
@click.argument("name", metavar="ROSTER")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--scope", help="Of which scope, where several have one of this name.")
@click.option("--by", default=getpass.getuser, show_default="your login", help="Who takes it; kept in the books.")
@click.pass_obj
def export(office: CliContext, name: str, scope: str | None, file: Path, by: str) -> None:
    """Write ROSTER to FILE, a CSV as `roster put` takes it, readable by you alone. FILE must not be there yet.

    Card numbers stand there where they are kept sealed and the key that opens them is here. PINs are not given out; put again from this file, the roster keeps them. Its column `hours` names weekly profiles: those are in a second file beside it, FILE with the ending .hours.csv, which `roster put` takes with --hours.
    """
    if file.exists():
        raise CentreError(_("{file}: is there already").format(file=file), WRONG_USE)
    made = roster_export.export(office, name, scope, by, time.time(), cards=True)
    beside = roster_export.write(made, file)
    text = _("{file}: {count} holders, {cards} of them with their card number")
    click.echo(text.format(file=file, count=made.holders, cards=made.cards))
    if beside is not None:
        click.echo(_("{file}: their weekly profiles, for --hours").format(file=beside))
