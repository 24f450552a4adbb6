"""What each screen shows, as a page: a function of state and time. Orders a page only when it changed; knows no bytes and no fonts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agent.core import board, entry, limits, text
from agent.core.effects import Page, ShowPage
from agent.core.local import hh_mm, local_time
from agent.core.plan import Catalogue, DisplayPlan
from agent.core.state import Screen, State
from agent.core.time import Trust
from agent.core.turn import Turn
from contract.messages import Category, Notice

_OVERLAYS = frozenset({"fire", "emergency", "answer", "entry"})
_MASK = "●"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def render(turn: Turn) -> None:
    """Order the pages that changed. Fire and emergency before an answer, that before an entry, notices in turn, clock and sign."""
    over = _overlay_kind(turn.state)
    for screen in turn.state.screens:
        page = _page(turn.state, screen, over)
        if page != screen.page:
            token = turn.number()
            turn.emit(ShowPage(screen.plan.name, token, page))
            put(turn, replace(screen, token=token, page=page))


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


def _page(state: State, screen: Screen, over: str | None) -> Page:
    display = screen.plan
    if over == "fire":
        return _told(state, display, "fire", "fire", {}, "fire")
    if over == "emergency":
        names = [p.name for p in state.plan.inputs if p.alarm and state.health.inputs.get(p.name)]
        words = " ".join(say(state, f"input.{name}", default=name) for name in names)
        return _told(state, display, "emergency", "emergency", {"inputs": words}, "warning")
    if over == "answer" and state.answer is not None:
        return _told(state, display, "answer", state.answer.key, state.answer.fields, state.answer.tone)
    typed = entry.newest(state)
    if over == "entry" and typed is not None:
        return _told(state, display, "entry", "entry", {"keys": _MASK * len(typed.keys)}, "none")
    if screen.showing is not None and screen.index < len(screen.pages):
        return screen.pages[screen.index]
    return idle_page(state, display)


def _told(state: State, display: DisplayPlan, kind: str, key: str, fields: Mapping[str, str], tone: str) -> Page:
    fields = {**contact_fields(state), "unit": state.plan.name, **fields}
    title = say(state, f"{key}.title", fields)
    body = say(state, f"{key}.body", fields, default="")
    return _fit(display, kind, title, text.paged(_lines(display, body), display.rows)[0], _clock(state), tone)


def idle_page(state: State, display: DisplayPlan) -> Page:
    """Clock, date and the unit's sign."""
    known = state.now.clock is not Trust.UNKNOWN
    lines = [_clock(state)]
    if known:
        local = local_time(state.now)
        weekday = say(state, f"weekday.{_WEEKDAYS[local.weekday()]}")
        fields = {"year": str(local.year), "month": str(local.month), "day": str(local.day), "weekday": weekday}
        lines.append(say(state, "idle.date", fields))
    places = [key for key in ("community", "grid", "boundary") if state.sign.get(key)]
    lines += [say(state, f"sign.{key}", {key: state.sign[key]}) for key in places]
    if state.sign.get("worker") or state.sign.get("phone"):
        fields = {"worker": state.sign.get("worker", ""), "phone": state.sign.get("phone", "")}
        lines.append(say(state, "sign.worker", fields))
    footer = say(state, "idle.door_only") if state.door_only else ""
    body = text.paged(_lines(display, "\n".join(lines)), display.rows)[0]
    return _fit(display, "idle", state.plan.name, body, footer, "none")


def notice_pages(state: State, display: DisplayPlan, notice: Notice) -> tuple[Page, ...]:
    """All pages of a notice for this display, so that it changes at once and is never half drawn."""
    category = say(state, f"category.{notice.category}")
    most = limits.PAGES_MAX * display.rows * display.columns
    bodies = text.paged(_lines(display, notice.text[:most]), display.rows)
    pages = []
    for number, body in enumerate(bodies, start=1):
        footer = category if len(bodies) == 1 else f"{category} {number}/{len(bodies)}"
        tone = "warning" if notice.category is Category.EMERGENCY and number == 1 else "none"
        pages.append(_fit(display, "notice", notice.title, body, footer, tone))
    return tuple(pages)


