"""sd_notify datagrams to a real socket, and silence without one."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from agent.notify import Notify


def test_tells_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "3000000")
        notify = Notify()
        assert notify.watchdog_s == 3.0
        notify.ready("door ready")
        notify.alive()
        notify.stopping()
        assert [server.recv(200) for _ in range(3)] == [b"READY=1\nSTATUS=door ready", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_listener_that_takes_nothing_does_not_hold_up_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify = Notify()
        caller = threading.Thread(target=lambda: [notify.alive() for _ in range(3000)], name="caller", daemon=True)
        caller.start()
        caller.join(5)
        assert not caller.is_alive()


def test_a_vanished_listener_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    Notify().alive()
    monkeypatch.delenv("NOTIFY_SOCKET")
    Notify().ready("x")
