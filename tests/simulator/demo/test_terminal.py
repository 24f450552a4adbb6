"""The demo as somebody sees it who sits before it: every terminal gets a whole picture, in the language asked for."""

from __future__ import annotations

import fcntl
import re
import string
import struct
import termios
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from simulator.clockwork import Clockwork
from simulator.demo.glass import Glass, able, look_of, screen_of, wrapped
from simulator.demo.looks import LOOKS
from simulator.demo.pictograms import HIGH, NAMES, WIDE
from simulator.demo.pictograms import rows as dots
from simulator.demo.visitor import KEYS
from simulator.demo.words import EN, ZH, languages
from simulator.panel import Screen
from simulator.tjc_canvas import TjcCanvas, TjcCanvasPanel
from simulator.trace import Trace
from tests.simulator.demo import leftovers
from tests.simulator.demo.test_story import Person, environment

FURTHER = (("large", "14:05"), ("aside", "2026年11月26日 周四"), ("contact", "网格员 王敏 5550 1234"))
LONG = "今日上午八时至下午五时停水请各位居民提前储水 if you have questions call 5550 1234"
PLAIN_PAGES = ("idle", "notice", "answer", "refused", "alarm", "7")
SIZES = [(24, 7), (40, 12), (66, 20), (120, 40)]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii", "iso8859-1"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_fills_the_glass_and_no_more(size: tuple[int, int], encoding: str) -> None:
    can = able(encoding)
    for page in (*LOOKS, *PLAIN_PAGES):
        for text in ("", "请进", LONG, LONG * 9):
            screen = Screen(page, text[:30], (text, "", text), text[:20], (*FURTHER, ("large", "●●●")))
            for colour in (True, False):
                lines = Glass(*size, can, colour=colour).lines(screen)
                assert [cell_len(line.plain) for line in lines] == [size[0]] * size[1], page
                assert can("".join(line.plain for line in lines)), page


def test_title_and_text_are_to_be_read_on_every_page() -> None:
    for page in (*LOOKS, *PLAIN_PAGES):
        text = "\n".join(
            line.plain for line in Glass(40, 12, able("utf-8")).lines(Screen(page, "请进", ("门已打开",), "14:05"))
        )
        assert "请进" in text, page
        assert "门已打开" in text, page
        assert "14:05" in text, page


def test_a_clock_is_large_and_a_keypad_is_there_to_type_on() -> None:
    glass = Glass(40, 12, able("utf-8"))
    idle = [line.plain for line in glass.lines(Screen("idle", "12号楼2单元", (), "", FURTHER))]
    assert sum(any(block in line for block in "▀▄█") for line in idle) == 3
    entry = "\n".join(line.plain for line in glass.lines(Screen("entry", "请输入", (), "", (("large", "***"),))))
    assert "● ● ●" in entry
    assert [key for key in entry.split() if key in "123456789*0#"] == list("123456789*0#")


def test_yes_and_no_differ_without_colour_and_without_chinese() -> None:
    for encoding in ("utf-8", "ascii"):
        drawn = [
            "".join(line.plain for line in Glass(40, 12, able(encoding), colour=False).lines(Screen(page, "", (), "")))
            for page in ("yes", "no", "help", "fire", "emergency", "checkin")
        ]
        assert len({*drawn}) == (6 if encoding == "utf-8" else 5)  # a check-in is a yes there
    assert {look_of(Screen(page, "", (), "")).ground for page in ("answer", "refused")} == {
        LOOKS["yes"].ground,
        LOOKS["no"].ground,
    }


def test_pictograms_have_their_size() -> None:
    for name in NAMES:
        for times in (1, 2):
            drawn = dots(name, times)
            assert [len(line) for line in drawn] == [WIDE * times] * (HIGH * times // 2), name


def test_lines_break_where_they_may() -> None:
    assert wrapped("The door is open", 9) == ["The door", "is open"]
    assert wrapped("今日停水请储水", 6) == ["今日停", "水请储", "水"]
    assert wrapped("x" * 7, 3) == ["xxx", "xxx", "x"]
    assert wrapped("  ", 3) == []


def test_what_was_drawn_on_a_panel_is_known_by_its_colours() -> None:
    panel = TjcCanvasPanel(Clockwork(), TjcCanvas(parts={(0x0000, 5, 5): "title"}), Trace())
    for name, look in LOOKS.items():
        red, green, blue = (int(look.ground[at : at + 2], 16) for at in (1, 3, 5))
        panel._carry_out(b"cls %d" % (red >> 3 << 11 | green >> 2 << 5 | blue >> 3), 0.0)
        if look.band and name != "emergency":
            red, green, blue = (int(look.band[at : at + 2], 16) for at in (1, 3, 5))
            panel._carry_out(b"fill 0,0,800,88,%d" % (red >> 3 << 11 | green >> 2 << 5 | blue >> 3), 0.0)
        seen = screen_of(panel).page
        assert LOOKS[seen].ground == look.ground
        assert LOOKS[seen].band == look.band or name == "emergency"


def test_both_languages_say_the_same_things() -> None:
    assert EN.keys() == ZH.keys()
    assert {f"key.{key.key}" for key in KEYS} <= EN.keys()
    for key, text in EN.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(each) if name} for each in (text, ZH[key])]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize(
    ("asked", "environment", "encoding", "spoken"),
    [
        ("en", {"LANG": "zh_CN.UTF-8"}, "utf-8", ("en", "en")),
        ("zh-CN", {}, "utf-8", ("zh-CN", "zh-CN")),
        (None, {}, "utf-8", ("zh-CN", "en")),
        (None, {"LANG": "zh_CN.UTF-8"}, "utf-8", ("zh-CN", "zh-CN")),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "utf-8", ("zh-CN", "en")),
        (None, {"LANG": "zh_CN.GBK"}, "gbk", ("zh-CN", "zh-CN")),
        (None, {"LANG": "zh_CN"}, "ascii", ("en", "en")),
    ],
)
def test_the_language_is_the_persons(
    asked: str | None, environment: dict[str, str], encoding: str, spoken: tuple[str, str]
) -> None:
    assert languages(asked, environment, encoding) == spoken


