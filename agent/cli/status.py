"""`doorward status`: the running agent's own account, for a person or a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import click

from agent.cli import Invocation
from agent.cli.moment import local
from agent.cli.running import running
from agent.driver_words import explained
from agent.errors import UnreachableError, shown
from agent.table import columns, filled
from agent.update.account import account
from agent.words import N_, _
from contract.bounds import parse_rfc3339


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="The whole status as JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Doors, devices, clock, backlog and link of the running agent. Exit 69 where none runs."""
    invocation: Invocation = ctx.obj
    config = invocation.config()
    found = running(config)
    if found is None:
        raise UnreachableError(_("no agent runs here: systemctl start doorward"))
    if as_json:
        click.echo(json.dumps(found.status, ensure_ascii=False, indent=2))
        return
    for line in describe(found.status, ZoneInfo(config.unit.timezone)):
        click.echo(line)
    update = account(config.state, found.status)
    if update is not None:
        click.echo(filled(_("update"), 14) + update)


_FIRST = (
    "unit",
    "name",
    "site",
    "version",
    "pid",
    "door_only",
    "link",
    "at",
    "clock",
    "stale",
    "backlog",
    "oldest",
    "centre_since",
)
_LEFT_OUT = ("state", "session", "digest", "scopes", "boot")
"""For programs only; `state` is the will's: what the broker says of this unit, not what the unit knows."""


_TOLD = frozenset(
    {
        N_("unit"), N_("name"), N_("site"), N_("version"), N_("pid"), N_("door_only"), N_("link"), N_("at"), N_("clock"), N_("stale"),
        N_("backlog"), N_("oldest"), N_("centre"), N_("storage"), N_("taken_over"), N_("doors"), N_("devices"), N_("inputs"), N_("counts"),
        N_("refused"), N_("login"), N_("checkpoint"),
        N_("state"), N_("mode"), N_("open"), N_("unlocked"), N_("lock"), N_("held"), N_("reason"), N_("since"), N_("tamper"), N_("note"), N_("power"),
        N_("ok"), N_("lost"), N_("fault"), N_("normal"), N_("hold_open"), N_("lockdown"), N_("fire"),
        N_("off"), N_("connecting"), N_("up"), N_("down"), N_("unknown"), N_("floor"), N_("synced"), N_("holdover"),
        N_("silent"), N_("port"), N_("wrong"), N_("insecure"), N_("full"), N_("failing"),
        N_("notice"), N_("roster"), N_("rounds"), N_("settings"), N_("keys"), N_("secrets"), N_("poll"), N_("visitors"),
    }
)  # fmt: skip
"""Names and values of the status that have another word in another language."""


_TIMES = ("since", "centre_since")
"""Values that are seconds since 1970, or RFC 3339."""


def describe(status: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """Lines for a person: single values first, then each door and device; times in the unit's zone."""
    alone = {*_LEFT_OUT, *_OWN_WORDS}
    blocks = {key: value for key, value in status.items() if isinstance(value, dict) and key not in alone}
    rest = [key for key in status if key not in {*_FIRST, *_LEFT_OUT, *blocks}]
    for key in (*_FIRST, *rest):
        if key in _OWN_WORDS:
            text = _OWN_WORDS[key](status, zone)
        else:
            text = _text(_readable(key, status[key], zone)) if key in status and key not in blocks else None
        if text is not None:
            yield f"{filled(_said(_NAMES.get(key, key)).replace('_', ' '), 14)}{text}"
    for key, block in blocks.items():
        yield f"{_said(key)}:"
        width = max((columns(shown(name)) for name in block), default=0)
        for name, value in block.items():
            yield f"  {filled(shown(name), width)}  {_text(_readable(name, value, zone))}"


def _said(value: object) -> str:
    text = shown(value, 200)
    return _(text) if text in _TOLD else explained(text)


def _door_only(status: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    until = status.get("door_only")
    return (
        None
        if until is None
        else _("until {moment}, after three crashes: no link, no notices").format(moment=_moment(until, zone))
    )


def _link(status: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    link = status.get("link")
    if not isinstance(link, dict):
        return None
    why = _(": {why}").format(why=explained(shown(link["why"], 200))) if link.get("why") else ""
    return _("{state} since {moment}{why}").format(
        state=_said(link.get("state")), moment=_moment(link.get("since"), zone), why=why
    )


def _centre(status: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    """What was heard of it holds only as long as the link does."""
    if "centre_since" not in status:
        return None
    link, since = status.get("link"), status["centre_since"]
    if since is None or (isinstance(link, dict) and link.get("state") != "up"):
        return _("not heard")
    return _("online since {text}").format(text=_text(_readable("centre_since", since, zone)))


_OWN_WORDS: Mapping[str, Callable[[Mapping[str, Any], ZoneInfo], str | None]] = {
    "door_only": _door_only,
    "link": _link,
    "centre_since": _centre,
}
_NAMES = {"centre_since": "centre"}


def _moment(told: object, zone: ZoneInfo) -> str:
    try:
        return local(parse_rfc3339(str(told)), zone)
    except (ValueError, OverflowError):
        return shown(told)


def _readable(key: str, value: object, zone: ZoneInfo) -> object:
    if isinstance(value, dict):
        return {name: _readable(name, inner, zone) for name, inner in value.items()}
    if key not in _TIMES or value is None:
        return value
    return local(value, zone) if isinstance(value, int | float) else _moment(value, zone)


def _text(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return _("yes") if value else _("no")
        case dict():
            return _(", ").join(f"{_said(key)} {_text(inner)}" for key, inner in value.items())
        case list():
            return _(", ").join(map(_text, value)) or "-"
        case _:
            return _said(value)
