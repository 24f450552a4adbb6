"""Desired state written as the versions up to 0.1 kept it, byte for byte."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agent.store.schema import seal
from contract import codec
from contract.hours import Hours, Span
from contract.messages import Ask, Holder, Keys, Notice, Poll, RosterPart, Settings

DISPLAY = {"brightness": 5}
"""What settings could hold then, and cannot now."""


def body(message: Notice | Settings | Keys | RosterPart) -> bytes:
    match message:
        case Notice() as n:
            row: list[Any] = [str(n.scope), n.id, n.rev, n.iat, n.category.value, n.title, n.text, n.from_utc]
            row += [n.until_utc, n.priority, n.lang, None if n.ask is None else _ask(n.ask), n.withdrawn]
        case Settings(scope, rev, iat):
            values = {key: codec.write(message).get(key) for key in ("timezone", "language", "sign")}
            kept = {key: value for key, value in values.items() if value is not None}
            row = [str(scope), rev, iat, {**kept, "display": DISPLAY}]
        case Keys(scope, rev, iat, keys):
            row = [str(scope), rev, iat, [[key.kid, key.public, sorted(key.kinds)] for key in keys]]
        case RosterPart():
            profiles: dict[Hours, int] = {}
            holders = [_holder(holder, profiles) for holder in message.holders]
            row = [message.card_key, message.iat, [_hours(hours) for hours in profiles], holders]
    return dump(row)


def dump(row: object) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def _ask(ask: Ask) -> list[Any]:
    return ["poll", None, list(ask.options), ask.per] if isinstance(ask, Poll) else ["rating", ask.report, [], "anyone"]


def _holder(h: Holder, profiles: dict[Hours, int]) -> list[Any]:
    doors = None if h.doors is None else sorted(h.doors)
    hours = None if h.hours is None else profiles.setdefault(h.hours, len(profiles))
    row: list[Any] = [h.id, h.role.value, h.key, h.pin, h.room, doors, h.from_utc, h.until_utc, hours, h.unlock_s]
    return [*row, sorted(h.flags)]


def _hours(hours: Hours) -> list[Any]:
    return [[_day(day) for day in hours.week], sorted(hours.holidays), _day(hours.holiday)]


def _day(spans: Iterable[Span]) -> list[list[int]]:
    return [[span.start, span.end] for span in spans]


def as_kept_before(folder: Path, *kept: Notice | Settings | Keys | RosterPart) -> None:
    """Put these bodies in the place of what a closed store has of the same messages: its tables are as they were then."""
    for message in kept:
        match message:
            case Notice(scope, ident):
                put(folder, "cache", "messages", body(message), kind="notice", scope=str(scope), id=ident)
            case Settings(scope):
                put(folder, "cache", "messages", body(message), kind="settings", scope=str(scope))
            case RosterPart(scope, ident, part=part):
                put(folder, "cache", "parts", body(message), scope=str(scope), id=ident, part=part)
            case Keys():
                put(folder, "journal", "keys", body(message))


def put(folder: Path, file: str, table: str, new: bytes, **where: object) -> None:
    """Replace one body, with a checksum that fits."""
    conn = sqlite3.connect(folder / f"{file}.db", isolation_level=None)
    found = " AND ".join(f"{name} = ?" for name in where) or "1"
    cursor = conn.execute(f"SELECT * FROM {table} WHERE {found}", tuple(where.values()))
    names = [column[0] for column in cursor.description]
    (row,) = cursor.fetchall()
    before = [] if table == "keys" else row[: names.index("body")]
    changed = (new, seal(*before, new), *where.values())
    assert conn.execute(f"UPDATE {table} SET body = ?, sum = ? WHERE {found}", changed).rowcount == 1
    conn.close()


def bodies_in(folder: Path, file: str, table: str) -> list[bytes]:
    conn = sqlite3.connect(folder / f"{file}.db")
    found = [row[0] for row in conn.execute(f"SELECT body FROM {table} ORDER BY rowid")]
    conn.close()
    return found
