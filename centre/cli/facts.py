"""`centre facts`: what happened, from the books."""

from __future__ import annotations

import json

import click

from centre import reports, shown
from centre.cli.context import CliContext, json_option, moment_option
from centre.reports import Entry, FactFilter
from centre.timing import TRUSTED, Times, TrueTime
from centre.words import _
from contract.bounds import rfc3339

FOLLOWED = 10
_OWN = ("seq", "at", "clock", "boot", "mono", "kind")


@click.command()
@click.option("--unit", "unit_id", help="Only this unit's.")
@click.option("--since", help="Only later ones, by the unit's clock: 2026-10-01, 2026-10-01T08:00, or 2h (ago).")
@click.option("--until", help="Only earlier ones, likewise.")
@click.option(
    "--kind", "kinds", multiple=True, help="Only these, once for each: access.denied, or door for every door.…"
)
@click.option("--door", help="Only what was at this door.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the last so many.")
@click.option("--follow", is_flag=True, help="Go on with those that come; begins with the last ten.")
@json_option("One object a line: unit, epoch, and the fact as it was signed.")
@click.pass_obj
def facts(
    office: CliContext,
    unit_id: str | None,
    since: str | None,
    until: str | None,
    kinds: tuple[str, ...],
    door: str | None,
    limit: int | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Facts in order of arrival, each once.

    What a unit wrote down before its clock was set is shown with the time worked out from what it knew afterwards, and how far off that may be.
    """
    wanted = FactFilter(
        unit_id,
        reports.kinds_named(kinds) if kinds else None,
        door,
        moment_option(office, "since", _ago(since)),
        moment_option(office, "until", _ago(until), end=True),
    )
    times = Times()
    last = FOLLOWED if follow and limit is None else limit
    for entry in reports.facts_of(office, wanted, last=last, follow=follow):
        click.echo(_as_json(office, entry, times) if as_json else _as_text(office, entry, times))


def _ago(text: str | None) -> str | None:
    """`2h` is two hours ago: facts are in the past."""
    return f"-{text}" if text and text[-1:] in "smhd" and text[:-1].isdecimal() else text


def _as_json(office: CliContext, entry: Entry, times: Times) -> str:
    """The line's own bytes inside; the same value written anew where they hold what no terminal should get."""
    true = _true(office, entry, times)
    told = f',"true":{{"at":"{rfc3339(true.utc)}","within_s":{json.dumps(_rounded(true))}}}' if true else ""
    return f'{{"unit":"{entry.unit}","epoch":"{entry.epoch}"{told},"fact":{shown.json_line(entry.line)}}}'


def _as_text(office: CliContext, entry: Entry, times: Times) -> str:
    fact = json.loads(entry.line)
    true = _true(office, entry, times)
    rest = "  ".join(f"{shown.value(key)}={shown.value(value)}" for key, value in fact.items() if key not in _OWN)
    at = office.local(entry.at_utc if true is None else true.utc)
    if true is not None:
        within = _rounded(true)
        mark = _("(unit's clock not set)") if within is None else _("(±{seconds:g} s)").format(seconds=within)
        rest = f"{rest}  {mark}"
    return shown.plain(f"{at}  {entry.unit}  {entry.seq}  {entry.kind}  {rest}".rstrip())


def _true(office: CliContext, entry: Entry, times: Times) -> TrueTime | None:
    """When it was, where the unit had no clock; None where it had, and the fact's own date is right."""
    if any(f'"clock":"{clock}"'.encode() in entry.line for clock in TRUSTED):
        return None
    with office.books.reading() as conn:
        return times.of(conn, entry.unit, entry.epoch, entry.line)


def _rounded(true: TrueTime) -> float | None:
    return None if true.within_s is None else round(true.within_s, 1)
