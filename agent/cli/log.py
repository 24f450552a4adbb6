"""`doorward log`: the unit's own journal, read beside the running agent."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import click

from agent.cli import Invocation
from agent.cli.moment import local, moment
from agent.errors import shown
from agent.store import reading
from agent.store.reading import JournalEntry
from agent.words import _
from contract.bounds import parse_rfc3339

LINES = 50
_HEAD = ("seq", "at", "clock", "boot", "mono", "kind")


@click.command("log")
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now, until Ctrl-C.")
@click.option("--since", metavar="TIME", help="From 2026-11-24, '2026-11-24 14:05', 14:05 today, or 30m, 2h, 7d ago.")
@click.option("-n", "--lines", type=click.IntRange(0), help=f"The last so many (default {LINES}; with --since all).")
@click.option("--json", "as_json", is_flag=True, help="Each fact as journaled, one a line.")
@click.pass_context
def command(ctx: click.Context, follow: bool, since: str | None, lines: int | None, as_json: bool) -> None:
    """Show the facts of the journal, oldest first. A time with ? comes from a clock that was not set."""
    invocation: Invocation = ctx.obj
    config = invocation.config()
    zone = ZoneInfo(config.unit.timezone)
    since_utc = None if since is None else moment(since, zone, time.time())
    entries = reading.facts(config.state, since_utc=since_utc)
    if lines is not None or since is None:
        entries = iter(deque(entries, maxlen=LINES if lines is None else lines))
    last = 0
    try:
        for entry in entries:
            click.echo(_text(entry, zone, as_json=as_json))
            last = entry.last
        if follow:
            last = last or _newest(config.state)
            for entry in reading.follow(config.state, after=last):
                click.echo(_text(entry, zone, as_json=as_json))
    except KeyboardInterrupt:
        ctx.exit(0)


def _newest(folder: Any) -> int:
    return reading.summary(folder).last


def _text(entry: JournalEntry, zone: ZoneInfo, *, as_json: bool) -> str:
    text = entry.line.decode("utf-8", "replace")
    return text if as_json else " ".join(_words(json.loads(text), zone))


def _words(fact: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """One fact for a person."""
    if "gap" in fact:
        first, last = fact["gap"]
        yield _("{first}-{last} were dropped when the journal was full").format(first=first, last=last)
        return
    doubt = "?" if fact["clock"] in {"unknown", "floor"} else " "
    seq, at, kind = fact["seq"], local(parse_rfc3339(fact["at"]), zone), fact["kind"]
    yield f"{seq:>7}  {at}{doubt} {kind:<18}"
    for key, value in fact.items():
        if key not in _HEAD and value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{key}={shown(text, 120)}"
