"""`doorward status`: the running agent's own account, for a person or a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import click

from agent.cli import Invocation
from agent.cli.moment import local
from agent.cli.running import running
from agent.errors import UnreachableError, shown


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
    "state",
    "at",
    "clock",
    "stale",
    "backlog",
    "oldest",
    "centre_since",
)
_LEFT_OUT = ("session", "digest", "scopes", "boot")
"""For programs only."""


_TIMES = ("since", "centre_since")
"""Values that are seconds since 1970."""


def describe(status: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """Lines for a person: single values first, then each door and device; times in the unit's zone."""
    blocks = {key: value for key, value in status.items() if isinstance(value, dict) and key not in _LEFT_OUT}
    rest = [key for key in status if key not in (*_FIRST, *_LEFT_OUT, *blocks)]
    for key in (*_FIRST, *rest):
        if key == "centre_since" and key in status:
            since = status[key]
            yield f"{'centre':<14}{'not heard' if since is None else f'online since {_text(_readable(key, since, zone))}'}"
        elif key in status and key not in blocks:
            yield f"{key.replace('_', ' '):<14}{_text(_readable(key, status[key], zone))}"
    for key, block in blocks.items():
        yield f"{key}:"
        width = max((len(str(name)) for name in block), default=0)
        for name, value in block.items():
            yield f"  {shown(name):<{width}}  {_text(_readable(name, value, zone))}"


def _readable(key: str, value: object, zone: ZoneInfo) -> object:
    if isinstance(value, dict):
        return {name: _readable(name, inner, zone) for name, inner in value.items()}
    return local(value, zone) if key in _TIMES and isinstance(value, int | float) else value


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
