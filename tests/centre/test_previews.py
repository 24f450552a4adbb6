"""Notices drawn before they are put up: by the real process, whatever the text; and by processes that fail."""

from __future__ import annotations

import io
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from centre.errors import UNREACHABLE, CentreError
from centre.previews import ALL_PAGES, FIRST_PAGES, KEPT_BYTES, WAITING, PanelForm, Previews
from contract.messages import Category, Notice, Per, Poll
from contract.scopes import Scope
from drivers.display.form import SIZES
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("previews")  # the process that draws is started once


def notice(title: str = "停水通知", text: str = "今日停水", **more: object) -> Notice:
    values = {"category": Category.SERVICE, **more}
    return Notice(Scope("site", "badahu"), "preview", 1, 1.0, title=title, text=text, **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def previews() -> Iterator[Previews]:
    made = Previews()
    yield made
    made.close()


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_each_panel_there_is_in_both_ways_it_hangs(previews: Previews) -> None:
    for width, height in SIZES:
        for rotate in (0, 90):
            made = previews.of(notice(), PanelForm(f"{width}x{height}", rotate), "zh-CN")
            assert size_of(made.pictures[0]) == ((height, width) if rotate else (width, height))
    with pytest.raises(CentreError, match="480x272"):
        previews.of(notice(), PanelForm("640x480"), "zh-CN")


def test_what_is_asked_and_how_urgent_it_is_can_be_seen(previews: Previews) -> None:
    plain, urgent, asking = (
        previews.of(notice(**more), PanelForm(), "zh-CN").pictures
        for more in ({}, {"category": Category.EMERGENCY}, {"ask": Poll(("东边", "西边"), Per.ROOM)})
    )
    assert len({plain, urgent, asking}) == 3


def test_a_long_text_has_its_first_pages_drawn_and_all_on_request(previews: Previews) -> None:
    long = notice(text="停水检修，请各户提前储水。" * 1500)
    first = previews.of(long, PanelForm(), "zh-CN")
    assert (first.pages, len(first.pictures)) == (ALL_PAGES, FIRST_PAGES)
    every = previews.of(long, PanelForm(), "zh-CN", ALL_PAGES)
    assert every.pictures[:FIRST_PAGES] == first.pictures
    assert len(every.pictures) == ALL_PAGES


def test_what_was_drawn_is_kept(previews: Previews) -> None:
    made = previews.of(notice("一次"), PanelForm(), "zh-CN")
    assert previews.kept(made.key) is made
    assert previews.of(notice("一次"), PanelForm(), "zh-CN") is made
    assert previews.kept("0" * 32) is None


ABSURD = ["", " ", "\0", "\x1b[2J", "\u202e", "\ufeff", "\u200d", "\U0001f468\u200d\U0001f469", "\r\n", "\t", "龘", "ﷺ", "é", "\ud800",
          "<script>", "%s%n", "{title}", "{0.__class__}", "\\", '"', "'", "\xff", "页", "12:00", "A", "-", "\u0301"]  # fmt: skip


@pytest.mark.soak
def test_four_hundred_absurd_texts(previews: Previews) -> None:
    """In bounded time and memory, and each ends in a picture or in words."""
    began = time.monotonic()
    drawn, refused = 0, list[int]()
    for number in range(400):
        part, other = ABSURD[number % len(ABSURD)], ABSURD[number * 7 % len(ABSURD)]
        count = (1, 3, 40, 900)[number % 4]
        try:
            made = previews.of(
                notice((part + other) * min(count, 90) or "x", (other + part) * count), PanelForm(), "zh-CN"
            )
            assert size_of(made.pictures[0]) == (480, 272)
            drawn += 1
        except CentreError as error:
            refused.append(error.code)
    assert drawn > 300
    assert refused
    assert UNREACHABLE not in refused
    assert time.monotonic() - began < 400
    assert sum(len(picture) for each in previews._kept.values() for picture in each.pictures) <= KEPT_BYTES
    process = previews._process
    assert process is not None
    peak = next(
        line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    assert int(peak.split()[1]) < 200_000, peak


def test_one_that_dies_is_started_anew(previews: Previews) -> None:
    previews.of(notice("vorher"), PanelForm(), "zh-CN")
    process = previews._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert previews.of(notice("nachher"), PanelForm(), "zh-CN").pictures
    assert previews._process is not process


def stand_in(tmp_path: Path, body: str) -> Previews:
    script = tmp_path / "draws.py"
    script.write_text(f"import sys, time\n{body}\n", encoding="utf-8")
    return Previews([sys.executable, str(script)])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "sys.exit(1)",
        "print('no', flush=True); sys.stdin.read()",
        "print('{}', flush=True); sys.stdin.read()",
        'print(\'{"pages": 1, "pictures": [9]}\', flush=True)',
    ],
)
def test_what_answers_nothing_of_use_is_told_and_left(tmp_path: Path, body: str) -> None:
    made = stand_in(tmp_path, body)
    with pytest.raises(CentreError, match="cannot be drawn") as told:
        made.of(notice(), PanelForm(), "zh-CN")
    assert told.value.code == UNREACHABLE
    assert made._process is None


def test_a_machine_without_the_program_says_so() -> None:
    with pytest.raises(CentreError, match="cannot be drawn"):
        Previews(["/nowhere/doorward"]).of(notice(), PanelForm(), "zh-CN")


def test_one_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.previews.LIMIT_S", 0.2)
    made = stand_in(tmp_path, "time.sleep(600)")
    with pytest.raises(CentreError, match="cannot be drawn"):
        made.of(notice(), PanelForm(), "zh-CN")
    assert made._process is None


def test_many_at_once_are_drawn_one_after_another(previews: Previews) -> None:
    found: list[bytes] = []

    def ask(number: int) -> None:
        found.append(previews.of(notice(f"第{number % 3}条"), PanelForm(), "zh-CN").pictures[0])

    threads = [threading.Thread(target=ask, args=(number,), name=f"ask {number}") for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(found) == 8
    assert len(set(found)) == 3


def test_so_many_wait_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has slow ones drawn keeps nobody from the other pages."""
    monkeypatch.setattr("centre.previews.LIMIT_S", 0.3)
    made = stand_in(tmp_path, "time.sleep(600)")
    told: list[str] = []

    def ask(number: int) -> None:
        with pytest.raises(CentreError) as error:
            made.of(notice(f"{number}"), PanelForm(), "zh-CN")
        told.append(str(error.value))

    threads = [threading.Thread(target=ask, args=(number,), name=f"ask {number}") for number in range(WAITING + 4)]
    for each in threads:
        each.start()
    eventually(lambda: sum("others are having" in each for each in told) == 4)
    for each in threads:
        each.join(60)
    assert sum("cannot be drawn" in each for each in told) == WAITING


def test_it_ends_with_whoever_asks(previews: Previews) -> None:
    made = Previews()
    made.of(notice(), PanelForm(), "zh-CN")
    process = made._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    eventually(lambda: process.poll() is not None)
    made.close()


def test_it_needs_no_home_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    made = Previews()
    assert made.of(notice(), PanelForm(), "zh-CN").pictures
    made.close()
    assert not list(tmp_path.iterdir())


def test_pictures_hold_few_colours_and_few_bytes(previews: Previews) -> None:
    image = pytest.importorskip("PIL.Image")
    [picture] = previews.of(notice(), PanelForm("800x480"), "zh-CN").pictures
    assert len(picture) < 20_000
    assert image.open(io.BytesIO(picture)).mode == "P"
