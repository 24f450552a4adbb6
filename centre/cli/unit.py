"""`centre unit`: the register of units."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Any

import click

from centre import acceptance, labels, register, shown, units
from centre.acceptance import BoxStanding, UnitPage
from centre.cli.broker import rewrite
from centre.cli.context import CliContext, json_option, told_faults
from centre.errors import WRONG_USE, CentreError
from centre.names import named
from centre.register import ListedUnit
from centre.sheet import BadTableError
from centre.unit_csv import COLUMNS
from centre.units import parse_scope
from centre.words import _
from contract.bounds import rfc3339


@click.group()
def unit() -> None:
    """Units: add one, list all, write the enrolment file of one, accept its box, revoke one, take one back."""


@unit.command()
@click.argument("unit_id", metavar="UNIT", required=False)
@click.option("--name", default="", help="As people call it: 12号楼2单元.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="LEVEL/ID, once for each: building/b12, yard/y07, grid/g21, community/c05. Site and unit are implied.",
)
@click.option(
    "--csv",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"Many, a line each; columns: {', '.join(COLUMNS.names)}. All of them or none.",
)
@click.pass_obj
def add(office: CliContext, unit_id: str | None, name: str, scopes: tuple[str, ...], file: Path | None) -> None:
    """Add a unit to the register, or those of a file."""
    if (unit_id is None) is (file is None) or (file is not None and (name or scopes)):
        raise CentreError(_("either a unit, its name and scopes, or --csv FILE alone"), WRONG_USE)
    if file is not None:
        try:
            added = register.add_all(office, file.read_bytes(), time.time())
        except BadTableError as error:
            raise CentreError(told_faults(file, error, _("names no unit")), error.code) from None
        click.echo(_("added {added} units").format(added=len(added)))
        return
    assert unit_id is not None
    parsed = [parse_scope(text, office.site.site) for text in scopes]
    register.add(office, unit_id, name, parsed, time.time())
    click.echo(_("added {unit_id}").format(unit_id=unit_id))


@unit.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_units(office: CliContext, as_json: bool) -> None:
    """All units: enrolled, there, unwell."""
    for each in register.listed(office):
        click.echo(shown.as_json(_value(each)) if as_json else shown.plain(_line(office, each)))


def _value(unit: ListedUnit) -> dict[str, Any]:
    known: dict[str, Any] = {
        "unit": unit.unit,
        "name": unit.name,
        "scopes": [str(scope) for scope in unit.scopes],
        "state": unit.state,
        "online": unit.online,
        "heard": unit.heard_utc,
    }
    known["acceptance"] = unit.standing or None
    return known | {key: unit.status.get(key) for key in ("version", "clock", "stale", "backlog", "storage")}


def _line(office: CliContext, unit: ListedUnit) -> str:
    presence = _("online") if unit.online else _("offline")
    stale = _(", lacks state") if unit.online and unit.status.get("stale") is True else ""
    if unit.online and unit.status.get("storage") not in {"ok", None}:
        stale += _(", storage {storage}").format(storage=unit.status["storage"])
    seen, scopes = office.local(unit.heard_utc), " ".join(map(str, unit.scopes))
    words = {BoxStanding.ACCEPTED: _("box accepted"), BoxStanding.DUE: _("box not accepted")}
    accepted = f", {words[unit.standing]}" if unit.standing in words else ""
    return f"{unit.unit}  {named(unit.state)}{accepted}  {presence}{stale}  {seen}  {scopes}  {unit.name}"


@unit.command()
@click.argument("unit_id", metavar="UNIT", required=False)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (default: UNIT.enrolment.json in the folder's enrolments/).",
)
@click.option(
    "--all",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help=f"A file there for each unit that is not enrolled yet, and {register.LIST}, a list of them.",
)
@click.option(
    "--qr",
    "sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="SHEET",
    help="Labels for the boxes too: a page for the printer (HTML, A4, 24 a sheet). They hold no secret.",
)
@click.pass_obj
def enrolment(
    office: CliContext, unit_id: str | None, out: Path | None, folder: Path | None, sheet: Path | None
) -> None:
    """Write the one file that makes a box this unit: broker login, keys, a one-time token. Secret, mode 0600.

    Also for a replaced box. A file written earlier for the unit works no more.
    """
    if (unit_id is None) is (folder is None) or (folder is not None and out is not None):
        raise CentreError(_("either a unit, or --all FOLDER"), WRONG_USE)
    if folder is not None:
        due = register.enrol_all(office, folder, time.time())
        click.echo(_("{count} enrolment files in {folder}").format(count=len(due), folder=folder))
    else:
        assert unit_id is not None
        click.echo(str(register.enrol(office, unit_id, out, time.time())))
        with office.books.reading() as conn:
            due = [units.one(conn, office.site.site, unit_id)]
    rewrite(office)
    if sheet is not None:
        labels.write(sheet, office.site.site, [(each.unit, each.name) for each in due])
        click.echo(_("{count} labels in {file}").format(count=len(due), file=sheet))


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@json_option("One object.")
@click.pass_obj
def show(office: CliContext, unit_id: str, as_json: bool) -> None:
    """A unit, whether its box is accepted, and the newest acceptance sheet that the box sent. UNIT: its id, or the code of its label."""
    name = labels.unit_of(unit_id, office.site.site)
    with office.books.reading() as conn:
        page = acceptance.page(conn, office.site.site, name)
    listed = next(each for each in register.listed(office) if each.unit == name)
    if as_json:
        click.echo(shown.as_json(_value(listed) | _page_value(page)))
        return
    click.echo(shown.plain(_line(office, listed)))
    for line in _page_lines(office, page):
        click.echo(shown.plain(line))


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@click.option("--by", default=getpass.getuser, show_default="your login", help="Who accepts it; kept in the books.")
@click.option("--why", default="", help="What was looked at; kept in the books.")
@click.option("--despite", default="", metavar="REASON", help="Why, although rows of its sheet failed or are open.")
@click.pass_obj
def accept(office: CliContext, unit_id: str, by: str, why: str, despite: str) -> None:
    """Say that a unit's box is in order, by its acceptance sheet: its display says no more that it is not accepted.

    Refused (exit 1) where no sheet came, rows of it failed, or nobody has looked at some, unless --despite says why that may be. Of this box
    alone: one that replaces it is accepted anew. UNIT: its id, or the code of its label. See `settings put --no-acceptance` for places
    where none is needed.
    """
    name = labels.unit_of(unit_id, office.site.site)
    made = acceptance.accept(office, name, by, why, despite, time.time())
    for line in _page_lines(office, made)[:1]:
        click.echo(shown.plain(f"{name}: {line}"))
    office.publish()


def _page_value(page: UnitPage) -> dict[str, Any]:
    done = page.accepted
    known: dict[str, Any] = {"key": page.key, "accepted": None, "sheet": None}
    if done is not None:
        known["accepted"] = {"by": done.by, "why": done.why, "despite": done.despite, "at": done.at_utc}
    return known | ({} if page.sheet is None else {"sheet": page.sheet.as_value()})


_MARKS = {True: " ok ", False: "FAIL", None: "[  ]"}


def _page_lines(office: CliContext, page: UnitPage) -> list[str]:
    lines = []
    if page.accepted is not None and page.standing is BoxStanding.ACCEPTED:
        done = page.accepted
        line = _("accepted {at} by {by}").format(at=office.local(done.at_utc), by=done.by)
        line += f": {done.why}" if done.why else ""
        lines.append(line + (_("; although: {despite}").format(despite=done.despite) if done.despite else ""))
    elif page.standing is BoxStanding.DUE:
        lines.append(_("not accepted yet: unit accept"))
    if page.sheet is None:
        return [*lines, _("no acceptance sheet")]
    sheet = page.sheet
    attended = _("somebody was at the door") if sheet.attended else _("nobody was at the door")
    lines.append(
        _("sheet {id} of {at} by the box's clock, {attended}, version {version}").format(
            id=sheet.id, at=rfc3339(sheet.tried_utc), attended=attended, version=sheet.version
        )
    )
    return [*lines, *(f"  {_MARKS[row.passed]}  {row.about}: {row.text}" for row in sheet.rows)]


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="As for `enrolment`.")
@click.pass_obj
def readmit(office: CliContext, unit_id: str, out: Path | None) -> None:
    """Take a revoked unit back and write its new enrolment file. What it had before (logins, key, what was kept for it alone) stays ended."""
    click.echo(str(register.readmit(office, unit_id, out, time.time())))
    rewrite(office)


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@click.pass_obj
def revoke(office: CliContext, unit_id: str) -> None:
    """A stolen or lost box: its broker logins and its key end, what is kept for it alone is cleared. What it sent stays in the books.

    A thief has the keyed hashes of the unit's scopes and the key to guess short card numbers from them: then `keys rotate card`; see docs/security.
    """
    done = register.revoke(office, unit_id, time.time())
    click.echo(_("revoked {unit_id}").format(unit_id=unit_id))
    for line in done.left:
        click.echo(f"centre: {line}", err=True)
    rewrite(office)
    if done.cleared:
        office.publish()
    office.rotate()
