"""Bundles of units' software over HTTPS, a process of its own: GET and HEAD of `/software/<sha256>`, with Range, and nothing else.

Knows the folder `bundles/` and a certificate, neither books nor keys. So many are sent at a time; who comes beyond that is told to come
again, and who takes its bytes too slowly is cut off: it goes on by Range where it was. The only file that imports starlette and uvicorn.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import ssl
from asyncio import sslproto
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from centre.errors import UNREACHABLE, CentreError
from centre.words import reason_of

SENDS = 64
"""Bundles sent at a time; a quarter of them at most to one address."""
CONNECTIONS = 2048
"""Open at a time, with those that wait for an answer; what comes beyond waits to be accepted."""
READ_BYTES = 16 * 1024
"""Of each connection's buffer for what comes in: a request is short, and asyncio's own 256 KiB a connection would be half a gigabyte."""
ASK_S = 10.0
"""From the handshake to the whole of a request."""
STALL_S = 30.0
"""For each 64 KiB: 2 KB/s is the least."""
TURN_S = 300.0
"""So long one may send while others were turned away."""
AGAIN_S = (10, 60)
"""When those are to come again, drawn for each."""
_PATH = re.compile(r"/software/([0-9a-f]{64})", re.ASCII)


class _CutOffError(Exception):
    """It had its turn."""


@dataclass(slots=True)
class _Turn:
    began: float
    refused: int


class Bundles:
    """The ASGI application. One event loop's."""

    def __init__(self, folder: Path, sends: int = SENDS, stall_s: float = STALL_S, turn_s: float = TURN_S) -> None:
        self._folder = folder
        self._sends, self._stall_s, self._turn_s = sends, stall_s, turn_s
        self._by_address: Counter[str] = Counter()
        self._refused = 0
        """How many were ever turned away."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "uvicorn is told to speak nothing else"
        try:
            async with asyncio.timeout(None) as limit:
                await self._answer(scope, receive, _closing(send), limit)
        except (TimeoutError, _CutOffError, OSError):
            return  # half an answer: uvicorn closes the connection

    async def _answer(self, scope: Scope, receive: Receive, send: Send, limit: asyncio.Timeout) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await Response(status_code=405, headers={"allow": "GET, HEAD"})(scope, receive, send)
            return
        path = self._path(scope)
        if path is None:
            await Response(status_code=404)(scope, receive, send)
            return
        address = scope["client"][0] if scope["client"] else ""
        with self._turn(address) as turn:
            if turn is None:
                again = str(random.randint(*AGAIN_S))  # noqa: S311  # so that they do not come together
                await Response(status_code=503, headers={"retry-after": again})(scope, receive, send)
                return
            response = FileResponse(
                path, media_type="application/octet-stream", headers={"cache-control": "no-transform"}
            )
            await response(_one_range(scope), receive, self._bounded(send, turn, limit))

    def _path(self, scope: Scope) -> Path | None:
        """By the raw path: what is percent-encoded, or has more levels, is no name of ours."""
        found = _PATH.fullmatch(scope["raw_path"].decode("latin-1"))
        path = None if found is None else self._folder / found[1]
        return path if path is not None and path.is_file() and not path.is_symlink() else None

    @contextmanager
    def _turn(self, address: str) -> Iterator[_Turn | None]:
        if self._by_address.total() >= self._sends or self._by_address[address] >= max(1, self._sends // 4):
            self._refused += 1
            yield None
            return
        self._by_address[address] += 1
        try:
            yield _Turn(asyncio.get_running_loop().time(), self._refused)
        finally:
            self._by_address[address] -= 1
            self._by_address += Counter()  # without those that are at nought

    def _bounded(self, send: Send, turn: _Turn, limit: asyncio.Timeout) -> Send:
        loop = asyncio.get_running_loop()

        async def bounded(message: Message) -> None:
            if self._refused > turn.refused and loop.time() - turn.began > self._turn_s:
                raise _CutOffError
            limit.reschedule(loop.time() + self._stall_s)
            await send(message)
            limit.reschedule(None)

        return bounded


def _closing(send: Send) -> Send:
    """One request a connection."""

    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["connection"] = "close"
        await send(message)

    return closing


def _one_range(scope: Scope) -> Scope:
    """Without ranges where several are asked for: the whole is an answer to that, and costs less than putting them together."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"range" or b"," not in value]
    return {**scope, "headers": headers}


class _Impatient(H11Protocol):
    """A connection that asks for nothing is closed."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.loop.call_later(ASK_S, self._look)

    def _look(self) -> None:
        if self.cycle is None:
            self.transport.abort()


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files."""

    path: Path
    key: Path


def listening(address: str, port: int) -> socket.socket:
    """Raises CentreError (exit 69) where it can't be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((address, port))
    except OSError as error:
        made.close()
        raise CentreError(f"{address}:{port}: {reason_of(error)}", UNREACHABLE) from None
    return made


def serve(bundles: Bundles, certificate: Certificate, at: socket.socket) -> None:
    """Until SIGTERM or SIGINT; what is being sent then has 5 s. Raises OSError and ssl.SSLError where the certificate can't be read."""
    config = uvicorn.Config(
        bundles,
        ssl_certfile=str(certificate.path),
        ssl_keyfile=str(certificate.key),
        http=_Impatient,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=5,
        backlog=2048,
    )
    config.load()
    sslproto.SSLProtocol.max_size = READ_BYTES
    assert config.ssl is not None
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    uvicorn.Server(config).run(sockets=[at])
