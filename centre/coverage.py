"""How far a notice got, and of each door that does not show it yet why not: from receipts, and what the units last said of themselves. Only reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, func, select

from centre import restored, state
from centre import units as register
from centre.schema import receipts, units
from centre.scope_tree import PlaceRoll
from centre.words import N_, _
from contract import codec
from contract.envelope import unverified_payload
from contract.messages import Notice

SOON_S = 60.0
"""A unit that is there has taken a notice within a second; after so long something is in its way."""
SHOWN_MISSING = 50


class Why(Enum):
    """Why a door does not show a notice; in the order in which they are listed."""

    NOT_TAKEN = "not_taken"
    """It is there, had time enough, and has not taken it: it may have no room, or be busy with its backlog."""
    DEVICE_LOST = "device_lost"
    """It has it, and its screen does not answer, or devices of it where it did not tell which is a screen."""
    DOOR_ONLY = "door_only"
    """It has it; after crashes it runs the door alone."""
    OFFLINE = "offline"
    RECEIVED_OFFLINE = "received_offline"
    """It has it, and has been away since: whether it shows it will be told."""
    RESTORED = "restored"
    """The books were restored from a copy, and it has not said yet what it has."""
    NOT_ENROLLED = "not_enrolled"
    UNSENT = "unsent"
    """The broker has not had it yet."""
    ON_ITS_WAY = "on_its_way"
    ITS_TURN = "its_turn"
    """It has it, and other notices come first, or a card is being shown."""
    PLANNED = "planned"
    """It has it, and its time has not come."""


@dataclass(frozen=True, slots=True)
class Unshown:
    """A door that does not show it. `since_utc`: of the reason, where that is known; `detail`: names of what does not answer."""

    unit: str
    name: str
    why: Why
    since_utc: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the newest revision of a notice, over those units of its scope that whoever looks may see. `missing`: from `first` on, so many."""

    notice: str
    rev: int
    scope: str
    sent_utc: float | None
    every: int
    sent: int
    received: int
    shown: int
    reasons: Mapping[Why, int]
    missing: tuple[Unshown, ...]
    first: int = 0
    revoked: int = 0
    """Units that had that scope and are revoked: they count for nothing."""

    @property
    def unseen(self) -> int:
        return self.every - self.shown


def counts(
    conn: Connection, known: PlaceRoll, seen: Collection[str] | None, rows: Sequence[Row[Any]]
) -> dict[str, tuple[int, int, int, int]]:
    """Of each of these notices (rows of `state`): all units of its scope, sent, received, shown. What was shown was received."""
    inside = known.seen(seen)
    whole = seen is None
    revs = {row.id: row.rev for row in rows}
    got: dict[str, Counter[str]] = {row.id: Counter() for row in rows}
    table = receipts.c
    if whole:
        is_here = units.c.revoked_utc.is_(None)
        columns = (table.notice, table.rev, func.count(), func.count(table.shown_utc))
        joined = receipts.join(units, units.c.unit == table.unit)
        query = select(*columns).select_from(joined).where(table.notice.in_(revs), is_here)
        found: Iterable[Any] = conn.execute(query.group_by(table.notice, table.rev))
    else:
        mine = select(table.notice, table.rev, table.unit, table.shown_utc).where(table.notice.in_(revs))
        found = (
            (notice, rev, 1, int(shown is not None))
            for notice, rev, unit, shown in conn.execute(mine)
            if unit in inside and unit in known.units
        )
    for notice, rev, received, shown in found:
        if rev == revs[notice]:
            got[notice]["received"] += received
            got[notice]["shown"] += shown
    result = {}
    for row in rows:
        every = len(known.within.get(row.scope, frozenset()) & inside)
        sent = every if row.sent_utc is not None else 0
        result[row.id] = (every, sent, got[row.id]["received"], got[row.id]["shown"])
    return result


def of(
    conn: Connection,
    known: PlaceRoll,
    seen: Collection[str] | None,
    notice: str,
    now: float,
    *,
    first: int = 0,
    most: int = SHOWN_MISSING,
) -> Spread:
    """Raises CentreError where there is no such notice."""
    row = state.notice_row(conn, notice)
    inside = known.within.get(row.scope, frozenset()) & known.seen(seen)
    mine = (receipts.c.notice == notice) & (receipts.c.rev == row.rev)
    columns = (receipts.c.unit, receipts.c.received_utc, receipts.c.shown_utc)
    got = {
        unit: (received, shown)
        for unit, received, shown in conn.execute(select(*columns).where(mine))
        if unit in inside
    }
    shown = {unit for unit, (_received, at) in got.items() if at is not None}
    waiting = got.keys() - shown
    reasons = _Reasons(conn, row, waiting, now)
    missing = sorted(
        (reasons.of(unit, known.name_of(unit), got.get(unit)) for unit in inside - shown),
        key=lambda each: (_ORDER[each.why], each.since_utc or 0.0, known.ranks[each.unit]),
    )
    listed = missing[first : first + most]
    return Spread(
        notice,
        row.rev,
        row.scope,
        row.sent_utc,
        len(inside),
        len(inside) if row.sent_utc is not None else 0,
        len(got),
        len(shown),
        Counter(each.why for each in missing),
        tuple(listed),
        first,
        _revoked(conn, row.scope, seen),
    )


_ORDER = {why: number for number, why in enumerate(Why)}


