"""`centre settings`: language, timezone, display and sign of a scope."""

from __future__ import annotations

import json
import time
from typing import Any

import click
from sqlalchemy import select

from centre import state
from centre.cli.office import Office
from centre.errors import WRONG_USE, CentreError
from centre.schema import state as state_table
from centre.state import Signed
from centre.units import parse_scope
from contract.messages import Kind, Settings

KEYS = ("timezone", "language", "sign", "display")
SIGN = ("grid", "community", "boundary", "worker", "phone")


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
@click.option("--display", multiple=True, metavar="KEY=VALUE", help="A value for the display.")
@click.option("--unset", multiple=True, type=click.Choice(KEYS), help="Take a key out again.")
@click.pass_obj
def put(
    office: Office,
    scope: str,
    timezone: str | None,
    language: str | None,
    sign: tuple[str, ...],
    display: tuple[str, ...],
    unset: tuple[str, ...],
) -> None:
    """Set what is named, leave the rest of the scope's settings as they are. Prints them as they are now."""
    where, site, now = parse_scope(scope, office.site.site), office.site.site, time.time()
    with office.books.changing() as conn:
        values = _current(conn, str(where))
        before = dict(values)
        values |= {"timezone": timezone} if timezone else {}
        values |= {"language": language} if language else {}
        for key, pairs in (("sign", sign), ("display", display)):
            if pairs:
                values[key] = {**values.get(key, {}), **dict(_pair(key, text) for text in pairs)}
        for key in unset:
            values.pop(key, None)
        if values == before:
            raise CentreError("nothing to change", WRONG_USE)
        message = Settings(where, state.next_rev(conn, Kind.SETTINGS, where), round(now, 3), values)
        topic = state.topic_of(site, message)
        signed = Signed(topic, message, office.signer.sign_state(topic, message))
        text = json.dumps(values, ensure_ascii=False)
        state.commit(conn, [signed], now, title=text)
    click.echo(text)
    office.tell_reach(where)
    office.publish()


@settings.command("list")
@click.pass_obj
def list_settings(office: Office) -> None:
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
    return values


def _pair(key: str, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CentreError(f"--{key}: {text!r} is not KEY=VALUE", WRONG_USE)
    if key == "sign" and name not in SIGN:
        raise CentreError(f"--sign: {name!r} is not shown on a sign; known: {', '.join(SIGN)}", WRONG_USE)
    if key == "display" and value.lstrip("-").replace(".", "", 1).isdecimal():
        return name, float(value) if "." in value else int(value)
    return name, value
