"""`centre coverage`: how far a notice got, door by door."""

from __future__ import annotations

import json

import click

from centre import reports
from centre.cli.context import CliContext, json_option
from centre.words import _


@click.command()
@click.argument("notice")
@json_option("One object.")
@click.pass_obj
def coverage(office: CliContext, notice: str, as_json: bool) -> None:
    """Where NOTICE was sent, received and shown, unit by unit, and the share of all units of its scope."""
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
