"""Files for simulated panels in the user's cache: built once, whole or not at all, by two at once too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from drivers.display.design import Form
from panel import kept
from panel.cli import panel
from panel.errors import PanelError
from panel.letters import find
from simulator.dwin_set.project import DwinProject
from simulator.tjc_canvas import TjcCanvas
from tests.waiting import eventually

FORM = Form(480, 272)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Where something was built; in place of the builder, which takes its time."""
    found: list[Path] = []

    def write(_built: object, _face: object, out: Path) -> None:
        time.sleep(0.05)
        (out / "DWIN_SET").mkdir(parents=True)
        (out / "DWIN_SET" / "14SHOW.BIN").write_bytes(b"shown")
        found.append(out)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("panel.kept.folder.build", lambda wish: None)
    monkeypatch.setattr("panel.kept.folder.write", write)
    return found


def test_they_are_built_once(built: list[Path], tmp_path: Path) -> None:
    places = {kept.dwin(FORM, find()) for _ in range(3)}
    assert len(places) == len(built) == 1
    assert places.pop().parent == tmp_path / "cache" / "doorward" / "panels"


@pytest.mark.parametrize("form", [Form(480, 272, large=True), Form(480, 272, 90), Form(800, 480)])
def test_each_form_has_its_own(form: Form, built: list[Path]) -> None:
    assert kept.dwin(FORM, find()) != kept.dwin(form, find())
    assert len(built) == 2


def test_another_pillow_builds_anew(built: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    kept.dwin(FORM, find())
    monkeypatch.setattr("panel.kept.pillow_version", "0.1")
    kept.dwin(FORM, find())
    assert len(built) == 2


@pytest.mark.parametrize(
    ("file", "times"), [("design/form.py", 2), ("panel/dwin/icl.py", 2), ("panel/show/unit.py", 1)]
)
def test_other_code_builds_anew(
    file: str, times: int, built: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("panel/dwin", "panel/show", "design"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / file).write_text("x = 1")
    monkeypatch.setattr("panel.kept._CODE", tmp_path / "panel")
    monkeypatch.setattr("panel.kept._DESIGN", tmp_path / "design")
    kept.dwin(FORM, find())
    (tmp_path / file).write_text("x = 2")
    kept.dwin(FORM, find())
    assert len(built) == times


@pytest.mark.parametrize("what", ["cut off", "changed", "gone", "added", "no table", "half a table", "another table"])
def test_what_a_cut_left_is_built_anew(what: str, built: list[Path]) -> None:
    place = kept.dwin(FORM, find())
    file, table = place / "DWIN_SET" / "14SHOW.BIN", place / "panel.json"
    match what:
        case "cut off":
            file.write_bytes(b"")
        case "changed":
            file.write_bytes(b"shown"[::-1])
        case "gone":
            file.unlink()
        case "added":
            (place / "DWIN_SET" / "1.BIN").touch()
        case "no table":
            table.unlink()
        case "half a table":
            table.write_bytes(table.read_bytes()[:20])
        case _:
            table.write_text("[]")
    assert not kept.whole(place)
    assert kept.dwin(FORM, find()) == place
    assert len(built) == 2
    assert kept.whole(place)


def test_two_at_once_build_one(built: list[Path]) -> None:
    face = find()
    threads = [threading.Thread(target=kept.dwin, args=(FORM, face), name=f"builder {n}") for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert len(built) == 1


def test_only_some_are_kept(built: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("panel.kept.MOST", 3)
    for number in range(5):
        monkeypatch.setattr("panel.kept.pillow_version", str(number))
        os.utime(kept.dwin(FORM, find()), (number, number))
    assert sum(each.is_dir() for each in kept.cache().iterdir()) == 3
    assert kept.whole(built[-1])


def test_a_folder_that_takes_nothing_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "doorward").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = CliRunner().invoke(panel, ["simulated", "tjc", "--size", "800x480"])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    with pytest.raises(PanelError):
        kept.dwin(FORM, find())


def test_a_user_without_a_home_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setattr("panel.kept.Path.home", homeless)
    done = CliRunner().invoke(panel, ["simulated", "tjc", "--size", "800x480"])
    assert done.exit_code == 2
    assert "XDG_CACHE_HOME" in done.stderr


def test_a_panel_that_is_drawn_on_needs_its_table_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = CliRunner().invoke(panel, ["simulated", "tjc", "--size", "480x272", "--rotate", "90"])
    assert done.exit_code == 0, done.output
    canvas = TjcCanvas.read(Path(done.output.strip()))
    assert (canvas.width, canvas.height, canvas.rotate) == (272, 480, 90)
    assert canvas.font is not None
    assert canvas.font.is_file()


@pytest.mark.slow
def test_a_built_one_says_which_words_are_of_which_part() -> None:
    done = CliRunner().invoke(panel, ["simulated", "dwin", "--size", "480x272"])
    assert done.exit_code == 0, done.output
    place = Path(done.output.strip())
    project = DwinProject.read(place)
    faults: list[str] = []
    screen = project.screen(project.folder.memory(), 0, faults)
    assert screen.page == "idle"
    assert screen.title == json.loads(Path("agent/locale/zh-CN.json").read_text(encoding="utf-8"))["not_loaded.title"]
    assert faults == []


def _children(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return {int(each) for each in listed.stdout.split()}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_whoever_ends_the_builder_ends_what_draws_for_it(how: signal.Signals, tmp_path: Path) -> None:
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "agent", "panel", "simulated", "dwin", "--size", "480x272"]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: len(_children(process.pid)) >= 3, 20.0)  # two that draw, and what multiprocessing needs
        children = _children(process.pid)
        time.sleep(0.5)
        process.send_signal(how)
    try:
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 10.0)
    finally:
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert not [each for each in (tmp_path / "doorward" / "panels").iterdir() if each.is_dir() and kept.whole(each)]
