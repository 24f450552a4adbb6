"""Reports and orders of services: what is open, with whom, since when; one case; where and when; how content people are."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from centre import case_heat, field_entries, recipients
from centre.console.call import Nothing
from centre.console.calls import reports as calls
from centre.console.calls.reports import (
    AddRecipient,
    AnswerCase,
    AssignCase,
    CaseName,
    CasesAsk,
    CaseSeen,
    CloseCase,
    FiguresAsk,
    HeatAsk,
    RecipientName,
)
from centre.console.page import Entry, Pages
from centre.console.visit import Said, Visit
from centre.errors import BadValueError, CentreError
from centre.names import named
from centre.permits import Doing
from centre.recipients import RecipientKind
from centre.words import N_, _

PAGES = Pages(Entry("/reports", N_("Reports"), "report"))
STAGES = (
    ("filed", N_("New")),
    ("assigned", N_("With somebody")),
    ("answered", N_("Answered")),
    ("closed", N_("Closed")),
)
IN_COLUMN = 20
"""Cases of a column of the board; the others are in the table."""
BOARD_DAYS = 30
"""What is settled stands on the board for so long."""
KINDS = {
    "grid": N_("grid"),
    "community": N_("community"),
    "street": N_("street"),
    "police": N_("police"),
    "partner": N_("partner"),
    "volunteer": N_("volunteers"),
}
PLACES = (
    ("yard", N_("Yard")),
    ("building", N_("Building")),
    ("grid", N_("Grid")),
    ("community", N_("Community")),
    ("unit", N_("Unit")),
)
SPANS = (
    ("7", N_("a week")),
    ("30", N_("a month")),
    ("90", N_("three months")),
    ("365", N_("a year")),
    ("0", N_("ever")),
)


def _common(visit: Visit) -> dict[str, Any]:
    with visit.centre.books.reading() as conn:
        known = recipients.known(conn)
    return {
        "name_of": visit.places.name_of,
        "place_of": visit.places.words,
        "to_name": lambda name: known[name].name if name in known else name,
        "known": [(each.id, each.name) for each in known.values()],
        "named": named,
        "may_assign": visit.may(Doing.ASSIGN),
        "may_answer": visit.may(Doing.ANSWER),
        "duration": duration,
        "spans": [(value, _(words)) for value, words in SPANS],
    }


def duration(seconds: float | None) -> str:
    """In the unit that a person would say it in."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("{minutes} min").format(minutes=minutes)
    return (
        _("{hours:.1f} h").format(hours=minutes / 60)
        if minutes < 2880
        else _("{days:.1f} days").format(days=minutes / 1440)
    )


def _tabs(visit: Visit, here: str) -> list[tuple[str, str, bool, int | None]]:
    rows = [
        ("/reports", _("Still open")),
        ("/reports/table", _("All")),
        ("/reports/heat", _("Where and when")),
        ("/reports/figures", _("Satisfaction")),
        ("/notices/polls", _("Polls")),
    ]
    rows += [("/reports/recipients", _("Whom they go to"))] if visit.may(Doing.RECIPIENTS) else []
    return [(address, words, address == here, None) for address, words in rows]


@PAGES.get("/reports")
def reports(visit: Visit) -> Response:
    return visit.page("reports.html", tabs_of=_tabs(visit, "/reports"), columns=_board(visit), **_common(visit))


@PAGES.get("/reports/board")
def board_part(visit: Visit) -> Response:
    return visit.page("reports_board_part.html", columns=_board(visit), **_common(visit))


def _board(visit: Visit) -> list[tuple[str, str, list[CaseSeen], int]]:
    """By stage: its words, the first of its cases, and how many there are."""
    found = calls.of_person(visit, calls.wanted(visit, CasesAsk()))
    recent = visit.now - BOARD_DAYS * calls.DAY_S
    made = []
    for stage, words in STAGES:
        mine = [each for each in found if each.stage == stage]
        if stage in ("answered", "closed"):
            mine = sorted(
                (each for each in mine if each.steps[-1].at_utc >= recent), key=lambda each: -each.steps[-1].at_utc
            )
        else:
            mine = sorted(mine, key=lambda each: (not each.overdue(visit.now), each.due_utc))
        made.append((stage, _(words), [calls.seen(each, visit.now) for each in mine[:IN_COLUMN]], len(mine)))
    return made


@PAGES.get("/reports/table")
def table(visit: Visit) -> Response:
    ask = visit.ask(CasesAsk)
    found = calls.find_cases(visit, ask)
    asked = {name: value for name, value in visit.request.query_params.items() if name != "page" and value}
    pages = [
        f"/reports/table?{urlencode({**asked, 'page': at})}" if 0 <= at * calls.PAGE < max(found.count, 1) else None
        for at in (ask.page - 1, ask.page + 1)
    ]
    first = ask.page * calls.PAGE
    words = _("{first} to {last} of {count}").format(
        first=first + 1 if found.cases else 0, last=first + len(found.cases), count=found.count
    )
    return visit.page(
        "reports_table.html",
        tabs_of=_tabs(visit, "/reports/table"),
        ask=ask,
        found=found,
        before=pages[0],
        after=pages[1],
        words=words,
        **_common(visit),
    )


