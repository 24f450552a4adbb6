"""`centre open`, `mode`, `identify`, `restart`, `resync`, `fire-reset`: orders to one unit, and what came of them."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterable

import click

from centre import orders, shown
from centre.cli.context import CliContext, moment_option, said, yes_option
from centre.errors import WRONG_USE, CentreError
from centre.names import explained, named
from centre.orders import Ended, Outcome
from centre.units import parse_scope
from centre.words import _
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
        click.option("--why", required=True, callback=said, help="Why; kept in the books and in the unit's journal."),
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
@click.argument("unit_id", metavar="UNIT")
@click.argument("text")
@click.option("--seconds", type=click.IntRange(5, 60), default=60, show_default=True, help="How long it stands there.")
@click.option("--why", default="", help="Why; kept in the books and in the unit's journal.")
@click.option("--actor", default=getpass.getuser, show_default="your login", help="Who says it; kept in the books.")
@click.pass_obj
def say(office: CliContext, unit_id: str, text: str, seconds: int, why: str, actor: str) -> None:
    """Show TEXT (up to 60 characters) on the displays of UNIT, to whoever stands there: the answer to a call for help. Exit code: 0 shown, 3 refused, 4 no answer."""
    _carry_out(office, unit_id, orders.say(text, seconds), actor, why, wait=False)


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
@click.option("--unit", "unit_id", help="Which unit.")
@click.option("--scope", help="Every unit of it: LEVEL/ID, for example yard/y07.")
@click.option("--door", help="One door; all of the unit's where none is named.")
@click.option("--until", help="When it ends: 2026-10-07T18:00, or 15m, 2h, 3d from now. Not for normal.")
@click.option("--why", required=True, callback=said, help="Why; kept in the books and in the unit's journal.")
@click.option("--wait", is_flag=True, help="Send it also to units that are offline, and wait while it is valid.")
@click.option("--actor", default=getpass.getuser, show_default="your login", help="Who orders it; kept in the books.")
@yes_option
@click.pass_obj
def mode(
    office: CliContext,
    mode: str,
    unit_id: str | None,
    scope: str | None,
    door: str | None,
    until: str | None,
    why: str,
    wait: bool,
    actor: str,
    yes: bool,
) -> None:
    """Hold doors open, lock them down (only emergency cards pass), or make them normal again. Exit code: 0 done, 3 refused, 4 no answer, 6 the unit restarted in the middle; of several units the first of 3, 4 and 6 that applies to one.

    The way out stays open in a lockdown, unless the door's configuration says otherwise. It goes on over a restart of the unit; holding open ends with one.
    """
    order = orders.set_mode(Mode(mode), moment_option(office, "until", until, end=True), door, time.time())
    if (unit_id is None) is (scope is None):
        raise CentreError(_("say --unit or --scope"), WRONG_USE)
    if unit_id is not None:
        _carry_out(office, unit_id, order, actor, why, wait)
        return
    where = parse_scope(scope or "", office.site.site)
    office.check_scope(where, yes=yes)
    _everywhere(office, orders.carry_out_all(office, where, order, actor, why, wait=wait))


def _everywhere(office: CliContext, steps: Iterable[tuple[str, Reply | Ended]]) -> None:
    """Each unit's answers, then how many have done it and which have not."""
    ends: dict[str, Ended] = {}
    for unit, step in steps:
        if isinstance(step, Reply):
            click.echo(f"{unit}  {_told(office, step)}")
        else:
            ends[unit] = step
    done = sum(end.outcome is Outcome.DONE for end in ends.values())
    click.echo(_("{done} of {units} units: done").format(done=done, units=len(ends)))
    words = {
        Outcome.REFUSED: _("refused"),
        Outcome.UNKNOWN: _("restarted in the middle"),
        Outcome.OFFLINE: _("nothing was sent{absence}; --wait sends it"),
    }
    for unit, end in ends.items():
        if end.outcome is not Outcome.DONE:
            said = words.get(end.outcome, _("no answer{absence}")).format(absence=_absence(office, end))
            click.echo(_("centre: {unit_id}: {said}").format(unit_id=unit, said=said), err=True)
    left = {end.outcome for end in ends.values()} - {Outcome.DONE}
    click.get_current_context().exit(min((CODES[each] for each in left), default=OPENED))


def _carry_out(office: CliContext, unit_id: str, order: Order, actor: str, why: str, wait: bool) -> None:
    for step in orders.carry_out(office, unit_id, order, actor, why, wait=wait):
        if isinstance(step, Reply):
            click.echo(_told(office, step))
            continue
        if step.outcome is Outcome.OFFLINE:
            click.echo(
                _("centre: {unit_id}: nothing was sent{absence}; --wait sends it").format(
                    unit_id=unit_id, absence=_absence(office, step)
                ),
                err=True,
            )
        if step.outcome is Outcome.NO_ANSWER:
            words = _("nothing more was heard") if step.answered else _("no answer")
            click.echo(
                _("centre: {unit_id}: {words}{absence}").format(
                    unit_id=unit_id, words=words, absence=_absence(office, step)
                ),
                err=True,
            )
        click.get_current_context().exit(CODES[step.outcome])


def _absence(office: CliContext, end: Ended) -> str:
    if end.online:
        return ""
    if end.heard_utc is None:
        return _("; never heard of")
    return _("; offline since {since}").format(since=office.local(end.heard_utc))


def _told(office: CliContext, reply: Reply) -> str:
    reason = _(": {reason}").format(reason=named(reply.reason)) if reply.reason else ""
    detail = _(" ({detail})").format(detail=explained(reply.detail)) if reply.detail else ""
    return shown.plain(f"{office.local(reply.at_utc)}  {named(reply.state)}{reason}{detail}")