class Watcher(Person):
    """Sees whole pictures: what stands between two returns to the left upper corner."""

    def picture(self) -> list[str]:
        self.sees("\x1b[H", 5.0)
        self.sees("\x1b[H", 5.0)
        whole = self.seen.split("\x1b[H")[-2]
        return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", whole).replace("\r", "").split("\n")]

    def facts(self) -> int:
        return sum(bool(re.search(r"^[│|] \d+ +\d\d:\d\d:\d\d\.", line)) for line in self.picture())

    def resizes(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def fitting(self, columns: int, rows: int) -> list[str]:
        """A picture that is as large as the terminal: what was under way when that changed comes before it."""
        end = time.monotonic() + 10.0
        while time.monotonic() < end:
            picture = self.picture()
            if len(picture) == rows and max(map(cell_len, picture)) <= columns:
                return picture
        raise AssertionError(picture)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "asks", "welcome", "reader", "colours"),
    [
        pytest.param("en", "now try:", "Come in", "rdm6300", True, marks=pytest.mark.soak, id="en"),
        pytest.param("zh-CN", "请试试", "请进", "osdp", False, id="zh-CN"),
    ],
)
def test_at_a_terminal_of_any_size(
    tmp_path: Path, language: str, asks: str, welcome: str, reader: str, colours: bool
) -> None:
    """Keys are typed at the reader, and where that has none at the panel."""
    temporary = tmp_path / "tmp"
    env = {**environment(temporary), **({} if colours else {"NO_COLOR": "1"})}
    options = ["--terminal", "--broker", "iotcore", "--language", language, "--reader", reader]
    person = Watcher(env, *options, columns=80, rows=24)
    person.sees(asks, 60.0)
    person.sees("roster.applied")
    person.types("1")
    person.sees(welcome)
    person.types("3x")
    end = time.monotonic() + 10.0
    while person.facts() < 6 and time.monotonic() < end:
        pass
    for columns, rows in ((80, 24), (150, 48)):
        person.resizes(columns, rows)
        picture = person.fitting(columns, rows)
        assert person.facts() >= 6, picture
        for key in "1234tvdxfrnocpkq":
            assert f" {key}  " in "\n".join(picture), (key, picture)
        assert (re.search(r"[A-Za-z]{4}", "".join(picture[1:9])) is None) == (language == "zh-CN"), picture[1:9]
    person.sees("page idle" if language == "en" else "页面 idle")
    person.types("t")
    person.sees("⌨" if reader == "rdm6300" else "301*", 5.0)
    person.types("30")
    person.sees("● ●", 5.0)
    person.types("\r")
    for smaller in ((64, 18), (40, 10), (20, 5), (80, 24)):
        person.resizes(*smaller)
        person.fitting(*smaller)
    codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", person.seen) for code in found.split(";")}
    assert bool(codes & {"38", "48", *map(str, (*range(30, 38), *range(40, 48), *range(90, 108)))}) == colours
    assert person.leaves("q") == 0
    assert leftovers.all_of(temporary) == []


@pytest.mark.slow
def test_a_terminal_that_only_prints_and_has_no_chinese(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    poor = {"TERM": "dumb", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1"}
    person = Watcher({**environment(temporary), **poor}, "--terminal", "--broker", "iotcore")
    person.sees("now try:", 60.0)
    person.sees("roster.applied")
    if "Building 12" not in person.seen:  # the two come in either order
        person.sees("Building 12")
    person.types("1")
    person.sees("access.granted")
    person.sees("Come in")
    assert "\x1b" not in person.seen
    assert person.seen.isascii()
    assert person.leaves("q") == 0
    assert leftovers.all_of(temporary) == []
