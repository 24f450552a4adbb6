"""A new notice, or another text for one that stands: template, hours, places, and how a panel will draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from centre import notice_list, notice_templates
from centre.console.calls import notice_templates as template_calls
from centre.console.calls import notices as calls
from centre.console.calls.notice_templates import SaveTemplate, TemplateName
from centre.console.calls.notices import ChangeNotice, PutNotice
from centre.console.errors import NotThereError
from centre.console.look import as_json
from centre.console.page import Pages
from centre.console.pages import notice_form, place_tree
from centre.console.pages.notice_form import Fault
from centre.console.pages.notices import CATEGORIES, address
from centre.console.visit import Said, Visit
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.permits import Doing
from centre.previews import ALL_PAGES, FIRST_PAGES, Preview
from centre.scope_tree import Node
from centre.words import _
from contract.messages import Category, Notice, Per, Poll
from contract.scopes import Scope

PAGES = Pages()
TIMES = {"from": "from_utc", "until": "until_utc"}
ICONS = {
    **{same: same for same in ("water", "power", "lift", "fire", "storm")},
    "gas": "fire",
    "gas_leak": "fire",
    "policy": "record",
}


@PAGES.get("/notices/new", Doing.NOTICE)
def new(visit: Visit) -> Response:
    asked = visit.request.query_params
    templates = notice_templates.listed(visit.centre)
    values = notice_form.begun(visit, next((each for each in templates if each.id == asked.get("template")), None))
    if copied := asked.get("copy"):
        values |= _copied(visit, copied)
    scopes = [scope for scope in asked.getlist("scope") if len(scope) <= 64][: notice_list.PAGE]
    return _form(visit, values, scopes, opened=asked.get("open", ""))


def _copied(visit: Visit, name: str) -> dict[str, str]:
    last = notice_list.last_text(calls.look(visit, name).revisions)
    return {} if last is None else {"title": last.title, "text": last.text, "category": last.category.value}


@PAGES.post("/notices/new", Doing.NOTICE)
def put(visit: Visit) -> Response:
    values, scopes, do = notice_form.typed(visit), notice_form.chosen(visit), visit.form.get("do")
    try:
        if do == "fill":
            return _form(visit, values | _filled(visit, values), scopes)
        if do == "save":
            return _form(visit, values | _saved(visit, values), scopes)
        if do == "preview":
            return _form(visit, values, scopes, drawn=_drawn(visit, values, scopes))
        notice_form.check(values, scopes)
        done = calls.notice_put(visit, visit.ask(PutNotice, **notice_form.moments(visit, values, TIMES)))
    except BadValueError as error:
        return _form(visit, values, scopes, Fault(_field(error.name), _plain(error)))
    except ForbiddenError as error:
        return _form(visit, values, scopes, Fault("scope", str(error)))
    except CentreError as error:
        return _form(visit, values, scopes, Fault("title", str(error)))
    words = _("Published to {units} doors. Each one tells when it is on its screen.").format(units=done.units)
    return visit.go(address(done.notices[0]) if len(done.notices) == 1 else "/notices", Said("well", words))


@PAGES.get("/notices/notice/{notice}/change", Doing.NOTICE)
def change_asked(visit: Visit) -> Response:
    row = calls.mine(visit, visit.request.path_params["notice"])
    last = notice_list.last_text(calls.look(visit, row.id).revisions)
    if last is None or row.state != "up":
        return visit.go(address(row.id), Said("look", _("It is down, and cannot be changed any more.")))
    times = {"from": notice_form.local(visit, last.from_utc), "until": notice_form.local(visit, last.until_utc)}
    values = {"title": last.title, "text": last.text, "category": last.category.value, "lang": last.lang, **times}
    return _form(visit, values, [row.scope], changed=row.id)


@PAGES.post("/notices/notice/{notice}/change", Doing.NOTICE)
def change(visit: Visit) -> Response:
    row = calls.mine(visit, visit.request.path_params["notice"])
    values = notice_form.typed(visit)
    try:
        if visit.form.get("do") == "preview":
            drawn = _drawn(visit, values, [row.scope])
            return _form(visit, values, [row.scope], drawn=drawn, changed=row.id)
        notice_form.check(values, [row.scope])
        times = notice_form.moments(visit, values, TIMES)
        done = calls.notice_changed(visit, visit.ask(ChangeNotice, notice=row.id, **times))
    except BadValueError as error:
        return _form(visit, values, [row.scope], Fault(_field(error.name), _plain(error)), changed=row.id)
    except CentreError as error:
        return _form(visit, values, [row.scope], Fault("title", str(error)), changed=row.id)
    return visit.go(address(row.id), Said("well", _("Changed on {units} doors.").format(units=done.units)))


def _form(
    visit: Visit,
    values: Mapping[str, str],
    scopes: list[str],
    fault: Fault | None = None,
    *,
    drawn: Drawn | None = None,
    opened: str = "",
    changed: str | None = None,
) -> Response:
    templates = notice_templates.listed(visit.centre)
    known = [
        {"id": each.id, "category": each.category.value, "title": each.title, "text": each.text} for each in templates
    ]
    return visit.page(
        "notice_new.html",
        422 if fault is not None else 200,
        values={"key": notice_form.key(), "lang": visit.language, **notice_form.EMPTY, **values},
        fault=fault,
        drawn=drawn,
        changed=changed,
        place=_place_words(visit, changed, scopes),
        templates=[(each.id, each.name, ICONS.get(each.id, "notice"), each.own) for each in templates],
        template_data=as_json(known),
        categories=[(each.value, _(words)) for each, words in CATEGORIES.items()],
        panels=[(size, _(words)) for size, words in notice_form.PANELS.items()],
        turns=[(turn, _(words)) for turn, words in notice_form.TURNS.items()],
        **notice_form.places(visit, scopes, opened),
    )


def _place_words(visit: Visit, changed: str | None, scopes: list[str]) -> str:
    if changed is None:
        return ""
    return visit.places.words(scopes[0])


def _filled(visit: Visit, values: Mapping[str, str]) -> dict[str, str]:
    wanted = values.get("template", "")
    template = next((each for each in notice_templates.listed(visit.centre) if each.id == wanted), None)
    return {} if template is None else notice_form.of_template(visit, template, values)


def _saved(visit: Visit, values: Mapping[str, str]) -> dict[str, str]:
    notice_form.check(values, ["-"])
    if not values.get("name", "").strip():
        raise BadValueError("name", _("how is it to be called?"))
    made = template_calls.template_saved(visit, visit.ask(SaveTemplate))
    return {"template": made.id, "name": ""}


def _field(name: str) -> str:
    return {"from_utc": "from", "until_utc": "until"}.get(name, name)


def _plain(error: BadValueError) -> str:
    """Without the name in front: it stands at its field."""
    return str(error).removeprefix(f"{error.name}: ")


@PAGES.post("/notices/templates/{template}/remove", Doing.NOTICE)
def template_removed(visit: Visit) -> Response:
    template_calls.template_removed(visit, TemplateName(visit.request.path_params["template"]))
    return visit.go("/notices/new", Said("well", _("The template is gone.")))


@PAGES.get("/notices/places", Doing.NOTICE)
def places_part(visit: Visit) -> Response:
    """What lies in a place, or matches what was typed."""
    known, asked = visit.places, visit.request.query_params
    nodes = known.tree(visit.units)
    if text := asked.get("q", "").strip():
        found: Sequence[Node] = place_tree.matching(known, nodes, text)
    else:
        inside = place_tree.found(nodes, asked.get("in", ""))
        if inside is None:
            raise NotThereError(_("no such place"))
        found = inside.children
    kind = "radio" if asked.get("kind") == "radio" else "checkbox"
    return visit.page("notice_places_part.html", known=known, branches=place_tree.branches(found, ()), kind=kind)


# --- as a panel draws it


@dataclass(frozen=True, slots=True)
class Drawn:
    """`words`: on which panel."""

    preview: Preview
    words: str


@PAGES.post("/notices/preview", Doing.NOTICE)
def preview_part(visit: Visit) -> Response:
    values, scopes = notice_form.typed(visit), notice_form.chosen(visit)
    try:
        drawn, fault = _drawn(visit, values, scopes), None
    except CentreError as error:
        drawn, fault = None, str(error)
    return visit.page("notice_preview_part.html", drawn=drawn, fault=fault)


def _drawn(visit: Visit, values: Mapping[str, str], scopes: list[str]) -> Drawn:
    notice_form.check(values, ["-"])
    on = notice_form.shown_on(visit, values, scopes)
    most = ALL_PAGES if values.get("pages") == "all" else FIRST_PAGES
    return Drawn(visit.desk.previews.of(_as_notice(visit, values), on.form, on.language, most), on.words)


def _as_notice(visit: Visit, values: Mapping[str, str]) -> Notice:
    """As it would go out, so far as that can be seen."""
    options = _options(values)
    ask = Poll(options, Per(values["per"]) if values.get("per") in list(Per) else Per.ROOM) if options else None
    try:
        category = Category.SERVICE if ask else Category(values.get("category", "reminder"))
    except ValueError:
        raise BadValueError("category", _("no such category")) from None
    scope = Scope("site", visit.site)
    return Notice(scope, "preview", 1, 1.0, category, values["title"], values.get("text", ""), lang="zh-CN", ask=ask)


def _options(values: Mapping[str, str]) -> tuple[str, ...]:
    lines = [line.strip() for line in values.get("options", "").splitlines()]
    return tuple(line for line in lines if line)


@PAGES.get("/notices/notice/{notice}/drawn")
def drawn(visit: Visit) -> Response:
    """The first page of what stood last, on the smallest panel."""
    found = calls.look(visit, visit.request.path_params["notice"])
    last = notice_list.last_text(found.revisions)
    if last is None:
        raise NotThereError(_("no such picture any more"))
    on = notice_form.shown_on(visit, {}, [found.row.scope])
    return _png(visit.desk.previews.of(last, on.form, on.language).pictures[0])


@PAGES.get("/notices/picture/{key}/{number:number}")
def picture(visit: Visit) -> Response:
    """Of a preview that was drawn lately."""
    kept = visit.desk.previews.kept(visit.request.path_params["key"])
    number = visit.request.path_params["number"]
    if kept is None or not 1 <= number <= len(kept.pictures):
        raise NotThereError(_("no such picture any more"))
    return _png(kept.pictures[number - 1])


def _png(data: bytes) -> Response:
    return Response(data, media_type="image/png", headers={"cache-control": "private, max-age=3600"})
