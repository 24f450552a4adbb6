"""`centre notice`: notices as desired state of a scope."""

from __future__ import annotations

import getpass
import sys
import time
from pathlib import Path

import click

from centre import notices, shown
from centre.charset import decoded
from centre.cli.context import CliContext, json_option, moment_option, yes_option
from centre.errors import WRONG_USE, CentreError
from centre.names import named
from centre.notices import Draft, NoticeState
from centre.units import parse_scope
from centre.words import _
from contract.messages import Category


@click.group()
def notice() -> None:
    """Notices: put one up, withdraw one, list all."""


@notice.command()
@click.option("--scope", required=True, help="Where: LEVEL/ID, for example yard/y07, or site/SITE for all.")
@click.option("--category", type=click.Choice([str(item) for item in Category]), default="reminder", show_default=True)
@click.option("--title", required=True)
@click.option("--text", help="The text; or -f.")
@click.option(
    "-f",
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="The text from a file (UTF-8, GBK or UTF-16), - for stdin.",
)
@click.option("--from", "from_", help="Shown from: 2026-10-01, 2026-10-01T08:00, or 2h from now.")
@click.option("--until", help="Shown until, the day included: 2026-10-07, 2026-10-07T18:00, or 3d from now.")
@click.option("--priority", type=click.IntRange(0, 9), default=0, show_default=True, help="9 is shown first.")
@click.option("--lang", default="zh-CN", show_default=True)
@click.option("--id", "name", help="Of a notice that is up: a new revision in its place. Else one is made.")
@click.option("--by", default=getpass.getuser, show_default="your login", help="Who puts it; kept in the books.")
@yes_option
@click.pass_obj
def put(
    office: CliContext,
    scope: str,
    category: str,
    title: str,
    text: str | None,
    file: Path | None,
    from_: str | None,
    until: str | None,
    priority: int,
    lang: str,
    name: str | None,
    by: str,
    yes: bool,
) -> None:
    """Put a notice up on every screen of a scope. Prints its id."""
    if (text is None) == (file is None):
        raise CentreError(_("either --text or -f"), WRONG_USE)
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    if name is not None:
        known = [each.id for each in notices.listed(office, time.time())]
        if name not in known:
            office.ask(_("{name}: no such notice").format(name=name), name, known, yes=yes)
    draft = Draft(
        scope=where,
        category=Category(category),
        title=title,
        text=text if text is not None else _read(file),
        from_utc=moment_option(office, "from", from_),
        until_utc=moment_option(office, "until", until, end=True),
        priority=priority,
        lang=lang,
        id=name,
        by=by,
    )
    click.echo(notices.put(office, draft, time.time()).id)
    office.publish()


@notice.command()
@click.argument("name", metavar="NOTICE")
@click.option("--scope", help="Where it is: LEVEL/ID, only for one that the books do not know.")
@click.option("--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books.")
@click.pass_obj
def withdraw(office: CliContext, name: str, scope: str | None, by: str) -> None:
    """Take a notice down everywhere, also where it has not come yet. Its id is never used again.

    Also one that only units know, after the books were restored from a backup.
    """
    notices.withdraw(office, name, time.time(), None if scope is None else parse_scope(scope, office.site.site), by)
    click.echo(_("withdrew {name}").format(name=name))
    office.publish()


@notice.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are down.")
@json_option("One object a line.")
@click.pass_obj
def list_notices(office: CliContext, everything: bool, as_json: bool) -> None:
    """Notices that are up."""
    for each in notices.listed(office, time.time()):
        if not (each.state is NoticeState.UP or everything):
            continue
        if as_json:
            value = {"id": each.id, "rev": each.rev, "scope": each.scope, "title": each.title, "state": each.state}
            click.echo(shown.as_json(value | {"until": each.until_utc, "sent": each.sent_utc}))
        else:
            sent = _("sent") if each.sent_utc is not None else _("not sent yet")
            until = office.local(each.until_utc)
            line = _("{id}  rev {rev}  {scope}  {state}  until {until}  {sent}  {title}")
            state, rest = named(each.state), {"until": until, "sent": sent, "title": each.title}
            click.echo(shown.plain(line.format(id=each.id, rev=each.rev, scope=each.scope, state=state, **rest)))


def _read(file: Path | None) -> str:
    assert file is not None
    data: bytes = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    text = decoded(data)
    if text is None:
        raise CentreError(_("{file}: neither UTF-8 nor GBK nor UTF-16: not a text file").format(file=file), WRONG_USE)
    return text.strip()
