"""`centre notice`: notices as desired state of a scope."""

from __future__ import annotations

import json
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy import select

from centre import state
from centre.charset import decoded
from centre.cli.context import CliContext, moment_option
from centre.errors import WRONG_USE, CentreError
from centre.schema import state as state_table
from centre.state import DAY_S, TOMBSTONE_DAYS, Signed
from centre.units import parse_scope
from contract.messages import Category, Kind, Notice, Scope
from contract.topics import valid_id


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
) -> None:
    """Put a notice up on every screen of a scope. Prints its id."""
    if (text is None) == (file is None):
        raise CentreError("either --text or -f", WRONG_USE)
    where, now = parse_scope(scope, office.site.site), time.time()
    name = name or f"n{time.strftime('%Y%m%d', time.gmtime(now))}-{secrets.token_hex(3)}"
    if not valid_id(name):
        raise CentreError(f"--id: {name!r} is no id (a-z, 0-9, - and _, at most 48)", WRONG_USE)
    message = Notice(
        scope=where,
        id=name,
        rev=0,
        iat=round(now, 3),
        category=Category(category),
        title=title,
        text=text if text is not None else _read(file),
        from_utc=moment_option(office, "from", from_),
        until_utc=moment_option(office, "until", until, end=True),
        priority=priority,
        lang=lang,
    )
    if message.until_utc is not None and message.until_utc <= max(now, message.from_utc or now):
        raise CentreError("--until: not after now and --from", WRONG_USE)
    _commit(office, message)
    click.echo(name)
    office.tell_reach(where)
    office.publish()


@notice.command()
@click.argument("name", metavar="NOTICE")
@click.pass_obj
def withdraw(office: CliContext, name: str) -> None:
    """Take a notice down everywhere, also where it has not come yet. Its id is never used again."""
    now = time.time()
    with office.books.reading() as conn:
        row = state.notice_row(conn, name)
    if row.withdrawn or row.token is None:
        raise CentreError(f"{name}: it is down already", WRONG_USE)
    _commit(
        office,
        Notice(
            scope=Scope(*row.scope.split("/", 1)),
            id=name,
            rev=0,
            iat=round(now, 3),
            category=Category.REMINDER,
            title="",
            text="",
            until_utc=row.until_utc if row.until_utc is not None else round(now + TOMBSTONE_DAYS * DAY_S),
            withdrawn=True,
        ),
        title=row.title,
    )
    click.echo(f"withdrew {name}")
    office.publish()


@notice.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are down.")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.pass_obj
def list_notices(office: CliContext, everything: bool, as_json: bool) -> None:
    """Notices that are up."""
    mine = state_table.c.kind == Kind.NOTICE.value
    with office.books.reading() as conn:
        rows = conn.execute(select(state_table).where(mine).order_by(state_table.c.made_utc, state_table.c.id)).all()
    for row in rows:
        up = row.token is not None and not row.withdrawn and (row.until_utc is None or row.until_utc > time.time())
        if not (up or everything):
            continue
        word = "up" if up else "withdrawn" if row.withdrawn else "ended"
        if as_json:
            value = {"id": row.id, "rev": row.rev, "scope": row.scope, "title": row.title, "state": word}
            click.echo(json.dumps(value | {"until": row.until_utc, "sent": row.sent_utc}, ensure_ascii=False))
        else:
            sent = "sent" if row.sent_utc is not None else "not sent yet"
            click.echo(
                f"{row.id}  rev {row.rev}  {row.scope}  {word}  until {office.local(row.until_utc)}  {sent}  {row.title}"
            )


def _commit(office: CliContext, message: Notice, title: str | None = None) -> None:
    """Gives the revision, signs and commits in one transaction."""
    site = office.site.site
    with office.books.changing() as conn:
        row = state.where_notice(conn, message.id)
        if row is not None and row.scope != str(message.scope):
            raise CentreError(f"{message.id}: stands in {row.scope}; an id is for one notice", WRONG_USE)
        if row is not None and (row.withdrawn or row.token is None):
            raise CentreError(f"{message.id}: is down, and its id is never used again", WRONG_USE)
        full = None if message.withdrawn else state.lacks_room(conn, site, message, time.time())
        if full is not None:
            raise CentreError(f"{full}: withdraw one, or let it end", WRONG_USE)
        numbered = replace(message, rev=state.next_rev(conn, Kind.NOTICE, message.scope, message.id))
        topic = state.topic_of(site, numbered)
        signed = Signed(topic, numbered, office.signer.sign_state(topic, numbered))
        state.commit(conn, [signed], time.time(), title=message.title if title is None else title)


def _read(file: Path | None) -> str:
    assert file is not None
    data: bytes = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    text = decoded(data)
    if text is None:
        raise CentreError(f"{file}: neither UTF-8 nor GBK nor UTF-16: not a text file", WRONG_USE)
    return text.strip()
