"""Desired state that this unit was sent and does not take: what was in hand at a crash of ours, secrets that do not open, and notices beyond what the contract allows.

It is acknowledged, told by one fact, and known for the digest: what is refused is not missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import limits
from agent.core.effects import WriteLog
from agent.core.state import State
from agent.core.state.desired import NotTaken, RefusedState
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract import facts

_WORDS = {
    "full": "more than a unit takes",
    "sealed": "not sealed to this unit's key",
    "internal": "in hand at a crash of ours, left aside",
}


def refuse(step: StepBuilder, entry: tuple[str, str, str, int], reason: str, until_utc: float | None = None) -> None:
    """Remember (kind, scope, id, rev) and tell it: at most one fact a minute, the rest is counted in the next. `reason`: full, sealed, internal."""
    kind, scope, ident, rev = entry
    old = step.state.desired.refused
    known = old.entries.get((kind, scope, ident))
    if known is not None and known.rev >= rev:
        return
    entries = old.entries
    if known is not None or len(entries) < limits.REFUSED_ENTRIES:
        entries = {**entries, (kind, scope, ident): NotTaken(rev, reason, until_utc)}
    _change(step, replace(old, entries=entries, suppressed=old.suppressed + 1, newest=(*entry, reason)))
    step.changed()
    if _tell_at(step.state) <= step.now.mono:
        _tell(step)


def taken(step: StepBuilder, kind: str, scope: str, ident: str) -> None:
    """A later revision is taken, or it is withdrawn: nothing is refused any more."""
    forget(step, {(kind, scope, ident)})


def room(step: StepBuilder) -> None:
    """A notice ended: what there was no room for is missing now, and the centre gives it again."""
    entries = step.state.desired.refused.entries
    forget(step, {name for name, left in entries.items() if left.reason == "full" and name[0] == "notice"})


def forget(step: StepBuilder, names: set[tuple[str, str, str]]) -> None:
    old = step.state.desired.refused
    if not names.isdisjoint(old.entries):
        _change(step, replace(old, entries={name: left for name, left in old.entries.items() if name not in names}))
        step.changed()


def timers(state: State) -> Iterator[Timer]:
    sure = state.now.sure_utc
    if sure is not None:
        for name, left in state.desired.refused.entries.items():
            if left.until_utc is not None:
                yield state.now.mono_at(left.until_utc, sure), partial(forget, names={name})
    if state.desired.refused.suppressed:
        yield _tell_at(state), _tell


def _tell_at(state: State) -> float:
    reported_at = state.desired.refused.reported_at
    return 0.0 if reported_at is None else reported_at + limits.REFUSALS_S


def _tell(step: StepBuilder) -> None:
    refused = step.state.desired.refused
    if refused.newest is None:
        return
    kind, scope, ident, rev, reason = refused.newest
    count = refused.suppressed if refused.suppressed > 1 else None
    step.fact(facts.StateRefused(kind, scope, ident, rev, reason, count))
    step.emit(WriteLog("warning", f"{kind} {scope} {ident} revision {rev} is not taken: {_WORDS.get(reason, reason)}"))
    _change(step, replace(refused, suppressed=0, newest=None, reported_at=step.now.mono))


def _change(step: StepBuilder, refused: RefusedState) -> None:
    step.state = replace(step.state, desired=replace(step.state.desired, refused=refused))
