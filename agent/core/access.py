"""Who may pass: the decision by a card, with its reason and the rule that decided. Also what `doorward explain` asks."""

from __future__ import annotations

from collections.abc import Sequence

from agent.core.local import local_time
from agent.core.plan import DoorPlan
from agent.core.time import Now
from agent.core.validity import Judgement, Limit, judge
from contract.commands import Mode
from contract.facts import Denial
from contract.frozen import frozen
from contract.hours import Hours
from contract.messages import MAX_UNLOCK_S, Holder, Role


@frozen
class Decision:
    """`reason` is the contract's reason of a denial, None where granted. `rule` is the id of the rule that decided, a key of the catalogue (`rule.…`)."""

    granted: bool
    holder: str | None
    reason: Denial | None
    rule: str
    unlock_s: float = 0.0
    flags: frozenset[str] = frozenset()


_NEAREST = (Denial.LOCKDOWN, Denial.CLOCK, Denial.HOURS, Denial.NOT_YET, Denial.EXPIRED, Denial.DOOR)
"""Of several entries that all say no, the reason of the one that is nearest to a yes is told."""


def decide(
    entries: Sequence[Holder], plan: DoorPlan, mode: Mode, now: Now, allows: frozenset[str] = frozenset()
) -> Decision:
    """Decide for the entries one card has in all rosters. Any entry may grant; the opening is the longest of the holder's granting entries.

    `allows`: what works with the clock unknown (`hours`, `dates`).
    """
    if not entries:
        return Decision(False, None, Denial.UNKNOWN, "no_such_card")
    judged = [(entry, _judge(entry, plan, mode, now, allows)) for entry in entries]
    granting = [entry for entry, (reason, _) in judged if reason is None]
    if not granting:
        entry, (reason, rule) = min(judged, key=lambda pair: _NEAREST.index(pair[1][0] or Denial.DOOR))
        return Decision(False, entry.id, reason, rule)
    holder = granting[0].id
    own = [entry for entry in granting if entry.id == holder]
    seconds = max(plan.pulse_s if entry.unlock_s is None else entry.unlock_s for entry in own)
    flags = frozenset().union(*(entry.flags for entry in own))
    rule = next(rule for entry, (reason, rule) in judged if reason is None)
    return Decision(True, holder, None, rule, min(seconds, MAX_UNLOCK_S), flags)


def _judge(entry: Holder, plan: DoorPlan, mode: Mode, now: Now, allows: frozenset[str]) -> tuple[Denial | None, str]:
    """(reason or None, rule) of one entry."""
    if entry.doors is not None and plan.id not in entry.doors:
        return Denial.DOOR, "entry.doors"
    timed = valid_in_time(entry, now, allows)
    if timed is not None:
        return timed
    if mode is Mode.LOCKDOWN:
        if entry.role is Role.EMERGENCY:
            return None, "lockdown.emergency"
        return Denial.LOCKDOWN, "lockdown"
    return None, f"role.{entry.role}"


def valid_in_time(entry: Holder, now: Now, allows: frozenset[str]) -> tuple[Denial, str] | None:
    """(reason, rule) why the entry does not hold now, or None where it does. What cannot be judged holds only where that is configured (D9)."""
    for limit, utc in ((Limit.FROM, entry.from_utc), (Limit.UNTIL, entry.until_utc)):
        if utc is None:
            continue
        come = _has_come(limit, utc, now)
        if come is None and "dates" not in allows:
            return Denial.CLOCK, "clock.dates"
        if come is False and limit is Limit.FROM:
            return Denial.NOT_YET, "entry.from"
        if come is True and limit is Limit.UNTIL:
            return Denial.EXPIRED, "entry.until"
    if entry.hours is not None:
        if judge(Limit.HOURS, now) is not Judgement.TIME:
            return None if "hours" in allows else (Denial.CLOCK, "clock.hours")
        if not within(entry.hours, now):
            return Denial.HOURS, "entry.hours"
    return None


def _has_come(limit: Limit, utc: float, now: Now) -> bool | None:
    """Whether this moment has come, by the table's word for the limit; None: it cannot be judged."""
    surely = now.sure_utc is not None and now.sure_utc >= utc
    match judge(limit, now):
        case Judgement.TIME:
            return now.utc >= utc
        case Judgement.SURE:
            return True if surely else None
        case Judgement.OVER:
            return surely
        case _:
            return None


def within(hours: Hours, now: Now) -> bool:
    """The profile allows this local minute; on its holidays the holiday's spans hold instead of the weekday's."""
    local = local_time(now)
    minute = local.hour * 60 + local.minute
    if local.date().isoformat() in hours.holidays:
        spans = hours.holiday
    else:
        day = local.weekday()
        spans = hours.week[day] if day < len(hours.week) else ()
    return any(span.start <= minute < span.end for span in spans)
