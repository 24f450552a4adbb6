"""What is remembered of crashes over restarts (rule D11)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent import limits
from agent.aside import Aside, culprits, entry_of, name_in, name_of
from agent.core.events.life import TimePassed
from agent.core.events.link import MessageReceived
from agent.core.events.store import StateLoaded
from agent.crashes import Crashes, write_crash_file
from contract.messages import Category, Notice, Settings
from contract.parse import payload_of
from contract.scopes import Scope
from contract.topics import parse_down
from tests.agent import extremes

YARD = Scope("yard", "y07")


def remembered(folder: Path) -> Crashes:
    crashes = Crashes(folder, lambda: 500.0)
    crashes.load()
    return crashes


def notice(rev: int) -> Notice:
    return Notice(YARD, "n", rev, 0.0, Category.POLICY, "t", "x")


@pytest.mark.claim("D11")
def test_three_crashes_in_five_minutes_mean_door_only_and_the_message_is_set_aside(tmp_path: Path) -> None:
    now = [1000.0]

    def started() -> Crashes:
        crashes = Crashes(tmp_path, lambda: now[0])
        crashes.load()
        return crashes

    for n in range(limits.CRASHES):
        assert not started().door_only()
        now[0] += 60
        started().add(culprits(ZeroDivisionError(), MessageReceived(n, notice(4))))
    crashes = started()
    assert crashes.door_only()
    assert name_of(notice(4)) in crashes.aside
    assert name_of(notice(5)) not in crashes.aside
    assert culprits(ZeroDivisionError(), TimePassed()) == ()
    now[0] += limits.CRASH_WINDOW_S
    assert not started().door_only()


@pytest.mark.claim("D11")
def test_a_message_has_one_name_before_and_after_it_is_read() -> None:
    for sample in extremes.SAMPLES:
        kind, payload = extremes.kind_of(sample), payload_of(sample, extremes.SITE)
        down = parse_down(extremes.topic_of(kind, payload))
        assert down is not None
        assert name_in(down, payload) == name_of(sample)
    assert entry_of(name_of(notice(4)) or "") == ("notice", "yard/y07", "n", 4)
    assert entry_of("command c1") is None


@pytest.mark.claim("D11")
def test_more_poisoned_messages_than_ten_are_all_remembered_and_their_number_is_bounded(tmp_path: Path) -> None:
    for rev in range(1, limits.ASIDE + 3):
        remembered(tmp_path).add(culprits(ZeroDivisionError(), MessageReceived(1, notice(rev))))
    known = remembered(tmp_path).aside
    assert len(known.names) == limits.ASIDE
    assert name_of(notice(3)) in known
    assert name_of(notice(2)) not in known


def test_what_the_cache_brought_is_all_suspected_where_no_one_is_in_hand() -> None:
    assert len(culprits(ZeroDivisionError(), StateLoaded((notice(1), notice(2), Settings(YARD, 1, 0.0))))) == 3


def test_the_links_thread_sets_aside_without_a_crash(tmp_path: Path) -> None:
    crashes = remembered(tmp_path)
    crashes.aside.add("command c1")
    assert "command c1" in remembered(tmp_path).aside
    assert not crashes._recent()
    assert not Aside()


@pytest.mark.parametrize("name", ["crashes.json", "crash-7.jsonl", "fault.txt"])
def test_what_is_left_of_a_crash_is_for_its_owner_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch(mode=0o644)
    crashes = Crashes(tmp_path)
    crashes.add()
    crashes.watch_signals()
    write_crash_file(tmp_path, "x", 7)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_crashes_of_an_earlier_boot_do_not_count(tmp_path: Path) -> None:
    for _ in range(limits.CRASHES):
        remembered(tmp_path).add()
    text = (tmp_path / "crashes.json").read_text(encoding="utf-8")
    (tmp_path / "crashes.json").write_text(text.replace('"boot": "', '"boot": "x'), encoding="utf-8")
    assert not remembered(tmp_path).door_only()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"boot": 1, "times": "x", "aside": []}', b"\xff\xfe"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "crashes.json").write_bytes(content)
    assert not remembered(tmp_path).door_only()


@pytest.mark.parametrize(("death", "counted"), [("os.abort()", 1), ("os.kill(os.getpid(), 9)", 0)])
def test_the_watchdogs_abort_counts_and_a_kill_does_not(tmp_path: Path, death: str, counted: int) -> None:
    code = f"""
import os
from pathlib import Path
from agent.crashes import Crashes
Crashes(Path({str(tmp_path)!r})).watch_signals()
{death}
"""
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=20)
    crashes = Crashes(tmp_path)
    crashes.load()
    assert len(crashes._recent()) == counted


def test_only_the_newest_crash_files_are_kept(tmp_path: Path) -> None:
    for n in range(6):
        assert write_crash_file(tmp_path, f"{n}\n", 1_000_000_000 + n) is not None
    assert sorted(p.read_text() for p in tmp_path.glob("crash-*.jsonl")) == ["3\n", "4\n", "5\n"]


def test_a_disk_that_refuses_gives_no_second_fault(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert write_crash_file(gone, "x", 0) is None
    Crashes(gone).add()
