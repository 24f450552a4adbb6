"""A network cable in software: a TCP forwarder on 127.0.0.1 between a unit and its broker, to be cut and mended.

It looks at no byte. A cut cable ends each connection at once and refuses new ones, as an unplugged switch with a live host would.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from typing import Self

_CHUNK = 65536


class Cable:
    """`port` is where the unit's side connects; `target` the broker's port, which may change while it runs. Starts cut or whole."""

    def __init__(self, target: int, *, whole: bool = True) -> None:
        self.target = target
        self._whole = whole
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket] = {}
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="cable", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        os.write(self._wake_write, b"!")
        self._thread.join(5.0)
        self._listener.close()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    @property
    def whole(self) -> bool:
        return self._whole

    def cut(self) -> None:
        self._whole = False
        os.write(self._wake_write, b"!")

    def mend(self) -> None:
        self._whole = True
        os.write(self._wake_write, b"!")

    def _run(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                source = key.fileobj
                if source is self._listener:
                    self._accept()
                elif isinstance(source, socket.socket):
                    self._forward(source)
                else:
                    os.read(self._wake_read, 64)
            if not self._whole:
                self._hang_up(*self._peers)
        self._hang_up(*self._peers)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            near, _ = self._listener.accept()
            if not self._whole:
                _reset(near)
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=1.0)
            except OSError:
                _reset(near)
                return
            for end, other in ((near, far), (far, near)):
                end.setblocking(True)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._peers[end] = other
                self._selector.register(end, selectors.EVENT_READ)

    def _forward(self, source: socket.socket) -> None:
        other = self._peers.get(source)
        if other is None:
            return
        try:
            data = source.recv(_CHUNK)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        self._hang_up(source)

    def _hang_up(self, *ends: socket.socket) -> None:
        for end in ends:
            other = self._peers.pop(end, None)
            if other is None:
                continue
            self._peers.pop(other, None)
            for each in (end, other):
                self._selector.unregister(each)
                each.close()


def _reset(connection: socket.socket) -> None:
    """Close so that the other side sees a refusal, not an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()
