"""Orders to one door's lock and the judging of what is read back (rules D3, D5). Knows nothing of cards, modes' reasons or people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.core import limits
from agent.core.effects import PulseLock, SetLock
from agent.core.state.door import Door, Lock, Phase
from agent.core.step_builder import DoorOutcome, StepBuilder
from contract.facts import LockFault
from contract.messages import MAX_UNLOCK_S


def pulsing(door: Door, mono: float) -> bool:
    """A pulse is ordered or runs in the device."""
    lock = door.lock
    return (lock.order is not None and lock.order_pulse) or (lock.pulse_end is not None and lock.pulse_end > mono)


def pulse(step: StepBuilder, door: Door, seconds: float, deadline_s: float) -> Door:
    """Unlock for `seconds`, at most the cap and never shorter than what still runs of an earlier pulse: nobody's opening is cut by another's."""
    now = step.now.mono
    running = door.lock.pulse_end
    if door.lock.order is not None and door.lock.order_pulse:
        running = max(running or 0.0, door.lock.order_at + door.lock.order_s)
    left = max(0.0, running - now) if running is not None else 0.0
    seconds = min(max(seconds, left), MAX_UNLOCK_S)
    order = step.number()
    step.urge(PulseLock(door.id, order, seconds, now + deadline_s))
    lock = replace(
        door.lock,
        order=order,
        order_pulse=True,
        order_s=seconds,
        order_at=now,
        doubt=None,
        renew_until=None,
        runs_until=max(door.lock.runs_until or 0.0, now + deadline_s + seconds),
        misreads=0,
        check_at=None,
        retry_at=None,
    )
    return replace(door, lock=lock)


def prolong(step: StepBuilder, door: Door, seconds: float, deadline_s: float) -> Door:
    """As `pulse`; but one that runs and was read back is renewed once, shortly before its end, for all who asked meanwhile.

    What a second pulse does to a running one not every maker says: eight presses must not be eight clicks.
    """
    lock, now = door.lock, step.now.mono
    runs = lock.order is None and lock.read is True and lock.pulse_end is not None
    if not runs or (lock.pulse_end or 0.0) - now <= limits.RENEW_S:
        return pulse(step, door, seconds, deadline_s)
    until = max(lock.renew_until or 0.0, now + min(seconds, MAX_UNLOCK_S))
    return replace(door, lock=replace(lock, renew_until=until))


def _renew_at(lock: Lock) -> float | None:
    """When the running pulse is renewed."""
    if lock.renew_until is None or lock.pulse_end is None or lock.renew_until <= lock.pulse_end:
        return None
    return lock.pulse_end - limits.RENEW_S


def _renewed(step: StepBuilder, door: Door) -> Door:
    """Only while the running pulse surely runs: a renewal that comes later (the agent was stopped, the line was away) would open a locked door."""
    lock, now = door.lock, step.now.mono
    left = (lock.pulse_end or now) - limits.READ_SLACK_S - now
    if left <= 0:
        return replace(door, lock=replace(lock, renew_until=None))
    return pulse(step, door, (lock.renew_until or now) - now, left)


def allowed_until(door: Door, mono: float) -> float:
    """How long the lock stays unlocked for those who asked so far."""
    lock = door.lock
    ordered = mono + lock.order_s if lock.order is not None and lock.order_pulse else mono
    return max(ordered, lock.renew_until or 0.0, lock.pulse_end or 0.0)


def level(step: StepBuilder, door: Door) -> Door:
    """Order the lasting level that the door's phase asks for, unless that cannot be known yet. Ends a running pulse."""
    if door.unsure:
        return door
    order = step.number()
    step.urge(SetLock(door.id, order, door.rests_unlocked, step.now.mono + limits.LEVEL_DEADLINE_S))
    lock = replace(
        door.lock,
        order=order,
        order_pulse=False,
        order_at=step.now.mono,
        doubt=None,
        pulse_end=None,
        check_at=None,
        retry_at=None,
    )
    lock = replace(lock, renew_until=None)
    return replace(door, lock=lock)


def _lost(step: StepBuilder, door: Door) -> bool:
    return step.state.health.lost(door.plan.lock_device)


def _expected(step: StepBuilder, door: Door) -> bool | None:
    """What the lock should read (unlocked), or None while that cannot be said: an order is on its way, or a pulse is about to end."""
    lock, mono = door.lock, step.now.mono
    if lock.order is not None or _lost(step, door):
        return None
    if door.rests_unlocked:
        return True
    if lock.pulse_end is not None:
        if mono < lock.pulse_end - limits.READ_SLACK_S:
            return True
        if mono < lock.pulse_end + limits.READ_SLACK_S:
            return None
    return False


