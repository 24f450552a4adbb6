"""`centre health`: for monitoring."""

from __future__ import annotations

import dataclasses
import time

import click

from centre import health as looking
from centre import shown
from centre.cli.context import CliContext, json_option
from centre.errors import CHECK_FAILED
from centre.health import Finding
from centre.names import named
from centre.words import _


@click.command()
@json_option("One object a line.")
@click.pass_obj
def health(office: CliContext, as_json: bool) -> None:
    """Whether anything is open: alarms, units away for longer than a day, `serve`, broker or books not there.

    One line a finding. Exit code: 0 nothing, 1 something.
    """
    found = list(looking.findings(office, time.time()))
    for each in found:
        click.echo(shown.as_json(dataclasses.asdict(each)) if as_json else shown.plain(_line(office, each)))
    click.get_current_context().exit(CHECK_FAILED if found else 0)


def _line(office: CliContext, each: Finding) -> str:
    number = f" {each.alarm}" if each.alarm is not None else ""
    since = "" if each.since_utc is None else _(" (since {since})").format(since=office.local(each.since_utc))
    if each.happened_utc is not None:
        since = _(" (happened {at}, came {since})").format(
            at=office.local(each.happened_utc), since=office.local(each.since_utc)
        )
    since += "" if each.seen_utc is None else _(", seen again {at}").format(at=office.local(each.seen_utc))
    return f"{named(each.cause.value)}{number}: {f'{each.unit}: ' if each.unit else ''}{each.text}{since}"
