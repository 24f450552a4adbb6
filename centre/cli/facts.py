"""`centre facts`: what happened, from the books."""

from __future__ import annotations

import json

import click

from centre import clips, reports, shown
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
@click.option(
    "--clip",
    "clip_template",
    metavar="URL",
    help="Add where the recorder has the clip of it: an address with {camera}, {at}, {utc}, {unit}, {door}.",
)
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
    clip_template: str | None,
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
    teller = _Teller(office, Times(), None if clip_template is None else clips.template(clip_template))
    last = FOLLOWED if follow and limit is None else limit
    for entry in reports.facts_of(office, wanted, last=last, follow=follow):
        click.echo(teller.as_json(entry) if as_json else teller.as_text(entry))


def _ago(text: str | None) -> str | None:
    """`2h` is two hours ago: facts are in the past."""
    return f"-{text}" if text and text[-1:] in "smhd" and text[:-1].isdecimal() else text


class _Teller:
    """How one fact is told: as a line for a person or a program, with the time that was worked out and, where asked for, its clip."""

    def __init__(self, office: CliContext, times: Times, clip: str | None) -> None:
        self._office = office
        self._times = times
        self._clip = clip

    def as_json(self, entry: Entry) -> str:
        """The line's own bytes inside; the same value written anew where they hold what no terminal should get."""
        true = self._true(entry)
        told = f',"true":{{"at":"{rfc3339(true.utc)}","within_s":{json.dumps(_rounded(true))}}}' if true else ""
        clip = self._clip_of(entry, true)
        where = f',"clip":{shown.as_json(clip)}' if clip else ""
        return f'{{"unit":"{entry.unit}","epoch":"{entry.epoch}"{told}{where},"fact":{shown.json_line(entry.line)}}}'

    def as_text(self, entry: Entry) -> str:
        fact = json.loads(entry.line)
        true, office = self._true(entry), self._office
        rest = "  ".join(f"{shown.value(key)}={shown.value(value)}" for key, value in fact.items() if key not in _OWN)
        at = office.local(entry.at_utc if true is None else true.utc)
        if true is not None:
            within = _rounded(true)
            mark = _("(unit's clock not set)") if within is None else _("(±{seconds:g} s)").format(seconds=within)
            rest = f"{rest}  {mark}"
        clip = self._clip_of(entry, true)
        rest = f"{rest}  {clip}" if clip else rest
        return shown.plain(f"{at}  {entry.unit}  {entry.seq}  {entry.kind}  {rest}".rstrip())

    def _true(self, entry: Entry) -> TrueTime | None:
        """When it was, where the unit had no clock; None where it had, and the fact's own date is right."""
        if any(f'"clock":"{clock}"'.encode() in entry.line for clock in TRUSTED):
            return None
        with self._office.books.reading() as conn:
            return self._times.of(conn, entry.unit, entry.epoch, entry.line)

    def _clip_of(self, entry: Entry, true: TrueTime | None) -> str | None:
        return None if self._clip is None else clips.clip(self._clip, entry, entry.at_utc if true is None else true.utc)


def _rounded(true: TrueTime) -> float | None:
    return None if true.within_s is None else round(true.within_s, 1)
