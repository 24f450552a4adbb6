"""What each screen shows when: a function of state and time. Orders a page only when it changed; the pages themselves are `pages.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import entry, helping, limits, notice_board, pages, text
from agent.core.effects import Page, ShowPage
from agent.core.state import State
from agent.core.state.panel import Screen, Stay
from agent.core.state.people import TypedKeys
from agent.core.step_builder import StepBuilder
from agent.core.time import Trust
from agent.core.timer import Timer
from contract.messages import Category, Notice

ORDER = ("fire", "emergency", "answer", "entry", "read_card", "question", "said", "help")
"""What covers notices, clock and sign, from the strongest: who acts at the door sees what they do. What that covers of a call for help comes after it."""


def render(step: StepBuilder) -> None:
    """Order the pages that changed: the first of ORDER, else notices in turn, clock and sign."""
    over = overlay_kind(step.state)
    helping.shows(step, over)
    for screen in step.state.screens:
        page, turned = _page(step, screen, over)
        if page != screen.page:
            token = step.number()
            step.emit(ShowPage(screen.plan.name, token, page))
            put(step, replace(turned, token=token, page=page))
        elif turned != screen:
            put(step, turned)


def put(step: StepBuilder, screen: Screen) -> None:
    screens = tuple(screen if s.plan.name == screen.plan.name else s for s in step.state.screens)
    if screens != step.state.screens:
        step.state = replace(step.state, screens=screens)


def _with(screen: Screen, **changes: object) -> Screen:
    """As `replace`. In most steps nothing changes: that costs less than a copy."""
    same = all(getattr(screen, name) == value for name, value in changes.items())
    return screen if same else replace(screen, **changes)  # type: ignore[arg-type]  # the names are of this module


# --- which page


def overlay_kind(state: State) -> str | None:
    """What is shown in place of notices, clock and sign."""
    there = {
        "fire": any(door.latched for door in state.doors),
        "emergency": bool(pages.emergencies(state)),
        "answer": state.answer is not None and state.answer.until > state.now.mono,
        "entry": bool(state.entries),
        "read_card": state.commands.card_wait is not None,
        "question": bool(state.asking.drafts or state.asking.questions),
        "said": state.said is not None,
        "help": helping.page_key(state) is not None,
    }
    return next((kind for kind in ORDER if there[kind]), None)


def _page(step: StepBuilder, screen: Screen, over: str | None) -> tuple[Page, Screen]:
    """The page, and the screen with when the next one of the same telling is due."""
    if over is None and screen.showing is not None and screen.index < len(screen.pages):
        return screen.pages[screen.index], _with(screen, flip_at=None)
    if over is None:
        return _idle(step, screen)
    message_pages = _told(step.state, screen, over)
    if over == "answer":
        _leave_time(step, message_pages)
    now = step.now.mono
    at = message_pages.index(screen.page) if screen.page in message_pages else None
    if at is not None and (screen.flip_at is None or screen.flip_at > now):
        return message_pages[at], screen
    page = message_pages[0 if at is None else (at + 1) % len(message_pages)]
    return page, replace(screen, flip_at=now + text.reading_s(page.body) if len(message_pages) > 1 else None)


def _idle(step: StepBuilder, screen: Screen) -> tuple[Page, Screen]:
    """Clock and sign, each page for its time; after an answer or a notice they go on where they were."""
    message_pages, now = pages.idle(step.state, screen.plan), step.now.mono
    stay = _resumed(screen.idle_stay, now)
    index = screen.idle
    if _due(stay, limits.IDLE_PAGE_S) <= now:
        index, stay = index + 1, Stay(0.0, now)
    index %= len(message_pages)
    flip_at = _due(stay, limits.IDLE_PAGE_S) if len(message_pages) > 1 else None
    return message_pages[index], _with(screen, idle=index, idle_stay=stay, flip_at=flip_at)


def _told(state: State, screen: Screen, over: str | None) -> tuple[Page, ...]:
    display, answer = screen.plan, state.answer
    if over == "fire":
        return pages.message_pages(state, display, "fire", "fire", {}, "fire")
    if over == "emergency":
        return pages.emergency(state, display)
    if over == "answer" and answer is not None:
        return pages.message_pages(state, display, "answer", answer.key, answer.fields, answer.tone)
    if over == "said" and state.said is not None:
        return pages.message_pages(state, display, "answer", "said", {"text": state.said.text}, "yes")
    if over == "help":
        return pages.message_pages(state, display, "answer", helping.page_key(state) or "", pages.called(state), "yes")
    if over == "read_card":
        return pages.message_pages(state, display, "answer", "read_card", {}, "none")
    if over == "question":
        return pages.question(state, display)
    return pages.entry(state, display, entry.newest(state) or TypedKeys())


def _leave_time(step: StepBuilder, message_pages: tuple[Page, ...]) -> None:
    """A refusal stays as long as it takes to read: it says what to do. The next person's tap ends it at once."""
    answer = step.state.answer
    if answer is not None and answer.tone == "no":
        until = answer.at + min(sum(text.reading_s(page.body) for page in message_pages), limits.READING_MAX_S)
        if until > answer.until:
            step.state = replace(step.state, answer=replace(answer, until=until))


