"""What is remembered of crashes over restarts (rule D11)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent import limits
from agent.core.events import MessageReceived, TimePassed
from agent.crashes import Crashes, write_crash_file
from contract.messages import Category, Notice, Scope


def remembered(folder: Path) -> Crashes:
    crashes = Crashes(folder, lambda: 500.0)
    crashes.load()
    return crashes


def notice(rev: int) -> Notice:
    return Notice(Scope("yard", "y07"), "n", rev, 0.0, Category.POLICY, "t", "x")


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
        started().add(MessageReceived(n, notice(4)))
    crashes = started()
    assert crashes.door_only()
    assert crashes.aside(MessageReceived(77, notice(4)))
    assert not crashes.aside(MessageReceived(77, notice(5)))
    assert not crashes.aside(TimePassed())
    now[0] += limits.CRASH_WINDOW_S
    assert not started().door_only()


@pytest.mark.claim("D11")
def test_a_message_is_known_again_by_another_process() -> None:
    """Sets have no order of their own, and each process has another."""
    code = """
from agent.core.events import MessageReceived
from agent.crashes import message_name
from contract.messages import Holder, RosterPart, Scope
doors = frozenset({"main", "cellar", "garage", "yard", "roof"})
print(message_name(MessageReceived(1, RosterPart(Scope("yard", "y07"), "r", 1, 0.0, 1, 1, "k", (Holder("a", doors=doors),)))))
"""
    names = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": str(n)},
            timeout=20,
        ).stdout
        for n in range(1, 4)
    }
    assert len(names) == 1


def test_crashes_of_an_earlier_boot_do_not_count(tmp_path: Path) -> None:
    for _ in range(limits.CRASHES):
        remembered(tmp_path).add(None)
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
    Crashes(gone).add(None)
