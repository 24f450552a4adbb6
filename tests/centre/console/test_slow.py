"""Clients that are slow on purpose, at the server as it is served: none of them holds a place for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import uvicorn

from centre.console import app, guard, server
from centre.console.desk import Options
from centre.console.whose import whose
from centre.file_server import listening as listening_at
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.waiting import eventually

pytestmark = [ONE_ENGINE, pytest.mark.slow]


FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture
def served(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, uvicorn.Server]]:
    """Of a console that is impatient at once."""
    for where, name in ((server, "ASK_S"), (server, "READ_S"), (guard, "PIECE_S")):
        monkeypatch.setattr(where, name, 0.4)
    with listening_at("127.0.0.1", 0) as at:
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


@pytest.fixture
def port(served: tuple[int, uvicorn.Server]) -> int:
    return served[0]


def said(port: int, *parts: bytes) -> bytes:
    """All that is answered until the other end closes; it closes by itself, or this raises."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as line:
        found = b""
        for part in parts:
            line.sendall(part)
            if part is not parts[-1] and part.startswith(b"GET"):
                found += _read(line)  # the next request follows upon its answer
        while data := _read(line):
            found += data
        return found


def _read(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""


def head(port: int, method: str, path: str, *more: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *more, "", ""]).encode()


def test_a_head_that_never_ends_is_cut_off(port: int) -> None:
    assert said(port, b"GET / HTTP/1.1\r\nHost: x\r\nA: ") == b""


def test_a_second_head_that_never_ends_is_cut_off(port: int) -> None:
    assert said(port, head(port, "GET", "/sign-in"), b"GET / HTTP/1.1\r\nA: ").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/notices"])
@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_never_comes_is_told_so_and_cut_off(port: int, path: str, length: str) -> None:
    assert said(port, head(port, "POST", path, length, FORM)).startswith(b"HTTP/1.1 408")


def test_a_body_that_nobody_reads_is_not_waited_for(port: int) -> None:
    """Of no kind that a form has."""
    assert said(port, head(port, "POST", "/sign-in", "Content-Length: 1000")).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/notices"])
def test_who_is_not_signed_in_fills_no_memory(port: int, path: str) -> None:
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    assert said(port, head(port, "POST", path, "Transfer-Encoding: chunked", FORM), chunk, chunk).startswith(
        b"HTTP/1.1 413"
    )


def test_who_reads_nothing_is_cut_off(served: tuple[int, uvicorn.Server]) -> None:
    """What is answered is more than fits on the way."""
    port, made = served
    with closing(socket.socket()) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", port))
        threading.Thread(
            target=_send, args=(line, head(port, "GET", "/api/v1/openapi.json") * 500), daemon=True
        ).start()
        eventually(lambda: made.server_state.connections, 10)
        eventually(lambda: not made.server_state.connections, 20)


def _send(line: socket.socket, data: bytes) -> None:
    try:
        line.sendall(data)
    except OSError:
        return
