"""How a roll stands, for people: wave by wave, and who is missing and why. Only reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from centre import rolls
from centre.opened import OpenCentre
from centre.roll_course import RollStage
from centre.roll_view import RollView, Statuses, view
from centre.rolls import Roll
from centre.waves import may_fail


@dataclass(frozen=True, slots=True)
class Missing:
    """A unit that does not run the version with its doors ready. `wave`: 0 where it was not handed it yet."""

    unit: str
    wave: int
    stage: RollStage
    why: str
    runs: str | None
    heard_utc: float
    excused: bool = False


@dataclass(frozen=True, slots=True)
class WaveReport:
    """`size`: how many it is to have; `counts`: units by their stage; `may_fail`: of those that count."""

    number: int
    size: int
    counts: dict[RollStage, int]
    may_fail: int


@dataclass(frozen=True, slots=True)
class RollReport:
    """`next_utc`: when the next wave begins, where this one is ready. `total`: units of the scope."""

    roll: Roll
    total: int
    waves: tuple[WaveReport, ...]
    missing: tuple[Missing, ...]
    next_utc: float | None


def report(centre: OpenCentre, now: float) -> RollReport | None:
    """Of the newest roll; None where there never was one."""
    with centre.books.reading() as conn:
        roll = rolls.newest(conn)
        if roll is None:
            return None
        seen = view(conn, centre.site.site, roll, Statuses(), now, now)
    waves = tuple(_wave(seen, number) for number in range(1, len(roll.steps) + 1))
    after = None if roll.passed_utc is None else roll.passed_utc + roll.soak_s
    return RollReport(roll, len(seen.reached), waves, (*_handed(seen), *_waiting(seen)), after)


def _wave(seen: RollView, number: int) -> WaveReport:
    mine = seen.wave(number)
    counts = Counter(each.stage(seen.roll.version) for each in mine)
    size = seen.roll.steps.size(number, len(seen.reached))
    if seen.roll.steps.is_last(number):
        size -= sum(each.member.wave < number for each in seen.standings)
    return WaveReport(number, size, dict(counts), may_fail(sum(each.counts for each in mine)))


def _handed(seen: RollView) -> list[Missing]:
    found = []
    for each in seen.standings:
        member, stage = each.member, each.stage(seen.roll.version)
        if stage is not RollStage.READY:
            why = {
                RollStage.RETURNED: each.said.returned,
                RollStage.REFUSED: each.said.refused,
                RollStage.UNFIT: each.said.refused,
            }
            reason = why.get(stage) or ""
            found.append(
                Missing(
                    member.unit, member.wave, stage, reason, each.heard.version, each.heard.since_utc, member.excused
                )
            )
    return found


def _waiting(seen: RollView) -> list[Missing]:
    """Only once its wave may be on: before that everybody waits."""
    if not seen.roll.steps.is_last(max(1, seen.roll.wave)):
        return []
    found = []
    for name in seen.waiting:
        heard = seen.heard.get(name)
        if heard is not None:
            stage = RollStage.UNFIT if seen.newer(name) else RollStage.AWAY if not heard.online else RollStage.WAITING
            found.append(Missing(name, 0, stage, "", heard.version, heard.since_utc))
    return found
