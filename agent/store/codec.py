"""Messages as the store keeps them: compact JSON of our own, read back by this file alone. The wire's form is contract/parse.py.

Reading raises DamagedError for anything but what writing made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from agent.store.faults import DamagedError
from contract.messages import (
    Ask,
    Category,
    Holder,
    Hours,
    Keys,
    Kind,
    Notice,
    Role,
    RosterPart,
    Scope,
    Settings,
    Span,
    WorkingKey,
)

T = TypeVar("T")


def scope_of(text: str) -> Scope:
    level, _, ident = text.partition("/")
    return Scope(level, ident)


def dump_notice(notice: Notice) -> bytes:
    ask = notice.ask
    return _dump(
        [
            str(notice.scope),
            notice.id,
            notice.rev,
            notice.iat,
            notice.category.value,
            notice.title,
            notice.text,
            notice.from_utc,
            notice.until_utc,
            notice.priority,
            notice.lang,
            None if ask is None else [ask.kind, ask.report, list(ask.options), ask.per],
            notice.withdrawn,
        ]
    )


def load_notice(body: bytes) -> Notice:
    def build(row: list[Any]) -> Notice:
        scope, ident, rev, iat, category, title, text, from_utc, until_utc, priority, lang, ask, withdrawn = row
        asked = None if ask is None else Ask(ask[0], ask[1], tuple(ask[2]), ask[3])
        return Notice(
            scope_of(scope),
            ident,
            rev,
            iat,
            Category(category),
            title,
            text,
            from_utc,
            until_utc,
            priority,
            lang,
            asked,
            withdrawn,
        )

    return _load(body, build)


def dump_settings(settings: Settings) -> bytes:
    return _dump([str(settings.scope), settings.rev, settings.iat, dict(settings.values)])


def load_settings(body: bytes) -> Settings:
    return _load(body, lambda row: Settings(scope_of(row[0]), row[1], row[2], row[3]))


def dump_keys(keys: Keys) -> bytes:
    listed = [[key.kid, key.public, sorted(kind.value for kind in key.kinds)] for key in keys.keys]
    return _dump([str(keys.scope), keys.rev, keys.iat, listed])


def load_keys(body: bytes) -> Keys:
    def build(row: list[Any]) -> Keys:
        listed = tuple(WorkingKey(kid, public, frozenset(map(Kind, kinds))) for kid, public, kinds in row[3])
        return Keys(scope_of(row[0]), row[1], row[2], listed)

    return _load(body, build)


def dump_part(part: RosterPart) -> bytes:
    """Profiles of hours are written once a part, however many holders share them."""
    profiles: dict[Hours, int] = {}
    holders = [_holder_row(holder, profiles) for holder in part.holders]
    return _dump([part.card_key, part.iat, [_hours_row(hours) for hours in profiles], holders])


def holders_in(body: bytes) -> int:
    """How many holders a part has."""
    return _load(body, lambda row: len(row[3]))


class PartReader:
    """Reads the parts of rosters back into holders. Equal sets and profiles become one object: 20,000 holders share a few dozen."""

    def __init__(self) -> None:
        self._sets: dict[tuple[str, ...], frozenset[str]] = {}
        self._hours: dict[Hours, Hours] = {}

    def holders(self, body: bytes) -> tuple[Holder, ...]:
        def build(row: list[Any]) -> tuple[Holder, ...]:
            profiles = [self._profile(item) for item in row[2]]
            return tuple(self._holder(item, profiles) for item in row[3])

        return _load(body, build)

    def _profile(self, row: list[Any]) -> Hours:
        week, holidays, holiday = row
        hours = Hours(tuple(_spans(day) for day in week), frozenset(holidays), _spans(holiday))
        return self._hours.setdefault(hours, hours)

    def _holder(self, row: list[Any], profiles: list[Hours]) -> Holder:
        ident, role, key, pin, room, doors, from_utc, until_utc, hours, unlock_s, flags = row
        return Holder(
            ident,
            Role(role),
            key,
            pin,
            room,
            None if doors is None else self._set(doors),
            from_utc,
            until_utc,
            None if hours is None else profiles[hours],
            unlock_s,
            self._set(flags),
        )

    def _set(self, items: list[str]) -> frozenset[str]:
        found = self._sets.get(tuple(items))
        if found is None:
            found = self._sets[tuple(items)] = frozenset(items)
        return found


def _holder_row(holder: Holder, profiles: dict[Hours, int]) -> list[Any]:
    return [
        holder.id,
        holder.role.value,
        holder.key,
        holder.pin,
        holder.room,
        None if holder.doors is None else sorted(holder.doors),
        holder.from_utc,
        holder.until_utc,
        None if holder.hours is None else profiles.setdefault(holder.hours, len(profiles)),
        holder.unlock_s,
        sorted(holder.flags),
    ]


def _hours_row(hours: Hours) -> list[Any]:
    week = [[[span.start, span.end] for span in day] for day in hours.week]
    return [week, sorted(hours.holidays), [[span.start, span.end] for span in hours.holiday]]


def _spans(rows: list[Any]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in rows)


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _load(body: bytes, build: Callable[[list[Any]], T]) -> T:
    try:
        return build(json.loads(body))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise DamagedError(f"a kept message cannot be read: {type(error).__name__}") from None
