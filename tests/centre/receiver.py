"""A receiver of web hooks for tests: an HTTP server that keeps what was posted, and answers as it is told to."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Posted:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def value(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def alarm(self) -> int:
        return int(self.value["data"]["id"])


Answer = int | tuple[int, dict[str, str]] | Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """`answer`: a status, with headers, or what writes the answer itself; called with each message's place in the order, from 0."""

    def __init__(
        self, answer: Callable[[int, Posted], Answer] = lambda _n, _p: 204, tls: ssl.SSLContext | None = None
    ) -> None:
        self.got: list[Posted] = []
        self.answer = answer
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                posted = Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                outer.got.append(posted)
                wanted = outer.answer(len(outer.got) - 1, posted)
                if callable(wanted):
                    wanted(self)
                    return
                status, headers = (wanted, {}) if isinstance(wanted, int) else wanted
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                """Whoever posts may hang up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="receiver")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alarms"

    @property
    def alarms(self) -> list[int]:
        return [posted.alarm for posted in list(self.got) if posted.value["type"] == "alarm"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
