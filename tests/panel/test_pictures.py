"""Backgrounds and pictograms, as pixels."""

from __future__ import annotations

import itertools

import pytest
from PIL import ImageChops

from drivers.display import design
from drivers.display.design import Form
from panel import signs
from panel.letters import find
from panel.pictures import background

INK, GROUND = 0xFFFFFF, 0x000000


def luminance(colour: tuple[int, int, int]) -> float:
    """As WCAG 2.2 defines it."""
    parts = [value / 255 for value in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_sign_of_the_design_is_drawn_and_no_other() -> None:
    named = {
        picture.sign.name for look in design.LOOKS if (picture := design.drawing(Form(800, 480), look)).sign is not None
    }
    assert named == set(signs.SIGNS)


def test_signs_differ_in_outline_at_48_pixels() -> None:
    """Not in colour alone: between any two, at least every tenth pixel is ink in one and ground in the other."""
    drawn = {name: picture.convert("L") for name, picture in signs.sheet(48, INK, GROUND)}
    for (one, first), (other, second) in itertools.combinations(drawn.items(), 2):
        apart = sum(ImageChops.difference(first, second).histogram()[128:])
        assert apart > 48 * 48 / 10, (one, other, apart)


@pytest.mark.parametrize("side", [48, 72, 192])
def test_a_sign_fills_its_box_and_is_not_cut_off_at_two_edges(side: int) -> None:
    for name, picture in signs.sheet(side, INK, GROUND):
        box = picture.convert("L").point([0] * 128 + [255] * 128).getbbox()
        assert box is not None, name
        assert box[3] - box[1] > side * 0.75, name


@pytest.mark.parametrize("form", [Form(480, 272), Form(800, 480, 90), Form(1024, 600, large=True)])
def test_a_background_is_as_large_as_the_display_hangs_and_quiet_where_texts_stand(form: Form) -> None:
    for look in design.LOOKS:
        picture, drawn = background(form, look, find()), design.drawing(form, look)
        assert picture.size == (form.across, form.down)
        for place in drawn.places:
            box = (place.x, place.y, place.x + place.width, place.y + place.height)
            colours = picture.crop(box).getcolors()
            assert colours is not None
            assert len(colours) == 1, (look, place.part)
            (_, ground) = colours[0]
            assert isinstance(ground, tuple)
            ink = (place.ink >> 16, place.ink >> 8 & 0xFF, place.ink & 0xFF)
            assert contrast(ink, (ground[0], ground[1], ground[2])) >= 7, (look, place.part)


def test_keys_are_drawn_inside_their_boxes_with_their_labels() -> None:
    form = Form(800, 480)
    picture = background(form, "entry", find())
    for key in design.drawing(form, "entry").keys:
        inside = picture.crop((key.x, key.y, key.x + key.width, key.y + key.height))
        inked = inside.convert("L").point([0] * 200 + [255] * 56).getbbox()
        assert inked is not None, key.label
        middle = (inked[0] + inked[2]) / 2, (inked[1] + inked[3]) / 2
        assert abs(middle[0] - key.width / 2) <= 4, key.label
        assert abs(middle[1] - key.height / 2) <= 4, key.label


def test_yes_and_no_differ_in_tone_and_shape() -> None:
    """For who sees no red and green, and from farther than a word can be read."""
    yes, no = (background(Form(800, 480), look, find()).getpixel((10, 300)) for look in ("yes", "no"))
    assert isinstance(yes, tuple)
    assert isinstance(no, tuple)
    assert contrast((yes[0], yes[1], yes[2]), (no[0], no[1], no[2])) > 1.3
    shapes = {
        name: picture.convert("L").point([0] * 128 + [255] * 128) for name, picture in signs.sheet(96, INK, GROUND)
    }
    both = ImageChops.darker(shapes["yes"], shapes["no"]).histogram()[255]
    assert both / ImageChops.lighter(shapes["yes"], shapes["no"]).histogram()[255] < 0.45
