"""`centre keys`: which keys there are, and changing them."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path

import click

from centre import key_changes
from centre.cli.broker import rewrite
from centre.cli.context import CliContext
from centre.keys import COMMAND_KEYS, STATE_KEYS
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
    _go_on(office, "working", begun=key_changes.begin_working(office, kinds, time.time()))


@rotate.command()
@click.pass_obj
def card(office: CliContext) -> None:
    """A new card key: handed to each unit, rosters hashed with it, the old one taken away.

    Rosters whose numbers are not kept are named, and stay as they are: put them again from their files.
    """
    done = key_changes.begin_card(office, time.time())
    for roster in done.unkept:
        click.echo(f"centre: roster {roster.id} of {roster.scope}: put it again from its file", err=True)
    _go_on(office, "card", begun=done.begun)


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
    count = key_changes.begin_pin(office, out, time.time())
    if count is not None:
        click.echo(f"{out}: {count} new PINs")
    _go_on(office, "pin", begun=count is not None)


@rotate.command()
@click.argument("unit_id", metavar="UNIT")
@click.pass_obj
def login(office: CliContext, unit_id: str) -> None:
    """A second login at the broker for a unit that is there; the first goes once the unit says that it uses it."""
    begun = key_changes.begin_login(office, unit_id, time.time())
    if begun:
        rewrite(office)
    _go_on(office, "login", unit_id, begun=begun)


def _go_on(office: CliContext, what: str, unit: str | None = None, *, begun: bool) -> None:
    click.echo("begun" if begun else "was begun already")
    office.rotate()
    waits = key_changes.waits(office, what, unit)
    if waits is None:
        click.echo("done")
    else:
        _tell_waits(waits)


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
    shown = key_changes.show(office)
    if as_json:
        value = {
            "keys": [{"what": each.what, "id": each.id, "since": each.since_utc} for each in shown.keys],
            "open": [{"what": each.rotation.name, "waits": each.waits} for each in shown.open],
            "units": {unit: dataclasses.asdict(has) for unit, has in shown.units.items()},
        }
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for key in shown.keys:
        since = "the beginning" if key.since_utc is None else office.local(key.since_utc)
        click.echo(f"{key.what}  {key.id}  since {since}")
    for unit, has in shown.units.items():
        due = f" of {has.due}" if has.due else ""
        told = f"secrets revision {has.secrets}{due}" if has.seals else "has not shown a key to seal to"
        click.echo(f"{unit}  keys revision {has.keys}  {told}  login {has.login or '-'}")
    for each in shown.open:
        of = each.rotation
        click.echo(f"{of.name}: {' '.join(of.old)} -> {' '.join(of.new)}, begun {office.local(of.begun_utc)}")
        _tell_waits(each.waits)
