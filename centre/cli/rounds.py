"""`centre round`: patrol rounds from CSV, what a day of one came to, and where a worker was."""

from __future__ import annotations

import dataclasses
import getpass
import time
from datetime import date, datetime
from pathlib import Path

import click

from centre import known, round_sheet, rounds, shown
from centre.checkins import Checkin
from centre.cli.context import CliContext, json_option, told_faults, yes_option
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.names import named
from centre.round_csv import COLUMNS
from centre.round_sheet import DaySheet, StopSheet
from centre.rounds import RoundDraft
from centre.sheet import BadTableError
from centre.units import parse_scope
from centre.weekdays import days_of
from centre.words import _
from contract.rounds import WEEK, Weekday

_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books.")


@click.group("round")
def round_group() -> None:
    """Patrol rounds: put one in place, withdraw one, list all, see what a day of one came to."""


@round_group.command(
    help=f"""Put a round in place, from a CSV file of its stops with a heading line. Prints its id.

Columns: {", ".join(COLUMNS.names)}. `from` and `until`: the window in local time, 08:00 and 10:00; an end before the beginning is on the
next day. `door`: main where none is named. `name`: what screens call the stop; the register's name of the unit where none is given."""
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--scope", required=True, help="Where: LEVEL/ID, for example grid/g07. All its units get the round.")
@click.option("--title", required=True)
@click.option("--id", "name", help="Of a round that is in place: a new revision of it. Else one is made.")
@click.option("--ordered", is_flag=True, help="The stops are walked in the file's order.")
@click.option("--week", help="Days on which it is walked: mon-fri, or mon,wed,sat. Else every day.")
@click.option("--holiday", "holidays", multiple=True, help="A date on which it is not: 2026-10-01. Once for each.")
@click.option("--grace", type=click.IntRange(0, 240), default=10, show_default=True, help="Minutes before and after.")
@click.option("--staff", multiple=True, help="Id of a holder who walks it, once for each. Else any patrol card.")
@_by
@yes_option
@click.pass_obj
def put(
    office: CliContext,
    file: Path,
    scope: str,
    title: str,
    name: str | None,
    ordered: bool,
    week: str | None,
    holidays: tuple[str, ...],
    grace: int,
    staff: tuple[str, ...],
    by: str,
    yes: bool,
) -> None:
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    if name is not None:
        known = [each.id for each in rounds.listed(office)]
        if name not in known:
            office.ask(_("{name}: no such round").format(name=name), name, known, yes=yes)
    try:
        stops = rounds.stops_of(file.read_bytes())
        strange, there = rounds.doubtful(office, stops)
        for unit in strange:
            office.ask(_("{unit}: no such unit").format(unit=unit), unit, there, yes=yes)
        for stop in rounds.strange_doors(office, stops):
            text = _("line {line}: {unit} has not said so far that it has the door {door}")
            office.warn(text.format(line=stop.line, unit=stop.unit, door=stop.door))
        _check_staff(office, staff, yes=yes)
        days, off = _week(week), frozenset(map(_date_text, holidays))
        draft = RoundDraft(where, title, stops, name, ordered, days, off, grace * 60, frozenset(staff))
        made = rounds.put(office, draft, time.time(), by)
    except BadTableError as error:
        raise CentreError(told_faults(file, error, _("holds no stop")), error.code) from None
    click.echo(made.id)
    office.publish()


def _check_staff(office: CliContext, staff: tuple[str, ...], *, yes: bool) -> None:
    """Where no roster is in place there is nobody to know them by."""
    with office.books.reading() as conn:
        there = known.holders(conn, office.site.site) if staff else frozenset[str]()
    for name in dict.fromkeys(staff):
        if name in there:
            continue
        what = _("{name}: in no roster").format(name=name)
        if there:
            office.ask(what, name, sorted(there), yes=yes)
        else:
            office.warn(what)


@round_group.command()
@click.argument("name", metavar="ROUND")
@_by
@click.pass_obj
def withdraw(office: CliContext, name: str, by: str) -> None:
    """Take a round out of force everywhere. Its id is never used again; the sheets of its days stay."""
    rounds.withdraw(office, name, time.time(), by)
    click.echo(_("withdrew {name}").format(name=name))
    office.publish()


@round_group.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are withdrawn.")
@json_option("One object a line.")
@click.pass_obj
def list_rounds(office: CliContext, everything: bool, as_json: bool) -> None:
    """Rounds in place."""
    for each in rounds.listed(office):
        if each.withdrawn and not everything:
            continue
        if as_json:
            click.echo(shown.as_json(dataclasses.asdict(each)))
            continue
        sent = _("sent") if each.sent else _("not sent yet")
        sent = f"{named('withdrawn')}, {sent}" if each.withdrawn else sent
        line = _("{id}  rev {rev}  {scope}  {stops} stops  {sent}  {title}")
        click.echo(
            shown.plain(
                line.format(id=each.id, rev=each.rev, scope=each.scope, stops=each.stops, sent=sent, title=each.title)
            )
        )


@round_group.command()
@click.argument("name", metavar="ROUND")
@click.argument("day", metavar="[DATE]", default="today")
@json_option("One object.")
@click.pass_obj
def show(office: CliContext, name: str, day: str, as_json: bool) -> None:
    """What ROUND came to on DATE (2026-11-24; today where none is given): who was where and when; early, late, out of order, missed.

    Reckoned from what the units have told so far: what comes later changes it.
    """
    found = round_sheet.sheet(office, name, _day(office, day), time.time())
    if as_json:
        click.echo(shown.as_json(dataclasses.asdict(found)))
        return
    for number, stop in enumerate(found.stops, 1):
        click.echo(shown.plain(f"{number:>2}  {_stop(office, stop)}"))
        for each in stop.strays:
            click.echo(
                shown.plain(
                    _("    also {at} by {by}: too far from the window").format(at=_at(office, each), by=each.by)
                )
            )
    for each in found.untimed:
        line = _("    check-in by {by} at {unit} {door}, {at}")
        click.echo(shown.plain(line.format(by=each.by, unit=each.unit, door=each.door, at=_at(office, each))))
    click.echo(shown.plain(_sum(found)))
    if found.unheard:
        click.echo(
            shown.plain(
                _("not all units have told everything up to then: {units}").format(units=", ".join(found.unheard))
            )
        )


@round_group.command()
@click.argument("holder", metavar="HOLDER")
@click.argument("day", metavar="[DATE]", default="today")
@json_option("One object a line.")
@click.pass_obj
def track(office: CliContext, holder: str, day: str, as_json: bool) -> None:
    """Where HOLDER checked in on DATE (today where none is given), in the order of time.

    A time of a unit whose clock was not set then is worked out from what it knew afterwards, and marked. Where that can't be done, the times
    between which it was stand, at the end.
    """
    for each in round_sheet.track(office, holder, _day(office, day)):
        if as_json:
            click.echo(shown.as_json(dataclasses.asdict(each)))
            continue
        its_round = "" if each.round is None else f"  {each.round}"
        timing = "" if each.timing is None else f"  {named(each.timing)}"
        click.echo(shown.plain(f"{_at(office, each)}  {each.unit}  {each.door}{its_round}{timing}"))


def _stop(office: CliContext, stop: StopSheet) -> str:
    window = f"{office.local(stop.from_utc)[11:16]}-{office.local(stop.until_utc)[11:16]}"
    place = f"{stop.name}  {stop.unit}  {stop.door}  {window}"
    if stop.checkin is None:
        return f"{place}  {named(stop.state)}"
    return _("{place}  {timing}  {at} by {by}").format(
        place=place, timing=named(stop.timing or ""), at=_at(office, stop.checkin), by=stop.checkin.by
    )


def _at(office: CliContext, checkin: Checkin) -> str:
    if not checkin.sure:
        earliest, latest = office.local(checkin.earliest_utc), office.local(checkin.latest_utc)
        return _("time not known, between {earliest} and {latest}").format(earliest=earliest, latest=latest)
    at = office.local(checkin.at_utc)
    if not checkin.worked_out:
        return at
    minutes = max(checkin.at_utc - checkin.earliest_utc, checkin.latest_utc - checkin.at_utc) / 60
    if minutes <= 1.0:
        return _("{at} (worked out)").format(at=at)
    return _("{at} (worked out, ±{minutes:.0f} min)").format(at=at, minutes=minutes)


def _sum(found: DaySheet) -> str:
    done = sum(each.checkin is not None for each in found.stops)
    if not found.stops:
        return _("{round} on {day}: not walked on this day").format(round=found.id, day=found.day)
    whole = _("complete") if found.complete else _("not complete")
    return _("{title} on {day}: {done} of {all} stops, {whole}").format(
        title=found.title or found.id, day=found.day, done=done, all=len(found.stops), whole=whole
    )


def _day(office: CliContext, text: str) -> date:
    if text == "today":
        return datetime.now(office.site.zone).date()
    return date.fromisoformat(_date_text(text))


def _date_text(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise CentreError(_("{text!r} is no date as 2026-10-01").format(text=text), WRONG_USE) from None


def _week(text: str | None) -> frozenset[Weekday]:
    """`mon-fri`, `mon,wed,sat`, or both together."""
    try:
        return frozenset(WEEK[day] for day in days_of(text)) if text else frozenset()
    except ValueError as error:
        raise BadValueError("week", str(error)) from None
