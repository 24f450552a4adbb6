"""`centre open`, `mode`, `identify`, `restart`, `resync`, `fire-reset`: orders to one unit, and what came of them."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Callable, Mapping, Sequence

import click
from sqlalchemy import Connection, select

from centre import commands, publisher, schema, units
from centre.cli.context import CliContext, moment_option
from centre.errors import WRONG_USE, CentreError
from contract.commands import MODE_MAX_S, FireReset, Identify, Mode, Open, Order, Restart, Resync, SetMode
from contract.messages import Kind
from contract.plain import Reply
from contract.topics import down, up, valid_id

OPENED, REFUSED, NO_ANSWER, NO_ENTRY, UNKNOWN = 0, 3, 4, 5, 6


def _order(command: Callable[..., None]) -> Callable[..., None]:
    """The options every order has."""
    for option in (
        click.option(
            "--actor", default=getpass.getuser, show_default="your login", help="Who orders it; kept in the books."
        ),
        click.option("--why", required=True, help="Why; kept in the books and in the unit's journal."),
        click.option("--unit", "unit_id", required=True, help="Which unit."),
    ):
        command = option(command)
    return click.pass_obj(command)


@click.command("open")
@click.option("--door", required=True, help="Which door of the unit, as in its configuration.")
@_order
def open_door(office: CliContext, unit_id: str, door: str, why: str, actor: str) -> None:
    """Open a door from afar, once, now or not at all; tell what became of it.

    Exit code: 0 the door was opened (or unlocked, where it has no contact to tell), 3 refused, 4 no answer, 5 nobody came, 6 the unit
    restarted in the middle and cannot say whether the lock moved.
    """
    if not valid_id(door):
        raise CentreError(f"--door: {door!r} is no id", WRONG_USE)
    _carry_out(office, unit_id, Open(door), actor, why, commands.OPEN_VALID_S)


@click.command()
@_order
def identify(office: CliContext, unit_id: str, why: str, actor: str) -> None:
    """Make a unit show which one it is. Exit code: 0 done, 3 refused, 4 no answer."""
    _carry_out(office, unit_id, Identify(), actor, why, commands.VALID_S)


@click.command()
@_order
def restart(office: CliContext, unit_id: str, why: str, actor: str) -> None:
    """Restart a unit's agent; its doors stay as they are. Exit code: 0 done, 3 refused, 4 no answer."""
    _carry_out(office, unit_id, Restart(), actor, why, commands.VALID_S)


@click.command()
@_order
def resync(office: CliContext, unit_id: str, why: str, actor: str) -> None:
    """Make a unit read its desired state from the broker again. Exit code: 0 done, 3 refused, 4 no answer."""
    _carry_out(office, unit_id, Resync(), actor, why, commands.VALID_S)


@click.command("fire-reset")
@click.option("--door", help="One door; all latched ones where none is named.")
@_order
def fire_reset(office: CliContext, unit_id: str, door: str | None, why: str, actor: str) -> None:
    """Lock again what fire released, once the input is clear. Exit code: 0 done, 3 refused, 4 no answer, 6 the unit restarted in the middle."""
    if door is not None and not valid_id(door):
        raise CentreError(f"--door: {door!r} is no id", WRONG_USE)
    _carry_out(office, unit_id, FireReset(door), actor, why, commands.VALID_S)


@click.command()
@click.argument("mode", type=click.Choice([each.value for each in Mode]))
@click.option("--door", help="One door; all of the unit's where none is named.")
@click.option("--until", help="When it ends: 2026-10-07T18:00, or 15m, 2h, 3d from now. Not for normal.")
@_order
def mode(
    office: CliContext, unit_id: str, mode: str, door: str | None, until: str | None, why: str, actor: str
) -> None:
    """Hold a door open, lock it down (only emergency cards pass), or make it normal again. Exit code: 0 done, 3 refused, 4 no answer, 6 the unit restarted in the middle.

    The way out stays open in a lockdown, unless the door's configuration says otherwise. It goes on over a restart of the unit; holding open ends with one.
    """
    if door is not None and not valid_id(door):
        raise CentreError(f"--door: {door!r} is no id", WRONG_USE)
    order = SetMode(Mode(mode), _mode_ends(office, mode, until), door)
    _carry_out(office, unit_id, order, actor, why, commands.VALID_S)


