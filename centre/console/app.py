"""The console's application: pages, calls, static files and open lines, behind one guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from centre.console import faults, pages
from centre.console.api import api_routes
from centre.console.assets import Assets
from centre.console.desk import Options, Say, WebDesk, Whose, unsaid
from centre.console.guard import Guard
from centre.console.live import Listener, Live
from centre.console.look import STATIC
from centre.errors import CentreError
from centre.opened import OpenCentre
from centre.words import _

PING_S = 15
"""A line that says nothing is kept by a word for so long: proxies cut silent ones after a minute."""
SESSION = "doorward"


def make(centre: OpenCentre, options: Options, whose: Whose, say: Say = unsaid) -> ASGIApp:
    """For any ASGI server. `say` is told of faults of ours. Raises CentreError where the books cannot be opened."""
    desk = WebDesk(centre, options, whose, tuple(page.entry for page in pages.ALL if page.entry is not None), say)
    app = Starlette(
        routes=[
            *(route for page in pages.ALL for route in page.routes),
            *api_routes(),
            Route("/live", _live),
            Mount("/static", Assets(directory=STATIC)),
        ],
        middleware=[
            Middleware(
                SessionMiddleware,
                secret_key=desk.secret,
                session_cookie=f"__Host-{SESSION}" if options.secure else SESSION,
                max_age=None,
                same_site="strict",
                https_only=options.secure,
            ),
        ],
        exception_handlers={404: faults.not_found, 405: faults.not_found, Exception: faults.failed},
        lifespan=_lifespan,
    )
    app.state.desk = desk
    return Guard(app, options, _hosts(options))


def _hosts(options: Options) -> frozenset[str]:
    """Names by which it may be asked for; on loopback also by this machine's own."""
    found = {urlsplit(options.origin).netloc.casefold()}
    if options.listen in {"127.0.0.1", "::1", "localhost"}:
        found |= {f"{name}:{options.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    return frozenset(found)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    watching = asyncio.create_task(app.state.desk.live.watch())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await run_in_threadpool(app.state.desk.previews.close)


async def _live(request: Request) -> Response:
    desk: WebDesk = request.app.state.desk
    account = await desk.threads.run(request, desk.account, request)
    if account is None:
        return Response(_("nobody is signed in"), 401, media_type="text/plain")
    shown = request.headers.get("cookie"), request.headers.get("authorization")
    try:
        listener = desk.live.join(account.name, shown, lambda: _is_in(desk, request))
    except CentreError as error:
        return Response(str(error), 503, media_type="text/plain", headers={"retry-after": "30"})
    return _Line(desk.live, listener)


def _is_in(desk: WebDesk, request: Request) -> bool:
    """Where the books cannot be read, nobody is sent away for that."""
    try:
        return desk.account(request) is not None
    except DBAPIError:
        return True


class _Line(EventSourceResponse):
    """It has its place from the moment it is answered to the moment that it ends, however it does."""

    def __init__(self, live: Live, listener: Listener) -> None:
        super().__init__(live.events(listener), ping=PING_S, send_timeout=PING_S)
        self._live, self._listener = live, listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.leave(self._listener)
