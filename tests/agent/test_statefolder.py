"""What a start asks of a state folder that may not answer, and what becomes of an answer that comes late."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from agent import limits
from agent.asked import Asked
from agent.crashes import Crashes
from agent.statefolder import StateFolder
from agent.store import latch, plainfile
from agent.store.faults import FolderInUseError
from agent.store.folder import FolderLock
from tests.waiting import eventually


class Gate:
    """A call that waits until it is let through."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.reached.set()
        self.open.wait(10)
        return "answer"


def test_an_answer_in_time_is_given_and_told_to_nobody_else() -> None:
    late: list[str] = []
    asked = Asked("test", lambda: "answer", late.append)
    assert asked.wait(5.0)
    assert asked.answer("none") == "answer"
    assert late == []


def test_one_that_was_given_up_is_told_late_and_once() -> None:
    gate, late = Gate(), list[str]()
    asked = Asked("test", gate, late.append)
    began = time.monotonic()
    assert not asked.wait(0.05)
    assert time.monotonic() - began < 1.0
    assert (asked.answered, asked.answer("none"), asked.failed) == (False, "none", None)
    gate.open.set()
    assert eventually(lambda: late) == ["answer"]
    assert asked.wait(0.0)
    assert asked.answer("none") == "answer"


def test_what_the_world_refuses_is_no_answer_and_nobody_waits() -> None:
    def fails() -> str:
        raise OSError("broken")

    asked = Asked("test", fails)
    assert asked.wait(5.0)
    assert asked.answer("none") == "none"
    assert str(asked.failed) == "broken"


def test_a_fault_of_ours_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths: list[object] = []
    monkeypatch.setattr(threading, "excepthook", deaths.append)

    def trips() -> str:
        raise ZeroDivisionError

    asked = Asked("test", trips)
    began = time.monotonic()
    assert asked.wait(5.0)
    assert time.monotonic() - began < 1.0
    assert asked.answer("none") == "none"
    eventually(lambda: deaths)


def test_a_folder_that_answers_late_is_served_without_and_heard_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latch.write(tmp_path, {"main"})
    (tmp_path / "secure-readers").write_text("one\n")
    gate, sound = threading.Event(), plainfile.read

    def hangs(path: Path, most: int) -> bytes:
        gate.wait(10)
        return sound(path, most)

    monkeypatch.setattr(plainfile, "read", hangs)
    late: list[latch.LatchState] = []
    began = time.monotonic()
    folder = StateFolder(tmp_path, Crashes(tmp_path), late.append)
    assert folder.wait() == latch.LatchState(frozenset(), sure=False)
    assert time.monotonic() - began < limits.START_WAIT_S + 0.4
    assert folder.secure_readers(frozenset({"one", "two"})) == {"one", "two"}, "none begins in the clear"
    assert not folder.learnt()
    gate.set()
    assert eventually(lambda: late) == [latch.LatchState(frozenset({"main"}), sure=True)]
    eventually(folder.learnt)
    assert folder.secure_readers(frozenset({"one", "two"})) == {"one"}
    assert not folder.learnt(), "news once"


def test_a_folder_in_use_is_found_out_late_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = FolderLock(tmp_path)
    gate, sound = threading.Event(), plainfile.open_for_writing

    def hangs(path: Path, *, truncate: bool = False) -> int:
        gate.wait(10)
        return sound(path, truncate=truncate)

    monkeypatch.setattr(plainfile, "open_for_writing", hangs)
    folder = StateFolder(tmp_path, Crashes(tmp_path), lambda _: None)
    folder.wait()
    assert not folder.in_use
    gate.set()
    eventually(lambda: folder.in_use)
    with pytest.raises(FolderInUseError):
        folder.check()
    other.release()


@pytest.mark.claim("D11")
@pytest.mark.parametrize(
    "text",
    ["", "[" * 200_000, '{"boot":"BOOT","times":[1' + "0" * 400 + '],"aside":[]}', '{"boot":1,"times":3,"aside":0}'],
)
def test_what_is_remembered_of_crashes_and_damaged_costs_no_start(tmp_path: Path, text: str) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    (tmp_path / "crashes.json").write_text(text.replace("BOOT", boot))
    began = time.monotonic()
    folder = StateFolder(tmp_path, Crashes(tmp_path), lambda _: None)
    assert folder.wait().sure
    assert folder.aside() == frozenset()
    assert time.monotonic() - began < limits.START_WAIT_S


@pytest.mark.claim("D11")
def test_a_crash_while_the_disk_hangs_forgets_none_of_what_was_remembered(
    tmp_path: Path,
) -> None:
    before = Crashes(tmp_path, lambda: 100.0)
    before.load()
    before.add(["old"])
    crashes = Crashes(tmp_path, lambda: 200.0)
    crashes.add(["new"])  # what was before could not be read yet
    crashes.load()
    again = Crashes(tmp_path, lambda: 250.0)
    again.load()
    assert {"old", "new"} <= again.aside.names
    again.add()
    assert again.door_only()
    assert json.loads((tmp_path / "crashes.json").read_text())["times"] == [100.0, 200.0, 250.0]
