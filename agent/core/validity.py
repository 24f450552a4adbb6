"""The one table of limits by time: how far the clock is trusted, by what kind of limit, and what that decides. docs/door-rules.md has it too."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from agent.core.time import Now, Trust


class Ground(StrEnum):
    """What the time rests on. `floor` is two things: a clock that a confirm set too long ago, and one that only knows what has passed."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    RUN_ON = "floor, set since the start"
    FLOOR = "floor"
    UNKNOWN = "unknown"


class Limit(StrEnum):
    """A limit by time that an entry or a code may have."""

    FROM = "`from`"
    UNTIL = "`until`"
    HOURS = "`hours`"
    VISITOR = "visitor code"
    DOOR_HOURS = "hours of the door"


class Judgement(StrEnum):
    """How the limit is judged."""

    TIME = "by the time"
    SURE = "met once surely past"
    OVER = "over once surely past"
    ALLOWED = "refused, unless allowed"
    REFUSED = "refused"
    OPEN = "none is refused"


_TIME, _SURE, _OVER, _ALLOWED, _NO, _OPEN = (
    Judgement.TIME,
    Judgement.SURE,
    Judgement.OVER,
    Judgement.ALLOWED,
    Judgement.REFUSED,
    Judgement.OPEN,
)

# fmt: off
_ROWS: Final = {
    #                  from       until      hours      visitor    door's hours
    Ground.SYNCED:    (_TIME,    _TIME,     _TIME,     _TIME,     _TIME),
    Ground.HOLDOVER:  (_TIME,    _TIME,     _TIME,     _TIME,     _TIME),
    Ground.RUN_ON:    (_TIME,    _TIME,     _TIME,     _NO,       _TIME),
    Ground.FLOOR:     (_SURE,    _OVER,     _ALLOWED,  _NO,       _OPEN),
    Ground.UNKNOWN:   (_ALLOWED, _ALLOWED,  _ALLOWED,  _NO,       _OPEN),
}
# fmt: on
TABLE: Final[Mapping[Ground, Mapping[Limit, Judgement]]] = MappingProxyType(
    {ground: MappingProxyType(dict(zip(Limit, row, strict=True))) for ground, row in _ROWS.items()}
)
"""`refused` is the contract's reason `clock`. Allowed is what `clock.unknown_allows` names: `dates` for from and until, `hours`."""


def ground(now: Now) -> Ground:
    """A floor without a time that supports it is none."""
    match now.clock:
        case Trust.SYNCED:
            return Ground.SYNCED
        case Trust.HOLDOVER:
            return Ground.HOLDOVER
        case Trust.FLOOR if now.floor_utc is not None:
            return Ground.RUN_ON if now.runs_on else Ground.FLOOR
        case _:
            return Ground.UNKNOWN


def judge(limit: Limit, now: Now) -> Judgement:
    """The table's word for this limit now."""
    return TABLE[ground(now)][limit]
