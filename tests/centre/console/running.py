"""A console as it is served, by a server of its own in a thread; and what is said to it by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from centre.console import app, server
from centre.console.desk import Options
from centre.console.whose import whose
from centre.file_server import listening
from tests.centre.conftest import Desk
from tests.waiting import eventually

FORM = "Content-Type: application/x-www-form-urlencoded"


@contextmanager
def running(desk: Desk) -> Iterator[tuple[int, uvicorn.Server]]:
    """Its port, and the server."""
    with listening("127.0.0.1", 0) as at:
        number = int(at.getsockname()[1])
        made = server.made(app.make(desk.office, Options(port=number), whose), None, behind_proxy=False)
        thread = threading.Thread(target=made.run, kwargs={"sockets": [at]})
        thread.start()
        try:
            eventually(lambda: made.started, 20)
            yield number, made
        finally:
            made.should_exit = True
            thread.join()


def head(port: int, method: str, path: str, *more: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *more, "", ""]).encode()


def connected(port: int, source: str = "127.0.0.1") -> socket.socket:
    """`source`: of this machine, an address that is another's for the console."""
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def rest(line: socket.socket) -> bytes:
    """All that comes until the other end closes; it does so by itself, or this raises."""
    found = b""
    while data := piece(line):
        found += data
    return found


def piece(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""
