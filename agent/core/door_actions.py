"""What each signal makes a door do: the actions that the table in door.py names. Each takes the turn, the door and the cue, and gives the door after it."""

from __future__ import annotations

from dataclasses import replace

from agent.core import limits, lock, unlocking
from agent.core.effects import KeptMode, SaveLockdown, SoundTone, UsedVisitor
from agent.core.state.door import Door, Phase
from agent.core.step_builder import DoorOutcome, StepBuilder
from agent.core.unlocking import Ask
from contract import facts
from contract.commands import Mode
from contract.facts import (
    AccessDenied,
    AccessGranted,
    Denial,
    DoorClosed,
    DoorFireRelease,
    DoorFireReset,
    DoorForced,
    DoorHeld,
    DoorNoEntry,
    DoorOpened,
    InputChanged,
    Via,
)
from contract.frozen import frozen

BY_SCHEDULE = "by its schedule"


@frozen
class SignalData:
    """What comes with a signal, as far as it applies."""

    seconds: float = 0.0
    who: str | None = None
    """Holder id or actor of a grant or reset."""
    says: str = ""
    """What the screen tells them of the catalogue, once the lock has taken the order."""
    visitor: UsedVisitor | None = None
    """By whose code they come."""
    via: str = "card"
    mode: Mode = Mode.NORMAL
    until_mono: float | None = None
    until_utc: float | None = None
    within_s: float = limits.CARD_DEADLINE_S
    """The unlock is on the wire by then, or not at all."""
    detail: str | None = None
    ends_span: bool = True
    """Of a mode other than held open: what a schedule holds open ends with it."""


