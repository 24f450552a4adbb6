"""The console as a browser meets it: on a port of its own, on real books, somebody signed in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from centre.accounts import Account, Role
from centre.console import app, pages
from centre.console.desk import Options
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.unit import SITE

CLERK = Account("wangfang", "王芳", Role.ADMINISTRATOR, Scope("site", SITE))


class Running:
    """`account`: who is signed in, changed at will. `origin`: where it is."""

    def __init__(self, desk: Desk, at: socket.socket) -> None:
        self.desk = desk
        self.account: Account | None = CLERK
        port = at.getsockname()[1]
        self.origin = f"http://127.0.0.1:{port}"
        guarded = app.make(desk.office, Options(port=port), lambda _centre, _request: self.account)
        self.app = guarded._app
        """Starlette's, within the guard."""
        config = uvicorn.Config(guarded, ws="none", loop="asyncio", log_config=None, timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)

    def drop_lines(self) -> None:
        """Every open line to a browser ends, as when a network goes."""
        for connection in list(self.server.server_state.connections):
            if not connection.transport.is_closing():
                connection.loop.call_soon_threadsafe(connection.transport.abort)

    def plain_pages(self) -> list[str]:
        """The addresses of pages that need no name in them."""
        routes = [route for page in pages.ALL for route in page.routes if "GET" in (route.methods or ())]
        return [route.path for route in routes if "{" not in route.path]


@contextmanager
def running(desk: Desk) -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as at:
        made = Running(desk, at)
        thread = threading.Thread(target=made.server.run, kwargs={"sockets": [at]}, name="console")
        thread.start()
        try:
            yield made
        finally:
            made.server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
