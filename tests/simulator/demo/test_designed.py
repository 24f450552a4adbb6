"""The demo's designed panels, and the plain ones where none can be made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.box import BoxSpec
from simulator.demo import panels
from simulator.tjc_canvas import TjcCanvas
from simulator.tjc_panel import TjcProject


def test_a_tjc_panel_is_drawn_on_in_its_own_charset() -> None:
    said: list[str] = []
    here, there = panels.designed(BoxSpec(panel=TjcProject(charset="utf-8")), said.append)
    assert isinstance(here.panel, TjcCanvas)
    assert isinstance(there.panel, TjcCanvas)
    assert (here.panel.width, there.panel.width, here.panel.charset) == (800, 480, "utf-8")
    assert said == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'no Chinese font is on this machine' >&2; exit 69", "no Chinese font is on this machine"),
        ("exit 70", "exit 70"),
        ("echo nowhere", "its files cannot be read"),
        ("echo {folder}", "its files cannot be read"),
    ],
)
def test_where_there_is_no_font_the_panel_is_a_plain_one_and_that_is_said(
    script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "panel.json").write_text("{}")
    fake = tmp_path / "doorward"
    fake.write_text(f"#!/bin/sh\n{script.format(folder=tmp_path)}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(panels, "mortal", lambda command: [str(fake)])
    said: list[str] = []
    mix = BoxSpec()
    assert panels.designed(mix, said.append) == (mix, mix)
    assert len(said) == 1
    assert said[0].startswith("the panel shows plain text: ")
    assert words in said[0]


def test_building_is_told_where_it_takes_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(panels, "_LIMIT_S", 0.3)
    monkeypatch.setattr(panels, "mortal", lambda command: [sys.executable, "-c", "import time; time.sleep(20)"])
    said: list[str] = []
    mix = BoxSpec()
    assert panels.designed(mix, said.append) == (mix, mix)
    assert "building the files of a 800x480 panel" in said[0]
    assert "took too long" in said[1]