def _mode_ends(office: CliContext, mode: str, until: str | None) -> float:
    """UTC. Each mode has an end, so that no door is forgotten."""
    now = time.time()
    if mode == "normal":
        if until is not None:
            raise CentreError("--until: normal has no end", WRONG_USE)
        return round(now + commands.VALID_S, 3)
    ends = moment_option(office, "until", until, end=True)
    if ends is None:
        raise CentreError(f"--until is needed: {mode} has an end", WRONG_USE)
    if ends <= now:
        raise CentreError("--until: is over already", WRONG_USE)
    if ends - now > MODE_MAX_S:
        raise CentreError(f"--until: at most {MODE_MAX_S / 86_400:.0f} days from now", WRONG_USE)
    return round(ends, 3)


def _doors(conn: Connection, unit_id: str) -> Mapping[str, object]:
    """The unit's doors by its last status; empty where none is known."""
    text = conn.execute(select(schema.units.c.status).where(schema.units.c.unit == unit_id)).scalar()
    doors = json.loads(text).get("doors") if text else None
    return doors if isinstance(doors, dict) else {}


def _sees_opening(conn: Connection, unit_id: str, door: object) -> bool:
    """Whether the unit can tell that the door was opened; from its last status, in which a door without contact has no level."""
    told = _doors(conn, unit_id).get(str(door))
    return not (isinstance(told, dict) and "open" in told and told["open"] is None)


def _carry_out(office: CliContext, unit_id: str, order: Order, actor: str, why: str, valid_s: float) -> None:
    """Connect first, so that nothing of the command's short life is lost to that; then commit, sign, send, listen."""
    site = office.site.site
    with office.books.reading() as conn:
        if units.one(conn, site, unit_id).revoked:
            raise CentreError(f"{unit_id}: revoked", WRONG_USE)
        known = _doors(conn, unit_id)
        if known and order.door is not None and order.door not in known:
            raise CentreError(f"--door: {unit_id} has no door {order.door!r}; it has {', '.join(known)}", WRONG_USE)
        goes_on = isinstance(order, Open) and _sees_opening(conn, unit_id, order.door)
    with publisher.connected(office.folder, office.site, office.keys, [up(site, unit_id, "reply")]) as link:
        command = commands.make(site, unit_id, order, actor, why, valid_s, time.time())
        topic = down(site, command.scope, Kind.COMMAND)
        token = office.signer.sign_state(topic, command)
        with office.books.writing() as conn:
            commands.record(conn, command)
        link.publish(topic, token, retain=False)
        states = []
        for reply in commands.course(office.books, link, command, goes_on=goes_on):
            states.append(reply.state)
            click.echo(_told(office, reply))
    code = _code(states, goes_on=goes_on)
    if code == NO_ANSWER:
        words = "nothing more was heard" if states else "no answer"
        click.echo(f"centre: {unit_id}: {words}{_absence(office, unit_id)}", err=True)
    click.get_current_context().exit(code)


def _absence(office: CliContext, unit_id: str) -> str:
    table = schema.units.c
    with office.books.reading() as conn:
        row = conn.execute(select(table.online, table.heard_utc).where(table.unit == unit_id)).one()
    if row.online:
        return ""
    return f"; offline since {office.local(row.heard_utc)}" if row.heard_utc is not None else "; never heard of"


def _told(office: CliContext, reply: Reply) -> str:
    reason = f": {reply.reason}" if reply.reason else ""
    detail = f" ({reply.detail})" if reply.detail else ""
    return f"{office.local(reply.at_utc)}  {reply.state}{reason}{detail}"


def _code(states: Sequence[str], *, goes_on: bool) -> int:
    if "refused" in states:
        return REFUSED
    if "unknown" in states:
        return UNKNOWN
    if "no_entry" in states:
        return NO_ENTRY
    if "opened" in states or (not goes_on and "done" in states):
        return OPENED
    return NO_ANSWER
