"""`centre keys`: which keys there are, and changing them."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from centre import handed, holders, rotations, units
from centre.cli.broker import rewrite
from centre.cli.context import CliContext
from centre.errors import WRONG_USE, CentreError
from centre.rotations import COMMAND_KEYS, STATE_KEYS
from contract.messages import Kind

SHOWN = 20
"""Things waited for that are named before the rest is only counted."""


@click.group()
def keys() -> None:
    """Keys: show what there is and who waits for what, change any of them."""


@keys.group()
def rotate() -> None:
    """Change a key everywhere, with no box enrolled again and no card out of use meanwhile.

    Begins a change, or moves on one that was begun: it may be said as often as you like. `serve` goes on with it as units answer;
    `keys show` tells what it waits for. A unit that is gone for good is waited for until it is revoked.
    """


@rotate.command("command")
@click.pass_obj
def command_keys(office: CliContext) -> None:
    """New keys for commands, now and next. Needs the root key."""
    _working(office, COMMAND_KEYS)


@rotate.command("state")
@click.pass_obj
def state_keys(office: CliContext) -> None:
    """New keys for notices, rosters, settings, confirms and secrets. Needs the root key."""
    _working(office, STATE_KEYS)


def _working(office: CliContext, kinds: Sequence[Kind]) -> None:
    with office.books.changing() as conn:
        begun = rotations.begin_working(conn, office.folder, office.site.site, kinds, time.time())
    _go_on(office, "working", begun=begun)


@rotate.command()
@click.pass_obj
def card(office: CliContext) -> None:
    """A new card key: handed to each unit, rosters hashed with it, the old one taken away.

    Rosters whose numbers are not kept are named, and stay as they are: put them again from their files.
    """
    with office.books.changing() as conn:
        begun = rotations.begin_shared(conn, office.keys, "card", time.time())
        unkept = [each for each in holders.rosters(conn) if each.card_key is None]
    for roster in unkept:
        click.echo(f"centre: roster {roster.id} of {roster.scope}: put it again from its file", err=True)
    _go_on(office, "card", begun=begun)


@rotate.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to make (mode 0600) with the new PINs, told once: hand them out, then delete it.",
)
@click.pass_obj
def pin(office: CliContext, out: Path) -> None:
    """A new PIN key, and a new PIN for everybody who has one. A holder's old PIN is good until the roster with the new one is in force."""
    now, site = time.time(), office.site.site
    with office.books.changing() as conn:
        begun = rotations.begin_shared(conn, office.keys, "pin", now)
        if begun:
            made = holders.new_pins(conn, office.folder, site, now)
            _write_once(out, made)
    if begun:
        click.echo(f"{out}: {len(made)} new PINs")
    _go_on(office, "pin", begun=begun)


def _write_once(out: Path, made: Sequence[holders.NewPin]) -> None:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("scope", "roster", "id", "room", "pin"))
    rows.writerows((each.scope, each.roster, each.holder.id, each.holder.room or "", each.pin) for each in made)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise CentreError(f"{out}: {error.strerror}", WRONG_USE) from None


@rotate.command()
@click.argument("unit_id", metavar="UNIT")
@click.pass_obj
def login(office: CliContext, unit_id: str) -> None:
    """A second login at the broker for a unit that is there; the first goes once the unit says that it uses it."""
    if office.site.mosquitto is None:
        raise CentreError("the broker's files are not written here (`broker`): no login can be added", WRONG_USE)
    with office.books.changing() as conn:
        unit = units.one(conn, office.site.site, unit_id)
        begun = rotations.begin_login(conn, office.folder, office.keys, unit, time.time())
    if begun:
        rewrite(office)
    _go_on(office, "login", unit_id, begun=begun)


def _go_on(office: CliContext, what: str, unit: str | None = None, *, begun: bool) -> None:
    click.echo("begun" if begun else "was begun already")
    office.rotate()
    with office.books.reading() as conn:
        rotation = rotations.is_open(conn, what, unit)
        if rotation is None:
            click.echo("done")
        else:
            _tell_waits(list(rotations.waits(conn, office.keys, office.site.site, rotation)))


def _tell_waits(found: Sequence[str]) -> None:
    for line in found[:SHOWN]:
        click.echo(f"  waits: {line}")
    if len(found) > SHOWN:
        click.echo(f"  waits: and {len(found) - SHOWN} more")


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="One object.")
@click.pass_obj
def show(office: CliContext, as_json: bool) -> None:
    """Keys by their ids, since when, which units have which, what waits for whom. No secret is shown."""
    with office.books.reading() as conn:
        changes = rotations.listed(conn)
        waits = {
            each.id: list(rotations.waits(conn, office.keys, office.site.site, each))
            for each in changes
            if each.done_utc is None
        }
        have = _have(conn, office.site.site)
    since = {name: each.begun_utc for each in changes for name in each.new}
    known = {"card": list(office.keys.card_keys), "pin": list(office.keys.pin_keys)}
    known["working"] = [key.kid for key in office.keys.working]
    if as_json:
        value = {
            "keys": [
                {"what": what, "id": name, "since": since.get(name)} for what, names in known.items() for name in names
            ],
            "open": [{"what": each.name, "waits": waits[each.id]} for each in changes if each.id in waits],
            "units": have,
        }
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for what, names in known.items():
        for name in names:
            begun = since.get(name)
            click.echo(f"{what}  {name}  since {'the beginning' if begun is None else office.local(begun)}")
    for unit, has in have.items():
        due = f" of {has['due']}" if has["due"] else ""
        told = f"secrets revision {has['secrets']}{due}" if has["seals"] else "has not shown a key to seal to"
        click.echo(f"{unit}  keys revision {has['keys']}  {told}  login {has['login'] or '-'}")
    for each in changes:
        if each.id in waits:
            click.echo(
                f"{each.name}: {' '.join(each.old)} -> {' '.join(each.new)}, begun {office.local(each.begun_utc)}"
            )
            _tell_waits(waits[each.id])


def _have(conn: Connection, site: str) -> dict[str, dict[str, Any]]:
    """By unit: the revisions it told to have in force (0: none that counts), and the newest secrets there are for it."""
    revs, sealing = handed.secrets_revs(conn), handed.sealing(conn)
    secrets, keys = handed.has_applied(conn, Kind.SECRETS), handed.has_applied(conn, Kind.KEYS)
    return {
        unit: {
            "keys": keys.get((unit, f"site/{site}", ""), 0),
            "secrets": secrets.get((unit, f"unit/{unit}", ""), 0),
            "due": revs.get(unit, 0),
            "seals": unit in sealing,
            "login": handed.current_login(conn, unit),
        }
        for unit in handed.live(conn)
    }
