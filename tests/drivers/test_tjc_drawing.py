"""A designed page as strokes on a TJC panel: what is said, in which order, and that nothing lies over another."""

from __future__ import annotations

import itertools
import random

import pytest

from drivers.display.colours import rgb565
from drivers.display.design import LOOKS, SIZES, Form, drawing, scale
from drivers.display.tjc_drawing import Sheet, TjcDesigned, digits, font_ids, sheet
from drivers.display.tjc_layout import TjcOptions
from drivers.display.tjc_painting import MAX_TOGETHER, Painted, next_strokes
from drivers.display.tjc_signs import SHAPES, bars
from tests.agent.absurd import absurd
from tests.drivers.tjc_glass import CASES, overlap, page

LAYOUT = TjcDesigned("800x480")


def all_said(drawn_on: Painted, target: Sheet, baud: int = 115200) -> list[list[bytes]]:
    """Every frame until all stands, each acknowledged."""
    frames = []
    while strokes := next_strokes(drawn_on, target, baud):
        frames.append([stroke.said for stroke in strokes.strokes])
        for stroke in strokes.strokes:
            drawn_on.take(stroke, target)
        assert len(frames) < 200
    return frames


def layout_of(form: Form) -> TjcDesigned:
    return TjcDesigned(f"{form.width}x{form.height}", form.rotate, form.large)


@pytest.mark.parametrize(("form", "look"), CASES, ids=str)
def test_nothing_is_drawn_over_a_text_nor_outside(form: Form, look: str) -> None:
    """A long body, all parts: what a full page is made of. Only a band lies under its title, a shape under its character."""
    made = sheet(page(1, "题" * 40, ("字" * 60,) * 40, look), layout_of(form), "gbk", True)
    texts = [stroke for part in made.texts.values() for stroke in part]
    sign = [stroke for stroke in made.under if stroke.slot[0] == "sign"]
    for stroke in (*texts, *sign, *made.edges):
        x, y, width, height = stroke.box
        assert 0 <= x < x + width <= form.across
        assert 0 <= y < y + height <= form.down, stroke
    for one, other in itertools.combinations((*texts, *sign[:1], *(e for e in made.edges if e.slot[0] == "key")), 2):
        assert not overlap(one.box, other.box), (one, other)
    for edge, text in itertools.product(made.edges, texts):
        assert not overlap(edge.box, text.box)
    assert max(len(stroke.said) for stroke in texts) < 250


@pytest.mark.parametrize("size", SIZES)
def test_the_first_fonts_are_those_of_the_normal_letters(size: tuple[int, int]) -> None:
    form = Form(*size)
    ids = font_ids(form)
    assert list(ids) == [*scale(form).fonts, digits(form)]
    assert list(ids.values()) == list(range(len(ids)))
    assert len(ids) <= 4
    large = font_ids(Form(*size, 90, True))
    assert set(scale(Form(*size, large=True)).fonts) <= set(large)
    assert {letters: large[letters] for letters in ids} == ids
    assert sorted(large.values()) == list(range(len(large)))


def test_an_answer_is_said_in_few_frames_the_ground_first_and_the_title_last() -> None:
    frames = all_said(Painted(), sheet(page(1), LAYOUT, "gbk", True))
    assert len(frames) <= 4
    assert frames[0] == [b"cls %d" % rgb565(drawing(Form(800, 480), "yes").ground)]
    assert frames[1][0].startswith(b"cirs ")
    assert len(frames[-1]) == 1
    assert "请进 张桂英".encode("gbk") in frames[-1][0]


def test_only_what_changed_is_said() -> None:
    there = Painted()
    idle = {"look": "idle", "title": "12号楼2单元"}
    all_said(there, sheet(page(1, **idle), LAYOUT, "gbk", True))
    assert all_said(there, sheet(page(2, **idle), LAYOUT, "gbk", True)) == []
    (frame,) = all_said(there, sheet(page(3, **idle, large="14:06"), LAYOUT, "gbk", True))
    assert [said[-7:] for said in frame] == [b'"14:06"']
    (frame,) = all_said(there, sheet(page(4, **idle, large="14:06", body=("欢迎回家",)), LAYOUT, "gbk", True))
    assert [said.split(b" ")[0] for said in frame] == [b"fill"]


