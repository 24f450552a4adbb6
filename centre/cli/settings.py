"""`centre settings`: language, timezone and sign of a scope."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import click
from sqlalchemy import select

from centre import state
from centre.cli.context import CliContext
from centre.errors import WRONG_USE, CentreError
from centre.schema import state as state_table
from centre.state import Signed
from centre.units import parse_scope
from contract import codec
from contract.messages import Kind, Scope, Settings, Sign

KEYS = ("timezone", "language", "sign")
SIGN = tuple(each.name for each in dataclasses.fields(Sign))


@click.group()
def settings() -> None:
    """Settings of a scope; the most specific scope wins, for each of its keys."""


@settings.command()
@click.option("--scope", required=True, help="Where: LEVEL/ID, for example site/badahu or unit/b12-u2.")
@click.option("--timezone", help="IANA name: Asia/Shanghai.")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), help="Of the panel's own texts.")
@click.option(
    "--sign",
    multiple=True,
    metavar="KEY=TEXT",
    help=f"{', '.join(SIGN)}: the unit's sign between notices.",
)
@click.option("--unset", multiple=True, type=click.Choice(KEYS), help="Take a key out again.")
@click.pass_obj
def put(
    office: CliContext,
    scope: str,
    timezone: str | None,
    language: str | None,
    sign: tuple[str, ...],
    unset: tuple[str, ...],
) -> None:
    """Set what is named, leave the rest of the scope's settings as they are. Prints them as they are now."""
    where, site, now = parse_scope(scope, office.site.site), office.site.site, time.time()
    with office.books.changing() as conn:
        values = _current(conn, str(where))
        before = dict(values)
        values |= {"timezone": timezone} if timezone else {}
        values |= {"language": language} if language else {}
        if sign:
            values["sign"] = {**values.get("sign", {}), **dict(map(_pair, sign))}
        for key in unset:
            values.pop(key, None)
        if values == before:
            raise CentreError("nothing to change", WRONG_USE)
        message = _settings(where, state.next_rev(conn, Kind.SETTINGS, where), now, values)
        topic = state.topic_of(site, message)
        signed = Signed(topic, message, office.signer.sign_state(topic, message))
        text = json.dumps(values, ensure_ascii=False)
        state.commit(conn, [signed], now, title=text)
    click.echo(text)
    office.tell_reach(where)
    office.publish()


@settings.command("list")
@click.pass_obj
def list_settings(office: CliContext) -> None:
    """Settings of each scope."""
    mine = state_table.c.kind == Kind.SETTINGS.value
    with office.books.reading() as conn:
        for row in conn.execute(select(state_table).where(mine).order_by(state_table.c.scope)):
            click.echo(
                f"{row.scope}  rev {row.rev}  {'sent' if row.sent_utc is not None else 'not sent yet'}  {row.title}"
            )


def _current(conn: Any, scope: str) -> dict[str, Any]:
    mine = (state_table.c.kind == Kind.SETTINGS.value) & (state_table.c.scope == scope)
    text = conn.execute(select(state_table.c.title).where(mine)).scalar()
    values: dict[str, Any] = json.loads(text) if text else {}
    values.pop("display", None)  # once taken, and now refused
    return values


def _settings(scope: Scope, rev: int, now: float, values: dict[str, Any]) -> Settings:
    try:
        return codec.read(Settings, {"scope": str(scope), "rev": rev, "iat": round(now, 3), **values})
    except codec.FieldError as error:
        raise CentreError(str(error), WRONG_USE) from None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CentreError(f"--sign: {text!r} is not KEY=TEXT", WRONG_USE)
    if name not in SIGN:
        raise CentreError(f"--sign: {name!r} is not shown on a sign; known: {', '.join(SIGN)}", WRONG_USE)
    return name, value
