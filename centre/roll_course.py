"""What becomes of units that were handed a version: how each stands, and what a wave comes to. Pure: times and what was heard come in.

A unit is door-ready when it says, online, that it runs the version, not as a door alone after crashes, and that each lock does what it is told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from centre.waves import may_fail
from contract.plain import Status, UnitState
from contract.software import is_newer, order

newer = lru_cache(maxsize=256)(is_newer)
"""A street runs few versions, and asks of each unit at each look."""

READY_S = 300.0
"""From installing to door-ready. Also how long a unit may be away that had the bundle: it is installing."""
NOT_FOR_IT = frozenset({"form", "older"})
"""Why a unit refuses that is well, and no place for this bundle: it is of another form, or runs a newer version."""


class Failure(StrEnum):
    """How a unit failed its version; `unfit` did not: the bundle is not for it."""

    RETURNED = "returned"
    REFUSED = "refused"
    UNREADY = "unready"
    GONE = "gone"
    UNFIT = "unfit"


class RollStage(StrEnum):
    """How far a unit is, for people."""

    WAITING = "waiting"
    HANDED = "handed"
    AWAY = "away"
    FETCHED = "fetched"
    INSTALLED = "installed"
    READY = "ready"
    RETURNED = "returned"
    REFUSED = "refused"
    UNREADY = "unready"
    GONE = "gone"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class Heard:
    """A unit as it showed itself last. `since_utc`: when it was heard of last, by the centre's clock. `version` None: it never told."""

    online: bool
    since_utc: float
    version: str | None
    well: bool


@dataclass(frozen=True, slots=True)
class SaidOf:
    """What a unit's facts say of the version: all of the bundle is there; why it was refused, or given up."""

    fetched: bool = False
    refused: str | None = None
    returned: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A unit that was handed the version; times by the centre's clock, as the table roll_units has them."""

    unit: str
    wave: int
    handed_utc: float
    ready_utc: float | None = None
    unwell_utc: float | None = None
    failed: Failure | None = None
    excused: bool = False

    @property
    def ready(self) -> bool:
        return self.ready_utc is not None and self.unwell_utc is None and self.failed is None


@dataclass(frozen=True, slots=True)
class Followed:
    """A member with what was heard of it."""

    member: Member
    heard: Heard
    said: SaidOf

    @property
    def away(self) -> bool:
        """Off, and not because of the version: it has not even the bundle."""
        member = self.member
        return not (self.heard.online or member.ready or member.failed or self.said.fetched)

    @property
    def counts(self) -> bool:
        return not (self.member.excused or self.away or self.member.failed is Failure.UNFIT)

    @property
    def lost(self) -> bool:
        """It failed, and that counts."""
        return self.counts and self.member.failed is not None

    def stage(self, version: str) -> RollStage:
        if self.member.failed is not None:
            return RollStage(self.member.failed.value)
        if self.member.ready:
            return RollStage.READY
        if self.away:
            return RollStage.AWAY
        if self.heard.version == version:
            return RollStage.INSTALLED
        return RollStage.FETCHED if self.said.fetched else RollStage.HANDED


def heard_of(online: bool, since_utc: float | None, status: Status | None) -> Heard:
    """`status`: the last that was no death; None where it never sent one that can be read."""
    if status is None:
        return Heard(online, since_utc or 0.0, None, well=False)
    locks = (
        [] if status.doors is None or isinstance(status.doors, int) else [door.lock for door in status.doors.values()]
    )
    well = status.state is UnitState.ONLINE and status.door_only is None and all(lock == "ok" for lock in locks)
    return Heard(online, since_utc or 0.0, _comparable(status.version), well=well)


def _comparable(version: str | None) -> str | None:
    """None where it is no version: a unit says what it likes."""
    try:
        order(version or "")
    except ValueError:
        return None
    return version or None


def judged(standing: Followed, version: str, now: float, since_utc: float) -> Member:
    """How the member stands now. `since_utc`: from when on units could be heard without a break, so that nobody is blamed for our own absence."""
    member, heard, said = standing.member, standing.heard, standing.said
    runs = heard.online and heard.version == version
    if said.returned is not None and not runs:
        return replace(member, failed=Failure.RETURNED, unwell_utc=None)
    if said.refused is not None and not runs:
        failed = Failure.UNFIT if said.refused in NOT_FOR_IT else Failure.REFUSED
        return replace(member, failed=failed, unwell_utc=None)
    if runs and heard.well:
        return replace(member, ready_utc=member.ready_utc or now, unwell_utc=None, failed=None)
    if runs:
        since = member.unwell_utc or now
        late = now - max(since, since_utc) > READY_S
        return replace(member, unwell_utc=since, failed=Failure.UNREADY if late else member.failed)
    if heard.online:
        return _runs_another(member, heard.version, version)
    if member.ready or member.failed is not None or not said.fetched:
        return member
    gone = now - max(heard.since_utc, since_utc) > READY_S
    return replace(member, failed=Failure.GONE) if gone else member


def _runs_another(member: Member, runs: str | None, version: str) -> Member:
    if runs is not None and newer(runs, version):
        return replace(member, failed=Failure.UNFIT, unwell_utc=None)
    if member.ready_utc is not None or member.unwell_utc is not None:  # it ran the version before
        return replace(member, failed=Failure.RETURNED, unwell_utc=None)
    return replace(member, failed=None) if member.failed is Failure.GONE else member


def lost_in(standings: Sequence[Followed]) -> list[Followed]:
    """Members whose failure stops the roll: those of the first wave in which too many failed; empty where none did."""
    for wave in sorted({each.member.wave for each in standings}):
        mine = [each for each in standings if each.member.wave == wave and each.counts]
        lost = [each for each in mine if each.lost]
        if len(lost) > may_fail(len(mine)):
            return lost
    return []


def passed(mine: Collection[Followed], wanted: int, more: bool) -> bool:
    """Whether a wave of these members is door-ready. `more`: there are units to fill it with. One of nobody never is."""
    counted = [each for each in mine if each.counts]
    ready = sum(each.member.ready for each in counted)
    full = len(counted) >= wanted or not more
    return full and ready > 0 and len(counted) - ready <= may_fail(len(counted))
