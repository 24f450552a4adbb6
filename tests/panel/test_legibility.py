"""How large and how clear the texts are; docs/panel.md says the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from drivers.display import design
from drivers.display.design import SIZES, Form, Letters, scale
from panel.dwin.fonts import ASCII_SIZES
from tests.panel import legibility
from tests.panel.legibility import drawn_mm

FORMS = [Form(*size, large=large) for size in SIZES for large in (False, True)]
PAGE = legibility.PAGE.read_text(encoding="utf-8")


def test_the_tables_of_the_page_are_what_is_drawn() -> None:
    for name in legibility.TABLES:
        assert f"<!-- {name} -->" in PAGE
    assert legibility.filled(PAGE) == PAGE, "python -m tests.panel.legibility"


def test_a_figure_that_is_not_true_would_be_seen() -> None:
    assert legibility.filled(re.sub(r"\| 4\.3 inch, 480×272 \| [\d.]+", "| 4.3 inch, 480×272 | 9.9", PAGE)) == PAGE
    assert legibility.distance_m(5.0) == pytest.approx(0.86, abs=0.01)


@pytest.mark.parametrize("look", design.LOOKS)
def test_every_text_has_seven_to_one(look: str) -> None:
    assert min(legibility.least_contrast(look)) >= 7


def _all(form: Form) -> tuple[Letters, ...]:
    sizes = scale(form)
    return sizes.caption, sizes.body[-1], sizes.body[0], sizes.head


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_texts_are_as_high_as_an_old_reader_needs(form: Form) -> None:
    """A text's letters 5 mm, a title's and a short text's nearly half more; large ones are never smaller than the usual."""
    sizes = scale(form)
    assert min(drawn_mm(form, each) for each in sizes.body) >= 5
    assert drawn_mm(form, sizes.head) >= 1.45 * drawn_mm(form, sizes.body[-1])
    for usual, large in zip(_all(replace(form, large=False)), _all(replace(form, large=True)), strict=True):
        assert usual.size <= large.size
    assert sizes.clock // 2 in ASCII_SIZES
