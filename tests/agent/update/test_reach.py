"""Whether anything answers at the broker's address: by real connections; systemd is stood in for, and does its part on a Debian (tests/debian)."""

from __future__ import annotations

import os
import re
import socket
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config.model import LinkConfig
from agent.update import reach
from tests.agent.cli.unit import ENROLMENT

UNIT = Path(__file__).parents[3] / "systemd" / reach.SERVICE
LOOK = Path(reach.__file__).with_name("look.py")


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Carries out the unit's own line; no more of it."""
    line = re.findall(r"^ExecStart=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)[0]
    line = line.replace("/usr/lib/doorward/python/agent/update/look.py", str(LOOK))
    line = line.replace("/usr/bin/python3", sys.executable).replace(str(reach.FOLDER), str(tmp_path))
    assert f"StandardOutput=truncate:{reach.FOLDER / reach.ANSWER}\n" in UNIT.read_text(encoding="utf-8")
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$*" = "start {reach.SERVICE}" ] && {line} >{tmp_path / reach.ANSWER}\n', "ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def port_of(listener: socket.socket) -> int:
    found: int = listener.getsockname()[1]
    return found


@pytest.mark.usefixtures("systemctl")
def test_what_takes_a_connection_answers_whatever_it_says(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        assert reach.answers(("127.0.0.1", port_of(broker)), tmp_path)
        broker.settimeout(5.0)
        taken, _ = broker.accept()
        with taken:
            assert taken.recv(100) == b"", "no word is sent"


@pytest.mark.usefixtures("systemctl")
def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = port_of(broker)
    assert not reach.answers(("127.0.0.1", port), tmp_path)
    assert not reach.answers(("no-such-host.invalid", 8883), tmp_path)


def test_whoever_is_ended_before_an_answer_came_had_none(tmp_path: Path, systemctl: Path) -> None:
    """As systemd does it, with a name that no resolver can be asked for, or an address behind which all is dropped."""
    line = systemctl.read_text(encoding="ascii")
    systemctl.write_text(line.replace(sys.executable, f"timeout 5 {sys.executable}"), encoding="ascii")
    with socket.create_server(("127.0.0.1", 0), backlog=0) as broker, ExitStack() as waiting:
        for _ in range(4):  # nobody takes them: the queue is full, and what comes then is dropped
            other = waiting.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(broker.getsockname())
        assert not reach.answers(("127.0.0.1", port_of(broker)), tmp_path)
    assert (tmp_path / reach.ANSWER).read_text(encoding="ascii") == "away: nothing came in time\n"


def test_what_cannot_be_found_out_counts_as_an_answer(tmp_path: Path, systemctl: Path) -> None:
    """Then the time runs, as it did before anybody looked; an answer of before counts for nothing."""
    with socket.create_server(("127.0.0.1", 0)) as broker:
        nobody = ("127.0.0.1", port_of(broker))
    assert not reach.answers(nobody, tmp_path)
    systemctl.write_text("#!/bin/sh\necho Failed to start it >&2\nexit 1\n", encoding="ascii")
    assert reach.answers(nobody, tmp_path)
    systemctl.write_text("#!/bin/sh\n", encoding="ascii")
    assert reach.answers(nobody, tmp_path)
    assert reach.answers(nobody, tmp_path / "not-there")


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
