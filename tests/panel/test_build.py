"""`doorward panel build dwin`, from the command line to the finished folder; and what its own look at the files finds."""

from __future__ import annotations

import errno
import os
import random
import re
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli import doorward
from drivers.display.design import Letters
from panel import letters as font_files
from panel.dwin import check, fonts
from panel.dwin import folder as folders
from panel.dwin.config import LineSettings
from panel.dwin.folder import Built
from panel.letters import Face, find
from tests.panel.building import bits, command
from tests.panel.test_flash_and_settings import own

# --- glyphs of a font, few of them


def test_what_the_font_has_not_is_shown_as_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    table = fonts.CodeTable("gbk", (0xA1, 0xC3), (0xA1, 0xC5))
    monkeypatch.setitem(fonts.TABLES, "gbk", table)
    monkeypatch.setattr(fonts.CodeTable, "characters", lambda _: iter([(0, "门"), (1, "\U0010fffe"), (2, "\u3000")]))
    data, missing = fonts.chinese(find(), Letters(24, "gbk"))
    cells = [bits(data[n * 72 : n * 72 + 72], 24, 24) for n in range(4)]
    assert missing == ("\U0010fffe",)
    assert cells[1][3][3:21] == "#" * 18
    assert not any("#" in row for cell in cells[2:] for row in cell)
    assert any("#" in row for row in cells[0])


def test_code_tables_are_those_of_the_standards() -> None:
    assert len(fonts.TABLES["gbk"]) == 23_940
    assert len(fonts.TABLES["gb2312"]) == 94 * 94
    assert sum(1 for _ in fonts.TABLES["gb2312"].characters()) == 7445
    gbk = dict(fonts.TABLES["gbk"].characters())
    assert gbk[0] == "丂"
    assert len(gbk) > 21_000


# --- wrong use: a line, an exit code, nothing left


