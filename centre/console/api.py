"""The console's calls as a JSON API under /api/v1, and their description as OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from centre.console import calls as _declared  # noqa: F401  # so that all calls are known
from centre.console import csrf
from centre.console.call import CALLS, Call
from centre.console.errors import NotThereError, SignedOutError, WaitsError
from centre.console.guard import take_in
from centre.console.openapi import PREFIX, document
from centre.console.problem import Problem
from centre.console.visit import Visit, asked, form_values
from centre.errors import UNREACHABLE, BadValueError, CentreError, ForbiddenError
from centre.words import _

if TYPE_CHECKING:
    from centre.console.desk import WebDesk


def api_routes() -> list[Route]:
    calls = [Route(PREFIX + each.path, _endpoint(each), methods=[each.method]) for each in CALLS]
    return [Route(f"{PREFIX}/openapi.json", _described), *calls]


def _described(request: Request) -> Response:
    """For everybody: it tells nothing of the site."""
    return Response(msgspec.json.encode(document()), media_type="application/json")


def _endpoint(each: Call) -> Any:
    async def endpoint(request: Request) -> Response:
        desk: WebDesk = request.app.state.desk
        try:
            body = b""
            if request.method != "GET":
                take_in(request, await desk.threads.run(request, desk.account, request))
                body = await request.body()
            return await desk.threads.run(request, _answer, each, request, body)
        except HTTPException as error:
            return _json(Problem(error.detail), error.status_code, error.headers)

    return endpoint


def _answer(each: Call, request: Request, body: bytes) -> Response:
    desk = request.app.state.desk
    visit = Visit(request, desk, desk.account(request))
    try:
        if each.method != "GET" and not csrf.carries_token(request):
            visit.person  # noqa: B018  # who is not signed in hears that first
            csrf.check(request, request.headers.get(csrf.HEADER))
        visit.require(each.doing)
        return _json(each.run(visit, _asked(each, request, body)))
    except SignedOutError:
        return _json(Problem(_("nobody is signed in")), 401)
    except ForbiddenError as error:
        return _json(Problem(str(error)), 403)
    except WaitsError as error:
        return _json(Problem(str(error)), 202)
    except NotThereError as error:
        return _json(Problem(str(error)), 404)
    except BadValueError as error:
        return _json(Problem(str(error), error.name), 422)
    except CentreError as error:
        return _json(Problem(str(error)), 503 if error.code == UNREACHABLE else 409)


def _asked(each: Call, request: Request, body: bytes) -> msgspec.Struct:
    path = dict(request.path_params)
    if request.method == "GET":
        return asked(each.asks, {**form_values(request.query_params, each.asks), **path})
    try:
        value = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadValueError("body", str(error)) from None
    if not isinstance(value, dict):
        raise BadValueError("body", _("not an object"))
    return asked(each.asks, {**value, **path})


def _json(value: msgspec.Struct, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")
