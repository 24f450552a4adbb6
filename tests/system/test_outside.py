"""What others read of a running unit: its metrics, by Prometheus's own parser; and the door's camera in the books, signed with the fact."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.demo.people import RESIDENT
from simulator.demo.stage import Stage
from tests.system.test_faults import facts, opens
from tests.waiting import eventually

pytestmark = pytest.mark.slow
CAMERA = "nvr1/03"


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """As under systemd: the service has a runtime folder."""
    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(run))
    with Stage(tmp_path / "stage") as stage:
        text = stage.config.read_text(encoding="utf-8")
        assert "    held_open_s: 30\n" in text
        stage.config.write_text(
            text.replace("    held_open_s: 30\n", f"    held_open_s: 30\n    camera: {CAMERA}\n"), encoding="utf-8"
        )
        stage.found()
        stage.start_broker()
        stage.bureau.serve.start()
        stage.start_agent()
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        yield stage
        stage.agent.stop()


def metrics(stage: Stage) -> dict[str, float]:
    text = (stage.folder.parent / "run" / "doorward.prom").read_text(encoding="utf-8")
    samples = (each for family in text_string_to_metric_families(text) for each in family.samples)
    return {" ".join([each.name, *sorted(each.labels.values())]): each.value for each in samples}


def test_metrics_follow_the_door_and_the_link_and_go_with_the_agent(watched: Stage) -> None:
    eventually(lambda: metrics(watched).get("doorward_centre_online") == 1, 10)
    first = metrics(watched)
    assert (first["doorward_link_up"], first["doorward_door_lock_ok main"], first["doorward_device_up relay"]) == (
        1,
        1,
        1,
    )
    assert first["doorward_door_mode main normal"] == 1
    watched.stop_broker()
    eventually(lambda: metrics(watched)["doorward_link_up"] == 0, 10)
    opens(watched, RESIDENT)
    eventually(lambda: metrics(watched)["doorward_facts_unconfirmed"] > 0, 5)
    watched.box.fire(True)
    eventually(lambda: metrics(watched).get("doorward_door_mode fire main") == 1, 5)
    eventually(lambda: metrics(watched)["doorward_door_unlocked main"] == 1, 5)
    assert watched.agent.stop() == 0
    assert not list((watched.folder.parent / "run").iterdir()), "nothing says that it runs"


def test_the_camera_stands_in_the_books_with_the_fact(watched: Stage) -> None:
    opens(watched, RESIDENT)
    eventually(lambda: watched.bureau.facts(kind="access.granted"), 10)
    assert [fact.data["camera"] for fact in facts(watched, "access.granted")] == [CAMERA]
    said = watched.bureau.do("facts", "--kind", "access.granted", "--clip", "https://nvr.example.cn/{camera}?t={utc}")
    assert f"camera={CAMERA}  https://nvr.example.cn/nvr1%2F03?t=" in said
    watched.bureau.do("verify")


WAITS = {("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")}
"""Listening, and bound without a far end."""


def sockets(pid: int) -> list[tuple[str, str, bool]]:
    """Of this process: protocol, own address, and whether it waits there for others."""
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile, as the folder's own
            links.append(str(link.readlink()))
    inodes = {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            _number, address, _remote, state, *_, inode = line.split()[:10]
            if inode in inodes:
                found.append((table, address, (table, state) in WAITS))
    return found


def test_a_unit_at_work_waits_for_nobody(watched: Stage) -> None:
    """It opens no port: what it hears comes by the connection that it made."""
    opens(watched, RESIDENT)
    eventually(lambda: watched.bureau.facts(kind="access.granted"), 10)
    assert watched.agent.pid is not None
    there = sockets(watched.agent.pid)
    assert there, "its connection to the broker is one"
    assert not [each for each in there if each[2]]


def test_one_that_waits_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert [waits for _table, address, waits in sockets(os.getpid()) if address.endswith(f":{port:04X}")] == [True]
