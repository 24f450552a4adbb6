"""`centre open`, `mode`, `identify`, `restart`, `resync`, `fire-reset`: orders to one unit, and what came of them."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable

import click

from centre import orders, shown
from centre.cli.context import CliContext, moment_option
from centre.orders import Ended, Outcome
from contract.commands import FireReset, Identify, Mode, Open, Order, Restart, Resync
from contract.plain import Reply

OPENED, REFUSED, NO_ANSWER, NO_ENTRY, UNKNOWN = 0, 3, 4, 5, 6
CODES = {
    Outcome.DONE: OPENED,
    Outcome.REFUSED: REFUSED,
    Outcome.NO_ANSWER: NO_ANSWER,
    Outcome.OFFLINE: NO_ANSWER,
    Outcome.NO_ENTRY: NO_ENTRY,
    Outcome.UNKNOWN: UNKNOWN,
}
"""Exit codes."""


def _order(command: Callable[..., None]) -> Callable[..., None]:
    """The options every order has."""
    for option in (
        click.option(
            "--actor", default=getpass.getuser, show_default="your login", help="Who orders it; kept in the books."
        ),
        click.option(
            "--wait", is_flag=True, help="Send it also to a unit that is offline, and wait while it is valid."
        ),
        click.option("--why", required=True, help="Why; kept in the books and in the unit's journal."),
        click.option("--unit", "unit_id", required=True, help="Which unit."),
    ):
        command = option(command)
    return click.pass_obj(command)


@click.command("open")
@click.option("--door", required=True, help="Which door of the unit, as in its configuration.")
@_order
def open_door(office: CliContext, unit_id: str, door: str, why: str, actor: str, wait: bool) -> None:
    """Open a door from afar, once, now or not at all; tell what became of it.

    Exit code: 0 the door was opened (or unlocked, where it has no contact to tell), 3 refused, 4 no answer, 5 nobody came, 6 the unit
    restarted in the middle and cannot say whether the lock moved.
    """
    _carry_out(office, unit_id, Open(door), actor, why, wait)


@click.command()
@_order
def identify(office: CliContext, unit_id: str, why: str, actor: str, wait: bool) -> None:
    """Make a unit show which one it is. Exit code: 0 done, 3 refused, 4 no answer."""
    _carry_out(office, unit_id, Identify(), actor, why, wait)


@click.command()
@_order
def restart(office: CliContext, unit_id: str, why: str, actor: str, wait: bool) -> None:
    """Restart a unit's agent; its doors stay as they are. Exit code: 0 done, 3 refused, 4 no answer."""
    _carry_out(office, unit_id, Restart(), actor, why, wait)


@click.command()
@_order
def resync(office: CliContext, unit_id: str, why: str, actor: str, wait: bool) -> None:
    """Make a unit read its desired state from the broker again. Exit code: 0 done, 3 refused, 4 no answer."""
    _carry_out(office, unit_id, Resync(), actor, why, wait)


@click.command("fire-reset")
@click.option("--door", help="One door; all latched ones where none is named.")
@_order
def fire_reset(office: CliContext, unit_id: str, door: str | None, why: str, actor: str, wait: bool) -> None:
    """Lock again what fire released, once the input is clear. Exit code: 0 done, 3 refused, 4 no answer, 6 the unit restarted in the middle."""
    _carry_out(office, unit_id, FireReset(door), actor, why, wait)


@click.command()
@click.argument("mode", type=click.Choice([each.value for each in Mode]))
@click.option("--door", help="One door; all of the unit's where none is named.")
@click.option("--until", help="When it ends: 2026-10-07T18:00, or 15m, 2h, 3d from now. Not for normal.")
@_order
def mode(
    office: CliContext, unit_id: str, mode: str, door: str | None, until: str | None, why: str, actor: str, wait: bool
) -> None:
    """Hold a door open, lock it down (only emergency cards pass), or make it normal again. Exit code: 0 done, 3 refused, 4 no answer, 6 the unit restarted in the middle.

    The way out stays open in a lockdown, unless the door's configuration says otherwise. It goes on over a restart of the unit; holding open ends with one.
    """
    order = orders.set_mode(Mode(mode), moment_option(office, "until", until, end=True), door, time.time())
    _carry_out(office, unit_id, order, actor, why, wait)


def _carry_out(office: CliContext, unit_id: str, order: Order, actor: str, why: str, wait: bool) -> None:
    for step in orders.carry_out(office, unit_id, order, actor, why, wait=wait):
        if isinstance(step, Reply):
            click.echo(_told(office, step))
            continue
        if step.outcome is Outcome.OFFLINE:
            click.echo(f"centre: {unit_id}: nothing was sent{_absence(office, step)}; --wait sends it", err=True)
        if step.outcome is Outcome.NO_ANSWER:
            words = "nothing more was heard" if step.answered else "no answer"
            click.echo(f"centre: {unit_id}: {words}{_absence(office, step)}", err=True)
        click.get_current_context().exit(CODES[step.outcome])


def _absence(office: CliContext, end: Ended) -> str:
    if end.online:
        return ""
    return f"; offline since {office.local(end.heard_utc)}" if end.heard_utc is not None else "; never heard of"


def _told(office: CliContext, reply: Reply) -> str:
    reason = f": {reply.reason}" if reply.reason else ""
    detail = f" ({reply.detail})" if reply.detail else ""
    return shown.plain(f"{office.local(reply.at_utc)}  {reply.state}{reason}{detail}")
