"""`centre report`: what was reported or ordered at the doors, and what is done about it."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from centre import case_figures, cases, field_entries, known, reports_desk, shown
from centre.case_figures import Figures
from centre.cases import Case, CaseFilter, Level, Stage, Step
from centre.cli.context import CliContext, json_option, moment_option, yes_option
from centre.field_entries import FieldEntry
from centre.names import named
from centre.reports_desk import Assignment
from centre.units import parse_scope
from centre.words import _
from contract.people import ReportKind

F = TypeVar("F", bound=Callable[..., Any])
LEVELS = [level.name.lower() for level in Level]

_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books.")
_id = click.argument("name", metavar="ID")


def _chosen(command: F) -> F:
    """The options that say which cases."""
    for option in (
        click.option(
            "--kind", type=click.Choice([str(each) for each in ReportKind]), help="Only reports, or only services."
        ),
        click.option("--to", help="Only those that this recipient is to deal with."),
        click.option("--scope", help="Only of units in this scope: LEVEL/ID, for example grid/g5."),
        click.option("--unit", "unit_id", help="Only of this unit."),
    ):
        command = option(command)
    return command


@click.group()
def report() -> None:
    """Reports and orders of services: list, assign, answer, close; how long it took. An ID may be cut short."""


@report.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that wait for an answer.")
@click.option("--overdue", is_flag=True, help="Only those that should have been answered by now.")
@_chosen
@json_option("One object a line.")
@click.pass_obj
def list_reports(
    office: CliContext,
    only_open: bool,
    overdue: bool,
    unit_id: str | None,
    scope: str | None,
    to: str | None,
    kind: str | None,
    as_json: bool,
) -> None:
    """In order of arrival. What is overdue is the community's, and a day later the street's."""
    now = time.time()
    wanted = _filter(office, unit_id, scope, to, kind, open=only_open, overdue=overdue)
    for case in cases.listed(office, wanted, now):
        click.echo(shown.as_json(_as_value(case, now)) if as_json else shown.plain(_line(office, case, now)))


@report.command()
@_id
@json_option("One object.")
@click.pass_obj
def show(office: CliContext, name: str, as_json: bool) -> None:
    """All that is known of one: who filed it (by id), where, who did what and when."""
    now = time.time()
    with office.books.reading() as conn:
        case = cases.one(conn, office.site.site, name)
    if as_json:
        click.echo(shown.as_json(_as_value(case, now)))
        return
    click.echo(shown.plain(_line(office, case, now)))
    fact = case.filed.fact
    room = _("  room {room}").format(room=fact.room) if fact.room else ""
    door = _("  door {door}").format(door=fact.door) if fact.door else ""
    click.echo(shown.plain(_("filed by {by}{room}").format(by=fact.by, room=room) + door))
    if not case.filed.timed:
        click.echo(_("the unit did not know the time: it was no later than this"))
    for step in case.steps:
        click.echo(shown.plain(_step(office, step)))
    for entry in case.entries:
        click.echo(shown.plain(_entry(office, entry)))
    if case.ratings:
        click.echo(_("rated {ratings}").format(ratings=" ".join(map(str, case.ratings))))


@report.command()
@_id
@click.option("--to", required=True, help="Who is to deal with it: police, enforcement, sanitation, greening, water, …")
@click.option(
    "--due",
    help="By when, 10 minutes to 90 days from now: 2026-10-01, 2026-10-01T18:00, or 2d from now. Else as its code says.",
)
@click.option("--level", type=click.Choice(LEVELS), help="Whose case it is from now on; it never goes down.")
@_by
@yes_option
@click.pass_obj
def assign(office: CliContext, name: str, to: str, due: str | None, level: str | None, by: str, yes: bool) -> None:
    """Give it to somebody; also again, and also what was closed, which is open again then."""
    with office.books.reading() as conn:
        there = known.recipients_of(conn)
    if to not in there:
        office.ask(_("{to}: no such recipient").format(to=to), to, there, yes=yes)
    due_utc = moment_option(office, "due", due, end=True)
    given = Assignment(to, due_utc, None if level is None else Level[level.upper()])
    _done(office, reports_desk.assign(office, name, given, by, time.time()))


@report.command()
@_id
@click.argument("text")
@click.option(
    "--notice", is_flag=True, help="Show it at the unit where it was filed, and ask there how well it was dealt with."
)
@click.option("--until", help="How long that stands, a year at most: 2026-10-07, or 3d from now. Default: 7d.")
@_by
@click.pass_obj
def answer(office: CliContext, name: str, text: str, notice: bool, until: str | None, by: str) -> None:
    """Say what was done about it."""
    now = time.time()
    until_utc = moment_option(office, "until", until, end=True) or now + reports_desk.ASKED_S
    case = reports_desk.answer(office, name, text, by, now, tell=until_utc if notice else None)
    _done(office, case)
    if notice:
        office.publish()


@report.command()
@_id
@click.option("--why", default="", help="What is to be kept with it.")
@_by
@click.pass_obj
def close(office: CliContext, name: str, why: str, by: str) -> None:
    """Nothing more is to be done about it."""
    _done(office, reports_desk.close(office, name, why, by, time.time()))


@report.command()
@_chosen
@click.option("--since", help="Only what was filed since: 2026-10-01, or -30d.")
@json_option("One object.")
@click.pass_obj
def times(
    office: CliContext,
    unit_id: str | None,
    scope: str | None,
    to: str | None,
    kind: str | None,
    since: str | None,
    as_json: bool,
) -> None:
    """How long each stage took, how many were settled inside the grid and the community, how content people were."""
    now = time.time()
    wanted = _filter(office, unit_id, scope, to, kind, since=moment_option(office, "since", since))
    found = case_figures.figures(cases.listed(office, wanted, now), now)
    if as_json:
        click.echo(shown.as_json(_figures_value(found)))
        return
    for line in _figures(found):
        click.echo(line)


# --- in words


def _filter(
    office: CliContext,
    unit_id: str | None,
    scope: str | None,
    to: str | None,
    kind: str | None,
    *,
    open: bool = False,  # noqa: A002  # as the field
    overdue: bool = False,
    since: float | None = None,
) -> CaseFilter:
    where = None if scope is None else str(parse_scope(scope, office.site.site))
    return CaseFilter(open, overdue, unit_id, where, to, None if kind is None else ReportKind(kind), since)


def _done(office: CliContext, case: Case) -> None:
    click.echo(shown.plain(_line(office, case, time.time())))


def _meaning(case: Case) -> str:
    code = case.filed.fact.code
    return code or case.in_words if case.code is None else f"{code} {case.code.words.of('zh-CN')}"


def _line(office: CliContext, case: Case, now: float) -> str:
    due = _("  due {due}").format(due=office.local(case.due_utc)) if case.is_open else ""
    late = _("  OVERDUE") if case.overdue(now) else ""
    line = _("{id}  {at}  {unit}  {what}  {stage}  {level}  {to}")
    words = {"stage": named(case.stage.value), "level": named(case.level(now).name.lower()), "to": case.to or "-"}
    at = office.local(case.filed.at_utc)
    return line.format(id=case.id, at=at, unit=case.filed.unit, what=_meaning(case), **words) + due + late


def _step(office: CliContext, step: Step) -> str:
    words = [office.local(step.at_utc), named(step.what.value), _("by {by}").format(by=step.by)]
    words += [_("to {to}").format(to=step.to)] if step.to else []
    words += [_("due {due}").format(due=office.local(step.due_utc))] if step.due_utc is not None else []
    words += [named(step.level.name.lower())]
    words += [_("notice {notice}").format(notice=step.notice)] if step.notice else []
    taken_out = _("taken out: somebody was erased") if step.what is Stage.ANSWERED and not step.text else ""
    return "  ".join([*words, step.text or taken_out]).rstrip()


def _entry(office: CliContext, entry: FieldEntry) -> str:
    words = [office.local(entry.at_utc), _(field_entries.WORDS[entry.what]), _("by {by}").format(by=entry.by)]
    words += [_("photo {photo}").format(photo=entry.photo[:12])] if entry.photo else []
    return "  ".join([*words, entry.text or _("taken out: somebody was erased")])


def _as_value(case: Case, now: float) -> dict[str, Any]:
    fact = case.filed.fact
    steps = [
        {"what": step.what, "at": step.at_utc, "by": step.by, "to": step.to, "level": step.level.name.lower()}
        | {"due": step.due_utc, "text": step.text, "notice": step.notice}
        for step in case.steps
    ]
    value: dict[str, Any] = {
        "id": case.id,
        "unit": case.filed.unit,
        "door": fact.door,
        "code": fact.code,
        "kind": case.kind,
    }
    value |= {"words": None if case.code is None else case.code.words.zh, "by": fact.by, "room": fact.room}
    value |= {"filed": case.filed.at_utc, "timed": case.filed.timed, "stage": case.stage, "to": case.to}
    value |= {"due": case.due_utc, "overdue": case.overdue(now), "level": case.level(now).name.lower()}
    entries = [
        {"what": each.what, "at": each.at_utc, "taken": each.taken_utc, "by": each.by, "text": each.text}
        | {"photo": each.photo}
        for each in case.entries
    ]
    return value | {"steps": steps, "entries": entries, "ratings": list(case.ratings)}


def _figures_value(found: Figures) -> dict[str, Any]:
    spans = [
        {"from": each.begins, "to": each.ends, "count": each.count, "median": each.median_s, "worst": each.worst_s}
        for each in found.spans
    ]
    counts = {"filed": found.filed, "overdue": found.overdue, "settled": found.settled}
    settled = {"in_grid": found.in_grid, "in_community": found.in_community}
    return counts | settled | {"ratings": found.ratings, "content": found.content, "times": spans}


def _figures(found: Figures) -> list[str]:
    lines = [
        _("{filed} filed, {settled} settled, {overdue} overdue").format(
            filed=found.filed, settled=found.settled, overdue=found.overdue
        )
    ]
    for each in found.spans:
        if each.median_s is not None and each.worst_s is not None:
            line = _("{begins} to {ends}: half within {median}, the slowest {worst} ({count})")
            words = {"begins": named(each.begins), "ends": named(each.ends), "count": each.count}
            lines.append(line.format(median=_duration(each.median_s), worst=_duration(each.worst_s), **words))
    if found.settled:
        line = _("settled inside the grid {grid}, inside the community {community}")
        share = [_share(count, found.settled) for count in (found.in_grid, found.in_community)]
        lines.append(line.format(grid=share[0], community=share[1]))
    if found.ratings:
        lines.append(_("rated 4 or 5: {share}").format(share=_share(found.content, found.ratings)))
    return lines


def _share(count: int, of: int) -> str:
    return f"{count}/{of} ({100 * count / of:.0f} %)"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("{minutes} min").format(minutes=minutes)
    if minutes < 48 * 60:
        return _("{hours:.1f} h").format(hours=minutes / 60)
    return _("{days:.1f} days").format(days=minutes / 1440)
