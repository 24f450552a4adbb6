"""Hands the figures out over HTTP, for `serve --metrics`: GET /metrics and nothing else, on threads of its own.

In `serve` itself, since only that knows its connections; but nobody who asks can hold it up: few at a time, each cut off after
a while, and the books are read at most every few seconds, however many ask.
"""

from __future__ import annotations

import importlib.metadata
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from centre import metrics
from centre.errors import UNREACHABLE, CentreError
from centre.figures import BookFigures, FigureReader
from centre.metrics import Serving, Snapshot
from centre.words import reason_of
from contract.exposition import CONTENT_TYPE

CONNECTIONS = 8
"""At a time; one beyond is closed at once."""
LIMIT_S = 10.0
"""For one connection, from its beginning to its end."""
FRESH_S = 5.0
"""Figures of the books that are no older are told again."""
TEXT_S = 0.5
"""So is the whole text: of 2,000 units it takes 20 ms to write."""
PAUSE_S = 0.01
"""From one connection to the next: a hundred a second, whoever asks."""


class MetricsText:
    """What is told now. Any thread may ask."""

    def __init__(self, reader: FigureReader, serving: Callable[[], Serving]) -> None:
        self._reader, self._serving = reader, serving
        self._version = importlib.metadata.version("doorward")
        self._lock = threading.Lock()
        self._read_mono = self._made_mono = float("-inf")
        self._text = b""
        self._read_utc: float | None = None
        self._books: BookFigures | None = None

    def text(self) -> bytes:
        with self._lock:
            now = time.monotonic()
            if now - self._read_mono >= FRESH_S:
                self._read()
            if now - self._made_mono >= TEXT_S:
                told = Snapshot(self._version, self._serving(), self._read_utc, self._books)
                self._text, self._made_mono = metrics.text(told).encode(), time.monotonic()
            return self._text

    def _read(self) -> None:
        now = time.time()
        try:
            self._books, self._read_utc = self._reader.read(now), now
        except (SQLAlchemyError, CentreError):
            self._books = self._read_utc = None
        self._read_mono = time.monotonic()


class MetricsServer(ThreadingHTTPServer):
    """Listens when it is made; raises CentreError (exit 69) where the address can't be had. `start` and `stop` for its owner."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, host: str, port: int, figures: MetricsText) -> None:
        self.figures = figures
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: dict[socket.socket, float] = {}
        self._mutex = threading.Lock()
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise CentreError(f"{host}:{port}: {reason_of(error)}", UNREACHABLE) from None
        self._thread = threading.Thread(target=self.serve_forever, args=(0.5,), name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        with self._mutex:
            left = list(self._open)
        for each in left:
            _cut(each)
        self.server_close()

    def server_bind(self) -> None:
        """Without asking a name service what the address is called, as the library does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._mutex:
            is_full = len(self._open) >= CONNECTIONS
            if not is_full:
                self._open[request] = time.monotonic() + LIMIT_S
        if is_full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._mutex:
            self._open.pop(request, None)

    def service_actions(self) -> None:
        """Called between connections, and twice a second: cuts off who takes too long."""
        now = time.monotonic()
        with self._mutex:
            late = [each for each, end in self._open.items() if now > end]
        for each in late:
            _cut(each)
        time.sleep(PAUSE_S)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asks may hang up."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer
    timeout = LIMIT_S
    server_version, sys_version = "doorward", ""

    def do_GET(self) -> None:  # the library's name
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        body = self.server.figures.text()
        self.send_response(200)
        self.send_header("content-type", CONTENT_TYPE)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Nobody reads who asked."""
