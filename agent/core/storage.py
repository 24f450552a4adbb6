"""How storage is: what the disk does, since when, and the facts that say so once it can be written again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agent.core import limits, supervise
from agent.core.effects import Log, Resubscribe
from agent.core.events import LatchSaved, StoreFailed, StoreMended, StoreOpened
from agent.core.local import rfc3339
from agent.core.state import State, Trouble
from agent.core.turn import Turn

HUNG = "hung"
_WORDS = {HUNG: "the disk does not answer", "latch": "the fire latch is kept in memory"}


def opened(turn: Turn, event: StoreOpened) -> None:
    turn.change(health=replace(turn.state.health, boot=event.boot))
    if event.recovered:
        turn.fact("journal.recovered", detail=", ".join(event.recovered))
    _is_well(turn, 0)
    if turn.state.connected:
        turn.emit(Resubscribe())  # what came while the store was closed is read again, to be saved
    supervise.connect(turn)


def failed(turn: Turn, event: StoreFailed) -> None:
    _ails(turn, event.mode, event.detail)
    _becomes(turn, event.mode)
    supervise.connect(turn)


def mended(turn: Turn, event: StoreMended) -> None:
    _is_well(turn, event.dropped)


def hangs(turn: Turn, *, hangs: bool) -> None:
    """A disk that gives no error and no answer. What it was before holds again when it answers."""
    health = turn.state.health
    if hangs and health.storage != HUNG:
        _ails(turn, HUNG, _WORDS[HUNG])
        turn.emit(
            Log("error", "storage: the disk does not answer; facts are kept in memory, nothing else waits for it")
        )
        if health.boot is None:
            turn.emit(Log("error", "storage: modes commanded before the start, a lockdown among them, are not known"))
        turn.change(health=replace(turn.state.health, storage=HUNG, storage_before=health.storage))
        turn.changed()
        supervise.connect(turn)
    elif not hangs and health.storage == HUNG:
        if health.storage_before == "ok":
            _is_well(turn, 0)
        else:
            _becomes(turn, health.storage_before)
        turn.emit(Log("warning", "storage: the disk answers again"))


def latch_saved(turn: Turn, event: LatchSaved) -> None:
    """A latch that is in memory only is lost with the process: the fire input and what the lock reads decide then."""
    if event.saved:
        turn.change(health=replace(turn.state.health, latch_unsaved=False))
    elif not turn.state.health.latch_unsaved:
        turn.change(health=replace(turn.state.health, latch_unsaved=True))
        turn.fact("storage.failed", mode="latch", detail=f"{_WORDS['latch']}: {event.detail}")
    turn.changed()


def facts_dropped(turn: Turn, facts: int) -> None:
    """A journal that stays full drops again and again: told at once, then at most once a minute, the rest counted."""
    health, now = turn.state.health, turn.now.mono
    count = health.dropped_untold + facts
    if health.dropped_told_at is not None and now - health.dropped_told_at < limits.DEVICE_FACTS_S:
        turn.change(health=replace(health, dropped_untold=count))
        return
    turn.change(health=replace(health, dropped_untold=0, dropped_told_at=now))
    turn.fact("journal.dropped", count=count)


def tick(turn: Turn) -> None:
    """What was dropped since the last fact that said so, and trouble that turned out to last."""
    _lasts(turn)
    health = turn.state.health
    due = _dropped_due(turn.state)
    if due is not None and due <= turn.now.mono:
        turn.change(health=replace(health, dropped_untold=0, dropped_told_at=turn.now.mono))
        turn.fact("journal.dropped", count=health.dropped_untold)


def deadlines(state: State) -> Iterator[float | None]:
    yield _dropped_due(state)
    yield _trouble_due(state)


def _dropped_due(state: State) -> float | None:
    health = state.health
    if not health.dropped_untold or health.dropped_told_at is None:
        return None
    return health.dropped_told_at + limits.DEVICE_FACTS_S


def _ails(turn: Turn, mode: str, detail: str) -> None:
    """The beginning is told at most once a minute: a disk that comes and goes must not fill the journal it can hardly write."""
    health, now = turn.state.health, turn.now.mono
    if health.trouble is not None:
        turn.change(health=replace(health, trouble=replace(health.trouble, mode=mode, detail=detail)))
        return
    lately = health.trouble_told_at is not None and now - health.trouble_told_at < limits.DEVICE_FACTS_S
    if health.boot is None:
        detail = f"{detail}; modes commanded before the start are not known"
    trouble = Trouble(mode, turn.now.utc, detail, told=not lately)
    if lately:
        turn.change(health=replace(health, trouble=trouble, troubles_untold=health.troubles_untold + 1))
        return
    turn.change(health=replace(health, trouble=trouble, trouble_told_at=now))
    turn.fact("storage.failed", mode=mode, detail=detail)


def _lasts(turn: Turn) -> None:
    """What began in the minute of another, and is still so when that is over, is told like any other."""
    health, trouble, due = turn.state.health, turn.state.health.trouble, _trouble_due(turn.state)
    if trouble is None or due is None or due > turn.now.mono:
        return
    untold = health.troubles_untold - 1
    known = replace(trouble, told=True)
    turn.change(health=replace(health, trouble=known, trouble_told_at=turn.now.mono, troubles_untold=untold))
    turn.fact("storage.failed", mode=trouble.mode, detail=trouble.detail, since=rfc3339(trouble.since_utc))


def _trouble_due(state: State) -> float | None:
    health = state.health
    if health.trouble is None or health.trouble.told or health.trouble_told_at is None:
        return None
    return health.trouble_told_at + limits.DEVICE_FACTS_S


def _is_well(turn: Turn, dropped: int) -> None:
    """An end is told where its beginning was, and always where facts were lost."""
    trouble, health = turn.state.health.trouble, turn.state.health
    if (trouble is not None and trouble.told) or dropped:
        data: dict[str, Any] = {} if trouble is None else {"mode": trouble.mode, "since": rfc3339(trouble.since_utc)}
        data |= {"dropped": dropped} if dropped else {}
        data |= {"untold": health.troubles_untold} if health.troubles_untold else {}
        turn.fact("storage.mended", **data)
        turn.change(health=replace(health, troubles_untold=0))
    turn.change(health=replace(turn.state.health, trouble=None))
    _becomes(turn, "ok")


def _becomes(turn: Turn, storage: str) -> None:
    turn.change(health=replace(turn.state.health, storage=storage, storage_before=storage))
    turn.changed()
