"""Desired state that this unit was sent and does not take: what was in hand at a crash of ours, and notices beyond what the contract allows.

It is acknowledged, told by one fact, and known for the digest: what is refused is not missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits
from agent.core.effects import Log
from agent.core.state import NotTaken, Refused, State
from agent.core.turn import Turn


def refuse(turn: Turn, entry: tuple[str, str, str, int], reason: str, until_utc: float | None = None) -> None:
    """Remember (kind, scope, id, rev) and tell it: at most one fact a minute, the rest is counted in the next. `reason`: full, internal."""
    kind, scope, ident, rev = entry
    old = turn.state.standing.refused
    known = old.entries.get((kind, scope, ident))
    if known is not None and known.rev >= rev:
        return
    entries = old.entries
    if known is not None or len(entries) < limits.REFUSED_ENTRIES:
        entries = {**entries, (kind, scope, ident): NotTaken(rev, reason, until_utc)}
    _change(turn, replace(old, entries=entries, untold=old.untold + 1, newest=(*entry, reason)))
    turn.changed()
    tick(turn)


def taken(turn: Turn, kind: str, scope: str, ident: str) -> None:
    """A later revision is taken, or it is withdrawn: nothing is refused any more."""
    forget(turn, {(kind, scope, ident)})


def room(turn: Turn) -> None:
    """A notice ended: what there was no room for is missing now, and the centre gives it again."""
    entries = turn.state.standing.refused.entries
    forget(turn, {name for name, left in entries.items() if left.reason == "full" and name[0] == "notice"})


def forget(turn: Turn, names: set[tuple[str, str, str]]) -> None:
    old = turn.state.standing.refused
    if not names.isdisjoint(old.entries):
        _change(turn, replace(old, entries={name: left for name, left in old.entries.items() if name not in names}))
        turn.changed()


def tick(turn: Turn) -> None:
    sure = turn.now.sure_utc
    if sure is not None:
        entries = turn.state.standing.refused.entries
        forget(turn, {n for n, left in entries.items() if left.until_utc is not None and left.until_utc <= sure})
    refused, now = turn.state.standing.refused, turn.now.mono
    due = _due(refused)
    if refused.newest is None or due is None or due > now:
        return
    kind, scope, ident, rev, reason = refused.newest
    count = {"count": refused.untold} if refused.untold > 1 else {}
    turn.fact("state.refused", state=kind, scope=scope, id=ident, rev=rev, reason=reason, **count)
    words = "in hand at a crash of ours, left aside" if reason == "internal" else "more than a unit takes"
    turn.emit(Log("warning", f"{kind} {scope} {ident} revision {rev} is not taken: {words}"))
    _change(turn, replace(refused, untold=0, newest=None, told_at=now))


def deadlines(state: State) -> Iterator[float | None]:
    due = _due(state.standing.refused)
    yield None if due is None else max(due, state.now.mono + 0.001)


def _due(refused: Refused) -> float | None:
    if not refused.untold:
        return None
    return 0.0 if refused.told_at is None else refused.told_at + limits.REFUSALS_S


def _change(turn: Turn, refused: Refused) -> None:
    turn.change(standing=replace(turn.state.standing, refused=refused))
