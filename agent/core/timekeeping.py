"""Signed time: what supports it, what may raise or lower it, what is kept for the next start. The system's clock has no say here.

A fresh confirm sets the time, also to an earlier one. The `iat` of another signed message may raise a floor by a day past
the last confirm, so that neither an old message nor a stolen notice key moves it further. Before the first confirm nothing
does, and nothing moves a clock that was set in this run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits, modes
from agent.core.effects import RaiseFloor, SetClock
from agent.core.events.store import StoreOpened
from agent.core.state import State
from agent.core.step_builder import StepBuilder, known_time
from agent.core.time import KnownTime, Trust
from agent.core.timer import Timer
from contract.kinds import Message


def store_opened(step: StepBuilder, event: StoreOpened) -> None:
    """What an earlier run knew, unless a confirm came before the store was open: that one is newer."""
    known = event.known
    if known is None or step.state.timekeeping.fresh:
        return
    step.state = replace(
        step.state,
        timekeeping=replace(
            step.state.timekeeping,
            confirmed=(known.confirmed_utc, step.now.mono),
            doubt_utc=known.doubt_utc,
            kept_at=step.now.mono,
        ),
    )
    step.emit(RaiseFloor(known.floor_utc, known.confirmed_utc if known.doubt_utc is None else None))


def signed(step: StepBuilder, message: Message) -> None:
    """A message whose signature held."""
    sure, confirmed = step.now.floor_utc, confirmed_utc(step.state)
    if step.now.clock is not Trust.FLOOR or step.now.runs_on or sure is None or confirmed is None:
        return
    if sure < message.iat <= confirmed + limits.CLOCK_LEAP_S:
        step.emit(RaiseFloor(message.iat))


def confirmed(step: StepBuilder, utc: float, at_mono: float) -> None:
    """The centre's answer to a batch of this moment: it was `utc` at `at_mono`."""
    time, now = step.state.timekeeping, step.now
    utc_now = utc + (now.mono - at_mono)
    expected = now.utc if now.runs_on else confirmed_utc(step.state)
    leapt = expected is not None and abs(utc_now - expected) > limits.CLOCK_LEAP_S
    doubt = time.doubt_utc
    if leapt:
        doubt = utc_now
        modes.time_leapt(step, utc_now)
    elif doubt is not None and utc_now >= doubt + limits.CLOCK_DOUBT_S:
        doubt = None
    lowered = now.floor_utc is not None and utc_now < now.floor_utc - limits.KEEP_TIME_S
    news = not time.fresh or lowered or doubt != time.doubt_utc
    step.state = replace(
        step.state, timekeeping=replace(step.state.timekeeping, confirmed=(utc, at_mono), fresh=True, doubt_utc=doubt)
    )
    step.emit(SetClock(utc, at_mono, doubt is not None))
    if news:  # from here on the earlier word is wrong, also after a power cut
        step.state = replace(step.state, timekeeping=replace(step.state.timekeeping, kept_at=now.mono))
        step.record((), known=KnownTime(utc_now, utc_now, doubt))


def timers(state: State) -> Iterator[Timer]:
    if state.timekeeping.kept_at is not None:
        yield state.timekeeping.kept_at + limits.KEEP_TIME_IDLE_S, keep


def keep(step: StepBuilder) -> None:
    """Write it down now, with nothing else."""
    known = known_time(step.state)
    if known is not None:
        step.state = replace(step.state, timekeeping=replace(step.state.timekeeping, kept_at=step.now.mono))
        step.record((), known=known)


def certain(state: State) -> bool:
    """The time is good enough to drop for good what is too old: set by the centre, and no leap of its in the last days."""
    return state.now.trusted and state.timekeeping.doubt_utc is None


def confirmed_utc(state: State) -> float | None:
    """It is not before this, by the last fresh confirm and the monotonic time since; None: there was none."""
    known = state.timekeeping.confirmed
    return None if known is None else known[0] + (state.now.mono - known[1])
