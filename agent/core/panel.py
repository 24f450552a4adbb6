"""What each screen shows when: a function of state and time. Orders a page only when it changed; the pages themselves are `pages.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import board, entry, limits, pages, text
from agent.core.effects import Page, ShowPage
from agent.core.state import Screen, State
from agent.core.time import Trust
from agent.core.turn import Turn
from contract.messages import Category, Notice

_OVERLAYS = frozenset({"fire", "emergency", "answer", "entry"})
_MASK = "●"


def render(turn: Turn) -> None:
    """Order the pages that changed. Fire and emergency before an answer, that before an entry, notices in turn, clock and sign."""
    over = _overlay_kind(turn.state)
    for screen in turn.state.screens:
        page, flip_at = _page(turn, screen, over)
        if page != screen.page:
            token = turn.number()
            turn.emit(ShowPage(screen.plan.name, token, page))
            put(turn, replace(screen, token=token, page=page, flip_at=flip_at))
        elif flip_at != screen.flip_at:
            put(turn, replace(screen, flip_at=flip_at))


def put(turn: Turn, screen: Screen) -> None:
    turn.change(screens=tuple(screen if s.plan.name == screen.plan.name else s for s in turn.state.screens))


# --- which page


def _overlay_kind(state: State) -> str | None:
    if any(door.latched for door in state.doors):
        return "fire"
    if any(plan.alarm and state.health.inputs.get(plan.name) for plan in state.plan.inputs):
        return "emergency"
    if state.answer is not None and state.answer.until > state.now.mono:
        return "answer"
    if state.entries:
        return "entry"
    return None


def _page(turn: Turn, screen: Screen, over: str | None) -> tuple[Page, float | None]:
    """The page, and when the next one of the same telling is due."""
    if over is None and screen.showing is not None and screen.index < len(screen.pages):
        return screen.pages[screen.index], None
    told = _told(turn.state, screen, over)
    if over == "answer":
        _leave_time(turn, told)
    now = turn.now.mono
    at = told.index(screen.page) if screen.page in told else None
    if at is not None and (screen.flip_at is None or screen.flip_at > now):
        return told[at], screen.flip_at
    page = told[0 if at is None else (at + 1) % len(told)]
    stays = limits.IDLE_PAGE_S if over is None else text.reading_s(page.body)
    return page, now + stays if len(told) > 1 else None


def _told(state: State, screen: Screen, over: str | None) -> tuple[Page, ...]:
    display, answer = screen.plan, state.answer
    if over == "fire":
        return pages.told(state, display, "fire", "fire", {}, "fire")
    if over == "emergency":
        names = [p.name for p in state.plan.inputs if p.alarm and state.health.inputs.get(p.name)]
        words = "\n".join(pages.say(state, f"input.{name}", default=name) for name in names)
        return pages.told(state, display, "emergency", "emergency", {"inputs": words}, "warning")
    if over == "answer" and answer is not None:
        return pages.told(state, display, "answer", answer.key, answer.fields, answer.tone)
    typed = entry.newest(state)
    if over == "entry" and typed is not None:
        return pages.told(state, display, "entry", "entry", {"keys": _MASK * len(typed.keys)}, "none")
    return pages.idle(state, display)


def _leave_time(turn: Turn, told: tuple[Page, ...]) -> None:
    """A refusal stays as long as it takes to read: it says what to do. The next person's tap ends it at once."""
    answer = turn.state.answer
    if answer is not None and answer.tone == "no":
        until = answer.at + min(sum(text.reading_s(page.body) for page in told), limits.READING_MAX_S)
        if until > answer.until:
            turn.change(answer=replace(answer, until=until))


# --- turning


def tick(turn: Turn) -> None:
    """End answers, turn pages, give each notice its turn with clock and sign in between."""
    now = turn.now.mono
    if turn.state.answer is not None and turn.state.answer.until <= now:
        turn.change(answer=None)
    if _overlay_kind(turn.state) is not None:
        return
    queue = board.queue(turn.state)
    for screen in turn.state.screens:
        if screen.turn_at is None and screen.showing is None and queue:
            put(turn, replace(screen, turn_at=now + limits.READING_MIN_S if screen.last else now))
    for screen in turn.state.screens:
        urgent = board.new_emergency(turn.state, queue, screen)
        if urgent is not None:
            put(turn, show(turn, screen, urgent))
        elif screen.showing is not None and screen.page is not None and screen.page.kind in _OVERLAYS:
            due = now + text.reading_s(screen.pages[screen.index].body)  # nobody could read it under the answer
            put(turn, replace(screen, turn_at=due))
        elif screen.turn_at is not None and screen.turn_at <= now:
            put(turn, _turned(turn, screen, queue))


def _turned(turn: Turn, screen: Screen, queue: tuple[Notice, ...]) -> Screen:
    now = turn.now.mono
    if screen.showing is not None and screen.index + 1 < len(screen.pages):
        index = screen.index + 1
        return replace(screen, index=index, turn_at=now + text.reading_s(screen.pages[index].body))
    if screen.showing is not None:
        between = limits.IDLE_PAGE_S * len(pages.idle(turn.state, screen.plan))
        return replace(screen, showing=None, pages=(), index=0, turn_at=now + between if queue else None)
    if not queue:
        return replace(screen, turn_at=None)
    return show(turn, screen, board.following(turn.state, queue, screen))


def show(turn: Turn, screen: Screen, notice: Notice) -> Screen:
    """Begin this notice on the screen."""
    made = pages.of_notice(turn.state, screen.plan, notice)
    key = board.key_of(notice)
    urgent = notice.category is Category.EMERGENCY
    last_urgent, last_calm = (key, screen.last_calm) if urgent else (screen.last_urgent, key)
    due = turn.now.mono + text.reading_s(made[0].body)
    return replace(
        screen,
        showing=key,
        pages=made,
        index=0,
        last=key,
        last_urgent=last_urgent,
        last_calm=last_calm,
        turn_at=due,
    )


def deadlines(state: State) -> Iterator[float | None]:
    now = state.now
    over = _overlay_kind(state)
    if state.answer is not None:
        yield state.answer.until
    for screen in state.screens:
        yield screen.flip_at
        if over is None:
            yield screen.turn_at
    if now.clock is not Trust.UNKNOWN and state.screens:
        yield now.mono + 60.0 - now.utc % 60.0 + 0.001
