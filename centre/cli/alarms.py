"""`centre alarms`: what somebody should look at, and that somebody did."""

from __future__ import annotations

import getpass
import time

import click

from centre import acknowledgements, shown
from centre.acknowledgements import ListedAlarm
from centre.cli.context import CliContext, json_option
from centre.words import _


@click.group()
def alarms() -> None:
    """Alarms: list those that are open, take note of them."""


@alarms.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that somebody took note of.")
@json_option("One object a line.")
@click.pass_obj
def list_alarms(office: CliContext, everything: bool, as_json: bool) -> None:
    """Open alarms, oldest first: urgent facts of the units, and what the books themselves found wrong."""
    for each in acknowledgements.listed(office, everything=everything):
        click.echo(_as_json(each) if as_json else _as_text(office, each))


@alarms.command()
@click.argument("numbers", metavar="ID...", type=click.IntRange(1, 2**63 - 1), nargs=-1, required=True)
@click.option("--by", default=getpass.getuser, show_default="your login", help="Who took note; kept in the books.")
@click.option("--why", required=True, help="What it was, or what was done; kept in the books.")
@click.pass_obj
def ack(office: CliContext, numbers: tuple[int, ...], by: str, why: str) -> None:
    """Take note of alarms: they are open no more. What comes of the same cause after that is a new alarm."""
    acknowledgements.acknowledge(office, numbers, by, why, time.time())
    click.echo(_("acknowledged {numbers}").format(numbers=" ".join(map(str, dict.fromkeys(numbers)))))


def _as_json(each: ListedAlarm) -> str:
    value = acknowledgements.as_value(each.alarm) | {"matched": each.matched, "repeats": each.repeats}
    value |= {"happened": each.happened_utc, "seen": each.seen_utc}
    value |= {"last": each.last_utc, "by": None, "why": None, "acknowledged": None}
    if each.noted is not None:
        value |= {"by": each.noted.by, "why": each.noted.why, "acknowledged": each.noted.at_utc}
    return shown.as_json(value)


def _as_text(office: CliContext, each: ListedAlarm) -> str:
    alarm = each.alarm
    words = [str(alarm.id), office.local(alarm.taken_utc), alarm.unit, alarm.kind, acknowledgements.words(alarm)]
    if each.happened_utc is not None:
        words.append(_("happened {at}").format(at=office.local(each.happened_utc)))
    if each.seen_utc is not None:
        words.append(_("seen again {at}").format(at=office.local(each.seen_utc)))
    if each.repeats:
        more = _("and {count} more, the last at {last}")
        words.append(more.format(count=each.repeats, last=office.local(each.last_utc)))
    if each.noted is not None:
        noted, at = each.noted, office.local(each.noted.at_utc)
        words.append(_("acknowledged {at} by {by}: {why}").format(at=at, by=noted.by, why=noted.why))
    return shown.plain("  ".join(word for word in words if word))
