"""`centre unit`: the register of units."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from centre import handed, holders, rotations, state, units
from centre.cli.broker import rewrite
from centre.cli.context import CliContext
from centre.errors import WRONG_USE, CentreError
from centre.folder import make_folder, write_secret
from centre.schema import units as units_table
from centre.units import parse_scope
from contract.enrolment import Enrolment, build_enrolment
from contract.messages import Scope


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
    site = office.site.site
    parsed = [parse_scope(text, site) for text in scopes]
    with office.books.changing() as conn:
        units.add(conn, site, unit_id, name, parsed, time.time())
    click.echo(f"added {unit_id}")


@unit.command("list")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.pass_obj
def list_units(office: CliContext, as_json: bool) -> None:
    """All units: enrolled, there, unwell."""
    with office.books.reading() as conn:
        known = units.listed(conn, office.site.site)
        pinned = units.enrolled(conn)
        rows = {row.unit: row for row in conn.execute(select(units_table))}
    for item in known:
        row = rows[item.unit]
        status = json.loads(row.status) if row.status else {}
        value: dict[str, Any] = {
            "unit": item.unit,
            "name": item.name,
            "scopes": [str(scope) for scope in item.scopes],
            "state": "revoked" if item.revoked else "enrolled" if item.unit in pinned else "not enrolled",
            "online": bool(row.online),
            "heard": row.heard_utc,
            "version": status.get("version"),
            "clock": status.get("clock"),
            "stale": status.get("stale"),
            "backlog": status.get("backlog"),
            "storage": status.get("storage"),
        }
        if as_json:
            click.echo(json.dumps(value, ensure_ascii=False))
            continue
        presence = "online" if row.online else "offline"
        stale = ", lacks state" if row.online and status.get("stale") is True else ""
        if row.online and status.get("storage") not in {"ok", None}:
            stale += f", storage {status['storage']}"
        seen = office.local(row.heard_utc)
        click.echo(
            f"{item.unit}  {value['state']}  {presence}{stale}  {seen}  {' '.join(value['scopes'])}  {item.name}"
        )


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
    site, keys = office.site, office.keys
    with office.books.changing() as conn:
        password, token = units.new_login(conn, units.one(conn, site.site, unit_id), time.time())
        handed.end_logins(conn, unit_id, time.time())
    ca = office.folder.ca.read_text() if office.folder.ca.exists() else None
    file = Enrolment(
        site=site.site,
        unit=unit_id,
        broker=site.broker,
        password=password,
        root_key=keys.root_public,
        working_keys=keys.working,
        card_keys=keys.card_keys,
        pin_keys=keys.pin_keys,
        token=token,
        ca=ca,
    )
    if out is None:
        make_folder(office.folder.path / "enrolments")
        out = office.folder.path / "enrolments" / f"{unit_id}.enrolment.json"
    try:
        write_secret(out, build_enrolment(file))
    except OSError as error:
        raise CentreError(f"{out}: {error.strerror}", WRONG_USE) from None
    click.echo(str(out))
    rewrite(office)


@unit.command()
@click.argument("unit_id", metavar="UNIT")
@click.pass_obj
def revoke(office: CliContext, unit_id: str) -> None:
    """A stolen or lost box: its broker logins and its key end, what is kept for it alone is cleared. What it sent stays in the books.

    A thief has the keyed hashes of the unit's scopes and the key to guess short card numbers from them: then `keys rotate card`; see docs/security.
    """
    with office.books.changing() as conn:
        now, scope = time.time(), Scope("unit", unit_id)
        left = rotations.taken_along(conn, unit_id, now)
        units.revoke(conn, units.one(conn, office.site.site, unit_id), now)
        handed.end_logins(conn, unit_id, now)
        handed.forget(conn, unit_id, now)
        holders.forget(conn, str(scope))
        cleared = state.clear_scope(conn, scope, now)
    click.echo(f"revoked {unit_id}")
    for line in left:
        click.echo(f"centre: {line}", err=True)
    rewrite(office)
    if cleared:
        office.publish()
    office.rotate()
