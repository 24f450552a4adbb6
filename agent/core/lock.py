"""Orders to one door's lock and the judging of what is read back (rules D3, D5). Knows nothing of cards, modes' reasons or people."""

from __future__ import annotations

from dataclasses import replace

from agent.core import limits
from agent.core.effects import PulseLock, SetLock
from agent.core.state import Door, Lock
from agent.core.turn import News, Turn


def pulsing(door: Door, mono: float) -> bool:
    """A pulse is ordered or runs in the device."""
    lock = door.lock
    return (lock.order is not None and lock.order_pulse) or (lock.pulse_end is not None and lock.pulse_end > mono)


def pulse(turn: Turn, door: Door, seconds: float, deadline_s: float) -> Door:
    """Unlock for `seconds`, at most the cap and never shorter than what still runs of an earlier pulse: nobody's opening is cut by another's."""
    now = turn.now.mono
    running = door.lock.pulse_end
    if door.lock.order is not None and door.lock.order_pulse:
        running = max(running or 0.0, door.lock.order_at + door.lock.order_s)
    left = max(0.0, running - now) if running is not None else 0.0
    seconds = min(max(seconds, left), limits.UNLOCK_CAP_S)
    order = turn.number()
    turn.urge(PulseLock(door.id, order, seconds, now + deadline_s))
    lock = replace(
        door.lock,
        order=order,
        order_pulse=True,
        order_s=seconds,
        order_at=now,
        misreads=0,
        check_at=None,
        retry_at=None,
    )
    return replace(door, lock=lock)


def level(turn: Turn, door: Door) -> Door:
    """Order the lasting level that the door's phase asks for, unless that cannot be known yet. Ends a running pulse."""
    if door.unsure:
        return door
    order = turn.number()
    turn.urge(SetLock(door.id, order, door.rests_unlocked, turn.now.mono + limits.LEVEL_DEADLINE_S))
    lock = replace(
        door.lock, order=order, order_pulse=False, order_at=turn.now.mono, pulse_end=None, check_at=None, retry_at=None
    )
    return replace(door, lock=lock)


def expected(door: Door, mono: float) -> bool | None:
    """What the lock should read (unlocked), or None while that cannot be said: an order is on its way, or a pulse is about to end."""
    lock = door.lock
    if lock.lost or lock.order is not None:
        return None
    if door.rests_unlocked:
        return True
    if lock.pulse_end is not None:
        if mono < lock.pulse_end - limits.READ_SLACK_S:
            return True
        if mono < lock.pulse_end + limits.READ_SLACK_S:
            return None
    return False


def sent(turn: Turn, door: Door, order: int) -> Door:
    lock = door.lock
    turn.news.append(
        News(door.id, "sent", order)
    )  # also of an order that another has overtaken: someone may wait for it
    if lock.order != order:
        return door
    now = turn.now.mono
    if lock.order_pulse:
        end = now + lock.order_s
        return replace(door, lock=replace(lock, order=None, pulse_end=end, check_at=min(now + limits.RECHECK_S, end)))
    return replace(door, lock=replace(lock, order=None, check_at=now + limits.RECHECK_S))


def failed(turn: Turn, door: Door, order: int, reason: str) -> Door:
    """A pulse that failed is over; a lasting level is ordered again, unless the device is gone (its return brings the order back)."""
    lock = door.lock
    turn.news.append(News(door.id, "failed", order))
    if lock.order != order:
        return door
    if lock.order_pulse:
        return replace(door, lock=replace(lock, order=None, check_at=turn.now.mono + limits.RECHECK_S))
    wait = 5 * limits.LEVEL_RETRY_S if reason == "lost" else limits.LEVEL_RETRY_S
    return replace(door, lock=replace(lock, order=None, retry_at=None if lock.lost else turn.now.mono + wait))


def read(turn: Turn, door: Door, unlocked: bool) -> Door:
    was = door.lock.read
    found_locked = door.found_locked or (door.unsure and not unlocked)
    door = replace(door, lock=replace(door.lock, read=unlocked), found_locked=found_locked)
    if unlocked and expected(door, turn.now.mono) is not False:
        turn.news.append(News(door.id, "unlocked"))
    if was != unlocked:
        turn.changed()
    return compare(turn, door)


def compare(turn: Turn, door: Door) -> Door:
    """Judge the last read-back: right clears, wrong is looked at again, wrong twice is a fault, told once."""
    lock, now = door.lock, turn.now.mono
    want = expected(door, now)
    if want is None or lock.read is None:
        waits = lock.order is None and lock.pulse_end is not None and not lock.lost
        due = lock.pulse_end + limits.READ_SLACK_S if waits and lock.pulse_end is not None else None
        return replace(door, lock=replace(lock, check_at=due))
    if lock.read == want:
        if lock.faulted:
            turn.changed()
        ends = lock.pulse_end + limits.READ_SLACK_S if want and lock.pulse_end is not None else None
        return replace(door, lock=replace(lock, misreads=0, faulted=False, check_at=ends))
    misreads = lock.misreads + 1
    told = lock.faulted or misreads >= 2
    if told and not lock.faulted:
        turn.changed()
        turn.fact("lock.fault", door=door.id, detail=f"reads {_word(lock.read)}, should be {_word(want)}")
    door = replace(door, lock=replace(lock, misreads=misreads, faulted=told))
    if want == door.rests_unlocked:
        door = level(turn, door)
    wait = limits.LEVEL_DEADLINE_S if told else limits.RECHECK_S
    return replace(door, lock=replace(door.lock, check_at=now + wait))


def tick(turn: Turn, door: Door) -> Door:
    now = turn.now.mono
    if door.lock.retry_at is not None and door.lock.retry_at <= now:
        door = level(turn, door)
    if door.lock.check_at is not None and door.lock.check_at <= now:
        door = compare(turn, replace(door, lock=replace(door.lock, check_at=None)))
    return door


def lost(turn: Turn, door: Door) -> Door:
    return replace(door, lock=Lock(lost=True, faulted=door.lock.faulted))


def found(door: Door) -> Door:
    """Nothing is known of it but that it is there."""
    return replace(door, lock=replace(door.lock, lost=False, read=None, misreads=0, pulse_end=None))


def _word(unlocked: bool) -> str:
    return "unlocked" if unlocked else "locked"
