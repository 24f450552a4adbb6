"""`centre settings`: language, timezone and sign of a scope."""

from __future__ import annotations

import dataclasses
import time

import click

from centre import settings as changing
from centre import shown
from centre.cli.context import CliContext, yes_option
from centre.errors import WRONG_USE, CentreError
from centre.settings import KEYS, Change, ScopeSettings
from centre.units import parse_scope
from contract.messages import Sign

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
@yes_option
@click.pass_obj
def put(
    office: CliContext,
    scope: str,
    timezone: str | None,
    language: str | None,
    sign: tuple[str, ...],
    unset: tuple[str, ...],
    yes: bool,
) -> None:
    """Set what is named, leave the rest of the scope's settings as they are. Prints them as they are now."""
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    change = Change(timezone, language, dict(map(_pair, sign)), unset)
    click.echo(_text(changing.put(office, where, change, time.time())))
    office.publish()


@settings.command("list")
@click.pass_obj
def list_settings(office: CliContext) -> None:
    """Settings of each scope."""
    for each in changing.listed(office):
        click.echo(f"{each.scope}  rev {each.rev}  {'sent' if each.sent else 'not sent yet'}  {_text(each)}")


def _text(of: ScopeSettings) -> str:
    return shown.as_json(of.values)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CentreError(f"--sign: {text!r} is not KEY=TEXT", WRONG_USE)
    if name not in SIGN:
        raise CentreError(f"--sign: {name!r} is not shown on a sign; known: {', '.join(SIGN)}", WRONG_USE)
    return name, value
