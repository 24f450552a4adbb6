"""Routes of pages: who may come, what becomes of errors, and in which thread it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from centre.console import csrf
from centre.console.errors import NotThereError, SignedOutError, WaitsError
from centre.console.guard import MAX_BODY, take_in
from centre.console.paths import here, own_path
from centre.console.visit import Said, Visit
from centre.errors import CentreError, ForbiddenError
from centre.permits import Doing
from centre.words import N_, _

if TYPE_CHECKING:
    from centre.console.desk import WebDesk

Handler = Callable[[Visit], Response]
MAX_FIELDS = 2000
MAX_FIELD_BYTES = 1024 * 1024
"""Of a form. How much is sent in all is bounded before that (guard.py)."""


class NumberConvertor(IntegerConvertor):
    """`{alarm:number}` in a path: of more digits than any of ours has, there is no such page."""

    regex = "[0-9]{1,15}"


register_url_convertor("number", NumberConvertor())


@dataclass(frozen=True)
class Entry:
    """Of the navigation. `words` are of the catalogue (marked by N_)."""

    path: str
    words: str
    icon: str
    doing: Doing = Doing.VIEW
    phone: bool = False
    """Stands at the bottom of a phone's screen."""


@dataclass
class Pages:
    """The routes of one page and what belongs to it."""

    entry: Entry | None = None
    routes: list[Route] = field(default_factory=list)
    needs: dict[tuple[str, str], Doing | None] = field(default_factory=dict)
    """Of each method and path what the person must be allowed, as it was declared."""

    def get(self, path: str, doing: Doing | None = Doing.VIEW) -> Callable[[Handler], Handler]:
        """`doing` None: for everybody, signed in or not."""
        return self._at(path, "GET", doing)

    def post(self, path: str, doing: Doing | None) -> Callable[[Handler], Handler]:
        return self._at(path, "POST", doing)

    def _at(self, path: str, method: str, doing: Doing | None) -> Callable[[Handler], Handler]:
        def declared(handler: Handler) -> Handler:
            self.routes.append(Route(path, _endpoint(handler, doing), methods=[method]))
            self.needs[method, path] = doing
            return handler

        return declared


def _endpoint(handler: Handler, doing: Doing | None) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        desk: WebDesk = request.app.state.desk
        if request.method != "POST":
            return await desk.threads.run(request, _answer, handler, doing, request, None)
        take_in(request, await desk.threads.run(request, desk.account, request))
        try:
            form = await request.form(max_fields=MAX_FIELDS, max_files=4, max_part_size=MAX_FIELD_BYTES)
        except HTTPException as error:
            return await desk.threads.run(request, _unread, request, error.status_code)
        try:
            return await desk.threads.run(request, _answer, handler, doing, request, form)
        finally:
            await form.close()

    return endpoint


def _answer(handler: Handler, doing: Doing | None, request: Request, form: FormData | None) -> Response:
    desk = request.app.state.desk
    visit = Visit(request, desk, desk.account(request), form)
    try:
        if form is not None:
            csrf.check(request, form.get(csrf.FIELD))
        if doing is not None:
            visit.require(doing)
        return handler(visit)
    except SignedOutError:
        return RedirectResponse(f"/sign-in?to={quote(here(request), safe='/')}", 303)
    except ForbiddenError as error:
        return visit.page("error.html", 403, title=N_("Not for this account"), words=str(error))
    except NotThereError as error:
        return visit.page("error.html", 404, title=N_("Nothing here"), words=str(error))
    except WaitsError as error:
        return visit.go("/consents", Said("look", str(error)))
    except CentreError as error:
        return _not_done(visit, error)


def _unread(request: Request, status: int) -> Response:
    """What was sent is too large, came too slowly, or is no form."""
    visit = Visit(request, request.app.state.desk, request.app.state.desk.account(request))
    words = _("The form cannot be read. Nothing was done.")
    if status == 413:
        words = _("It is more than {most} MB, which is too large to be sent. Nothing was done.")
        words = words.format(most=MAX_BODY // 1024**2)
    elif status == 408:
        words = _("It came too slowly and was cut off. Nothing was done: try again with a better line.")
    return visit.page("error.html", status, title=N_("That was not done"), words=words)


def _not_done(visit: Visit, error: CentreError) -> Response:
    """Said on the page it came from; of a program that came from nowhere, on a page of its own."""
    if visit.form.get("back"):
        return visit.go(own_path(visit.form["back"]), Said("urgent", str(error)))
    return visit.page("error.html", 400, title=N_("That was not done"), words=str(error))
