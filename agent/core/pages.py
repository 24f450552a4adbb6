"""Pages as values: the texts of catalogue, sign and notices, laid out for one display. When which of them shows is `panel.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from agent.core import laid, limits, weekly
from agent.core.effects import Page
from agent.core.laid import Texts
from agent.core.local import hh_mm, local_time
from agent.core.plan import Catalogue, DisplayPlan, Places, TextSize
from agent.core.state import State
from agent.core.state.people import TypedKeys
from agent.core.time import Trust
from contract.commands import Mode
from contract.messages import Category, Notice, Per, Poll

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HELP_INPUT = "help"
"""The wired input by which people call for help."""
_MASK, _STAR = "●", "*"
_NO_CLOCK = "--:--"
_JOINT = " · "
"""Between what is unusual, on one line."""
_OF_ITSELF = frozenset({"not_loaded", "lock_silent", "identify", "fire_reset", "fire_still_on", "late", "read_card"})
"""Answers in which the unit speaks of itself, whatever it says to the person."""


def message_pages(
    state: State, display: DisplayPlan, kind: str, key: str, fields: Mapping[str, str], tone: str, *, large: str = ""
) -> tuple[Page, ...]:
    """What whoever stands there is told: an answer, an emergency, a fire. Several pages where the display is small."""
    fields = {**contact_fields(state), "unit": state.plan.name, **fields}
    title, body = say(state, f"{key}.title", fields), say(state, f"{key}.body", fields, default="")
    if display.places:
        look = _look(kind, key, tone)
        return _designed(state, display, Texts(kind, look, title, body, _clock(state), tone, large=large))
    display = display.on(kind)
    pages = _bodies(display, title, body)
    footer = _clock(state)
    return tuple(_page(display, kind, title, body, footer, tone) for body in pages)


def _look(kind: str, key: str, tone: str) -> str:
    """Which picture a message has on a display with designed pages."""
    topic = key.partition(".")[0]
    if kind in ("fire", "emergency", "entry", "question"):
        return kind
    if topic in ("help", "said"):
        return "help"
    if topic == "missing":
        return "missing"
    if topic == "checkin" and tone == "yes":
        return "checkin"
    return tone if tone in ("yes", "no") and topic not in _OF_ITSELF else "state"


def entry(state: State, display: DisplayPlan, typed: TypedKeys) -> tuple[Page, ...]:
    """Keys as they are typed, masked: large where the display can, and then what to do stands below."""
    asked = "entry.pin" if typed.card else "entry"
    if not display.places:
        keys = _STAR * typed.starred + _MASK * typed.count
        return message_pages(state, display, "entry", asked, {"keys": keys}, "none")
    if typed.card:
        words = say(state, "entry.pin.do")
    else:
        words = say(state, "entry.do" if typed.starred or typed.count else "entry.how")
    large = _STAR * (typed.starred + typed.count)
    title = say(state, f"{asked}.title")
    return _designed(state, display, Texts("entry", "entry", title, words, _clock(state), large=large))


def _designed(state: State, display: DisplayPlan, told: Texts) -> tuple[Page, ...]:
    return laid.pages(_places(state, display), told, enlarged=_enlarged(state, display))


def _enlarged(state: State, display: DisplayPlan) -> bool:
    return state.enlarged and bool(display.enlarged)


def _places(state: State, display: DisplayPlan) -> Places:
    return display.enlarged if _enlarged(state, display) else display.places


def idle(state: State, display: DisplayPlan) -> tuple[Page, ...]:
    """Clock, date and the unit's sign; the worker's number before the grid's boundary. Several pages where the display is small."""
    if display.places:
        return _service(state, display) or _designed_idle(state, display)
    lacks = _service(state, display) if state.acceptance.due or not state.identified else ()
    if lacks:
        return lacks
    display = display.on("idle")
    date, sign = _date(state), _sign(state)
    lines = [_clock(state), *([date] if date else []), *sign.values()]
    footer = " ".join(_unusual_here(state)[:1])
    bodies = _bodies(display, state.plan.name, "\n".join(lines))
    return tuple(_page(display, "idle", state.plan.name, body, footer, "none") for body in bodies)


def _date(state: State, *, short: bool = False) -> str:
    """Empty while the clock is unknown. The short one is without the year."""
    if state.now.clock is Trust.UNKNOWN:
        return ""
    local = local_time(state.now)
    weekday = say(state, f"weekday.{_WEEKDAYS[local.weekday()]}")
    fields = {"year": str(local.year), "month": str(local.month), "day": str(local.day), "weekday": weekday}
    return say(state, "idle.date.short" if short else "idle.date", fields)


