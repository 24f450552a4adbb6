"""A notice or poll as it is typed into a form: read, and kept as it was typed where something is wrong. No page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from centre import notice_templates, settings
from centre.console.pages.place_tree import branches
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.notice_templates import Template
from centre.previews import SIZES, PanelForm, panels_told
from centre.roster_csv import moment
from centre.words import N_, _

FORM = "%Y-%m-%dT%H:%M"
"""Of a field datetime-local."""
PANELS = {"480x272": N_("4.3 inch"), "800x480": N_("7 inch"), "1024x600": N_("10.1 inch")}
TURNS = {"0": N_("lying"), "90": N_("upright")}
EMPTY = {"title": "", "text": "", "panel": "", "turn": "0"}
BEGIN_HOUR, HOURS_LONG, LASTS = 8, 4, timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Fault:
    """At a field of the form."""

    field: str
    words: str


def typed(visit: Visit) -> dict[str, str]:
    """Each field's last value, as it was typed."""
    return {name: value for name, value in visit.form.multi_items() if isinstance(value, str) and name != "csrftoken"}


def chosen(visit: Visit) -> list[str]:
    return [value for value in visit.form.getlist("scope") if isinstance(value, str)]


def moments(visit: Visit, values: Mapping[str, str], names: Mapping[str, str]) -> dict[str, float | None]:
    """By the names of what is asked, the times that were typed into these fields. Raises BadValueError."""
    found: dict[str, float | None] = {}
    for field, name in names.items():
        text = values.get(field, "").strip()
        try:
            found[name] = moment(text, visit.centre.site.zone, end=name == "until_utc") if text else None
        except ValueError as error:
            raise BadValueError(field, str(error)) from None
    return found


def check(values: Mapping[str, str], scopes: list[str]) -> None:
    """What a person leaves out most. Raises BadValueError."""
    if not values.get("title", "").strip():
        raise BadValueError("title", _("write a headline"))
    if len(values["title"]) > notice_templates.MAX_TITLE:
        raise BadValueError("title", _("at most {most} characters").format(most=notice_templates.MAX_TITLE))
    if len(values.get("text", "")) > notice_templates.MAX_TEXT:
        raise BadValueError("text", _("at most {most} characters").format(most=notice_templates.MAX_TEXT))
    if not scopes:
        raise BadValueError("scope", _("choose at least one place"))


def begun(visit: Visit, template: Template | None) -> dict[str, str]:
    """The fields of a new notice, with the hours filled in."""
    zone = visit.centre.site.zone
    first = datetime.fromtimestamp(visit.now, zone).replace(hour=BEGIN_HOUR, minute=0) + timedelta(days=1)
    last = first + timedelta(hours=HOURS_LONG)
    values = {
        "begin": first.strftime(FORM),
        "end": last.strftime(FORM),
        "category": "reminder",
        "title": "",
        "text": "",
    }
    values["until"] = (first.replace(hour=20) + LASTS).strftime(FORM)
    values["lang"] = visit.language
    return values if template is None else values | of_template(visit, template, values)


def of_template(visit: Visit, template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """What a template puts into the form; what it is about ends with its hours."""
    times = moments(visit, values, {"begin": "begin", "end": "end"})
    zone = visit.centre.site.zone
    found = {
        name: notice_templates.filled(text, times["begin"], times["end"], zone)
        for name, text in (("title", template.title), ("text", template.text))
    }
    found |= {"template": template.id, "category": template.category.value}
    return found | ({"until": values["end"]} if template.has_hours and values.get("end") else {})


def local(visit: Visit, utc: float | None) -> str:
    return "" if utc is None else datetime.fromtimestamp(utc, visit.centre.site.zone).strftime(FORM)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a notice is drawn on. `words`: which panel that is, and why that one."""

    form: PanelForm
    language: str
    words: str


def shown_on(visit: Visit, values: Mapping[str, str], scopes: list[str]) -> Shown:
    """The panel that was chosen, else the smallest of those places; letters and language as the settings there say."""
    known = visit.places
    with visit.centre.books.reading() as conn:
        ids = frozenset[str]().union(*(known.within.get(scope, frozenset()) for scope in scopes)) & visit.units
        places = known.units[min(ids)].places if ids else (f"site/{visit.site}",)
        said = settings.in_force(conn, places)
        told = panels_told(conn, ids)
    size, rotate = values.get("panel", ""), values.get("turn", "0")
    is_large = said.get("display", {}).get("size") == "large"
    if size in SIZES:
        form = PanelForm(size, int(rotate) if rotate in TURNS else 0, is_large)
        words = _(PANELS[size])
    elif told:
        form = next(iter(told))
        form = PanelForm(form.size, form.rotate, form.large or is_large)
        words = _("{size}: the smallest of the {count} screens that are known there")
        words = words.format(size=_(PANELS[form.size]), count=told.total())
    else:
        form = PanelForm(SIZES[0], 0, is_large)
        words = _("{size}, the smallest there is: no screen there has told its size").format(size=_(PANELS[form.size]))
    language = str(said.get("language") or "zh-CN")
    return Shown(form, language if language in ("zh-CN", "en") else "zh-CN", words)


def places(visit: Visit, scopes: list[str], opened: str = "") -> dict[str, Any]:
    """For the tree: the places, and how many units are in what was chosen."""
    known = visit.places
    nodes = known.tree(visit.units)
    inside = frozenset[str]().union(*(known.within.get(scope, frozenset()) for scope in scopes))
    return {
        "known": known,
        "branches": branches(nodes, scopes, {opened} if opened else ()),
        "count": len(inside & visit.units),
    }


def key() -> str:
    """Of one form: sent twice, it is put up once."""
    return secrets.token_hex(16)
