"""What a unit's last status tells that is not well, in order of how much it matters. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from centre import shown
from centre.sentences import CLOCKS, STORAGES, named
from centre.words import _
from contract.bounds import parse_rfc3339

KNOWN = 4096
"""Statuses that are known by heart: two of each unit of a large site."""
BACKLOG = 200
"""Facts that wait; fewer are a moment's."""
TRUSTED_CLOCKS = frozenset({"synced", "holdover"})


class About(StrEnum):
    """What somebody is needed for, the most urgent first: this is the order of the list."""

    DURESS = "duress"
    HELP = "help"
    FIRE = "fire"
    GAS = "gas"
    SILENT = "silent"
    FORCED = "forced"
    TAMPER = "tamper"
    LOCK = "lock"
    HELD = "held"
    BLIND = "blind"
    CODES = "codes"
    OTHER = "other"
    CENTRE = "centre"
    OFFLINE = "offline"
    DEVICE = "device"
    STORAGE = "storage"
    ALONE = "alone"
    BACKLOG = "backlog"
    CLOCK = "clock"
    RECORD = "record"
    MISSED = "missed"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Condition:
    """`since_utc`: None where the status does not say."""

    about: About
    words: str
    door: str | None = None
    since_utc: float | None = None


@lru_cache(maxsize=KNOWN)
def read_status(text: str | None) -> Mapping[str, Any]:
    """The plain values of a status as the books have it; empty where there is none. Each is read once: most say what they said before."""
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def of_status(text: str | None) -> Iterator[Condition]:
    """A status that leaves something out, for its length, tells nothing of that."""
    status = read_status(text)
    for door, each in _named(status, "doors"):
        yield from _of_door(door, each)
    for device, each in _named(status, "devices"):
        if each.get("state") == "lost":
            reason = f"{device}: {each['reason']}" if each.get("reason") else device
            yield Condition(About.DEVICE, shown.plain(reason), since_utc=_moment(each.get("since")))
        tampers = each.get("tamper")
        for what in tampers if isinstance(tampers, list) else ():
            yield Condition(About.TAMPER, shown.plain(f"{device}: {what}"))
    storage = status.get("storage")
    if isinstance(storage, str) and storage not in {"ok", "opening"}:
        yield Condition(About.STORAGE, named(STORAGES, storage))
    if status.get("door_only") is not None:
        yield Condition(About.ALONE, "")
    backlog = status.get("backlog")
    if isinstance(backlog, int) and backlog >= BACKLOG:
        yield Condition(About.BACKLOG, _("{count} facts").format(count=backlog))
    clock = status.get("clock")
    if isinstance(clock, str) and clock not in TRUSTED_CLOCKS:
        yield Condition(About.CLOCK, named(CLOCKS, clock))


def _of_door(door: str, told: Mapping[str, Any]) -> Iterator[Condition]:
    if told.get("mode") == "fire":
        yield Condition(About.FIRE, _("not reset yet"), door)
    if told.get("lock") == "lost":
        yield Condition(About.LOCK, _("the lock does not answer"), door)
    elif told.get("lock") == "fault":
        yield Condition(About.LOCK, _("the lock does not read as it should"), door)
    if told.get("held") is True:
        yield Condition(About.HELD, _("open for longer than it may be"), door)


def _named(status: Mapping[str, Any], what: str) -> Iterator[tuple[str, dict[str, Any]]]:
    found = status.get(what)
    for name, each in sorted(found.items()) if isinstance(found, dict) else ():
        if isinstance(each, dict):
            yield name, each


def _moment(value: object) -> float | None:
    """As the wire has it."""
    try:
        return parse_rfc3339(value) if isinstance(value, str) else None
    except ValueError:
        return None
