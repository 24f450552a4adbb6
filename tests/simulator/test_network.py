from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from simulator.network import Cable
from tests.waiting import eventually


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says again what it hears."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while data := _heard(connection):
                    connection.sendall(data)

    thread = threading.Thread(target=serve, name="echo", daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(2)


def _heard(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1000)
    except OSError:
        return b""


def works(cable: Cable) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", cable.port), timeout=1) as connection:
            connection.sendall(b"hello")
            return connection.recv(5) == b"hello"
    except OSError:
        return False


def test_a_cable_is_cut_and_mended(echo: int) -> None:
    with Cable(echo) as cable:
        assert works(cable)
        with socket.create_connection(("127.0.0.1", cable.port), timeout=1) as connection:
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
            cable.cut()
            assert _heard(connection) == b""
        assert not works(cable)
        cable.mend()
        eventually(lambda: works(cable))
    assert not any(thread.name == "cable" for thread in threading.enumerate())


def test_a_broker_that_is_not_there_is_refused_until_it_is(echo: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with Cable(port) as cable:
        assert not works(cable)
        cable.target = echo
        assert works(cable)
