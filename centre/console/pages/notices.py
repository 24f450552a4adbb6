"""Notices: has everyone got it? The list, and one notice with the doors that do not show it."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from centre import coverage, notice_list
from centre.console.calls import notices as calls
from centre.console.calls import polls as poll_calls
from centre.console.calls.notices import Looked, NoticeAsk, NoticeName, NoticesAsk, PutDone
from centre.console.page import Entry, Pages
from centre.console.visit import Said, Visit
from centre.errors import CentreError, ForbiddenError
from centre.notice_list import Which
from centre.notices import NoticeState
from centre.permits import Doing
from centre.words import N_, _
from contract.messages import Category

PAGES = Pages(Entry("/notices", N_("Notices"), "notice", phone=True))
CATEGORIES = {
    Category.POLICY: N_("Policy"),
    Category.SERVICE: N_("Service"),
    Category.REMINDER: N_("Reminder"),
    Category.EMERGENCY: N_("Emergency"),
}
LISTS = {Which.STANDING: N_("Standing now"), Which.PLANNED: N_("Planned"), Which.PAST: N_("Past")}


@PAGES.get("/notices")
def listed(visit: Visit) -> Response:
    return visit.page("notices.html", **_list(visit))


@PAGES.get("/notices/list")
def list_part(visit: Visit) -> Response:
    key = ("notices", visit.language, visit.seen, visit.request.url.query, visit.may(Doing.NOTICE))
    return HTMLResponse(visit.desk.shared.get(key, lambda: bytes(visit.page("notices_part.html", **_list(visit)).body)))


def _list(visit: Visit) -> dict[str, object]:
    ask = visit.ask(NoticesAsk)
    found, known = calls.page_of(visit, ask)
    with visit.centre.books.reading() as conn:
        totals = notice_list.totals(conn, known, visit.seen, visit.now)
    wanted = {"list": ask.list.value, "q": ask.q, "kind": ask.kind or "", "place": ask.place or ""}
    query = {name: value for name, value in wanted.items() if value}
    return {
        "ask": ask,
        "rows": found.rows,
        "known": known,
        "totals": totals,
        "after": None if found.after is None else "/notices?" + urlencode({**query, "after": found.after}),
        "query": urlencode({**query, **({"after": ask.after} if ask.after else {})}),
        "categories": {each.value: _(words) for each, words in CATEGORIES.items()},
        "lists": [(each, _(words)) for each, words in LISTS.items()],
        "words": coverage_words,
    }


def coverage_words(every: int, received: int, shown: int, more: list[tuple[str, int]] | None = None) -> str:
    """12 个单元：12 收到，11 已显示，1 离线."""
    words = _("{every} doors: {received} received, {shown} shown").format(every=every, received=received, shown=shown)
    return _(", ").join([words, *(f"{count} {reason}" for reason, count in more or ())])


@PAGES.get("/notices/notice/{notice}")
def notice(visit: Visit) -> Response:
    ask = visit.ask(NoticeAsk, notice=visit.request.path_params["notice"])
    found = calls.look(visit, ask.notice, ask.first)
    last = notice_list.last_text(found.revisions)
    return visit.page("notice.html", **_parts(visit, found), last=last, may=_may(visit, found))


@PAGES.get("/notices/notice/{notice}/coverage")
def coverage_part(visit: Visit) -> Response:
    ask = visit.ask(NoticeAsk, notice=visit.request.path_params["notice"])
    key = ("notice", ask.notice, ask.first, visit.language, visit.seen)

    def made() -> bytes:
        parts = _parts(visit, calls.look(visit, ask.notice, ask.first))
        return bytes(visit.page("notice_coverage_part.html", **parts).body)

    return HTMLResponse(visit.desk.shared.get(key, made))


def _parts(visit: Visit, found: Looked) -> dict[str, object]:
    spread = found.spread
    more = [(reason, count) for reason, count in coverage.summed(spread.reasons) if spread.shown < spread.every]
    return {
        "row": found.row,
        "spread": spread,
        "known": found.known,
        "revisions": found.revisions,
        "said_of": coverage.said,
        "words": coverage_words(spread.every, spread.received, spread.shown, more),
        "category": _(CATEGORIES[Category(found.row.category)]) if found.row.category else "",
        "up": found.row.state is NoticeState.UP,
        "result": poll_calls.counted(visit, found.row.id) if found.row.is_poll else None,
    }


def _may(visit: Visit, found: Looked) -> bool:
    """Whether there is something that they may do with it."""
    if found.row.state is not NoticeState.UP or not visit.may(Doing.NOTICE):
        return False
    try:
        visit.require(Doing.NOTICE, found.row.scope)
    except ForbiddenError:
        return False
    return True


@PAGES.get("/notices/notice/{notice}/withdraw", Doing.NOTICE)
def withdraw_asked(visit: Visit) -> Response:
    return _asked(visit, "notice_withdraw.html")


@PAGES.get("/notices/notice/{notice}/again", Doing.NOTICE)
def again_asked(visit: Visit) -> Response:
    return _asked(visit, "notice_again.html")


def _asked(visit: Visit, template: str) -> Response:
    row = calls.mine(visit, visit.request.path_params["notice"])
    return visit.page(template, row=row, address=address(row.id))


@PAGES.post("/notices/notice/{notice}/withdraw", Doing.NOTICE)
def withdraw(visit: Visit) -> Response:
    return _done(visit, calls.notice_withdrawn, _("Withdrawn from {units} doors."))


@PAGES.post("/notices/notice/{notice}/again", Doing.NOTICE)
def again(visit: Visit) -> Response:
    return _done(visit, calls.notice_again, _("Sent once more to {units} doors."))


def _done(visit: Visit, run: object, words: str) -> Response:
    name = visit.request.path_params["notice"]
    try:
        done: PutDone = run(visit, NoticeName(name))  # type: ignore[operator]
    except CentreError as error:
        if isinstance(error, ForbiddenError):
            raise
        calls.look(visit, name)  # what is not there for them is not told of either
        return visit.go(address(name), Said("look", str(error)))
    return visit.go(address(name), Said("well", words.format(units=done.units)))


def address(name: str) -> str:
    return f"/notices/notice/{name}"
