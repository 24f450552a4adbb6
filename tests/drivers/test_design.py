"""Where the parts of a designed page stand: what an old reader needs most has its room, on every form."""

from __future__ import annotations

import itertools

import pytest

from drivers.display.design import LOOKS, SIZES, Form, drawing, scale, variables
from drivers.display.form import MARGINS

FORMS = [
    Form(width, height, rotate, large)
    for (width, height), rotate, large in itertools.product(SIZES, (0, 90), (False, True))
]
LANDSCAPE = [form for form in FORMS if not form.upright and form.down >= 480]
ANSWERS = ("yes", "no", "checkin", "help", "emergency", "fire", "state", "missing")


@pytest.mark.parametrize("form", LANDSCAPE, ids=lambda form: form.identity)
@pytest.mark.parametrize("look", ANSWERS)
def test_an_answer_fills_the_page_sign_title_and_text_in_the_middle_one_below_the_other(form: Form, look: str) -> None:
    picture = drawing(form, look)
    sign, title, body = picture.sign, picture.place("title"), picture.place("body")
    assert sign is not None
    assert title is not None
    assert body is not None
    assert abs(2 * sign.x + sign.side - form.across) <= 1
    assert title.centred
    assert body.centred
    assert sign.y + sign.side <= title.y
    assert title.y + title.height <= body.y
    assert body.sizes[-1].rows >= 4
    assert sign.side >= form.down * (0.19 if form.large else 0.28)
    assert sign.side == drawing(form, "yes").sign.side, "one picture's size for all"  # type: ignore[union-attr]


def test_a_typed_code_has_its_question_in_large_letters_on_the_smallest_panel() -> None:
    title = drawing(Form(480, 272), "entry").place("title")
    assert title is not None
    assert title.sizes[0].columns >= len("请输入密码") * 2


def test_a_fire_is_told_in_letters_of_titles_where_three_lines_of_them_have_room() -> None:
    body = drawing(Form(800, 480), "fire").place("body")
    assert body is not None
    assert (body.sizes[0].letters.size, body.sizes[0].rows) == (48, 3)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
@pytest.mark.parametrize("look", LOOKS)
def test_every_line_has_its_variables_and_stands_within_its_place(form: Form, look: str) -> None:
    margin = MARGINS[min(form.width, form.height)]
    for place in drawing(form, look).places:
        assert place.x >= margin
        assert place.x + place.width <= form.across - margin
        for size in place.sizes:
            assert size.letters.size <= place.height
            assert size.rows * size.letters.pitch - (size.letters.pitch - size.letters.size) <= place.height
            if place.part != "large":
                assert size.columns <= 2 * (variables(form).line_words - 1)
            if place.part == "body":
                assert size.columns >= 8
                assert size.rows <= variables(form).lines


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_sizes_go_from_large_to_small_and_the_last_draws_everything(form: Form) -> None:
    for look in LOOKS:
        for place in drawing(form, look).places:
            sizes = [size.letters.size for size in place.sizes]
            assert sizes == sorted(sizes, reverse=True)
            assert place.sizes[-1].letters.charset in (("ascii",) if place.part == "large" else ("gbk",))
    assert scale(form).fonts[0].size >= 24