def test_a_notice_that_follows_another_empties_the_title_first() -> None:
    there = Painted()
    all_said(there, sheet(page(1, "一", ("甲", "乙"), "policy"), LAYOUT, "gbk", True))
    frames = all_said(there, sheet(page(2, "二", ("丙", "丁"), "policy"), LAYOUT, "gbk", True))
    assert [frame[0].split(b" ")[0] for frame in frames] == [b"fill", b"xstr", b"xstr"]
    assert [len(frame) for frame in frames] == [1, 2, 1]
    frames = all_said(there, sheet(page(3, "二", ("丙", "戊"), "policy"), LAYOUT, "gbk", True))
    assert ["戊".encode("gbk") in said for frame in frames for said in frame] == [True]


def test_letters_of_another_size_empty_their_place_first() -> None:
    there = Painted()
    big = TjcDesigned("1024x600", large=True)
    all_said(there, sheet(page(1, "一", ("甲",) * 4, "yes"), big, "gbk", True))
    small = sheet(page(2, "一", ("甲",) * 4, "yes", sizes=(("body", 1),)), big, "gbk", True)
    frames = all_said(there, small)
    assert small.blanks["body"][0].said in frames[0] + frames[1]
    assert there.sizes["body"] == 1
    assert all(there.says(stroke) for stroke in small.texts["body"])


def test_what_a_late_shape_covers_is_drawn_again() -> None:
    """The disc of a sign was refused, the tick in it and the texts were not."""
    there, target = Painted(), sheet(page(1), LAYOUT, "gbk", True)
    there.take(target.clear, target)
    disc, *tick = target.under
    for stroke in (*tick, *target.texts["body"]):
        there.take(stroke, target)
    frames = all_said(there, target)
    assert frames[0][0] == disc.said
    assert all(stroke.said in frames[0] + frames[1] for stroke in tick)
    assert not any(stroke.said in frame for stroke in target.texts["body"] for frame in frames)


@pytest.mark.parametrize("baud", [9600, 115200])
def test_no_frame_is_longer_than_the_panel_or_what_is_urgent_can_bear(baud: int) -> None:
    rng = random.Random(5)
    for form, look in CASES:
        body = tuple(absurd(rng, 80).replace("\n", " ") for _ in range(30))
        made = sheet(page(1, absurd(rng, 60), body, look), layout_of(form), "gbk", True)
        for frame in all_said(Painted(), made, baud):
            size = sum(len(said) + 3 for said in frame)
            assert size <= MAX_TOGETHER or len(frame) == 1
            assert size * 10 / baud <= 0.05 or len(frame) == 1
            assert not any(b"\xff" in said for said in frame)


SMALL = (("body", 1),)


