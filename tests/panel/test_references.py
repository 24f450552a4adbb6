"""The pages look as when somebody last looked at them: each against its picture in `references/`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from PIL import Image

from drivers.display.design import Form
from simulator.dwin_set.render import Renderer
from tests.panel import references

pytestmark = pytest.mark.xdist_group("panel pages")
FONTS_APART = 0.04
"""With another font, or another version of what draws it, so many pixels may look otherwise."""


@pytest.mark.slow
@pytest.mark.parametrize("form", references.FORMS, ids=lambda form: form.identity)
def test_each_page_is_as_its_picture(form: Form, finished: Callable[[Form], Renderer]) -> None:
    exact = json.loads(references.MADE_WITH.read_text(encoding="utf-8")) == references.made_with()
    for file, picture in references.pictures(finished(form), form):
        with Image.open(references.FOLDER / file) as reference:
            if exact:
                assert reference.convert("RGB").tobytes() == picture.convert("RGB").tobytes(), file
            else:
                assert references.differing(picture, reference) < FONTS_APART, file


def test_there_is_a_picture_of_each_look_and_none_is_left_over() -> None:
    wanted = {references.name(form, look) for form, looks in references.FORMS.items() for look in looks}
    there = {path.name: path.stat().st_size for path in references.FOLDER.glob("*.png")}
    assert there.keys() == wanted
    assert max(there.values()) <= 15_000
    assert sum(there.values()) <= 1_000_000


def test_a_page_that_looks_otherwise_would_be_seen() -> None:
    """One of another answer; and one whose title stands a line lower."""
    with (
        Image.open(references.FOLDER / "800x480-yes.png") as yes,
        Image.open(references.FOLDER / "800x480-no.png") as no,
    ):
        assert references.differing(yes, no) > 0.5
        assert references.differing(yes, yes) == 0
    with Image.open(references.FOLDER / "480x272-policy.png") as page:
        picture = page.convert("RGB")
        lower = picture.copy()
        lower.paste(picture.crop((0, 70, 480, 230)), (0, 102))
        assert references.differing(picture, lower) > FONTS_APART
