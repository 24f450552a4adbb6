"""`centre settings`: language, timezone, sign and doors' times of a scope."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from centre import settings as changing
from centre import settings_csv, shown
from centre.acceptance import ANY
from centre.cli import settings_text
from centre.cli.care_options import care_of, care_options
from centre.cli.context import CliContext, json_option, profiles_of, told_faults, yes_option
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.settings import KEYS, Change, ScopeSettings
from centre.sheet import BadTableError
from centre.units import parse_scope
from centre.words import _
from contract.messages import Sign
from contract.people import LetterSize
from contract.topics import valid_id

T = TypeVar("T")

SIGN = tuple(each.name for each in dataclasses.fields(Sign) if each.name != "duty")
_table = click.Path(path_type=Path, exists=True, dir_okay=False)


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
@click.option(
    "--duty", type=_table, help="Who is on duty when, from a CSV: days,hours,worker,phone as mon-fri,08:00-18:00,…"
)
@click.option("--codes", type=_table, help="Reports and services, from a CSV: code,words,words_en,kind,who,to,due.")
@click.option(
    "--hours", type=_table, help="Weekly profiles, from a CSV: profile,days,hours as school,mon-fri,07:00-09:00."
)
@click.option(
    "--door-hours",
    multiple=True,
    metavar="DOOR=PROFILE",
    help="Outside of it residents' cards are refused. Without PROFILE: at any time.",
)
@click.option("--hold-open", multiple=True, metavar="DOOR=PROFILE", help="Held open within it. Without PROFILE: never.")
@click.option(
    "--letters",
    type=click.Choice([each.value for each in LetterSize]),
    help="How large, on panels with designed pages that can change it.",
)
@click.option(
    "--no-acceptance",
    is_flag=True,
    help="Boxes there need not be accepted: none says so on its display (see unit accept).",
)
@care_options
@click.option("--unset", multiple=True, type=click.Choice(KEYS), help="Take a key out again.")
@yes_option
@json_option("One object.")
@click.pass_obj
def put(
    office: CliContext,
    scope: str,
    timezone: str | None,
    language: str | None,
    sign: tuple[str, ...],
    duty: Path | None,
    codes: Path | None,
    hours: Path | None,
    door_hours: tuple[str, ...],
    hold_open: tuple[str, ...],
    letters: str | None,
    no_acceptance: bool,
    care_hours: float | None,
    care_quiet: tuple[str, ...],
    care_input: tuple[str, ...],
    care_door: tuple[str, ...],
    care_litres: float | None,
    unset: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """Set what is named, leave the rest of the scope's settings as they are. Prints them as they are now."""
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    signs: dict[str, Any] = dict(map(_pair, sign))
    signs |= {} if duty is None else {"duty": _read(duty, settings_csv.duty)}
    table = None if codes is None else _read(codes, settings_csv.codes)
    doors = {(door, "hours"): name for door, name in map(_door_pair, door_hours)}
    doors |= {(door, "hold_open"): name for door, name in map(_door_pair, hold_open)}
    care = care_of(care_hours, care_quiet, care_input, care_door, care_litres)
    office.check_doors(where, [*(door for door, _key in doors), *care_door])
    change = Change(
        timezone,
        language,
        signs,
        unset,
        table,
        profiles_of(hours),
        doors,
        care,
        letters,
        ANY if no_acceptance else None,
    )
    made = changing.put(office, where, change, time.time())
    if as_json:
        click.echo(shown.as_json(made.values))
    else:
        _show(made)
    office.publish()


@settings.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_settings(office: CliContext, as_json: bool) -> None:
    """Settings of each scope."""
    for each in changing.listed(office):
        if as_json:
            click.echo(
                shown.as_json({"scope": each.scope, "rev": each.rev, "sent": each.sent, "settings": each.values})
            )
            continue
        sent = _("sent") if each.sent else _("not sent yet")
        click.echo(_("{scope}  rev {rev}  {sent}").format(scope=each.scope, rev=each.rev, sent=sent))
        _show(each)


def _show(of: ScopeSettings) -> None:
    for line in settings_text.lines(of.values):
        click.echo(shown.plain(f"  {line}"))


def _read(file: Path, reader: Callable[[bytes], T]) -> T:
    try:
        return reader(file.read_bytes())
    except BadTableError as error:
        raise CentreError(told_faults(file, error, _("holds nothing")), CHECK_FAILED) from None


def _door_pair(text: str) -> tuple[str, str]:
    door, equals, name = text.partition("=")
    if not equals or not valid_id(door):
        raise CentreError(_("{text!r} is not DOOR=PROFILE").format(text=text), WRONG_USE)
    return door, name


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CentreError(_("--sign: {text!r} is not KEY=TEXT").format(text=text), WRONG_USE)
    if name not in SIGN:
        raise CentreError(
            _("--sign: {name!r} is not shown on a sign; known: {sign}").format(name=name, sign=", ".join(SIGN)),
            WRONG_USE,
        )
    return name, value
