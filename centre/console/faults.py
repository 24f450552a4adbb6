"""What is answered where no page is, and where ours failed: words instead of a stack. A program of the API hears it as JSON."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextvars import Context
from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from centre import shown
from centre.console.openapi import PREFIX
from centre.console.problem import Problem
from centre.console.visit import Visit
from centre.words import N_, _

if TYPE_CHECKING:
    from centre.console.desk import WebDesk


async def not_found(request: Request, error: Exception) -> Response:
    """An address of no page, or one that is not asked so."""
    status = getattr(error, "status_code", 404)
    if request.url.path.startswith((PREFIX, "/static/")):
        return _problem(_("nothing at this address"), status)
    desk: WebDesk = request.app.state.desk
    try:
        return await desk.threads.run(request, _page, request, status)
    except HTTPException as crowded:
        return PlainTextResponse(crowded.detail, crowded.status_code, crowded.headers)


def _page(request: Request, status: int) -> Response:
    desk = request.app.state.desk
    visit = Visit(request, desk, desk.account(request))
    words = _("There is no page at this address. It may have been moved, or mistyped.")
    return visit.page("error.html", status, title=N_("Nothing here"), words=words)


async def failed(request: Request, error: Exception) -> Response:
    """A fault of ours, which the log has in full: nothing of it goes out."""
    if not isinstance(error, ClientDisconnect):
        for line in Context().run(lambda: list(told(request, error))):  # in the language of who reads the log
            request.app.state.desk.say(line)
    if request.url.path.startswith(PREFIX):
        return _problem(_("something went wrong at the centre; whether it was done cannot be told"), 500)
    language = str(request.scope["doorward.language"])
    return HTMLResponse(request.app.state.desk.look.alone("500.html", language=language), 500)


def told(request: Request, error: Exception) -> Iterator[str]:
    """For the log. No more of the address than which part of the console it is: a one-time link is one, too."""
    part = request.url.path.split("/", 2)[1] if "/" in request.url.path else ""
    line = _("a fault of the console at {method} /{part}:").format(method=request.method, part=part)
    yield shown.plain(line)
    for lines in traceback.format_exception(error):
        yield from (shown.plain(line) for line in lines.splitlines())


def _problem(words: str, status: int) -> Response:
    return Response(msgspec.json.encode(Problem(words)), status, media_type="application/json")
