"""Polls: all there are, and a new one. What was answered stands on the page of the notice that asks."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from centre import notice_list
from centre.console.calls import polls as calls
from centre.console.calls.polls import PutPoll
from centre.console.page import Pages
from centre.console.pages import notice_form
from centre.console.pages.notice_form import Fault
from centre.console.pages.notices import LISTS, address
from centre.console.visit import Said, Visit
from centre.errors import BadValueError, CentreError
from centre.permits import Doing
from centre.words import N_, _
from contract.messages import Per

PAGES = Pages()
WHO = {
    Per.ROOM: N_("one answer a household"),
    Per.HOLDER: N_("one answer a resident"),
    Per.ANYONE: N_("anyone, as often as they like"),
}


@PAGES.get("/notices/polls")
def listed(visit: Visit) -> Response:
    known = visit.places
    with visit.centre.books.reading() as conn:
        totals = notice_list.totals(conn, known, visit.seen, visit.now)
    rows = calls.seen_polls(visit)
    first = max(0, int(visit.request.query_params.get("first", "0")[:9]) if _is_number(visit) else 0)
    return visit.page(
        "polls.html",
        rows=rows[first : first + notice_list.PAGE],
        first=first,
        count=len(rows),
        known=known,
        totals=totals,
        lists=[(each, _(words)) for each, words in LISTS.items()],
        who={each.value: _(words) for each, words in WHO.items()},
    )


def _is_number(visit: Visit) -> bool:
    text = visit.request.query_params.get("first", "0")
    return text.isascii() and text.isdecimal()


@PAGES.get("/notices/polls/new", Doing.POLL)
def new(visit: Visit) -> Response:
    values = notice_form.begun(visit, None) | {"per": Per.ROOM.value, "options": ""}
    return _form(visit, values, [], opened=visit.request.query_params.get("open", ""))


@PAGES.post("/notices/polls/new", Doing.POLL)
def put(visit: Visit) -> Response:
    values, scopes = notice_form.typed(visit), notice_form.chosen(visit)
    options = tuple(line.strip() for line in values.get("options", "").splitlines() if line.strip())
    try:
        notice_form.check(values, scopes)
        _check(values, options)
        times = notice_form.moments(visit, values, {"until": "until_utc", "from": "from_utc"})
        done = calls.poll_put(visit, visit.ask(PutPoll, options=options, **times))
    except BadValueError as error:
        field = {"from_utc": "from", "until_utc": "until", "option": "options"}.get(error.name, error.name)
        return _form(visit, values, scopes, Fault(field, str(error).removeprefix(f"{error.name}: ")))
    except CentreError as error:
        return _form(visit, values, scopes, Fault("scope", str(error)))
    return visit.go(address(done.poll), Said("well", _("Asked at {units} doors.").format(units=done.units)))


def _check(values: Mapping[str, str], options: tuple[str, ...]) -> None:
    """Raises BadValueError."""
    if not 2 <= len(options) <= 9:
        raise BadValueError("options", _("2 to 9 answers, one a line"))
    if any(len(each) > 60 for each in options):
        raise BadValueError("options", _("at most {most} characters").format(most=60))
    if not values.get("until", "").strip():
        raise BadValueError("until", _("until when can be answered?"))


def _form(
    visit: Visit, values: Mapping[str, str], scopes: list[str], fault: Fault | None = None, *, opened: str = ""
) -> Response:
    return visit.page(
        "poll_new.html",
        422 if fault is not None else 200,
        values={**notice_form.EMPTY, **values},
        fault=fault,
        drawn=None,
        who=[(each.value, _(words)) for each, words in WHO.items()],
        panels=[(size, _(words)) for size, words in notice_form.PANELS.items()],
        turns=[(turn, _(words)) for turn, words in notice_form.TURNS.items()],
        **notice_form.places(visit, scopes, opened),
    )
