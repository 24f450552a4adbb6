"""`centre roster`: who may open, from CSV."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
from sqlalchemy import Connection, func, select

from centre import holders, rotations, state, units
from centre.cli.context import CliContext
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.roster import COLUMNS, read_csv, split
from centre.schema import state as state_table
from centre.state import Signed
from centre.units import parse_scope
from contract.messages import MAX_HOLDERS, Kind, Scope
from contract.topics import valid_id

MAX_FAULTS = 50
"""Bad lines named before the rest is only counted."""


@click.group()
def roster() -> None:
    """Rosters: put one in place from CSV, list all."""


@roster.command(
    help=f"""Put ROSTER in place for a scope, from a CSV file with a heading line.

Columns: {", ".join(COLUMNS)}. `id` and `card` are needed. The card as printed: 0012345678, 188,24910 (in quotes), 00BC614E or
0x12345678. `role`: resident, staff, patrol, emergency. `pin`: 4 to 12 digits (kept as a keyed hash; no unit of this version asks for it). `from`, `until`: dates (the day of `until` included) or times. `doors` and
`flags`: separated by blanks.

The whole roster is replaced: leaving a holder out revokes. Nothing changes unless every line is good."""
)
@click.argument("name", metavar="ROSTER")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--scope", required=True, help="Where: LEVEL/ID, for example building/b12.")
@click.option("--empty", is_flag=True, help="The file may hold nobody: everybody in the roster is revoked.")
@click.pass_obj
def put(office: CliContext, name: str, file: Path, scope: str, empty: bool) -> None:
    site = office.site.site
    where = parse_scope(scope, site)
    if not valid_id(name):
        raise CentreError(f"{name!r} is no id (a-z, 0-9, - and _, at most 48)", WRONG_USE)
    with office.books.reading() as conn:
        keys = rotations.hash_keys(conn, office.keys, where)
    reading = read_csv(file.read_bytes(), keys, office.site.zone)
    if reading.faults:
        lines = [f"{file}:{fault}" for fault in reading.faults[:MAX_FAULTS]]
        if len(reading.faults) > MAX_FAULTS:
            lines.append(f"{file}: and {len(reading.faults) - MAX_FAULTS} more")
        raise CentreError("\n".join(lines), CHECK_FAILED)
    if not reading.holders and not empty:
        raise CentreError(f"{file}: holds nobody; with --empty everybody in the roster is revoked", CHECK_FAILED)
    now = time.time()
    with office.books.changing() as conn:
        before = _held(conn, where, name)
        _check_room(conn, site, where, name, len(reading.holders))
        rev = state.next_rev(conn, Kind.ROSTER, where, name)
        parts = split(where, name, rev, round(now, 3), keys.card[0], site, reading.holders)
        signed = []
        for part in parts:
            topic = state.topic_of(site, part, part.part)
            signed.append(Signed(topic, part, office.signer.sign_state(topic, part), part.part))
        state.commit(conn, signed, now, title=file.name)
        holders.keep(conn, office.folder, site, parts, reading.numbers, keys, now)
    was = "" if before is None else f", {before} before"
    click.echo(f"roster {name} rev {rev}: {len(reading.holders)} holders in {len(parts)} parts for {where}{was}")
    office.tell_reach(where)
    office.publish()


@roster.command("list")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.pass_obj
def list_rosters(office: CliContext, as_json: bool) -> None:
    """Rosters in place."""
    table = state_table.c
    mine = (table.kind == Kind.ROSTER.value) & table.token.is_not(None)
    columns = (table.scope, table.id, table.rev, func.sum(table.holders), func.count(), func.count(table.sent_utc))
    with office.books.reading() as conn:
        rows = conn.execute(
            select(*columns).where(mine).group_by(table.scope, table.id, table.rev).order_by(table.scope, table.id)
        ).all()
    for scope, name, rev, people, parts, sent in rows:
        if as_json:
            value = {"id": name, "rev": rev, "scope": scope, "holders": people, "parts": parts, "sent": sent == parts}
            click.echo(json.dumps(value))
        else:
            click.echo(
                f"{name}  rev {rev}  {scope}  {people} holders in {parts} parts  {'sent' if sent == parts else 'not sent yet'}"
            )


def _held(conn: Connection, where: Scope, name: str) -> int | None:
    """How many holders the revision in place has; None for a new roster."""
    table = state_table.c
    mine = (
        (table.kind == Kind.ROSTER.value) & (table.scope == str(where)) & (table.id == name) & table.token.is_not(None)
    )
    held: int | None = conn.execute(select(func.sum(table.holders)).where(mine)).scalar()
    return held


def _check_room(conn: Connection, site: str, where: Scope, name: str, count: int) -> None:
    """No unit may get more holders than it can hold."""
    table = state_table.c
    mine = (table.kind == Kind.ROSTER.value) & table.token.is_not(None)
    others: dict[str, int] = {}
    for scope, other, held in conn.execute(select(table.scope, table.id, table.holders).where(mine)):
        if (scope, other) != (str(where), name):
            others[scope] = others.get(scope, 0) + held
    full = [
        unit.unit
        for unit in units.listed(conn, site)
        if where in unit.scopes and count + sum(others.get(str(scope), 0) for scope in unit.scopes) > MAX_HOLDERS
    ]
    if full or count > MAX_HOLDERS:
        raise CentreError(f"more than {MAX_HOLDERS} holders for {', '.join(full[:5]) or 'a unit'}", CHECK_FAILED)
