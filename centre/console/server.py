"""Serves the console by uvicorn until it is told to stop."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 1024
"""Open at a time; beyond it one is told to come again."""
ASK_S = 10.0
"""From a connection to the whole head of its first request."""


class _Impatient(H11Protocol):
    """A connection that asks for nothing is closed."""

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.loop.call_later(ASK_S, self._look)

    def _look(self) -> None:
        if self.cycle is None:
            self.transport.abort()


def serve(app: ASGIApp, at: socket.socket, certificate: tuple[Path, Path] | None, *, behind_proxy: bool) -> None:
    """`certificate`: PEM files of certificate and key. `behind_proxy`: a proxy on this machine says who asks. Raises OSError, ssl.SSLError."""
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
    uvicorn.Server(config).run(sockets=[at])