def _revoked(conn: Connection, scope: str, seen: Collection[str] | None) -> int:
    rows = conn.execute(select(units.c.unit, units.c.scopes).where(units.c.revoked_utc.is_not(None)))
    level, _slash, name = scope.partition("/")
    return sum(
        level == "site" or name == unit if level in ("site", "unit") else scope in scopes.split()
        for unit, scopes in rows
        if seen is None or unit in seen
    )


class _Reasons:
    """What is known of all units that matters here, read once."""

    def __init__(self, conn: Connection, row: Row[Any], waiting: Collection[str], now: float) -> None:
        self._sent_utc, self._now = row.sent_utc, now
        self._from_utc = None if row.token is None else codec.read(Notice, unverified_payload(row.token)).from_utc
        self._enrolled = register.enrolled(conn)
        self._unlisted = restored.unlisted(conn)
        columns = (units.c.unit, units.c.online, units.c.heard_utc)
        self._there = {unit: (online, heard) for unit, online, heard in conn.execute(select(*columns))}
        texts = select(units.c.unit, units.c.status).where(units.c.unit.in_(sorted(waiting)))
        self._status: dict[str, str | None] = {row.unit: row.status for row in conn.execute(texts)} if waiting else {}
        """Of those that have it and do not show it: what they said last."""

    def of(self, unit: str, name: str, got: tuple[float | None, float | None] | None) -> Unshown:
        online, heard_utc = self._there[unit]
        if got is not None:
            if not online:
                return Unshown(unit, name, Why.RECEIVED_OFFLINE, heard_utc)
            if self._from_utc is not None and self._from_utc > self._now:
                return Unshown(unit, name, Why.PLANNED, self._from_utc)
            return self._received(unit, name, got[0], self._status.get(unit))
        if unit not in self._enrolled:
            return Unshown(unit, name, Why.NOT_ENROLLED)
        if self._sent_utc is None:
            return Unshown(unit, name, Why.UNSENT)
        if not online:
            return Unshown(unit, name, Why.OFFLINE, heard_utc)
        if unit in self._unlisted:
            return Unshown(unit, name, Why.RESTORED)
        why = Why.NOT_TAKEN if self._now - self._sent_utc > SOON_S else Why.ON_ITS_WAY
        return Unshown(unit, name, why, self._sent_utc)

    def _received(self, unit: str, name: str, received_utc: float | None, status: str | None) -> Unshown:
        told = json.loads(status) if status else {}
        devices = told.get("devices")
        states = devices if isinstance(devices, dict) else {}
        screens = {device for device, each in states.items() if each.get("panel")} or states.keys()
        lost = sorted(device for device, each in states.items() if each.get("state") == "lost" and device in screens)
        if told.get("door_only") is not None:
            return Unshown(unit, name, Why.DOOR_ONLY, received_utc)
        if lost:
            return Unshown(unit, name, Why.DEVICE_LOST, received_utc, ", ".join(lost))
        return Unshown(unit, name, Why.ITS_TURN, received_utc)


@dataclass(frozen=True, slots=True)
class Said:
    """`sign`: well, look, urgent or away; `then`: what will come of it by itself, or who has to look."""

    sign: str
    words: str
    then: str


def said(each: Unshown) -> Said:
    """In the language of who reads it."""
    sign, words, then = _WORDS[each.why]
    return Said(sign, _(words).format(devices=each.detail), _(then))


def summed(reasons: Mapping[Why, int]) -> list[tuple[str, int]]:
    """The reasons there are, short, each with its number, in their order."""
    short: Counter[str] = Counter()
    for why in Why:
        short[_SHORT[why]] += reasons.get(why, 0)
    return [(_(words), count) for words, count in short.items() if count]


_WORDS = {
    Why.NOT_TAKEN: ("look", N_("online, but has not taken it"), N_("look at the unit: it may have no room for another notice")),
    Why.DEVICE_LOST: ("look", N_("received; no answer from: {devices}"), N_("shown once its screen answers again")),
    Why.DOOR_ONLY: ("look", N_("received; it runs the door alone after crashes"), N_("shown once it works as a whole again")),
    Why.OFFLINE: ("away", N_("offline"), N_("shown by itself when it is back")),
    Why.RECEIVED_OFFLINE: ("away", N_("received; offline since"), N_("it tells when it is back whether it was shown")),
    Why.RESTORED: ("away", N_("not asked yet since the books were restored"), N_("it is asked by itself")),
    Why.NOT_ENROLLED: ("away", N_("not in service yet"), N_("shown once it is installed")),
    Why.UNSENT: ("away", N_("not sent yet"), N_("goes out by itself as soon as the broker is reached")),
    Why.ON_ITS_WAY: ("away", N_("on its way"), N_("within a minute")),
    Why.ITS_TURN: ("away", N_("received, waits for its turn"), N_("shown by itself")),
    Why.PLANNED: ("away", N_("received, its time has not come"), N_("shown by itself from then")),
}  # fmt: skip
_SHORT = {
    Why.NOT_TAKEN: N_("not taken"),
    Why.DEVICE_LOST: N_("with a device that is silent"),
    Why.DOOR_ONLY: N_("door alone"),
    Why.OFFLINE: N_("offline"),
    Why.RECEIVED_OFFLINE: N_("offline"),
    Why.RESTORED: N_("not asked yet"),
    Why.NOT_ENROLLED: N_("not in service yet"),
    Why.UNSENT: N_("not sent yet"),
    Why.ON_ITS_WAY: N_("on its way"),
    Why.ITS_TURN: N_("waits for its turn"),
    Why.PLANNED: N_("planned"),
}
