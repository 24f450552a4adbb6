"""The page on this machine's loopback: its port, its thread, and how a person gets to see it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from simulator.demo.waiting import NotHeldError

ADDRESS = "127.0.0.1"
CONNECTIONS = 200
"""Open at a time."""
_END_S = 2


class Serving:
    """`with Serving(port) as serving, serving.of(app): …`; port 0 takes a free one. Raises NotHeldError where it cannot be had."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((ADDRESS, port))
        except OSError as error:
            self._socket.close()
            raise NotHeldError(f"{ADDRESS}:{port}: {error.strerror}") from None
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @contextmanager
    def of(self, app: ASGIApp) -> Iterator[None]:
        """On a thread of its own. What is still being sent at the end has two seconds."""
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=_END_S,
        )
        self._socket.listen()
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, name="web", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(_END_S + 3.0)


def has_desktop(environment: Mapping[str, str]) -> bool:
    """Whether a browser that is opened here would be seen by whoever started this."""
    far = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))
    screen = any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return screen and not far and shutil.which("xdg-open", path=environment.get("PATH")) is not None


def tunnel(ports: list[int]) -> str:
    """The command for another machine, after which the same addresses are right there."""
    forwards = " ".join(f"-L {port}:{ADDRESS}:{port}" for port in ports)
    return f"ssh {forwards} {getpass.getuser()}@{socket.gethostname()}"


def show(url: str) -> None:
    """In the person's browser, where there is a desktop; nothing is said where it cannot be opened, as the address stands there."""
    if has_desktop(os.environ):
        webbrowser.open(url)