@PAGES.get("/reports/heat")
def heat(visit: Visit) -> Response:
    ask = visit.ask(HeatAsk)
    mine = calls.heat_cases(visit, ask)
    counts = case_heat.on_map(mine, ask.place, visit.places)
    most = max(counts.values(), default=0)
    all_cases = calls.of_person(visit, calls.wanted(visit, CasesAsk()))
    words = {each.filed.fact.code: calls.seen(each, visit.now).what for each in all_cases if each.code is not None}
    codes = sorted({each.filed.fact.code for each in all_cases})
    return visit.page(
        "reports_heat.html",
        tabs_of=_tabs(visit, "/reports/heat"),
        ask=ask,
        heat=case_heat.heat(mine, ask.place, visit.centre.site.zone),
        layer={
            "rest": "hidden",
            "heat": {scope: (case_heat.shade(count, most), count) for scope, count in counts.items()},
        },
        shades=case_heat.shades(most),
        hours=[("", _("all"))] + [(str(at), words) for at, words in enumerate(case_heat.columns())],
        columns=case_heat.columns(),
        codes=[("", _("all"))] + [(code, f"{code} {words[code]}" if code in words else code) for code in codes],
        places=[(level, _(words)) for level, words in PLACES],
        code_words=words,
        **_common(visit),
    )


@PAGES.get("/reports/figures")
def figures(visit: Visit) -> Response:
    ask = visit.ask(FiguresAsk)
    found = calls.cases_figures(visit, ask)
    return visit.page(
        "reports_figures.html", tabs_of=_tabs(visit, "/reports/figures"), ask=ask, found=found, **_common(visit)
    )


# --- one case


@PAGES.get("/reports/case/{case}")
def case(visit: Visit) -> Response:
    return _case(visit, visit.request.path_params["case"])


def _case(visit: Visit, name: str, wrong: BadValueError | None = None, kept: dict[str, str] | None = None) -> Response:
    found = calls.one_case(visit, CaseName(name))
    return visit.page(
        "reports_case.html",
        200 if wrong is None else 400,
        found=found,
        wrong=wrong,
        kept=kept or {},
        levels=[("", _("as it is"))] + [(each, named(each)) for each in ("grid", "community", "street")],
        entry_words=lambda what: _(field_entries.WORDS[field_entries.What(what)]),
        **_common(visit),
    )


def _done(visit: Visit, words: str, act: Any, kind: type[Any]) -> Response:
    name = visit.request.path_params["case"]
    kept = {key: value for key, value in visit.form.items() if isinstance(value, str)}
    try:
        act(visit, visit.ask(kind, case=name))
    except BadValueError as error:
        return _case(visit, name, error, kept)
    except CentreError as error:
        return _case(visit, name, BadValueError("text", str(error)), kept)
    return visit.go(f"/reports/case/{name}", Said("well", words))


@PAGES.post("/reports/case/{case}/assign", Doing.ASSIGN)
def assign(visit: Visit) -> Response:
    return _done(visit, _("Given on."), calls.assign_case, AssignCase)


@PAGES.post("/reports/case/{case}/answer", Doing.ANSWER)
def answer(visit: Visit) -> Response:
    return _done(visit, _("Answered."), calls.answer_case, AnswerCase)


@PAGES.post("/reports/case/{case}/close", Doing.ANSWER)
def close(visit: Visit) -> Response:
    return _done(visit, _("Closed."), calls.close_case, CloseCase)


# --- whom they go to


@PAGES.get("/reports/recipients", Doing.RECIPIENTS)
def whom(visit: Visit) -> Response:
    return _whom(visit)


def _whom(visit: Visit, wrong: BadValueError | None = None) -> Response:
    kept = {key: value for key, value in visit.form.items() if isinstance(value, str)}
    return visit.page(
        "reports_recipients.html",
        200 if wrong is None else 400,
        tabs_of=_tabs(visit, "/reports/recipients"),
        found=calls.list_recipients(visit, Nothing()).recipients,
        kinds=[(each.value, _(KINDS[each.value])) for each in RecipientKind],
        kind_words=KINDS,
        wrong=wrong,
        kept=kept,
    )


@PAGES.post("/reports/recipients", Doing.RECIPIENTS)
def add(visit: Visit) -> Response:
    try:
        made = calls.add_recipient(visit, visit.ask(AddRecipient))
    except BadValueError as error:
        return _whom(visit, error)
    return visit.go("/reports/recipients", Said("well", _("{name} can be given reports now.").format(name=made.name)))


@PAGES.post("/reports/recipients/{recipient}/remove", Doing.RECIPIENTS)
def remove(visit: Visit) -> Response:
    calls.remove_recipient(visit, RecipientName(visit.request.path_params["recipient"]))
    return visit.go("/reports/recipients", Said("well", _("No report goes there from now on.")))