def _sign(state: State) -> dict[str, str]:
    """What there is of it, in words, in the order in which it stands."""
    sign = {key: state.sign.get(key, "") for key in ("community", "grid", "worker", "phone", "boundary")}
    sign |= on_duty(state)
    shown = [
        key for key in ("community", "grid", "worker", "boundary") if sign[key] or (key == "worker" and sign["phone"])
    ]
    return {key: say(state, f"sign.{key}", sign).strip() for key in shown}


def _unusual_here(state: State) -> list[str]:
    """What is unusual at the door: that it is locked down before all else."""
    modes = {door.in_force for door in state.doors}
    found = [say(state, "idle.lockdown")] if Mode.LOCKDOWN in modes else []
    found += [say(state, "idle.door_only")] if state.door_only else []
    found += [say(state, "idle.held")] if Mode.HOLD_OPEN in modes else []
    return found + ([say(state, "idle.unaccepted")] if state.acceptance.due else [])


def _unusual(state: State) -> list[str]:
    """And of the unit: its disk in trouble, or no network for some minutes."""
    found = _unusual_here(state)
    if state.health.trouble is not None:
        found.append(say(state, "idle.storage"))
    link = state.link
    down_s = state.now.mono - link.since
    if link.state in ("connecting", "down") and down_s >= limits.NO_NETWORK_S:
        known = state.now.clock is not Trust.UNKNOWN
        since = hh_mm(state.now, state.now.utc - down_s) if known else _NO_CLOCK
        found.append(say(state, "idle.no_link", {"since": since}))
    return found


def _designed_idle(state: State, display: DisplayPlan) -> tuple[Page, ...]:
    """Who is on duty in large letters at the bottom, where they have room there: the number at least."""
    places, sign = _places(state, display), _sign(state)
    contact = ""
    if "worker" in sign:
        *names, number = (line.strip() for line in sign["worker"].split("\n"))
        whole = " ".join((*names, number))
        if laid.holds(places, "idle", "contact", whole):
            contact, lines = whole, []
        elif names and laid.holds(places, "idle", "contact", number):
            contact, lines = number, names
        else:
            lines = [sign["worker"]]
        sign["worker"] = "\n".join(lines)
    body = "\n".join(line for line in sign.values() if line)
    footer = _JOINT.join(_unusual(state))
    date = _date(state)
    if not laid.holds(places, "idle", "aside", date):
        date = _date(state, short=True)
    told = Texts("idle", "idle", state.plan.name, body, footer, large=_clock(state), aside=date, contact=contact)
    return _designed(state, display, told)


def _service(state: State, display: DisplayPlan) -> tuple[Page, ...]:
    """In place of the sign: that the unit starts, or what it lacks before anybody can come in by a card."""
    known, trouble = state.access, state.health.trouble is not None
    if not known.loaded and not trouble:
        return message_pages(state, display, "idle", "not_loaded", {}, "none")
    if known.by_key or known.by_pin:
        return ()
    what = [say(state, "idle.storage")] if trouble else []
    if not state.identified:
        what.append(say(state, "missing.enrolment"))
    elif not state.sync.centre_online:
        what.append(say(state, "missing.centre"))
    what.append(say(state, "missing.cards"))
    key = "missing.new" if state.acceptance.due else "missing"  # who puts it in sees which unit it took itself for
    return message_pages(state, display, "idle", key, {"what": "\n".join(what)}, "none")


def question(state: State, display: DisplayPlan) -> tuple[Page, ...]:
    """What waits for an answer: a report that is to be sent, or what is asked of whoever just showed a card."""
    draft, asked = state.asking.draft, state.asking.question
    if draft is not None:
        fields = {"code": draft.code, "words": draft.words}
        return message_pages(state, display, "question", "report.ask", fields, "none")
    notice = None if asked is None else state.board.notices.get(asked.notice)
    if notice is None:
        return idle(state, display)
    fields = {"title": notice.title, "answers": _answers(state, notice)}
    again = asked is not None and asked.again
    return message_pages(state, display, "question", "ask.again" if again else "ask", fields, "none")


def emergencies(state: State) -> list[str]:
    """The names of inputs that are an emergency now. One by which people call for help is none."""
    return [p.name for p in state.plan.inputs if p.alarm and p.name != HELP_INPUT and state.health.inputs.get(p.name)]