def sent(step: StepBuilder, door: Door, order: int, at_mono: float | None = None) -> Door:
    """The device has it since `at_mono`: its pulse runs from then on, however long the answer took to get here."""
    lock = door.lock
    step.news.append(
        DoorOutcome(door.id, "sent", order)
    )  # also of an order that another has overtaken: someone may wait for it
    if order not in (lock.order, lock.doubt):
        return door
    now = step.now.mono
    if lock.order_pulse:
        end = min(max(lock.order_at, now if at_mono is None else at_mono), now) + lock.order_s
        check_at = min(now + limits.RECHECK_S, end) if end > now else now + limits.RECHECK_S
        lock = replace(lock, order=None, doubt=None, pulse_end=end, check_at=check_at, failing=False)
        return replace(door, lock=lock)
    return replace(door, lock=replace(lock, order=None, runs_until=None, check_at=now + limits.RECHECK_S))


NEVER_HEARD = frozenset({"late", "refused"})
"""Why an order failed that the device surely did not act on. Of the others nobody knows: it may have been heard, and its answer lost."""


def failed(step: StepBuilder, door: Door, order: int, reason: str) -> Door:
    """A pulse that failed is over; a lasting level is ordered again, unless the device is gone (its return brings the order back)."""
    lock = door.lock
    step.news.append(DoorOutcome(door.id, "failed", order))
    if lock.order != order:
        return door
    if lock.order_pulse:
        doubt = None if reason in NEVER_HEARD else order
        return replace(door, lock=replace(lock, order=None, doubt=doubt, check_at=step.now.mono + limits.RECHECK_S))
    wait = 5 * limits.LEVEL_RETRY_S if reason == "lost" else limits.LEVEL_RETRY_S
    return replace(door, lock=replace(lock, order=None, retry_at=None if _lost(step, door) else step.now.mono + wait))


def settled(step: StepBuilder, door: Door) -> bool:
    """Nothing is on its way, and it reads as it should."""
    return door.lock.read is not None and door.lock.read == _expected(step, door)


def read(step: StepBuilder, door: Door, unlocked: bool) -> Door:
    was, first = door.lock.read, door.lock.first_read
    door = _heard_after_all(step, door) if unlocked else door
    strayed = _strayed(step, door, unlocked) or door.lock.strayed
    first = unlocked if first is None else first
    door = replace(door, lock=replace(door.lock, read=unlocked, first_read=first, strayed=strayed, returned=False))
    door = replace(door, found_locked=door.found_locked or (door.unsure and not unlocked))
    step.news.append(DoorOutcome(door.id, "read"))
    if unlocked and _expected(step, door) is not False:
        step.news.append(DoorOutcome(door.id, "unlocked"))
    if was != unlocked:
        step.changed()
    return compare(step, door)


def _heard_after_all(step: StepBuilder, door: Door) -> Door:
    """A pulse whose answer was lost: it began when it was ordered, or somewhat later."""
    lock = door.lock
    end = lock.order_at + lock.order_s
    if lock.doubt is None or lock.order is not None or step.now.mono >= min(end, lock.order_at + limits.DOUBT_S):
        return door
    return replace(door, lock=replace(lock, doubt=None, pulse_end=max(end, lock.pulse_end or 0.0), failing=False))


def _strayed(step: StepBuilder, door: Door, unlocked: bool) -> str:
    """Somebody else switched the output: it read right before and nothing of ours was on its way; or it came back from a loss otherwise than it went.

    Not what a pulse of ours can have done, nor how it reads first after a start: the run before may have left that.
    """
    lock, rests = door.lock, door.rests_unlocked
    if unlocked == rests or (
        unlocked and lock.runs_until is not None and step.now.mono <= lock.runs_until + limits.READ_SLACK_S
    ):
        return ""
    if lock.returned:
        held = door.phase is Phase.HELD or lock.left is None
        changed = (
            unlocked if lock.runs_until is not None else unlocked != lock.left
        )  # a pulse that ran when it went is over
        return "" if held or not changed else f"was back {word(unlocked)}, should be {word(rests)}"
    if lock.read == rests and _expected(step, door) == rests:
        return f"read {word(unlocked)}, should be {word(rests)}"
    return ""


