"""Text on a small display: width, wrapping, pages, what cannot be drawn."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.core import limits
from agent.core.text import cut, drawable, paged, reading_s, width, wrap

TIED = r"(?:[（“] *)*(?:[A-Za-z0-9:’-]+|……|[停水请])?(?: *[，。！）”…])*"
"""What one line must hold: a word or character with the punctuation that belongs to it."""

anything = st.text(st.characters(), max_size=300)


@given(
    text=anything, columns=st.integers(2, 40), charset=st.sampled_from(["gbk", "gb18030", "ascii", "utf-8", "no-such"])
)
@example(text="你好" * 30, columns=3, charset="gbk")
@example(text="00°", columns=2, charset="gbk")
@example(text="\u1680", columns=2, charset="gb18030")
@example(text="（" * 9 + "，" * 9, columns=4, charset="gbk")
def test_lines_fit_and_nothing_drawable_is_lost(text: str, columns: int, charset: str) -> None:
    drawn = drawable(text, charset)
    lines = list(wrap(drawn, columns))
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == drawn.replace("\n", "").replace(" ", "")


@given(text=anything)
def test_what_is_drawn_is_in_the_charset_and_has_no_controls(text: str) -> None:
    drawn = drawable(text, "gbk")
    assert drawn.encode("gbk").decode("gbk") == drawn
    assert not any(ord(char) < 32 and char != "\n" for char in drawn)


def test_what_the_charset_lacks_is_replaced() -> None:
    assert drawable("停水😀\x1b[31m通知\u202e", "gbk") == "停水□[31m通知"
    assert drawable("• ¥5 〜 m² ☎", "gbk") == "· ￥5 ～ m2 电话"
    assert drawable("一\t二\r\n三", "gbk") == "一 二\n三"
    assert drawable("中a", "ascii") == "?a"


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("今日停水八点到十二点", 10, ["今日停水八", "点到十二点"]),
        ("今日停水八点，请储水", 12, ["今日停水八", "点，请储水"]),
        ("请看（通知）", 6, ["请看", "（通", "知）"]),
        ("water off today", 10, ["water off", "today"]),
        ("supercalifragilistic", 8, ["supercal", "ifragili", "stic"]),
        ("热线12345转2", 8, ["热线", "12345转2"]),
        ("一\n\n二", 8, ["一", "", "二"]),
        ("今日停水到12:00。请", 14, ["今日停水到", "12:00。请"]),
        ("今日 8:00-12:00 停水，请", 17, ["今日 8:00-12:00", "停水，请"]),
        ("见（12:00）", 6, ["见", "（12:0", "0）"]),
        ("他说“停水”了", 6, ["他说", "“停", "水”了"]),
        ("明天停水……好", 8, ["明天停", "水……好"]),
        ("please don’t smoke", 10, ["please", "don’t", "smoke"]),
        ("时间８３３号", 8, ["时间", "８３３号"]),
        ("gov.cn/notice/2026/a", 12, ["gov.cn/", "notice/2026/", "a"]),
    ],
)
def test_lines_break_where_a_reader_expects(text: str, columns: int, lines: list[str]) -> None:
    assert list(wrap(text, columns)) == lines


pieces = st.lists(
    st.sampled_from(
        [
            "停水",
            "请",
            "12:00",
            "8-12",
            "B2",
            "water",
            "，",
            "。",
            "！",
            "）",
            "（",
            "“",
            "”",
            " ",
            "……",
            "\n",
            "5550",
            "don’t",
        ]
    ),
    max_size=40,
)


@given(pieces=pieces, columns=st.integers(16, 40))
@example(pieces=["请", "12:00", "。", "请"] * 6, columns=16)
def test_numbers_and_words_stay_whole_and_punctuation_with_its_text(pieces: list[str], columns: int) -> None:
    text = "".join(pieces)
    lines = list(wrap(text, columns))
    assert all(width(line) <= columns for line in lines)
    longest = max((width(run) for run in re.findall(TIED, text)), default=0)
    if longest > columns:
        return
    words = re.findall(r"[A-Za-z0-9:’-]+", text)
    assert [word for line in lines for word in re.findall(r"[A-Za-z0-9:’-]+", line)] == words
    begins = {line[0] for line in lines if line}
    assert not begins & set("，。！）”…") or re.search(r"(^|\n) *[，。！）”…]", text)
    assert not {line[-1] for line in lines if line} & set("（“") or re.search(r"[（“] *(\n|$)", text)


def test_long_titles_are_cut_within_the_width() -> None:
    assert cut("关于临时停水的通知", 10) == "关于临时.."
    assert cut("短标题", 10) == "短标题"
    assert width(cut("标题" * 30, 11)) <= 11


@given(text=anything, rows=st.integers(1, 8))
def test_pages_hold_all_lines_up_to_the_limit(text: str, rows: int) -> None:
    lines = list(wrap(drawable(text, "gbk"), 20))
    pages = paged(iter(lines), rows)
    assert 1 <= len(pages) <= limits.PAGES_MAX
    assert all(len(page) <= rows for page in pages)
    if len(lines) <= rows * limits.PAGES_MAX:
        assert [line for page in pages for line in page if line] == [line for line in lines if line]


def test_a_long_document_costs_no_more_than_its_pages() -> None:
    assert len(paged(wrap("党的政策" * 15_000, 20), 8)) == limits.PAGES_MAX


@settings(max_examples=50)
@given(body=st.lists(st.text(max_size=40), max_size=8))
def test_reading_time_grows_with_the_page_and_has_a_floor(body: list[str]) -> None:
    assert limits.READING_MIN_S <= reading_s(body) <= limits.READING_MAX_S
    assert reading_s(["字" * 10] * 8) > reading_s(["字" * 10])
