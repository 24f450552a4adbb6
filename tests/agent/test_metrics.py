"""The status as Prometheus reads it: taken apart by Prometheus's own parser, whole at any moment, and about no person."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent import metrics
from agent.statusfile import StatusFile, metrics_path, save_metrics, status_path
from contract.plain import DeviceStatus, DoorStatus, LinkStatus, Status
from tests.agent.statuses import STATUS, UTC
from tests.waiting import eventually

FULL = replace(
    STATUS,
    doors={"main": DoorStatus("normal", open=False, unlocked=False, lock="ok", held=False), "yard": DoorStatus("fire", open=None, unlocked=None, lock="lost", held=False)},
    devices={"relay": DeviceStatus("ok", tamper=("tamper",)), "panel": DeviceStatus("lost", "silent", UTC)},
    inputs={"gas": True},
    counts={"notice": 2},
    centre_since=UTC,
)  # fmt: skip


def samples(status: Status) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.text(status))
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def sample(status: Status, name: str, **labels: str) -> float | None:
    return samples(status).get((f"doorward_{name}", frozenset(labels.items())))


def test_its_own_parser_reads_what_the_status_says() -> None:
    assert sample(FULL, "info", unit="b12-u2", version="0.1.0") == 1
    assert sample(FULL, "status_time_seconds") == UTC
    assert sample(FULL, "starts_total") == 3
    assert sample(FULL, "facts_unconfirmed") == 17
    assert (sample(FULL, "link_up"), sample(FULL, "centre_online"), sample(FULL, "clock_synced")) == (1, 1, 1)
    assert (sample(FULL, "storage_ok"), sample(FULL, "door_only"), sample(FULL, "taken_over")) == (1, 0, 0)
    assert (sample(FULL, "door_open", door="main"), sample(FULL, "door_lock_ok", door="yard")) == (0, 0)
    assert sample(FULL, "door_mode", door="yard", mode="fire") == 1
    assert (sample(FULL, "device_up", device="relay"), sample(FULL, "device_up", device="panel")) == (1, 0)
    assert (sample(FULL, "device_tampered", device="relay"), sample(FULL, "input_active", input="gas")) == (1, 1)
    assert sample(FULL, "state_in_force", kind="notice") == 2


def test_a_link_that_is_down_hears_no_centre() -> None:
    down = replace(FULL, link=LinkStatus("down", UTC, "refused"), storage="full", stale=True, door_only=UTC)
    assert (sample(down, "link_up"), sample(down, "centre_online")) == (0, 0)
    assert (sample(down, "storage_ok"), sample(down, "state_stale"), sample(down, "door_only")) == (0, 1, 1)


def test_what_nobody_can_say_has_no_sample() -> None:
    assert sample(FULL, "door_open", door="yard") is None
    assert sample(FULL, "door_unlocked", door="yard") is None
    short = samples(replace(FULL, doors=40, devices=90, inputs=3, boot=None, at=None))
    assert not {name for name, _ in short} & {
        "doorward_door_open",
        "doorward_device_up",
        "doorward_input_active",
        "doorward_starts_total",
        "doorward_status_time_seconds",
    }


def test_names_are_as_prometheus_wants_them() -> None:
    families = {each.name: each for each in text_string_to_metric_families(metrics.text(FULL))}
    assert len(families) == len(metrics.METRICS)
    for metric in metrics.METRICS:
        assert re.fullmatch(r"doorward_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.type == "counter")
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.type, metric.words)


def test_a_label_of_any_characters_comes_back() -> None:
    odd = 'a"b\\c\nd门'
    assert sample(replace(FULL, inputs={odd: False}), "input_active", input=odd) == 0


def test_nothing_in_it_is_about_a_person_or_secret() -> None:
    text = metrics.text(replace(FULL, login="login-7", name="12号楼2单元", session="5e55", digest="ab" * 32))
    for told in ("login-7", "12号楼", "5e55", "abab", "badahu"):
        assert told not in text


def test_it_lies_beside_the_status_in_memory_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert metrics_path() is None
    plain = StatusFile(tmp_path)
    plain.write(FULL)
    eventually((tmp_path / "status.json").exists)
    plain.remove(5.0)
    assert not list(tmp_path.iterdir())

    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(run))
    before = os.umask(0o077)
    try:
        served = StatusFile(tmp_path)
        served.write(FULL)
        eventually((run / "doorward.prom").exists)
    finally:
        os.umask(before)
    assert (run / "doorward.prom").stat().st_mode & 0o777 == 0o644
    assert status_path(tmp_path).parent == run
    served.remove(5.0)
    assert not list(run.iterdir())


def test_it_is_never_read_half_written(tmp_path: Path) -> None:
    path = tmp_path / "doorward.prom"
    short = replace(FULL, doors=2, devices=2, inputs=1)
    whole = {metrics.text(FULL), metrics.text(short)}
    save_metrics(path, FULL)
    ends = threading.Event()

    def write() -> None:
        while not ends.is_set():
            save_metrics(path, short)
            save_metrics(path, FULL)

    seen: Counter[str] = Counter()

    def read() -> bool:
        seen[path.read_text(encoding="utf-8")] += 1
        return whole <= set(seen) and seen.total() >= 500

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(read, 30.0, every_s=0.0001)
    finally:
        ends.set()
        writer.join(10.0)
    assert set(seen) == whole


FULL_DISK = """
import resource, sys
from pathlib import Path
from agent.statusfile import save_metrics
from tests.agent.test_metrics import FULL
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
save_metrics(Path(sys.argv[1]), FULL)
"""


def test_a_disk_without_room_leaves_the_last_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "doorward.prom"
    save_metrics(path, STATUS)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], check=False, timeout=60, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0
    assert path.read_text(encoding="utf-8") == metrics.text(STATUS)
    assert [each.name for each in tmp_path.glob("*.prom")] == ["doorward.prom"], "a collector reads whatever ends so"
    save_metrics(tmp_path / "gone" / "doorward.prom", STATUS)


def test_the_rules_of_the_page_ask_for_metrics_that_there_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    of_units = {name for name in re.findall(r"\bdoorward_[a-z_]+", page) if not name.startswith("doorward_centre_")}
    there = {metric.name for metric in metrics.METRICS}
    assert of_units | {"doorward_centre_online"} == there
