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
from centre.cli.context import CliContext, json_option
from centre.keys import COMMAND_KEYS, STATE_KEYS
from centre.words import _
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
        click.echo(
            _("centre: roster {id} of {scope}: put it again from its file").format(id=roster.id, scope=roster.scope),
            err=True,
        )
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
        click.echo(_("{out}: {count} new PINs").format(out=out, count=count))
    _go_on(office, "pin", begun=count is not None)


@rotate.command()
@click.pass_obj
def visitor(office: CliContext) -> None:
    """A new key for visitors' codes, or the first one of an older site: handed to each unit. The old one goes when no code made with it is good any more."""
    begun = key_changes.begin_visitor(office, time.time())
    _go_on(office, "visitor", begun=begun)


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
    click.echo(_("begun") if begun else _("was begun already"))
    office.rotate()
    waits = key_changes.waits(office, what, unit)
    if waits is None:
        click.echo(_("done"))
    else:
        _tell_waits(waits)


def _tell_waits(found: Sequence[str]) -> None:
    for line in found[:SHOWN]:
        click.echo(_("  waits: {line}").format(line=line))
    if len(found) > SHOWN:
        click.echo(_("  waits: and {count} more").format(count=len(found) - SHOWN))


@keys.command()
@json_option("One object.")
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
        since = _("the beginning") if key.since_utc is None else office.local(key.since_utc)
        click.echo(_("{what}  {id}  since {since}").format(what=key.what, id=key.id, since=since))
    for unit, has in shown.units.items():
        due = _(" of {due}").format(due=has.due) if has.due else ""
        secrets = _("secrets revision {secrets}{due}").format(secrets=has.secrets, due=due)
        told = secrets if has.seals else _("has not shown a key to seal to")
        click.echo(
            _("{unit}  keys revision {keys}  {told}  login {login}").format(
                unit=unit, keys=has.keys, told=told, login=has.login or "-"
            )
        )
    for each in shown.open:
        of = each.rotation
        click.echo(
            _("{name}: {old} -> {new}, begun {begun}").format(
                name=of.name, old=" ".join(of.old), new=" ".join(of.new), begun=office.local(of.begun_utc)
            )
        )
        _tell_waits(each.waits)
