"""Whether anything answers at the broker's address: by real connections; systemd-run is stood in for, and its part is done on a Debian (tests/debian)."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config.model import LinkConfig
from agent.update import reach
from tests.agent.cli.unit import ENROLMENT

STANDS_IN = """#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --property) shift 2 ;; --*) shift ;; *) break ;; esac
done
shift
exec {python} "$@"
"""


@pytest.fixture
def systemd_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "systemd-run"
    program.parent.mkdir()
    program.write_text(STANDS_IN.format(python="/usr/bin/env python3"), encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def port_of(listener: socket.socket) -> int:
    found: int = listener.getsockname()[1]
    return found


@pytest.mark.usefixtures("systemd_run")
def test_what_takes_a_connection_answers_whatever_it_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        assert reach.answers(("127.0.0.1", port_of(broker)))
        broker.settimeout(5.0)
        taken, _ = broker.accept()
        with taken:
            assert taken.recv(100) == b"", "no word is sent"


@pytest.mark.usefixtures("systemd_run")
def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = port_of(broker)
    assert not reach.answers(("127.0.0.1", port))
    assert not reach.answers(("no-such-host.invalid", 8883))


def test_what_cannot_be_found_out_counts_as_an_answer(systemd_run: Path) -> None:
    """Then the time runs, as it did before anybody looked."""
    systemd_run.write_text("#!/bin/sh\necho Failed to start transient service unit >&2\nexit 1\n", encoding="ascii")
    assert reach.answers(("127.0.0.1", 1))


URLS = {
    "mqtts://broker.example.cn": ("broker.example.cn", 8883),
    "mqtts://[2001:db8::1]:18883": ("2001:db8::1", 18883),
    "mqtt://192.0.2.1": ("192.0.2.1", 1883),
    "https://broker.example.cn": None,
    "mqtts://": None,
}


@pytest.mark.parametrize("url", URLS)
def test_the_address_is_the_one_that_the_agent_connects_to(url: str) -> None:
    assert reach.broker_of(LinkConfig(broker=url), ENROLMENT) == URLS[url]
    assert reach.broker_of(LinkConfig(), replace(ENROLMENT, broker=url)) == URLS[url]
    assert reach.broker_of(None, ENROLMENT) is None