def emergency(state: State, display: DisplayPlan) -> tuple[Page, ...]:
    words = "\n".join(say(state, f"input.{name}", default=name) for name in emergencies(state))
    return message_pages(state, display, "emergency", "emergency", {"inputs": words}, "warning")


def called(state: State) -> dict[str, str]:
    """Who was called by who calls for help."""
    return {"who": on_duty(state)["worker"] or say(state, "help.centre")}


def of_notice(state: State, display: DisplayPlan, notice: Notice) -> tuple[Page, ...]:
    """All pages of a notice, so that it changes at once and is never half drawn. One that is too long says so at its end."""
    category, urgent = say(state, f"category.{notice.category}"), notice.category is Category.EMERGENCY
    tone = "warning" if urgent else "none"
    if display.places:
        look = "urgent" if urgent else notice.category.value
        places = _places(state, display)
        words = _notice_words(state, notice, lambda body: not laid.too_long(places, look, notice.title, body))
        more = say(state, "notice.more")
        made = _designed(state, display, Texts("notice", look, notice.title, words, category, tone, more=more))
        size, count = places[look]["footer"][-1], len(made)
        return tuple(
            replace(page, footer=_foot(size, category, number, count)) for number, page in enumerate(made, start=1)
        )
    display = display.on("notice")
    size = _text_size(display)
    words = _notice_words(state, notice, lambda body: not laid.laid(size, _under(display, notice.title, body))[1])
    bodies = _bodies(display, notice.title, words, say(state, "notice.more"))
    return tuple(
        _page(display, "notice", notice.title, body, _numbered(category, number, len(bodies)), tone)
        for number, body in enumerate(bodies, start=1)
    )


def _numbered(category: str, number: int, count: int) -> str:
    return category if count == 1 else f"{category} {number}/{count}"


def _foot(size: TextSize, category: str, number: int, count: int) -> str:
    """The number alone where the category has no room beside it."""
    whole = _numbered(category, number, count)
    return whole if laid.fits_line(size, whole) else laid.one_line(size, f"{number}/{count}")


def _notice_words(state: State, notice: Notice, fits: Callable[[str], bool]) -> str:
    """What is asked stands behind the text, or ahead of it where the text is too long for all pages: it is never cut off."""
    if notice.ask is None:
        return notice.text
    is_open = isinstance(notice.ask, Poll) and notice.ask.per is Per.ANYONE
    asked = f"{_answers(state, notice)}\n{say(state, 'ask.anyone' if is_open else 'ask.card')}"
    behind = f"{notice.text}\n{asked}" if notice.text else asked
    return behind if fits(behind) else f"{asked}\n{notice.text}"


def _answers(state: State, notice: Notice) -> str:
    """Those there are, each with its digit."""
    if isinstance(notice.ask, Poll):
        return "\n".join(f"{number} {option}" for number, option in enumerate(notice.ask.options, 1))
    return say(state, "ask.rating")


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
    duty = on_duty(state)
    worker, phone = duty["worker"], duty["phone"]
    if not worker and not phone:
        return {"contact": say(state, "contact.nobody")}
    return {"contact": say(state, "contact.worker", {"worker": worker, "phone": phone}).strip()}


def on_duty(state: State) -> dict[str, str]:
    """`worker` and `phone` of now: whose hours it is, else the sign's own. With no idea of the time nobody's hours are known."""
    for each in () if state.now.clock is Trust.UNKNOWN else state.duty:
        if weekly.within(each.hours, state.now):
            return {"worker": each.worker, "phone": each.phone}
    return {"worker": state.sign.get("worker", ""), "phone": state.sign.get("phone", "")}


def _clock(state: State) -> str:
    return _NO_CLOCK if state.now.clock is Trust.UNKNOWN else hh_mm(state.now)


# --- lines of a display without designed pages


def _text_size(display: DisplayPlan) -> TextSize:
    return TextSize(display.columns, display.rows, display.charset)


def _under(display: DisplayPlan, title: str, words: str) -> str:
    """A title that is too long for its line, or has none, is told whole at the head of the body."""
    fits = display.titled and laid.fits_line(_text_size(display), title)
    return words if fits else laid.headed(title, words)


def _bodies(display: DisplayPlan, title: str, words: str, more: str = "") -> tuple[tuple[str, ...], ...]:
    return laid.bodies(_text_size(display), _under(display, title, words), more)


def _page(display: DisplayPlan, kind: str, title: str, body: tuple[str, ...], footer: str, tone: str) -> Page:
    size = _text_size(display)
    return Page(kind, laid.one_line(size, title), body, laid.one_line(size, footer), tone)
