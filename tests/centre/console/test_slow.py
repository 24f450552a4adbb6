"""Clients that are slow on purpose, at the server as it is served: none of them holds a place for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import uvicorn

from centre.console import guard, server
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.console.running import FORM, connected, head, piece, rest, running
from tests.waiting import eventually

pytestmark = [ONE_ENGINE, pytest.mark.slow]


@pytest.fixture
def served(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, uvicorn.Server]]:
    """Of a console that is impatient at once."""
    for where, name in ((server, "ASK_S"), (server, "READ_S"), (guard, "PIECE_S")):
        monkeypatch.setattr(where, name, 0.4)
    with running(desk) as made:
        yield made


@pytest.fixture
def port(served: tuple[int, uvicorn.Server]) -> int:
    return served[0]


def said(port: int, *parts: bytes) -> bytes:
    """All that is answered until the other end closes; it closes by itself, or this raises."""
    with closing(connected(port)) as line:
        found = b""
        for part in parts:
            line.sendall(part)
            if part is not parts[-1] and part.startswith(b"GET"):
                found += piece(line)  # the next request follows upon its answer
        return found + rest(line)


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
