"""How storage is: what the disk does, since when, and the facts that say so once it can be written again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits, supervise
from agent.core.effects import Resubscribe, WriteLog
from agent.core.events.store import LatchSaved, StoreFailed, StoreMended, StoreOpened
from agent.core.state import State
from agent.core.state.health import StorageTrouble
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import JournalDropped, JournalRecovered, StorageFailed, StorageMended

HUNG = "hung"
LATCH = "latch"
_WORDS = {HUNG: "the disk does not answer", LATCH: "the fire latch is kept in memory"}


def opened(step: StepBuilder, event: StoreOpened) -> None:
    step.state = replace(step.state, health=replace(step.state.health, boot=event.boot))
    if event.recovered:
        step.fact(JournalRecovered(", ".join(event.recovered)))
    _is_well(step, 0)
    if step.state.connected:
        step.emit(Resubscribe())  # what came while the store was closed is read again, to be saved
    supervise.connect(step)


def failed(step: StepBuilder, event: StoreFailed) -> None:
    _ails(step, event.mode, event.detail)
    _becomes(step, event.mode)
    supervise.connect(step)


def thread_died(step: StepBuilder) -> None:
    failed(step, StoreFailed("failed", "the store's thread died"))


def mended(step: StepBuilder, event: StoreMended) -> None:
    _is_well(step, event.dropped)


def hangs(step: StepBuilder, *, hangs: bool) -> None:
    """A disk that gives no error and no answer. What it was before holds again when it answers."""
    health = step.state.health
    if hangs and health.storage != HUNG:
        _ails(step, HUNG, _WORDS[HUNG])
        step.emit(
            WriteLog("error", "storage: the disk does not answer; facts are kept in memory, nothing else waits for it")
        )
        if health.boot is None and not step.state.lockdown_known:
            step.emit(WriteLog("error", "storage: a lockdown commanded before the start is not known"))
        step.state = replace(step.state, health=replace(step.state.health, storage=HUNG, storage_before=health.storage))
        step.changed()
        supervise.connect(step)
    elif not hangs and health.storage == HUNG:
        if health.storage_before == "ok":
            _is_well(step, 0)
        else:
            _becomes(step, health.storage_before)
        step.emit(WriteLog("warning", "storage: the disk answers again"))


def latch_saved(step: StepBuilder, event: LatchSaved) -> None:
    """A latch that is in memory only is lost with the process: the fire input and what the lock reads decide then."""
    if event.saved != step.state.health.latch_unsaved:
        return  # nothing new
    step.state = replace(step.state, health=replace(step.state.health, latch_unsaved=not event.saved))
    step.fact(StorageMended(LATCH) if event.saved else StorageFailed(LATCH, f"{_WORDS[LATCH]}: {event.detail}"))
    step.changed()


def facts_dropped(step: StepBuilder, facts: int) -> None:
    """A journal that stays full drops again and again: told at once, then at most once a minute, the rest counted."""
    health, now = step.state.health, step.now.mono
    count = health.dropped_suppressed + facts
    if health.dropped_reported_at is not None and now - health.dropped_reported_at < limits.DEVICE_FACTS_S:
        step.state = replace(step.state, health=replace(health, dropped_suppressed=count))
        return
    step.state = replace(step.state, health=replace(health, dropped_suppressed=0, dropped_reported_at=now))
    step.fact(JournalDropped(count))


def timers(state: State) -> Iterator[Timer]:
    """Trouble that turned out to last, and what was dropped since the last fact that said so."""
    health = state.health
    if health.trouble is not None and not health.trouble.reported and health.trouble_reported_at is not None:
        yield health.trouble_reported_at + limits.DEVICE_FACTS_S, _lasts
    if health.dropped_suppressed and health.dropped_reported_at is not None:
        yield health.dropped_reported_at + limits.DEVICE_FACTS_S, _tell_dropped


def _tell_dropped(step: StepBuilder) -> None:
    health = step.state.health
    step.state = replace(step.state, health=replace(health, dropped_suppressed=0, dropped_reported_at=step.now.mono))
    step.fact(JournalDropped(health.dropped_suppressed))


def _ails(step: StepBuilder, mode: str, detail: str) -> None:
    """The beginning is told at most once a minute: a disk that comes and goes must not fill the journal it can hardly write."""
    health, now = step.state.health, step.now.mono
    if health.trouble is not None:
        step.state = replace(
            step.state, health=replace(health, trouble=replace(health.trouble, mode=mode, detail=detail))
        )
        return
    lately = health.trouble_reported_at is not None and now - health.trouble_reported_at < limits.DEVICE_FACTS_S
    if health.boot is None and not step.state.lockdown_known:
        detail = f"{detail}; a lockdown commanded before the start is not known"
    trouble = StorageTrouble(mode, step.now.utc, detail, reported=not lately)
    if lately:
        step.state = replace(
            step.state, health=replace(health, trouble=trouble, troubles_suppressed=health.troubles_suppressed + 1)
        )
        return
    step.state = replace(step.state, health=replace(health, trouble=trouble, trouble_reported_at=now))
    step.fact(StorageFailed(mode, detail))


def _lasts(step: StepBuilder) -> None:
    """What began in the minute of another, and is still so when that is over, is told like any other."""
    health, trouble = step.state.health, step.state.health.trouble
    if trouble is None:
        return
    suppressed = health.troubles_suppressed - 1
    known = replace(trouble, reported=True)
    step.state = replace(
        step.state,
        health=replace(health, trouble=known, trouble_reported_at=step.now.mono, troubles_suppressed=suppressed),
    )
    step.fact(StorageFailed(trouble.mode, trouble.detail, trouble.since_utc))


def _is_well(step: StepBuilder, dropped: int) -> None:
    """An end is told where its beginning was, and always where facts were lost."""
    trouble, health = step.state.health.trouble, step.state.health
    if (trouble is not None and trouble.reported) or dropped:
        mode, since = (None, None) if trouble is None else (trouble.mode, trouble.since_utc)
        step.fact(StorageMended(mode, since, dropped or None, health.troubles_suppressed or None))
        step.state = replace(step.state, health=replace(health, troubles_suppressed=0))
    step.state = replace(step.state, health=replace(step.state.health, trouble=None))
    _becomes(step, "ok")


def _becomes(step: StepBuilder, storage: str) -> None:
    step.state = replace(step.state, health=replace(step.state.health, storage=storage, storage_before=storage))
    step.changed()
