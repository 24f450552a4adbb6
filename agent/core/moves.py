"""What each signal makes a door do: the actions that the table in door.py names. Each takes the turn, the door and the cue, and gives the door after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.core import limits, lock
from agent.core.effects import SoundTone
from agent.core.local import rfc3339
from agent.core.state import Door, Mode, Phase
from agent.core.turn import News, Turn


@dataclass(frozen=True, slots=True)
class Cue:
    """What comes with a signal, as far as it applies."""

    seconds: float = 0.0
    who: str | None = None
    """Holder id or actor of a grant or reset."""
    via: str = "card"
    mode: Mode = Mode.NORMAL
    until_mono: float | None = None
    until_utc: float | None = None
    within_s: float = limits.CARD_DEADLINE_S
    """The unlock is on the wire by then, or not at all."""
    detail: str | None = None


def grant(turn: Turn, door: Door, cue: Cue) -> Door:
    """Somebody may come in: one pulse, and their entry is awaited where a contact can see it."""
    if door.rests_unlocked:
        return door  # the safe state is unlocked and holds: a pulse would end it
    unlock = lock.pulse if cue.via == "remote" else lock.prolong  # an open from afar is told by its own order
    door = unlock(turn, door, cue.seconds, min(cue.within_s, limits.CARD_DEADLINE_S))
    door = _granted(turn, door)
    if door.plan.contact and door.open is not True:
        return replace(door, awaited=cue.who or "", awaited_until=door.grant_until)
    return door


def exit_pressed(turn: Turn, door: Door, cue: Cue) -> Door:
    """The way out: a pulse at once, whatever cards may or may not do (D2)."""
    if door.rests_unlocked:
        return exit_noted(turn, door, cue)
    if door.blind:
        return replace(_pressed(turn, door), exit_asked=turn.now.mono)
    turn.fact("access.granted", door=door.id, by=None, via="exit_button")
    door = lock.prolong(turn, _pressed(turn, door), door.plan.pulse_s, limits.EXIT_DEADLINE_S)
    return _granted(turn, door)


def exit_pressed_in_lockdown(turn: Turn, door: Door, cue: Cue) -> Door:
    if door.plan.egress:
        return exit_pressed(turn, door, cue)
    turn.fact("access.denied", door=door.id, by=None, via="exit_button", reason="lockdown")
    turn.say("lockdown", limits.ANSWER_NO_S, "no", door=door.id)
    return _pressed(turn, door)


def exit_noted(turn: Turn, door: Door, cue: Cue) -> Door:
    """The door is released already: a pulse would only end that. Where it does not read so, its level is ordered again."""
    turn.fact("access.granted", door=door.id, by=None, via="exit_button")
    door = _pressed(turn, door)
    return door if door.lock.read is True or door.lock.order is not None else lock.level(turn, door)


def exit_held(turn: Turn, door: Door, cue: Cue) -> Door:
    """Held open: the chain of leases goes on at once, in case it broke unseen (the board was without power for a moment)."""
    if door.blind:
        return replace(_pressed(turn, door), exit_asked=turn.now.mono)
    turn.fact("access.granted", door=door.id, by=None, via="exit_button")
    return _lease(turn, _pressed(turn, door))


def grant_held(turn: Turn, door: Door, cue: Cue) -> Door:
    """Held open already, unless the chain of leases is broken."""
    if lock.pulsing(door, turn.now.mono) and door.lock.read is not False:
        return door
    return _lease(turn, door)


def exit_let_go(turn: Turn, door: Door, cue: Cue) -> Door:
    if door.exit_stuck:
        turn.fact("input.changed", input="exit_button", door=door.id, value=False)
        turn.changed()
    until = door.grant_until
    if _leaving(door):
        until = max(until or 0.0, turn.now.mono + limits.ENTRY_SLACK_S)
    return replace(door, exit_since=None, exit_stuck=False, grant_until=until)


def exit_stuck(turn: Turn, door: Door, cue: Cue) -> Door:
    turn.fact("input.changed", input="exit_button", door=door.id, value="stuck")
    turn.changed()
    return replace(door, exit_stuck=True)


def opened(turn: Turn, door: Door, cue: Cue) -> Door:
    """Opened with a grant, by the way out, or found open at start; otherwise forced."""
    now = turn.now.mono
    found = door.open is None
    allowed = (
        found
        or door.plan.exit == "mechanical"
        or door.rests_unlocked
        or (door.grant_until is not None and now <= door.grant_until)
        or _leaving(door)
    )
    if not allowed:
        turn.fact("door.forced", door=door.id)
    elif found:
        turn.fact("door.opened", door=door.id, detail="found open")
    else:
        turn.fact("door.opened", door=door.id)
    return _watch_open(turn, _entered(turn, door))


def opened_freely(turn: Turn, door: Door, cue: Cue) -> Door:
    """Released or held open: opening is what it is there for, and it may stay open."""
    turn.fact("door.opened", door=door.id)
    return _entered(turn, door)


def closed(turn: Turn, door: Door, cue: Cue) -> Door:
    if door.open is not None:
        since = door.opened_at
        turn.fact("door.closed", door=door.id, **({} if since is None else {"open_s": round(turn.now.mono - since, 1)}))
    turn.changed()
    return replace(door, open=False, warn_at=None, held_at=None, held_told=False)


def closed_relocks(turn: Turn, door: Door, cue: Cue) -> Door:
    """Relock behind the person who came in, unless somebody else was granted since the door opened."""
    now = turn.now.mono
    came_in = door.opened_at is not None and (door.granted_at is None or door.granted_at < door.opened_at)
    door = closed(turn, door, cue)
    if came_in and lock.pulsing(door, now) and not door.rests_unlocked:
        door = lock.level(turn, door)
    if came_in and door.grant_until is not None:
        door = replace(door, grant_until=min(door.grant_until, now + limits.ENTRY_SLACK_S))
    return door


def release(turn: Turn, door: Door, cue: Cue) -> Door:
    """Fire (D1): released and latched, in the same step, over everything."""
    turn.fact("door.fire_release", door=door.id, **({} if cue.detail is None else {"detail": cue.detail}))
    turn.changed()
    door = replace(door, latched=True, unsure=False, exit_asked=None, lease_due=None, awaited=None, awaited_until=None)
    return lock.level(turn, replace(door, warn_at=None, held_at=None))


def release_again(turn: Turn, door: Door, cue: Cue) -> Door:
    return lock.level(turn, door)


def reset(turn: Turn, door: Door, cue: Cue) -> Door:
    """Fire is over and somebody said so: back to the level of the mode, never by a pulse."""
    data: dict[str, object] = {"door": door.id, "by": cue.who, "via": cue.via}
    turn.fact("door.fire_reset", **data)
    turn.changed()
    door = replace(door, latched=False, reset=True)
    if door.phase is Phase.HELD:
        door = replace(door, lease_due=turn.now.mono)
    return lock.level(turn, _watch_again(turn, door))


def mode_kept(turn: Turn, door: Door, cue: Cue) -> Door:
    """Under fire: the mode is noted and holds after the reset."""
    return _told_mode(turn, door, cue)


def mode_set(turn: Turn, door: Door, cue: Cue) -> Door:
    was = door.phase
    door = _told_mode(turn, door, cue)
    if door.phase is Phase.HELD:
        return _lease(turn, replace(door, warn_at=None, held_at=None))
    if was is Phase.HELD:
        door = _watch_again(turn, door)
    return lock.level(turn, door)


def lease(turn: Turn, door: Door, cue: Cue) -> Door:
    return _lease(turn, door)


def ready(turn: Turn, door: Door, cue: Cue) -> Door:
    """Cards can be decided from now on: a door that was kept unlocked until then locks."""
    was = door.rests_unlocked
    door = replace(door, ready=True)
    if was and not door.rests_unlocked and not lock.pulsing(door, turn.now.mono):
        return lock.level(turn, door)
    return door


def no_entry(turn: Turn, door: Door, cue: Cue) -> Door:
    """Granted, and nobody came (D5)."""
    data: dict[str, object] = {"door": door.id, "by": door.awaited or None}
    if cue.detail is not None:
        data["detail"] = cue.detail
    turn.fact("door.no_entry", **data)
    turn.news.append(News(door.id, "no_entry"))
    return replace(door, awaited=None, awaited_until=None)


def warn(turn: Turn, door: Door, cue: Cue) -> Door:
    turn.emit(SoundTone(door.id, "warning"))
    again = turn.now.mono + limits.HELD_REPEAT_S if door.held_told else None
    return replace(door, warn_at=again)


def held(turn: Turn, door: Door, cue: Cue) -> Door:
    turn.fact("door.held", door=door.id, detail=f"open {round(door.plan.held_open_s)} s")
    turn.emit(SoundTone(door.id, "warning"))
    turn.changed()
    return replace(door, held_at=None, held_told=True, warn_at=turn.now.mono + limits.HELD_REPEAT_S)


def lock_lost(turn: Turn, door: Door, cue: Cue) -> Door:
    turn.changed()
    return lock.lost(turn, door)


def lock_found(turn: Turn, door: Door, cue: Cue) -> Door:
    """The lasting level again, never a pulse; a door held open by a mode goes on with its leases."""
    turn.changed()
    door = lock.found(door)
    return _lease(turn, door) if door.phase is Phase.HELD else lock.level(turn, door)


def _leaving(door: Door) -> bool:
    """The exit button is pressed, works and is not stuck: whoever opens now is on the way out."""
    refused = door.phase is Phase.LOCKDOWN and not door.plan.egress
    return door.exit_since is not None and not door.exit_stuck and not refused


def _pressed(turn: Turn, door: Door) -> Door:
    return replace(door, exit_since=turn.now.mono, exit_stuck=False)


def _granted(turn: Turn, door: Door) -> Door:
    now = turn.now.mono
    return replace(door, granted_at=now, grant_until=lock.allowed_until(door, now) + limits.ENTRY_SLACK_S)


def _entered(turn: Turn, door: Door) -> Door:
    turn.news.append(News(door.id, "opened"))
    turn.changed()
    return replace(door, open=True, opened_at=turn.now.mono, awaited=None, awaited_until=None)


def _watch_open(turn: Turn, door: Door) -> Door:
    now, limit = turn.now.mono, door.plan.held_open_s
    return replace(door, warn_at=now + limits.HELD_WARNING * limit, held_at=now + limit, held_told=False)


def _watch_again(turn: Turn, door: Door) -> Door:
    return _watch_open(turn, door) if door.open else door


def _lease(turn: Turn, door: Door) -> Door:
    """One pulse of the chain: not longer than the mode, the next when half of it is over (D3). None into a lock that fire may have released."""
    if door.unsure and not door.found_locked:
        return lease_soon(turn, door)
    now = turn.now.mono
    left = door.plan.lease_s if door.mode_until is None else min(door.plan.lease_s, door.mode_until - now)
    if left <= 0:
        return replace(door, lease_due=None)
    door = lock.pulse(turn, door, left, limits.CARD_DEADLINE_S)
    return replace(door, lease_due=now + door.plan.lease_s / 2)


def lease_soon(turn: Turn, door: Door) -> Door:
    """A link of the chain failed: the next one soon, long before the running one ends."""
    soon = turn.now.mono + 5 * limits.LEVEL_RETRY_S
    return replace(door, lease_due=soon if door.lease_due is None else min(door.lease_due, soon))


def _told_mode(turn: Turn, door: Door, cue: Cue) -> Door:
    data: dict[str, object] = {"door": door.id, "mode": str(cue.mode)}
    if cue.until_utc is not None:
        data["until"] = rfc3339(cue.until_utc)
    if cue.detail is not None:
        data["detail"] = cue.detail
    turn.fact("door.mode", **data)
    turn.changed()
    until = None if cue.mode is Mode.NORMAL else cue.until_mono
    return replace(door, mode=cue.mode, mode_until=until, mode_utc=None, lease_due=None)
