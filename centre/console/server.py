"""Serves the console by uvicorn until it is told to stop."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from centre.tries import network

CONNECTIONS = 1024
"""Open at a time; beyond it one is told to come again, and far beyond it cut off: each costs a file, and the books need some."""
CONNECTIONS_OF_ONE = 400
"""From one address: sixty browsers behind it, with six each."""
BEYOND = 128
FILES_BESIDE = 256
"""Open files that are no connections."""
ASK_S = 10.0
"""From a connection to the whole head of its first request."""


IDLE = "IDLE"
"""Of h11: between two requests, or in the head of one."""
READ_S = 60.0
"""Who takes nothing of its answer for so long is gone: an export holds a look at the books."""


class _Impatient(H11Protocol):
    """A connection that does not ask to the end, at its first request or a later one, or does not take its answer, is closed."""

    network = ""
    """Whose it is."""
    _due: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if self._is_one_too_many():
            self.transport.abort()
            return
        self._due = self.loop.call_later(ASK_S, self._look)

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > CONNECTIONS + BEYOND:
            return True
        if self.config.proxy_headers or self.client is None:
            return False  # all come from the proxy
        self.network = network(self.client[0])
        there = [each.network for each in self.connections if isinstance(each, _Impatient)]
        return there.count(self.network) > CONNECTIONS_OF_ONE

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_asking = str(self.conn.their_state) == IDLE
        if is_asking and self._due is None:
            self._due = self.loop.call_later(ASK_S, self._look)
        elif not is_asking and self._due is not None:
            self._due.cancel()
            self._due = None

    def _look(self) -> None:
        self._due = None
        if str(self.conn.their_state) == IDLE:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()


def serve(app: ASGIApp, at: socket.socket, certificate: tuple[Path, Path] | None, *, behind_proxy: bool) -> None:
    """`certificate`: PEM files of certificate and key. `behind_proxy`: a proxy on this machine says who asks. Raises OSError, ssl.SSLError."""
    server = made(app, certificate, behind_proxy=behind_proxy)
    _room_for_files()
    for number in (signal.SIGTERM, signal.SIGINT):  # also while it begins, when uvicorn's own are not in force yet
        signal.signal(number, server.handle_exit)
    server.run(sockets=[at])


def _room_for_files() -> None:
    """Where the system allows that: it begins with 1,024 often."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + BEYOND + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def made(app: ASGIApp, certificate: tuple[Path, Path] | None, *, behind_proxy: bool) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=_Impatient,
        ws="none",
        loop="asyncio",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,
        forwarded_allow_ips="127.0.0.1,::1" if behind_proxy else None,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=32 * 1024,
        ssl_certfile=None if certificate is None else str(certificate[0]),
        ssl_keyfile=None if certificate is None else str(certificate[1]),
    )
    return uvicorn.Server(config)
