"""`centre poll`: put a question to people at the doors, and see what they answered."""

from __future__ import annotations

import getpass
import time
from typing import Any

import click

from centre import polls, shown
from centre.cli.context import CliContext, json_option, moment_option, yes_option
from centre.names import named
from centre.polls import ListedPoll, PollDraft, Result
from centre.units import parse_scope
from centre.words import _
from contract.messages import Per


@click.group()
def poll() -> None:
    """Polls: put one to the people of a scope, list them, count one."""


@poll.command()
@click.argument("scope")
@click.argument("title")
@click.option("--text", default="", help="What there is to say beside the title.")
@click.option(
    "--option",
    "options",
    multiple=True,
    required=True,
    help="2 to 9 of them, up to 60 characters each; the first is answered by 1.",
)
@click.option(
    "--per",
    type=click.Choice([str(each) for each in Per]),
    default=str(Per.ROOM),
    show_default=True,
    help="One answer a person, a household, or as many as anyone gives (that counts answers, not people).",
)
@click.option("--from", "from_", help="Asked from: 2026-10-01, 2026-10-01T08:00, or 2h from now.")
@click.option("--until", required=True, help="Asked until, the day included; answers can be changed up to then.")
@click.option("--by", default=getpass.getuser, show_default="your login", help="Who puts it; kept in the books.")
@yes_option
@click.pass_obj
def put(
    office: CliContext,
    scope: str,
    title: str,
    text: str,
    options: tuple[str, ...],
    per: str,
    from_: str | None,
    until: str,
    by: str,
    yes: bool,
) -> None:
    """Put TITLE to the people of SCOPE (LEVEL/ID). Prints the poll's id; options and end stand from then on."""
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    until_utc = moment_option(office, "until", until, end=True)
    assert until_utc is not None
    from_utc = moment_option(office, "from", from_)
    draft = PollDraft(where, title, text, options, Per(per), until_utc, from_utc)
    click.echo(polls.put(office, draft, by, time.time()).id)
    office.publish()


@poll.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_polls(office: CliContext, as_json: bool) -> None:
    """All polls, in the order of their ends."""
    for each in polls.listed(office):
        click.echo(shown.as_json(_as_value(each)) if as_json else shown.plain(_line(office, each)))


@poll.command()
@click.argument("name", metavar="POLL")
@json_option("One object.")
@click.pass_obj
def show(office: CliContext, name: str, as_json: bool) -> None:
    """What was answered so far: units that are away tell theirs when they are back. By unit, how many of those who may."""
    found = polls.result(office, name)
    if as_json:
        click.echo(shown.as_json(_result_value(found)))
        return
    click.echo(shown.plain(_line(office, found.poll)))
    for number, (option, votes) in enumerate(zip(found.poll.options, found.votes, strict=True), 1):
        click.echo(shown.plain(_("{votes:>6}  {number} {option}").format(votes=votes, number=number, option=option)))
    for each in found.turnout:
        click.echo(
            _("{unit}: {counted} of {entitled}").format(unit=each.unit, counted=each.counted, entitled=each.entitled)
        )
    if found.poll.per is Per.ANYONE:
        click.echo(_("open to anyone: these are answers, not people"))
    line = _("changed {replaced}, after the end {late}, of no option or no place here {strange}")
    click.echo(line.format(replaced=found.replaced, late=found.late, strange=found.strange))


def _line(office: CliContext, each: ListedPoll) -> str:
    line = _("{id}  {scope}  per {per}  until {until}  {title}")
    words = {"per": named(each.per.value), "until": office.local(each.until_utc), "title": each.title}
    return line.format(id=each.notice, scope=each.scope, **words)


def _as_value(each: ListedPoll) -> dict[str, Any]:
    value = {"id": each.notice, "scope": each.scope, "title": each.title, "options": list(each.options)}
    return value | {"per": each.per, "until": each.until_utc}


def _result_value(found: Result) -> dict[str, Any]:
    turnout = [{"unit": each.unit, "counted": each.counted, "entitled": each.entitled} for each in found.turnout]
    counts = {"replaced": found.replaced, "late": found.late, "strange": found.strange}
    return _as_value(found.poll) | {"votes": list(found.votes)} | counts | {"turnout": turnout}
