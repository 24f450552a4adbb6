"""`centre coverage`: how far a notice got, door by door."""

from __future__ import annotations

import json

import click

from centre import reports
from centre.cli.context import CliContext


@click.command()
@click.argument("notice")
@click.option("--json", "as_json", is_flag=True, help="One object.")
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
        times = (unit.sent_utc, unit.received_utc, unit.shown_utc)
        click.echo(f"{unit.unit}  sent {{}}  received {{}}  shown {{}}".format(*map(office.local, times)))
    share = "  ".join(
        f"{word} {count} ({100 * count // every if every else 0} %)"
        for word, count in (("sent", sent), ("received", received), ("shown", shown))
    )
    withdrawn = ", withdrawn" if found.withdrawn else ""
    click.echo(f"{notice} rev {found.rev} for {found.scope}{withdrawn}: {every} units  {share}")
