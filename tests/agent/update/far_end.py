"""A server of bundles over HTTPS, honest or not, on the standard library's server. Its answers are given by the test."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agent.update.download import Download
from centre.certificates import make_ca, make_server
from contract.scopes import Scope
from contract.software import Form, Software

HOST = "127.0.0.1"


@dataclass
class Behaviour:
    """`cut`: after so many bytes of an answer the line ends. `ranges`: whether Range is understood. `length`: what is said in place of the true one."""

    data: bytes
    status: int = 200
    cut: int | None = None
    ranges: bool = True
    length: int | None = None
    said_range: str | None = None
    endless: bool = False
    drip: threading.Event | None = None
    """Sends a byte and then nothing, until this is set."""
    headers: dict[str, str] = field(default_factory=dict)


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        how: Behaviour = server.how
        server.asked.append((self.path, self.headers.get("Range")))
        self.close_connection = True
        begin = 0
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if found and how.ranges and how.status == 200:
            begin = int(found[1])
            if begin >= len(how.data):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", how.said_range or f"bytes {begin}-{len(how.data) - 1}/{len(how.data)}")
        else:
            self.send_response(how.status)
        body = how.data[begin:] if how.status == 200 else b""
        if not how.endless:
            self.send_header("Content-Length", str(how.length if how.length is not None else len(body)))
        for name, value in how.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(how, body)

    def _send(self, how: Behaviour, body: bytes) -> None:
        try:
            if how.drip is not None:
                self.wfile.write(body[:1])
                how.drip.wait(30)
                return
            self.wfile.write(body if how.cut is None else body[: how.cut])
            while how.endless:
                self.wfile.write(bytes(65536))
        except OSError:
            return  # the other side has had enough

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        pass


class FarEnd:
    def __init__(self, server: Any, folder: Path) -> None:
        self._server = server
        self.folder = folder

    @property
    def asked(self) -> list[tuple[str, str | None]]:
        return list(self._server.asked)

    @property
    def how(self) -> Behaviour:
        how: Behaviour = self._server.how
        return how

    @how.setter
    def how(self, how: Behaviour) -> None:
        self._server.how = how

    def software(self, data: bytes, **changes: Any) -> Software:
        url = f"https://{HOST}:{self._server.server_port}/software/{hashlib.sha256(data).hexdigest()}"
        made = Software(
            Scope("unit", "b12-u2"), 1, 1.7e9, "0.2.0", Form.DEB, len(data), hashlib.sha256(data).hexdigest(), url
        )
        return replace(made, **changes)

    def context(self, ca: Path | None = None) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=ca or self.folder / "ca.pem")

    def download(self, software: Software, folder: Path, *, kept: int = 0, ca: Path | None = None) -> Download:
        return Download(software, folder, self.context(ca), lambda: kept)


@contextmanager
def far_end(folder: Path, how: Behaviour) -> Iterator[FarEnd]:
    folder.mkdir(exist_ok=True)
    make_ca(folder, "badahu")
    make_server(folder, folder, HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server: Any = ThreadingHTTPServer((HOST, 0), Answers)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that goes away in the middle
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.how, server.asked = how, []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="far-end", daemon=True)
    thread.start()
    try:
        yield FarEnd(server, folder)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
