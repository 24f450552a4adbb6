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
from agent.errors import UnreachableError, shown
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
        raise UnreachableError("no agent runs here: systemctl start doorward")
    if as_json:
        click.echo(json.dumps(found.status, ensure_ascii=False, indent=2))
        return
    for line in describe(found.status, ZoneInfo(config.unit.timezone)):
        click.echo(line)


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
            yield f"{_NAMES.get(key, key).replace('_', ' '):<14}{text}"
    for key, block in blocks.items():
        yield f"{key}:"
        width = max((len(str(name)) for name in block), default=0)
        for name, value in block.items():
            yield f"  {shown(name):<{width}}  {_text(_readable(name, value, zone))}"


def _door_only(status: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    until = status.get("door_only")
    return None if until is None else f"until {_moment(until, zone)}, after three crashes: no link, no notices"


def _link(status: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    link = status.get("link")
    if not isinstance(link, dict):
        return None
    why = f": {shown(link['why'], 200)}" if link.get("why") else ""
    return f"{shown(link.get('state'))} since {_moment(link.get('since'), zone)}{why}"


def _centre(status: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    """What was heard of it holds only as long as the link does."""
    if "centre_since" not in status:
        return None
    link, since = status.get("link"), status["centre_since"]
    if since is None or (isinstance(link, dict) and link.get("state") != "up"):
        return "not heard"
    return f"online since {_text(_readable('centre_since', since, zone))}"


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
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{shown(key)} {_text(inner)}" for key, inner in value.items())
        case list():
            return ", ".join(map(_text, value)) or "-"
        case _:
            return shown(value, 200)
