"""A unit at work, as far as its pages need one, from its configuration alone; and the pages that can be shown of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.config import Config, unit_plan
from agent.core import pages
from agent.core.controller import initial
from agent.core.effects import Page
from agent.core.plan import DisplayPlan
from agent.core.state import State
from agent.core.state.people import TypedKeys
from agent.core.time import Now, Trust
from agent.locale import load
from contract.frozen import frozen
from contract.messages import Category, Notice
from contract.scopes import Scope

SIGN = {"zh-CN": ("八大湖社区", "第21网格", "王敏"), "en": ("Badahu", "Grid 21", "Wang Min")}
"""Community, grid and worker: of a sign that the centre has not given yet."""
_PHONE = "5550 1234"


@frozen
class NoticeText:
    """Of a notice, as its author gives them."""

    title: str = ""
    text: str = ""
    category: Category = Category.SERVICE


def working(config: Config, language: str) -> State:
    """Now, with cards and a sign."""
    plan = replace(unit_plan(config, load()), language=language)
    state = initial(plan)
    utc = time.time()
    sign = dict(zip(("community", "grid", "worker"), SIGN[language], strict=True)) | {"phone": _PHONE}
    access = replace(state.access, loaded=True, by_key={"-": ()})
    offset = datetime.fromtimestamp(utc, ZoneInfo(plan.timezone)).utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    return replace(state, now=Now(0.0, utc, seconds, Trust.SYNCED), sign=sign, access=access)


Made = Callable[[State, DisplayPlan, NoticeText], tuple[Page, ...]]


def _told(kind: str, key: str, tone: str, **fields: str) -> Made:
    """`@name`: a text of the catalogue; `@time`, `@worker`: of now."""

    def made(state: State, display: DisplayPlan, words: NoticeText) -> tuple[Page, ...]:
        known = {"@worker": pages.on_duty(state)["worker"], "@time": pages.idle(state, display)[0].large}
        filled = {name: known.get(each) or pages.say(state, each.removeprefix("@")) for name, each in fields.items()}
        return pages.message_pages(state, display, kind, key, filled, tone)

    return made


def _notice(state: State, display: DisplayPlan, words: NoticeText) -> tuple[Page, ...]:
    made = Notice(Scope("unit", state.plan.unit), "shown", 1, state.now.utc, words.category, words.title, words.text)
    return pages.of_notice(state, display, made)


def _starting(state: State, display: DisplayPlan, words: NoticeText) -> tuple[Page, ...]:
    return pages.idle(replace(state, access=replace(state.access, loaded=False)), display)


def _missing(state: State, display: DisplayPlan, words: NoticeText) -> tuple[Page, ...]:
    return pages.idle(replace(state, access=replace(state.access, by_key={}, by_pin={})), display)


def _typed(state: State, display: DisplayPlan, words: NoticeText) -> tuple[Page, ...]:
    return pages.entry(state, display, TypedKeys(count=7, starred=True))


PAGES: Mapping[str, Made] = {
    "idle": lambda state, display, words: pages.idle(state, display),
    "notice": _notice,
    "yes": _told("answer", "granted", "yes"),
    "no": _told("answer", "denied.expired", "no"),
    "checkin": _told("answer", "checkin.saved", "yes", time="@time"),
    "entry": _typed,
    "question": _told("question", "report.ask", "none", code="21", words="@category.service"),
    "help": _told("answer", "help.called", "yes", who="@worker"),
    "emergency": _told("emergency", "emergency", "warning", inputs="@input.gas"),
    "fire": _told("fire", "fire", "fire"),
    "starting": _starting,
    "missing": _missing,
}
"""By what `--page` calls them."""
