"""Who may pass: the decision by a card, with its reason and the rule that decided. Also what `doorward explain` asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agent.core.plan import DoorPlan
from agent.core.time import Now
from agent.core.validity import Judgement, Limit, judge
from agent.core.weekly import within
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


PASSES: Final[Mapping[Mode, frozenset[Role]]] = {
    Mode.NORMAL: frozenset(Role),
    Mode.HOLD_OPEN: frozenset(Role),
    Mode.LOCKDOWN: frozenset({Role.EMERGENCY}),
}
"""Whose cards and codes pass in each mode."""

PASSES_OFF_HOURS: Final = frozenset({Role.STAFF, Role.PATROL, Role.EMERGENCY})
"""Whose pass a normal door outside of its hours: those who are on duty."""


def decide(
    entries: Sequence[Holder],
    plan: DoorPlan,
    mode: Mode,
    now: Now,
    allows: frozenset[str] = frozenset(),
    hours: Hours | None = None,
) -> Decision:
    """Decide for the entries one card has in all rosters. Any entry may grant; the opening is the longest of the holder's granting entries.

    `allows`: what works with the clock unknown (`hours`, `dates`). `hours`: the door's own; None: at any time.
    """
    if not entries:
        return Decision(False, None, Denial.UNKNOWN, "no_such_card")
    closed = hours is not None and mode is Mode.NORMAL and closed_by_hours(hours, now)
    judged = [(entry, _judge(entry, plan, mode, now, allows, closed=closed)) for entry in entries]
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


def closed_by_hours(hours: Hours, now: Now) -> bool:
    """By the door's own hours. Where the time is not known nobody is shut out by them."""
    return judge(Limit.DOOR_HOURS, now) is Judgement.TIME and not within(hours, now)


def _judge(
    entry: Holder, plan: DoorPlan, mode: Mode, now: Now, allows: frozenset[str], *, closed: bool
) -> tuple[Denial | None, str]:
    """(reason or None, rule) of one entry."""
    if entry.doors is not None and plan.id not in entry.doors:
        return Denial.DOOR, "entry.doors"
    if entry.role is Role.SERVICE and entry.until_utc is None:
        return Denial.EXPIRED, "service.no_end"
    timed = valid_in_time(entry, now, allows)
    if timed is not None:
        return timed
    if entry.role not in PASSES[mode]:
        return Denial.LOCKDOWN, "lockdown"
    if closed and entry.role not in PASSES_OFF_HOURS:
        return Denial.HOURS, "door.hours"
    return None, "lockdown.emergency" if mode is Mode.LOCKDOWN else f"role.{entry.role}"


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