def compare(step: StepBuilder, door: Door) -> Door:
    """Judge the last read-back: right clears, wrong is looked at again, wrong twice is a fault, told once."""
    lock, now = door.lock, step.now.mono
    want = _expected(step, door)
    if want is None or lock.read is None:
        due = None if lock.pulse_end is None else lock.pulse_end + limits.READ_SLACK_S
        waits = (
            lock.order is None and not _lost(step, door) and due is not None and due > now
        )  # then only a read-back can tell
        return replace(door, lock=replace(lock, check_at=due if waits else None))
    if lock.read == want:
        if lock.faulted:
            step.changed()
        ends = lock.pulse_end + limits.READ_SLACK_S if want and lock.pulse_end is not None else None
        return _right_again(step, replace(door, lock=replace(lock, misreads=0, faulted=False, check_at=ends)))
    misreads = lock.misreads + 1
    reported = lock.faulted or misreads >= 2
    if reported and not lock.faulted:
        step.changed()
        door = _fault(step, door, f"reads {word(lock.read)}, should be {word(want)}")
    door = replace(
        door, lock=replace(door.lock, misreads=misreads, faulted=reported, strayed="" if reported else lock.strayed)
    )
    if want == door.rests_unlocked:
        door = level(step, door)
    wait = limits.LEVEL_DEADLINE_S if reported else limits.RECHECK_S
    return replace(door, lock=replace(door.lock, check_at=now + wait))


def _right_again(step: StepBuilder, door: Door) -> Door:
    if not door.lock.strayed:
        return door
    door = _fault(step, door, f"{door.lock.strayed}; set right")
    return replace(door, lock=replace(door.lock, strayed=""))


def _fault(step: StepBuilder, door: Door, detail: str) -> Door:
    """An alarm, at most one a minute for each door."""
    lock, now = door.lock, step.now.mono
    if lock.reported_at is not None and now - lock.reported_at < limits.LOCK_FAULTS_S:
        return replace(door, lock=replace(lock, suppressed=lock.suppressed + 1, suppressed_detail=detail))
    step.fact(LockFault(door.id, detail))
    return replace(door, lock=replace(lock, reported_at=now))


def did_not_unlock(step: StepBuilder, door: Door, why: str) -> Door:
    """For somebody who was let in: an alarm, once for each outage."""
    if door.lock.failing or door.lock.faulted:
        return door
    door = _fault(step, door, f"did not unlock: {why}")
    return replace(door, lock=replace(door.lock, failing=True))


def _told_late(step: StepBuilder, door: Door) -> Door:
    """The minute is over for faults that were held back: the last of what came in it, and how many went before that."""
    lock = door.lock
    step.fact(LockFault(door.id, lock.suppressed_detail, lock.suppressed - 1 or None))
    return replace(door, lock=replace(lock, reported_at=step.now.mono, suppressed=0, suppressed_detail=""))


def timers(lock: Lock) -> tuple[tuple[float | None, Callable[[StepBuilder, Door], Door]], ...]:
    """When what is due with this lock, in this order; None: not at all."""
    reported = None if lock.reported_at is None or not lock.suppressed else lock.reported_at + limits.LOCK_FAULTS_S
    return (_renew_at(lock), _renewed), (lock.retry_at, level), (lock.check_at, compare), (reported, _told_late)


def lost(step: StepBuilder, door: Door) -> Door:
    """Nothing is known any more but what it was. Comes before the loss itself is kept: one that was lost already is no news."""
    if door.lock.strayed:
        door = _fault(step, door, door.lock.strayed)
    was = door.lock
    left = was.left if _lost(step, door) else was.read if was.order is None else None
    kept = Lock(
        faulted=was.faulted,
        failing=was.failing,
        lied=was.lied,
        first_read=was.first_read,
        left=left,
        runs_until=was.runs_until,
    )
    return replace(
        door,
        lock=replace(
            kept, reported_at=was.reported_at, suppressed=was.suppressed, suppressed_detail=was.suppressed_detail
        ),
    )


def found(step: StepBuilder, door: Door) -> Door:
    """Nothing is known of it but that it is there. Comes before the return itself is kept."""
    was, returned = door.lock, _lost(step, door) or door.lock.returned
    return replace(door, lock=replace(was, returned=returned, read=None, misreads=0, pulse_end=None, renew_until=None))


def word(unlocked: bool) -> str:
    return "unlocked" if unlocked else "locked"
