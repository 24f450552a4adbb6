"""`centre coverage`: how far a notice got, door by door."""

from __future__ import annotations

import json
import time

import click

from centre import coverage as spread
from centre import reports, scope_tree, shown
from centre.cli.context import CliContext, json_option
from centre.words import _


@click.command()
@click.argument("notice")
@click.option("--missing", is_flag=True, help="Only units that do not show it yet, each with its reason.")
@json_option("One object.")
@click.pass_obj
def coverage(office: CliContext, notice: str, missing: bool, as_json: bool) -> None:
    """Where NOTICE was sent, received and shown, unit by unit, and the share of all units of its scope."""
    if missing and not as_json:
        _tell_missing(office, notice)
        return
    with office.books.reading() as conn:
        found = reports.coverage(conn, office.site.site, notice)
    every, sent, received, shown = found.counts()
    if as_json:
        units = [
            {"unit": u.unit, "sent": u.sent_utc, "received": u.received_utc, "shown": u.shown_utc} for u in found.units
        ]
        value = {"notice": notice, "rev": found.rev, "scope": found.scope, "withdrawn": found.withdrawn}
        value |= {"units": every, "sent": sent, "received": received, "shown": shown, "by_unit": units}
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for unit in found.units:
        click.echo(
            _("{unit}  sent {sent}  received {received}  shown {shown}").format(
                unit=unit.unit,
                sent=office.local(unit.sent_utc),
                received=office.local(unit.received_utc),
                shown=office.local(unit.shown_utc),
            )
        )
    share = "  ".join(
        words.format(count=count, percent=100 * count // every if every else 0)
        for words, count in (
            (_("sent {count} ({percent} %)"), sent),
            (_("received {count} ({percent} %)"), received),
            (_("shown {count} ({percent} %)"), shown),
        )
    )
    withdrawn = _(", withdrawn") if found.withdrawn else ""
    click.echo(
        _("{notice} rev {rev} for {scope}{withdrawn}: {every} units  {share}").format(
            notice=notice, rev=found.rev, scope=found.scope, withdrawn=withdrawn, every=every, share=share
        )
    )


def _tell_missing(office: CliContext, notice: str) -> None:
    """A line each, then how many."""
    with office.books.reading() as conn:
        known = scope_tree.roll(conn, office.site.site)
        found = spread.of(conn, known, None, notice, time.time(), most=len(known.units))
    for each in found.missing:
        words = _("{unit}  {why}  since {since}")
        said = words.format(unit=each.unit, why=spread.said(each).words, since=office.local(each.since_utc))
        click.echo(shown.plain(said))
    click.echo(_("{unseen} of {every} do not show it").format(unseen=found.unseen, every=found.every))