def grant(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Somebody may come in: one pulse, and their entry is awaited where a contact can see it."""
    if door.rests_unlocked:  # the safe state is unlocked and holds: a pulse would end it
        return unlocking.asks(step, door, _ask(cue))
    unlock = lock.pulse if cue.via == "remote" else lock.prolong  # an open from afar is told by its own order
    door = unlock(step, door, cue.seconds, min(cue.within_s, limits.CARD_DEADLINE_S))
    door = unlocking.asks(step, _granted(step, door), _ask(cue))
    if door.plan.contact and door.open is not True:
        return replace(door, awaited=cue.who or "", awaited_until=door.grant_until)
    return door


def exit_pressed(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """The way out: a pulse at once, whatever cards may or may not do (D2)."""
    if door.rests_unlocked:
        return exit_noted(step, door, cue)
    if door.blind:
        return replace(_pressed(step, door), exit_asked=step.now.mono)
    step.fact(AccessGranted(door.id, None, Via.EXIT_BUTTON))
    door = lock.prolong(step, _pressed(step, door), door.plan.pulse_s, limits.EXIT_DEADLINE_S)
    return unlocking.asks(step, _granted(step, door), Ask())


def exit_again(step: StepBuilder, door: Door) -> Door:
    """The unlock died, and somebody goes on pressing: they ask now as they did before."""
    if not _leaving(door) or door.rests_unlocked or door.blind:
        return door
    if door.phase is Phase.HELD:
        return unlocking.asks(step, _lease(step, door), Ask(told=True))
    door = lock.prolong(step, door, door.plan.pulse_s, limits.EXIT_DEADLINE_S)
    return unlocking.asks(step, _granted(step, door), Ask(told=True))


def exit_pressed_in_lockdown(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    if door.plan.egress:
        return exit_pressed(step, door, cue)
    step.fact(AccessDenied(door.id, None, Via.EXIT_BUTTON, Denial.LOCKDOWN))
    step.say("lockdown", limits.ANSWER_NO_S, "no", door=door.id)
    return _pressed(step, door)


def exit_noted(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """The door is released already: a pulse would only end that. Where it does not read so, its level is ordered again."""
    step.fact(AccessGranted(door.id, None, Via.EXIT_BUTTON))
    door = _pressed(step, door)
    return door if door.lock.read is True or door.lock.order is not None else lock.level(step, door)


def exit_held(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Held open: the chain of leases goes on at once, in case it broke unseen (the board was without power for a moment)."""
    if door.blind:
        return replace(_pressed(step, door), exit_asked=step.now.mono)
    step.fact(AccessGranted(door.id, None, Via.EXIT_BUTTON))
    return unlocking.asks(step, _lease(step, _pressed(step, door)), Ask())


def grant_held(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Held open already, unless the chain of leases is broken."""
    if not (lock.pulsing(door, step.now.mono) and door.lock.read is not False):
        door = _lease(step, door)
    return unlocking.asks(step, door, _ask(cue))


def exit_let_go(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    if door.exit_stuck:
        step.fact(InputChanged("exit_button", False, door.id))
        step.changed()
    until = door.grant_until
    if _leaving(door):
        until = max(until or 0.0, step.now.mono + limits.ENTRY_SLACK_S)
    return replace(door, exit_since=None, exit_stuck=False, grant_until=until)


def exit_stuck(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    step.fact(InputChanged("exit_button", True, door.id, "stuck"))
    step.changed()
    return replace(door, exit_stuck=True)


def opened(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Opened with a grant, by the way out, or found open at start; otherwise forced."""
    now = step.now.mono
    found = door.open is None
    allowed = (
        found
        or door.plan.exit == "mechanical"
        or door.rests_unlocked
        or (door.grant_until is not None and now <= door.grant_until)
        or _leaving(door)
    )
    if not allowed:
        step.fact(DoorForced(door.id))
    elif found:
        step.fact(DoorOpened(door.id, "found open"))
    else:
        step.fact(DoorOpened(door.id))
    return _watch_open(step, _entered(step, door))


def opened_freely(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Released or held open: opening is what it is there for, and it may stay open."""
    step.fact(DoorOpened(door.id))
    return _entered(step, door)


def closed(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    if door.open is not None:
        since = door.opened_at
        step.fact(DoorClosed(door.id, None if since is None else round(step.now.mono - since, 1)))
    step.changed()
    return replace(door, open=False, warn_at=None, held_at=None, held_reported=False)


def closed_relocks(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Relock behind the person who came in, unless somebody else was granted since the door opened."""
    now = step.now.mono
    came_in = door.opened_at is not None and (door.granted_at is None or door.granted_at < door.opened_at)
    door = closed(step, door, cue)
    if came_in and lock.pulsing(door, now) and not door.rests_unlocked:
        door = lock.level(step, door)
    if came_in and door.grant_until is not None:
        door = replace(door, grant_until=min(door.grant_until, now + limits.ENTRY_SLACK_S))
    return door


def release(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Fire (D1): released and latched, in the same step, over everything."""
    step.fact(DoorFireRelease(door.id, cue.detail))
    step.changed()
    door = replace(door, latched=True, unsure=False, exit_asked=None, lease_due=None, awaited=None, awaited_until=None)
    return lock.level(step, replace(door, warn_at=None, held_at=None))


def release_again(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    return lock.level(step, door)


def reset(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Fire is over and somebody said so: back to the level of the mode, never by a pulse."""
    step.fact(DoorFireReset(door.id, cue.who, cue.via))
    step.changed()
    door = replace(door, latched=False, reset=True)
    if door.phase is Phase.HELD:
        door = replace(door, lease_due=step.now.mono)
    return lock.level(step, _watch_again(step, door))


def mode_kept(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Under fire: the mode is noted and holds after the reset."""
    return _told_mode(step, door, cue)


def mode_set(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    was = door.phase
    door = _told_mode(step, door, cue)
    if door.phase is Phase.HELD:
        return _lease(step, replace(door, warn_at=None, held_at=None))
    if was is Phase.HELD:
        door = _watch_again(step, door)
    return lock.level(step, door)


def span_begins(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Its schedule holds it open from now on."""
    door = span_noted(step, door, cue)
    return _lease(step, replace(door, warn_at=None, held_at=None))


def span_noted(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Held open by command already, or released by fire: what the schedule says holds after that."""
    door = replace(door, span_until=cue.until_mono)
    if door.mode is Mode.NORMAL:
        step.fact(facts.DoorMode(door.id, str(Mode.HOLD_OPEN), cue.until_utc, BY_SCHEDULE))
        step.changed()
    return door


def span_over(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Locked as at the end of a mode, unless a command holds it open too."""
    door = span_kept(step, door, cue)
    if door.phase is Phase.HELD:
        return door
    return lock.level(step, _watch_again(step, replace(door, lease_due=None)))


def span_kept(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Under fire the lock stays as it is."""
    door = replace(door, span_until=None)
    if door.mode is Mode.NORMAL:
        step.fact(facts.DoorMode(door.id, str(Mode.NORMAL), detail=cue.detail))
        step.changed()
    return door


def lease(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    return _lease(step, door)


def ready(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Cards can be decided from now on: a door that was kept unlocked until then locks."""
    was = door.rests_unlocked
    door = replace(door, ready=True)
    if was and not door.rests_unlocked and not lock.pulsing(door, step.now.mono):
        return lock.level(step, door)
    return door


def no_entry(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """Granted, and nobody came (D5)."""
    step.fact(DoorNoEntry(door.id, door.awaited or None, cue.detail))
    step.news.append(DoorOutcome(door.id, "no_entry"))
    return replace(door, awaited=None, awaited_until=None)


def warn(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    step.emit(SoundTone(door.id, "warning"))
    again = step.now.mono + limits.HELD_REPEAT_S if door.held_reported else None
    return replace(door, warn_at=again)


def held(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    step.fact(DoorHeld(door.id, f"open {round(door.plan.held_open_s)} s"))
    step.emit(SoundTone(door.id, "warning"))
    step.changed()
    return replace(door, held_at=None, held_reported=True, warn_at=step.now.mono + limits.HELD_REPEAT_S)


def lock_lost(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    step.changed()
    return lock.lost(step, door)


def lock_found(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    """The lasting level again, never a pulse; a door held open by a mode goes on with its leases."""
    step.changed()
    door = lock.found(step, door)
    return _lease(step, door) if door.phase is Phase.HELD else lock.level(step, door)


def _ask(cue: SignalData) -> Ask:
    return Ask(cue.who, cue.says, cue.visitor)


def _leaving(door: Door) -> bool:
    """The exit button is pressed, works and is not stuck: whoever opens now is on the way out."""
    refused = door.phase is Phase.LOCKDOWN and not door.plan.egress
    return door.exit_since is not None and not door.exit_stuck and not refused


def _pressed(step: StepBuilder, door: Door) -> Door:
    return replace(door, exit_since=step.now.mono, exit_stuck=False)


def _granted(step: StepBuilder, door: Door) -> Door:
    now = step.now.mono
    return replace(door, granted_at=now, grant_until=lock.allowed_until(door, now) + limits.ENTRY_SLACK_S)


def allowed_longer(door: Door) -> Door:
    """To the end of the pulse as it is known to run: it began when the device had it, not when it was ordered."""
    end = door.lock.pulse_end
    if end is None or door.grant_until is None or end + limits.ENTRY_SLACK_S <= door.grant_until:
        return door
    until = end + limits.ENTRY_SLACK_S
    return replace(door, grant_until=until, awaited_until=None if door.awaited_until is None else until)


def _entered(step: StepBuilder, door: Door) -> Door:
    step.news.append(DoorOutcome(door.id, "opened"))
    step.changed()
    return replace(door, open=True, opened_at=step.now.mono, awaited=None, awaited_until=None)


def _watch_open(step: StepBuilder, door: Door) -> Door:
    now, limit = step.now.mono, door.plan.held_open_s
    return replace(door, warn_at=now + limits.HELD_WARNING * limit, held_at=now + limit, held_reported=False)


def _watch_again(step: StepBuilder, door: Door) -> Door:
    return _watch_open(step, door) if door.open else door


def _lease(step: StepBuilder, door: Door) -> Door:
    """One pulse of the chain: not longer than the mode, the next when half of it is over (D3). None into a lock that fire may have released."""
    if door.unsure and not door.found_locked:
        return lease_soon(step, door)
    now = step.now.mono
    left = door.plan.lease_s if door.held_until is None else min(door.plan.lease_s, door.held_until - now)
    if left <= 0:
        return replace(door, lease_due=None)
    door = lock.pulse(step, door, left, limits.CARD_DEADLINE_S)
    return replace(door, lease_due=now + door.plan.lease_s / 2)


def lease_soon(step: StepBuilder, door: Door) -> Door:
    """A link of the chain failed: the next one soon, long before the running one ends."""
    soon = step.now.mono + 5 * limits.LEVEL_RETRY_S
    return replace(door, lease_due=soon if door.lease_due is None else min(door.lease_due, soon))


def _told_mode(step: StepBuilder, door: Door, cue: SignalData) -> Door:
    span = None if cue.ends_span and cue.mode is not Mode.HOLD_OPEN else door.span_until
    until = None if cue.mode is Mode.NORMAL else cue.until_mono
    if cue.mode is Mode.NORMAL and span is not None:
        ends = step.now.utc + (span - step.now.mono)
        step.fact(facts.DoorMode(door.id, str(Mode.HOLD_OPEN), ends, BY_SCHEDULE))
    else:
        step.fact(facts.DoorMode(door.id, str(cue.mode), cue.until_utc, cue.detail))
    step.changed()
    if Mode.LOCKDOWN in {door.mode, cue.mode}:
        _save_lockdowns(step, door, cue)
    return replace(door, mode=cue.mode, mode_until=until, mode_utc=None, span_until=span, kept=False, lease_due=None)


def _save_lockdowns(step: StepBuilder, door: Door, cue: SignalData) -> None:
    """For the first moments of the next start, until its journal is open. `door` is about to be as the cue says."""
    others = [each for each in step.state.doors if each.id != door.id and each.mode is Mode.LOCKDOWN]
    kept = [KeptMode(each.id, str(each.mode), lockdown_utc(step, each)) for each in others]
    if cue.mode is Mode.LOCKDOWN and cue.until_utc is not None:
        kept.append(KeptMode(door.id, str(cue.mode), cue.until_utc))
    step.emit(SaveLockdown(tuple(sorted(kept, key=lambda each: each.door))))


def lockdown_utc(step: StepBuilder, door: Door) -> float:
    """When the door's lockdown ends, by the clock as it is now."""
    if door.mode_utc is not None or door.mode_until is None:
        return door.mode_utc or step.now.utc
    return step.now.utc + (door.mode_until - step.now.mono)