@pytest.mark.parametrize("charset", ["gbk", "utf-8"])
def test_quotes_and_second_bytes_that_are_backslashes_are_escaped(charset: str) -> None:
    text = '"誠昞"錦\\'
    stroke = sheet(page(1, body=(text,), sizes=SMALL), LAYOUT, charset, True).texts["body"][0]
    said = stroke.said.split(b",", 10)[10]
    assert said[:1] == said[-1:] == b'"'
    assert said[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\").decode(charset) == text
    raw = sheet(page(1, body=(text,), sizes=SMALL), LAYOUT, "gbk", False).texts["body"][0].said
    assert raw.endswith('\\"誠昞\\"錦\\\\"'.encode("gbk"))


def test_what_the_large_letters_cannot_draw_is_a_question_mark_there() -> None:
    made = sheet(page(1, "请进 龑", body=("龑",), sizes=SMALL), LAYOUT, "gbk", True)
    assert "请进 ?".encode("gbk") in made.texts["title"][0].said
    assert "龑".encode("gbk") in made.texts["body"][0].said


def test_every_sign_has_a_shape_inside_its_box_that_no_other_has() -> None:
    signs = {look for look in LOOKS if drawing(Form(800, 480), look).sign is not None}
    assert signs == set(SHAPES)
    assert all(shape.char.encode("gb2312") for shape in SHAPES.values())
    assert len({(shape.under, shape.bars or shape.char) for shape in SHAPES.values()}) == len(SHAPES)
    for shape, side in itertools.product(SHAPES.values(), (72, 81, 144, 180, 240)):
        made = list(bars(shape, 10, 20, side))
        assert all(10 <= x < x + w <= 10 + side and 20 <= y < y + h <= 20 + side for x, y, w, h in made)


def test_pictures_of_the_project_take_the_place_of_shapes() -> None:
    layout = TjcDesigned("800x480", pictures={"yes": 3})
    made = sheet(page(1), layout, "gbk", True)
    sign = drawing(Form(800, 480), "yes").sign
    assert sign is not None
    assert [stroke.said for stroke in made.under] == [f"pic {sign.x},{sign.y},3".encode()]
    without = sheet(page(1), layout, "gbk", True, {"picture 3"})
    assert [stroke.said.split(b" ")[0] for stroke in without.under] == [b"cirs", *[b"fill"] * 14]
    plain = sheet(page(1), layout, "gbk", True, {"picture 3", "circle"})
    assert [stroke.said.split(b" ")[0] for stroke in plain.under] == [b"fill"] * 15


def test_pictures_are_as_large_as_the_signs_of_the_configured_letters_and_stand_in_no_others() -> None:
    layout = TjcDesigned("800x480", pictures={"yes": 3})
    enlarged = sheet(page(1, enlarged=True), layout, "gbk", True)
    assert b"pic" not in {stroke.said.split(b" ")[0] for stroke in enlarged.under}
    large = sheet(page(1), TjcDesigned("800x480", large=True, pictures={"yes": 3}), "gbk", True)
    assert [stroke.said.split(b" ")[0] for stroke in large.under] == [b"pic"]


def test_a_missing_font_is_stood_in_for_by_a_smaller_one() -> None:
    ids = font_ids(Form(800, 480))
    head = ids[scale(Form(800, 480)).head]
    made = sheet(page(1), LAYOUT, "gbk", True, {f"font {head}"})
    assert made.texts["title"][0].needs == f"font {head - 1}"
    assert made.readable
    nothing = sheet(page(1), LAYOUT, "gbk", True, {f"font {number}" for number in ids.values()})
    assert not nothing.readable
    assert nothing.texts["title"] == ()


def test_large_letters_are_drawn_where_the_page_asks_for_them() -> None:
    normal, large = (sheet(page(1, enlarged=each), LAYOUT, "gbk", True) for each in (False, True))
    assert large.texts["body"][0].box[3] > normal.texts["body"][0].box[3]
    assert large == sheet(page(1), TjcDesigned("800x480", large=True), "gbk", True)


@pytest.mark.parametrize(
    ("given", "options", "keys"),
    [
        ({}, {}, []),
        ({"pictures": {"yes": 0, "fire": 65535}}, {"charset": "utf-8"}, []),
        ({"pictures": {"yes": -1, "maybe": 2}}, {}, ["layout.pictures.yes", "layout.pictures.maybe"]),
        ({"design": "640x480"}, {}, ["layout.design"]),
        ({"rotate": 45}, {}, ["layout.rotate"]),
        ({}, {"columns": 30, "rows": 4}, ["columns", "rows"]),
        ({}, {"charset": "ascii"}, ["charset"]),
    ],
)
def test_options_are_checked(given: dict, options: dict, keys: list[str]) -> None:
    layout = TjcDesigned(**{"design": "800x480", **given})
    assert [key for key, _ in TjcOptions(layout=layout, **options).check()] == keys