@pytest.fixture
def no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows is only the command: the files are two."""

    def quick(wish: folders.Wish) -> Built:
        library = wish.library or 32
        files = {"13TOUCH.BIN": b"\xff\xff", "T5LCFG.CFG": b"T5LC1"}
        made = check.Folder(wish.form, files, "", (), "", "", "13TOUCH.BIN", "")
        return Built(made, library, (), LineSettings(crc=False, baud=9600, library=32) if wish.settings else None)

    monkeypatch.setattr(folders, "build", quick)


def blank(_: Face, sizes: Sequence[Letters]) -> dict[Letters, tuple[bytes, tuple[str, ...]]]:
    return {each: (bytes(fonts.chinese_bytes(each)), ()) for each in sizes}


def dies(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def left(base: Path) -> Iterator[str]:
    yield from (path.name for path in base.iterdir())


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--size", "640x480"], "640x480"),
        (["--size", "wide"], "wide"),
        ([], "--size"),
        (["--size", "800x480", "--rotate", "45"], "45"),
        (["--size", "800x480", "--rotate", "90"], "--cfg"),
        (["--size", "800x480", "--language", "fr"], "fr"),
        (["--size", "800x480", "--background-id", "64"], "64"),
        (["--size", "800x480", "--cfg", "nowhere.CFG"], "nowhere.CFG"),
        (["--size", "800x480", "--font", "nowhere.ttf"], "nowhere.ttf"),
    ],
)
def test_wrong_options(arguments: list[str], word: str, tmp_path: Path) -> None:
    told = command(*arguments, tmp_path / "out")
    assert told.exit_code == 2
    assert word in told.output
    assert not list(left(tmp_path))


def test_settings_and_a_background_id_contradict_each_other(tmp_path: Path) -> None:
    (tmp_path / "A.CFG").write_bytes(own())
    told = command("--size", "800x480", "--cfg", tmp_path / "A.CFG", "--background-id", "32", tmp_path / "out")
    assert told.exit_code == 2
    assert "without --cfg" in told.output


@pytest.mark.parametrize(
    "absurd",
    [b"", b"T5LC", random.Random(40).randbytes(4096), b"T5LC1" + bytes(200)],
    ids=["empty", "short", "noise", "long"],
)
def test_settings_that_are_none(absurd: bytes, tmp_path: Path) -> None:
    (tmp_path / "T5LCFG.CFG").write_bytes(absurd)
    told = command("--size", "800x480", "--cfg", tmp_path / "T5LCFG.CFG", tmp_path / "out")
    assert told.exit_code == 2
    assert told.output.count("\n") == 1
    assert "T5LCFG.CFG: " in told.output
    assert list(left(tmp_path)) == ["T5LCFG.CFG"]


@pytest.mark.parametrize(
    "absurd", [b"", b"no font at all", random.Random(50).randbytes(50_000)], ids=["empty", "words", "noise"]
)
def test_a_font_that_is_none(absurd: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(absurd)
    told = command("--size", "800x480", "--font", tmp_path / "a.ttf", tmp_path / "out")
    assert told.exit_code == 69
    assert told.output.count("\n") == 1
    assert list(left(tmp_path)) == ["a.ttf"]


def test_no_font_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_files, "find_spec", lambda _: None)
    monkeypatch.setattr(font_files, "_SYSTEM", (str(tmp_path / "fonts"),))
    told = command("--size", "800x480", tmp_path / "out")
    assert told.exit_code == 69
    assert "pip install" in told.output
    assert told.output.count("\n") == 1


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    told = command("--size", "800x480", tmp_path / "out")
    assert told.exit_code == 2
    assert "not empty" in told.output
    assert list(left(tmp_path / "out")) == ["mine"]
    assert command("--size", "800x480", tmp_path / "out" / "mine").exit_code == 2


def test_an_image_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "card.img").write_text("mine")
    told = command("--size", "800x480", "--sd", tmp_path / "card.img", tmp_path / "out")
    assert told.exit_code == 2
    assert (tmp_path / "card.img").read_text() == "mine"
    assert list(left(tmp_path)) == ["card.img"]


@pytest.mark.usefixtures("no_build")
def test_an_empty_folder_and_a_new_one_are_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for out in (tmp_path / "out", tmp_path / "new" / "deep"):
        told = command("--size", "800x480", out)
        assert told.exit_code == 0, told.output
        assert "has to name 32" in told.output
        assert set(left(out)) == {"DWIN_SET", "FONT-LICENCE.txt"}
    assert set(left(tmp_path)) == {"out", "new"}


@pytest.mark.usefixtures("no_build")
def test_it_speaks_chinese(tmp_path: Path) -> None:
    """What it built, what is wrong, and its help down to the last command."""

    def said(*arguments: object) -> str:
        return CliRunner().invoke(doorward, ["--language", "zh-CN", "panel", *map(str, arguments)]).output

    built = said("build", "dwin", "--size", "800x480", tmp_path / "out")
    assert "屏幕自己的 .CFG 须把 32 设为背景图库" in built
    assert "写进单元的配置：" in built
    assert said("build", "dwin", "--size", "800x480", tmp_path / "out").endswith("out：已经有了，而且不是空的\n")
    assert "只有屏幕自己的设置才能转向" in said("build", "dwin", "--size", "800x480", "--rotate", "90", tmp_path / "o2")
    for path in ((), ("build",), ("build", "dwin"), ("simulated",), ("show",)):
        text = said(*path, "--help")
        assert text.startswith("用法:")
        assert not re.search("[a-z]{3,} [a-z]{2,} [a-z]{2,}", text.partition("\n\n")[2]), text
    assert "制作屏幕的文件" in said("--help")
    assert CliRunner().invoke(doorward, ["panel", "--help"]).output.startswith("Usage:")


@pytest.mark.usefixtures("no_build")
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(Path, "write_bytes", full)
    for out in (tmp_path / "out", tmp_path / "empty"):
        told = command("--size", "800x480", "--sd", tmp_path / "card.img", out)
        assert told.exit_code == 2
        assert "no space left" in told.output
    assert list(left(tmp_path)) == ["empty"]
    assert not list(left(tmp_path / "empty"))


@pytest.mark.usefixtures("no_build")
def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for arguments in ([tmp_path / "file" / "out"], ["--sd", tmp_path / "nowhere" / "card.img", tmp_path / "out"]):
        told = command("--size", "800x480", *arguments)
        assert told.exit_code == 2, told.output
        assert told.output.count("\n") == 1
    assert list(left(tmp_path)) == ["file"]


def test_a_fault_of_the_finished_files_ends_it_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "drawn_fonts", blank)
    monkeypatch.setattr(fonts, "ascii_font", lambda _: bytes(3_082_752))
    told = command("--size", "480x272", tmp_path / "out")
    assert told.exit_code == 1
    assert "nothing for" in told.output
    assert not list(left(tmp_path))


@pytest.mark.slow
def test_a_process_that_is_killed_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "ascii_font", lambda _: b"")
    monkeypatch.setattr(fonts, "chinese", dies)
    told = command("--size", "480x272", tmp_path / "out")
    assert told.exit_code == 1
    assert told.output.count("\n") == 1
    assert "was ended" in told.output
    assert not list(left(tmp_path))


def test_no_room_at_the_backgrounds_place_says_how_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "drawn_fonts", blank)
    told = command("--size", "800x480", "--large", "--background-id", "40", tmp_path / "out")
    assert told.exit_code == 2
    assert "without --background-id" in told.output


def test_a_collection_gives_its_simplified_chinese_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["Some Sans JP", "Some Sans KR", "Some Sans SC", "Some Sans TC"]

    class Member:
        def __init__(self, number: int) -> None:
            if number >= len(names):
                raise OSError("no such face")
            self.number = number

        def getname(self) -> tuple[str, str]:
            return names[self.number], "Regular"

    monkeypatch.setattr(font_files.ImageFont, "truetype", lambda _, size, number: Member(number))
    assert font_files._member(tmp_path / "a.ttc") == 2
    names.remove("Some Sans SC")
    assert font_files._member(tmp_path / "b.ttc") == 0
    assert font_files._member(tmp_path / "c.otf") == 0


def test_the_licence_travels_with_the_font(tmp_path: Path) -> None:
    face = find()
    assert face.licence is not None
    copy = tmp_path / "mine.ttf"
    copy.symlink_to(face.path)
    assert find(copy).licence is None
    (tmp_path / "LICENSE.txt").write_text("mine")
    assert find(copy) == Face(copy, tmp_path / "LICENSE.txt")