# --- turning


def timers(state: State) -> Iterator[Timer]:
    """Answers end, and notices turn, with clock and sign in between. Pages of what is told flip as they are drawn, in every step."""
    now = state.now
    if state.answer is not None:
        yield state.answer.until, _end_answer
    over = overlay_kind(state)
    for screen in state.screens:
        if screen.flip_at is not None:
            yield screen.flip_at, None
        if over is None and screen.turn_at is not None:
            yield screen.turn_at, partial(_turn, name=screen.plan.name)
    if now.clock is not Trust.UNKNOWN and state.screens:
        yield now.mono + 60.0 - now.utc % 60.0 + 0.001, None


def _end_answer(step: StepBuilder) -> None:
    step.state = replace(step.state, answer=None)


def _turn(step: StepBuilder, name: str) -> None:
    screen = next(each for each in step.state.screens if each.plan.name == name)
    put(step, _turned(step, screen, notice_board.queue(step.state)))


def follow(step: StepBuilder) -> None:
    """In every step: what an answer covers goes on after it, an emergency begins at once, and the first notice's turn is set."""
    now = step.now.mono
    if overlay_kind(step.state) is not None:
        for screen in step.state.screens:
            put(step, _covered(screen, now))
        return
    queue = notice_board.queue(step.state)
    for each in step.state.screens:
        screen = _uncovered(step.state, each)
        if screen.turn_at is None and screen.showing is None and queue:
            screen = replace(screen, turn_at=now + limits.READING_MIN_S if screen.last else now)
        urgent = notice_board.new_emergency(step.state, queue, screen)
        if urgent is not None:
            screen = show(step, screen, urgent)
        put(step, screen)


def _covered(screen: Screen, now: float) -> Screen:
    return _with(screen, stay=_paused(screen.stay, now), idle_stay=_paused(screen.idle_stay, now))


def _uncovered(state: State, screen: Screen) -> Screen:
    """Under an answer nobody could read: what is in turn gets what it lacks of its time."""
    if screen.stay.since is not None:
        return screen
    stay = _resumed(screen.stay, state.now.mono)
    due = screen.turn_at
    if screen.showing is not None:
        due = _due(stay, text.reading_s(screen.pages[screen.index].body))
    elif due is not None:
        due = _due(stay, _between_s(state, screen))
    return _with(screen, stay=stay, turn_at=due)


def _paused(stay: Stay, now: float) -> Stay:
    return stay if stay.since is None else Stay(stay.had_s + max(0.0, now - stay.since))


def _resumed(stay: Stay, now: float) -> Stay:
    return stay if stay.since is not None else replace(stay, since=now)


def _due(stay: Stay, whole_s: float) -> float:
    """When it has been read. After an interruption it stays long enough to be found again, unless it has had its whole time."""
    since = 0.0 if stay.since is None else stay.since
    if stay.had_s >= whole_s:
        return since
    return since + max(min(limits.READING_MIN_S, whole_s), whole_s - stay.had_s)


def _between_s(state: State, screen: Screen) -> float:
    return limits.IDLE_PAGE_S * len(pages.idle(state, screen.plan))


def _turned(step: StepBuilder, screen: Screen, queue: tuple[Notice, ...]) -> Screen:
    now = step.now.mono
    if screen.showing is not None and screen.index + 1 < len(screen.pages):
        index = screen.index + 1
        due = now + text.reading_s(screen.pages[index].body)
        return replace(screen, index=index, turn_at=due, stay=Stay(0.0, now))
    if screen.showing is not None:
        due = now + _between_s(step.state, screen)
        return replace(screen, showing=None, pages=(), index=0, turn_at=due if queue else None, stay=Stay(0.0, now))
    if not queue:
        return replace(screen, turn_at=None)
    return show(step, screen, notice_board.following(step.state, queue, screen))


def show(step: StepBuilder, screen: Screen, notice: Notice) -> Screen:
    """Begin this notice on the screen. Under an answer its time begins after that."""
    made = pages.of_notice(step.state, screen.plan, notice)
    key = notice_board.key_of(notice)
    urgent = notice.category is Category.EMERGENCY
    last_urgent, last_calm = (key, screen.last_calm) if urgent else (screen.last_urgent, key)
    now = step.now.mono
    due = now + text.reading_s(made[0].body)
    return replace(
        screen,
        begun=_begun(step.state, screen, notice),
        showing=key,
        pages=made,
        index=0,
        last=key,
        last_urgent=last_urgent,
        last_calm=last_calm,
        turn_at=due,
        stay=Stay(0.0, None if screen.stay.since is None else now),
        idle_stay=_paused(screen.idle_stay, now),
    )


def _begun(state: State, screen: Screen, notice: Notice) -> frozenset[tuple[str, str, int]]:
    """With this one, of those that are in force."""
    here = {(*key, each.rev) for key, each in state.board.notices.items()}
    return (screen.begun & here) | {(*notice_board.key_of(notice), notice.rev)}
