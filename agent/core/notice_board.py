"""The notices of the day: which one is valid, in which order they take turns, what was received, shown and ended. Older never replaces newer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agent.core import refused
from agent.core.effects import DropNotices
from agent.core.state import State
from agent.core.state.panel import Screen
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import NoticeEnded, NoticeShown
from contract.messages import (
    EMERGENCIES_PER_SCOPE,
    EMERGENCIES_PER_UNIT,
    NOTICES_PER_SCOPE,
    NOTICES_PER_UNIT,
    Category,
    Notice,
)

_CATEGORIES = (Category.EMERGENCY, Category.POLICY, Category.SERVICE, Category.REMINDER)


def key_of(notice: Notice) -> tuple[str, str]:
    return str(notice.scope), notice.id


def room_for(notice: Notice, others: Mapping[tuple[str, str], Notice]) -> bool:
    """Whether the contract allows this one too; emergencies are counted for themselves."""
    urgent = notice.category is Category.EMERGENCY
    scopes = [
        n.scope for key, n in others.items() if (n.category is Category.EMERGENCY) is urgent and key != key_of(notice)
    ]
    in_unit, in_scope = (
        (EMERGENCIES_PER_UNIT, EMERGENCIES_PER_SCOPE) if urgent else (NOTICES_PER_UNIT, NOTICES_PER_SCOPE)
    )
    return len(scopes) < in_unit and scopes.count(notice.scope) < in_scope


def ended(notice: Notice, state: State) -> bool:
    """Withdrawn, or its `until` has surely passed. With the clock unknown nothing ends by time (D9)."""
    if notice.withdrawn:
        return True
    sure = state.now.sure_utc
    return sure is not None and notice.until_utc is not None and sure >= notice.until_utc


def begun(notice: Notice, state: State) -> bool:
    sure = state.now.sure_utc
    return sure is None or notice.from_utc is None or sure >= notice.from_utc


def queue(state: State) -> tuple[Notice, ...]:
    """Valid notices in their order: emergencies, then by priority, category and age. None in door-only mode (D11)."""
    if state.door_only:
        return ()
    valid = [n for n in state.board.notices.values() if begun(n, state) and not ended(n, state)]
    return tuple(sorted(valid, key=_rank))


def _rank(notice: Notice) -> tuple[bool, int, int, float, str, str]:
    emergency = notice.category is Category.EMERGENCY
    return (not emergency, -notice.priority, _CATEGORIES.index(notice.category), -notice.iat, *key_of(notice))


def following(state: State, valid: tuple[Notice, ...], screen: Screen) -> Notice:
    """The next in turn: one that was not shown yet, else an emergency and another by turns, so that many notices do not drown it."""
    for notice in valid:
        if _is_new(notice, state, screen):
            return notice
    urgent = [notice for notice in valid if notice.category is Category.EMERGENCY]
    calm = [notice for notice in valid if notice.category is not Category.EMERGENCY]
    if urgent and (not calm or screen.last != screen.last_urgent):
        return _after(urgent, screen.last_urgent)
    return _after(calm, screen.last_calm)


def _after(notices: list[Notice], last: tuple[str, str] | None) -> Notice:
    keys = [key_of(notice) for notice in notices]
    return notices[(keys.index(last) + 1) % len(notices)] if last in keys else notices[0]


def new_emergency(state: State, valid: tuple[Notice, ...], screen: Screen) -> Notice | None:
    """An emergency that begins now and was not shown yet: it does not wait for the end of another notice."""
    shows = state.board.notices.get(screen.showing) if screen.showing is not None else None
    if screen.lost or (shows is not None and shows.category is Category.EMERGENCY):
        return None
    for notice in valid:
        if notice.category is not Category.EMERGENCY:
            return None
        if _is_new(notice, state, screen):
            return notice
    return None


def _is_new(notice: Notice, state: State, screen: Screen) -> bool:
    """Not shown yet, and not begun here: what a display never draws to its end must not come before the others for ever."""
    mark = (*key_of(notice), notice.rev)
    return mark not in state.board.shown and mark not in screen.begun and key_of(notice) != screen.last


def timers(state: State) -> Iterator[Timer]:
    """When the next notice begins or ends, by the time that is sure. Which have begun the panel asks in every step."""
    sure, now = state.now.sure_utc, state.now
    if sure is None:
        return
    for notice in state.board.notices.values():
        if notice.from_utc is not None and notice.from_utc > sure:
            yield now.mono_at(notice.from_utc, sure), None
        if notice.until_utc is not None and not notice.withdrawn:
            yield now.mono_at(notice.until_utc, sure), _end


def _end(step: StepBuilder) -> None:
    """What has passed its `until`: taken off the screen at once, out of the cache, and told."""
    over = [n for n in step.state.board.notices.values() if not n.withdrawn and ended(n, step.state)]
    for notice in over:
        step.fact(NoticeEnded(str(notice.scope), notice.id, notice.rev))
    take_off(step, tuple(key_of(notice) for notice in over))


def take_off(step: StepBuilder, keys: tuple[tuple[str, str], ...], *, drop: bool = True) -> None:
    kept = {key: notice for key, notice in step.state.board.notices.items() if key not in keys}
    shown = frozenset(mark for mark in step.state.board.shown if mark[:2] not in keys)
    step.state = replace(step.state, board=replace(step.state.board, notices=kept, shown=shown))
    refused.room(step)
    off_screens(step, keys)
    if drop:
        step.emit(DropNotices(keys))


def off_screens(step: StepBuilder, keys: tuple[tuple[str, str], ...]) -> None:
    """A screen in the middle of one of these shows clock and sign at once."""
    now = step.now.mono
    step.state = replace(
        step.state,
        screens=tuple(
            replace(s, showing=None, pages=(), index=0, turn_at=now, stay=replace(s.stay, had_s=0.0))
            if s.showing in keys
            else s
            for s in step.state.screens
        ),
    )


def drawn(step: StepBuilder, display: str, token: int) -> None:
    """A notice counts as shown when its last page is on a display."""
    for screen in step.state.screens:
        if screen.plan.name != display or screen.token != token or screen.showing is None:
            continue
        notice = step.state.board.notices.get(screen.showing)
        if notice is None or screen.index + 1 < len(screen.pages) or screen.page != screen.pages[-1]:
            continue
        mark = (*screen.showing, notice.rev)
        if mark not in step.state.board.shown:
            step.state = replace(step.state, board=replace(step.state.board, shown=step.state.board.shown | {mark}))
            step.fact(NoticeShown(str(notice.scope), notice.id, notice.rev))
