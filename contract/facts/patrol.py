"""On patrol: who checked in where, which stops of a round nobody came to, what was not saved."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from contract.bounds import At, Id, WireName
from contract.facts.declaration import Fact, Keep, kind
from contract.hours import DayText


class Timing(StrEnum):
    """How a check-in lies to the stop's window, by the unit's clock. `out_of_order`: inside it, while an earlier stop of this unit was still to be done."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"
    OUT_OF_ORDER = "out_of_order"


@kind("patrol.checkin", Keep.MOST)
class PatrolCheckin(Fact):
    """`round`: none without a round, or where the clock could not tell. `stop`: the door where it was. `timing`: absent without a round."""

    round: Id | None
    stop: Id
    by: Id
    timing: Timing | None = None


@kind("patrol.missed", Keep.MOST)
class PatrolMissed(Fact):
    """Nobody checked in at this unit's stop within its window and the round's grace; told once for each of its days."""

    round: Id
    stop: Id
    from_utc: Annotated[At, WireName("from")]
    until_utc: Annotated[At, WireName("until")]
    """The window, without grace."""


@kind("patrol.completed", Keep.MOST)
class PatrolCompleted(Fact):
    """Every stop of a round whose stops are all this unit's own was done. `day`: the local date on which its first windows begin."""

    round: Id
    day: DayText


@kind("patrol.not_saved", Keep.MOST)
class PatrolNotSaved(Fact):
    """The person was told that the check-in of `checkin` was not saved; where it is in the journal after all, it does not count."""

    stop: Id
    by: Id
    checkin: At


@kind("patrol.untold", Keep.MOST)
class PatrolUntold(Fact):
    """The agent ended before it was sure what the person was told of the check-in of `checkin`, that it is saved or not; it counts."""

    stop: Id
    by: Id
    checkin: At
