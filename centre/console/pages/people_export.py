"""A list of people as a table: what leaves the centre is said before the button is pressed."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from centre.console.calls import list_export, rosters
from centre.console.calls.list_export import ExportAsk
from centre.console.page import Pages
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.permits import Doing

PAGES = Pages()


@PAGES.get("/people/list/export", Doing.PEOPLE)
def ask_export(visit: Visit) -> Response:
    return _form(visit, visit.ask(ExportAsk))


@PAGES.post("/people/list/export", Doing.PEOPLE)
def export(visit: Visit) -> Response:
    ask = visit.ask(ExportAsk)
    try:
        made = list_export.taken_out(visit, ask)
    except BadValueError as error:
        return _form(visit, ask, (error.name, error.text))
    is_hours = visit.form.get("do") == "hours" and made.hours is not None
    name = f"{ask.roster}-{ask.scope.replace('/', '-')}{'.hours' if is_hours else ''}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(made.hours if is_hours else made.table, media_type="text/csv; charset=utf-8", headers=headers)


def _form(visit: Visit, ask: ExportAsk, wrong: tuple[str, str] | None = None) -> Response:
    its = rosters.one_list(visit, ask.scope, ask.roster)
    return visit.page(
        "people_export.html",
        200 if wrong is None else 422,
        ask=ask,
        its=its,
        place=visit.places.words(ask.scope),
        list_address=f"/people/list?{urlencode({'scope': ask.scope, 'roster': ask.roster})}",
        has_hours=any(holder.hours is not None for part in its.parts for holder in part.people),
        may_cards=visit.may(Doing.CARD_NUMBERS),
        wrong=wrong,
    )