# --- words


def catalogue(state: State) -> Catalogue:
    known = state.plan.catalogues
    return known.get(state.language) or known.get(state.plan.language) or next(iter(known.values()), {})


def say(state: State, key: str, fields: Mapping[str, str] | None = None, *, default: str | None = None) -> str:
    """A text of the catalogue. A text that is missing or does not fit its fields is shown as it is: never an error."""
    words = catalogue(state).get(key, key if default is None else default)
    try:
        return words.format(**(fields or {}))
    except (KeyError, IndexError, ValueError, AttributeError):
        return words


def contact_fields(state: State) -> dict[str, str]:
    """Whom to ask: the worker on duty by name and number, or the grid worker in general."""
    worker, phone = state.sign.get("worker", ""), state.sign.get("phone", "")
    if not worker and not phone:
        return {"contact": say(state, "contact.nobody")}
    return {"contact": say(state, "contact.worker", {"worker": worker, "phone": phone}).strip()}


def _clock(state: State) -> str:
    return "--:--" if state.now.clock is Trust.UNKNOWN else hh_mm(state.now)


def _lines(display: DisplayPlan, words: str) -> Iterator[str]:
    drawn = text.drawable(words, display.charset)
    return text.wrap(drawn, display.columns, text.wide_ambiguous(display.charset))


def _fit(display: DisplayPlan, kind: str, title: str, body: tuple[str, ...], footer: str, tone: str) -> Page:
    wide = text.wide_ambiguous(display.charset)
    title = text.cut(text.drawable(title, display.charset), display.columns, wide)
    footer = text.cut(text.drawable(footer, display.charset), display.columns, wide)
    return Page(kind, title, body, footer, tone)


# --- turning


def tick(turn: Turn) -> None:
    """End answers, turn pages, give each notice its turn with clock and sign in between."""
    now = turn.now.mono
    if turn.state.answer is not None and turn.state.answer.until <= now:
        turn.change(answer=None)
    if _overlay_kind(turn.state) is not None:
        return
    for screen in turn.state.screens:
        if screen.turn_at is None and screen.showing is None and board.queue(turn.state):
            put(turn, replace(screen, turn_at=now + limits.READING_MIN_S if screen.last else now))
    for screen in turn.state.screens:
        if screen.turn_at is None or screen.turn_at > now:
            continue
        covered = screen.page is not None and screen.page.kind in _OVERLAYS
        if covered and screen.showing is not None:
            put(turn, replace(screen, turn_at=now + limits.READING_MIN_S))  # nobody could read it under the answer
        else:
            put(turn, _turned(turn, screen))


def _turned(turn: Turn, screen: Screen) -> Screen:
    now = turn.now.mono
    if screen.showing is not None and screen.index + 1 < len(screen.pages):
        index = screen.index + 1
        return replace(screen, index=index, turn_at=now + text.reading_s(screen.pages[index].body))
    queue = board.queue(turn.state)
    if screen.showing is not None:
        wait = now + limits.BETWEEN_NOTICES_S if queue else None
        return replace(screen, showing=None, pages=(), index=0, turn_at=wait)
    if not queue:
        return replace(screen, turn_at=None)
    return show(turn, screen, board.following(turn.state, queue, screen.last))


def show(turn: Turn, screen: Screen, notice: Notice) -> Screen:
    """Begin this notice on the screen."""
    pages = notice_pages(turn.state, screen.plan, notice)
    key = board.key_of(notice)
    due = turn.now.mono + text.reading_s(pages[0].body)
    return replace(screen, showing=key, pages=pages, index=0, last=key, turn_at=due)


def deadlines(state: State) -> Iterator[float | None]:
    now = state.now
    over = _overlay_kind(state)
    if state.answer is not None:
        yield state.answer.until
    if over is None:
        for screen in state.screens:
            yield screen.turn_at
    if now.clock is not Trust.UNKNOWN and state.screens:
        yield now.mono + 60.0 - now.utc % 60.0 + 0.001
