"""Pages as values: the texts of catalogue, sign and notices, laid out for one display. When which of them shows is `panel.py`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from agent.core import limits, text
from agent.core.effects import Page
from agent.core.local import hh_mm, local_time
from agent.core.plan import Catalogue, DisplayPlan
from agent.core.state import State
from agent.core.time import Trust
from contract.messages import Category, Notice

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TITLE_MAX = 200
"""Characters of a title (contract.md); longer ones come from the configuration alone."""


def message_pages(
    state: State, display: DisplayPlan, kind: str, key: str, fields: Mapping[str, str], tone: str
) -> tuple[Page, ...]:
    """What whoever stands there is told: an answer, an emergency, a fire. Several pages where the display is small."""
    display = display.on(kind)
    fields = {**contact_fields(state), "unit": state.plan.name, **fields}
    title = say(state, f"{key}.title", fields)
    bodies = _bodies(display, title, say(state, f"{key}.body", fields, default=""))
    footer = _clock(state)
    return tuple(_page(display, kind, title, body, footer, tone) for body in bodies)


def idle(state: State, display: DisplayPlan) -> tuple[Page, ...]:
    """Clock, date and the unit's sign; the worker's number before the grid's boundary. Several pages where the display is small."""
    display = display.on("idle")
    lines = [_clock(state)]
    if state.now.clock is not Trust.UNKNOWN:
        local = local_time(state.now)
        weekday = say(state, f"weekday.{_WEEKDAYS[local.weekday()]}")
        fields = {"year": str(local.year), "month": str(local.month), "day": str(local.day), "weekday": weekday}
        lines.append(say(state, "idle.date", fields))
    sign = {key: state.sign.get(key, "") for key in ("community", "grid", "worker", "phone", "boundary")}
    shown = [
        key for key in ("community", "grid", "worker", "boundary") if sign[key] or (key == "worker" and sign["phone"])
    ]
    lines += [say(state, f"sign.{key}", sign).strip() for key in shown]
    footer = say(state, "idle.door_only") if state.door_only else ""
    bodies = _bodies(display, state.plan.name, "\n".join(lines))
    return tuple(_page(display, "idle", state.plan.name, body, footer, "none") for body in bodies)


def of_notice(state: State, display: DisplayPlan, notice: Notice) -> tuple[Page, ...]:
    """All pages of a notice, so that it changes at once and is never half drawn. One that is too long says so at its end."""
    display = display.on("notice")
    category = say(state, f"category.{notice.category}")
    bodies = _bodies(display, notice.title, notice.text, say(state, "notice.more"))
    tone = "warning" if notice.category is Category.EMERGENCY else "none"
    pages = []
    for number, body in enumerate(bodies, start=1):
        footer = category if len(bodies) == 1 else f"{category} {number}/{len(bodies)}"
        pages.append(_page(display, "notice", notice.title, body, footer, tone))
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


# --- layout


def _bodies(display: DisplayPlan, title: str, words: str, more: str = "") -> tuple[tuple[str, ...], ...]:
    """The bodies of all pages. A title that is too long for its line, or has none, is told whole at the head of the first; words that are
    too long for all pages end in the line `more`.
    """
    wide = text.wide_ambiguous(display.charset)
    if not display.titled or text.width(text.drawable(title, display.charset), wide) > display.columns:
        words = f"{title[:_TITLE_MAX]}\n{words}"
    room = limits.PAGES_MAX * display.rows
    drawn = text.drawable(words[: room * display.columns], display.charset)
    lines = list(islice(text.wrap(drawn, display.columns, wide), room + 1))
    if more and (len(lines) > room or len(words) > room * display.columns):
        lines = [*lines[: room - 1], text.cut(text.drawable(more, display.charset), display.columns, wide)]
    return text.paged(iter(lines), display.rows)


def _page(display: DisplayPlan, kind: str, title: str, body: tuple[str, ...], footer: str, tone: str) -> Page:
    wide = text.wide_ambiguous(display.charset)
    title = text.cut(text.drawable(title, display.charset), display.columns, wide)
    footer = text.cut(text.drawable(footer, display.charset), display.columns, wide)
    return Page(kind, title, body, footer, tone)
