"""The keys of designed pages: large enough for a thumb, over nothing else, on every form."""

from __future__ import annotations

import itertools

import pytest

from drivers.display import design
from drivers.display.design import Form
from drivers.display.touch import ANYWHERE, LEAST, Key, grid

FORMS = [
    Form(width, height, rotate, large)
    for (width, height), rotate, large in itertools.product(design.SIZES, (0, 90), (False, True))
]
Box = tuple[int, int, int, int]


def apart(one: Box, other: Box) -> bool:
    return (
        one[0] + one[2] <= other[0]
        or other[0] + other[2] <= one[0]
        or one[1] + one[3] <= other[1]
        or other[1] + other[3] <= one[1]
    )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
@pytest.mark.parametrize("look", ["entry", "question"])
def test_keys_stand_over_no_text_no_sign_and_no_other_key(form: Form, look: str) -> None:
    drawn = design.drawing(form, look)
    boxes: list[Box] = [(key.x, key.y, key.width, key.height) for key in drawn.keys if key.label != ANYWHERE]
    others: list[Box] = [(place.x, place.y, place.width, place.height) for place in drawn.places]
    if drawn.sign is not None:
        others.append((drawn.sign.x, drawn.sign.y, drawn.sign.side, drawn.sign.side))
    for x, y, width, height in boxes:
        assert min(width, height) >= LEAST
        assert x >= 0
        assert y >= 0
        assert x + width <= form.across
        assert y + height <= form.down
        assert all(apart((x, y, width, height), other) for other in others)
    assert all(apart(one, other) for one, other in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_what_is_typed_has_all_keys_and_still_room_for_digits_and_a_line(form: Form) -> None:
    drawn = design.drawing(form, "entry")
    assert "".join(key.label for key in drawn.keys) == "123456789*0#"
    digits, body = drawn.place("large"), drawn.place("body")
    assert digits is not None
    assert body is not None
    assert digits.sizes[0].columns >= 12
    assert body.sizes[0].rows >= 1


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_a_question_has_answer_keys_wherever_three_lines_are_left(form: Form) -> None:
    drawn = design.drawing(form, "question")
    labels = "".join(key.label for key in drawn.keys)
    assert labels == (ANYWHERE if form == Form(480, 272, 0, large=True) else "12345*#")
    body = drawn.place("body")
    assert body is not None
    if labels != ANYWHERE:
        assert body.sizes[-1].rows >= 3


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_a_touch_is_told_wherever_somebody_may_begin(form: Form) -> None:
    for look in ("idle", "policy", "service", "reminder", "urgent", "yes", "no", "checkin", "help", "state", "missing"):
        (key,) = design.drawing(form, look).keys
        assert key.label == ANYWHERE
        assert (key.x, key.y, key.width, key.height) == (0, 0, form.across, form.down)


def test_keys_that_would_be_too_small_are_left_out() -> None:
    assert grid(("123", "456"), (0, 0, 3 * LEAST, 200), (0, 1)) == ()
    assert grid(("123", "456"), (0, 0, 0, 0), (0, 1)) == ()
    assert len(grid(("123", "456"), (0, 0, 400, 200), (0, 1))) == 6


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_rows_of_keys_are_full_and_on_an_upright_display_the_digits_stand_above_the_others(form: Form) -> None:
    answers = ["12345", "*#"] if form.upright else ["12345*#"]
    for look, wanted in (("entry", ["123", "456", "789", "*0#"]), ("question", answers)):
        rows: dict[int, list[Key]] = {}
        for key in design.drawing(form, look).keys:
            if key.label == ANYWHERE:
                continue
            rows.setdefault(key.y, []).append(key)
        assert ["".join(key.label for key in row) for row in rows.values()] in (wanted, [])
        ends = {(row[0].x, row[-1].x + row[-1].width) for row in rows.values()}
        assert len({left for left, _ in ends}) <= 1
        assert max((right for _, right in ends), default=0) - min((right for _, right in ends), default=0) < 7
