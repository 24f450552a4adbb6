"""Photos: what is kept of one is its picture, and nothing that was put beside it."""

from __future__ import annotations

import itertools

import pytest

from centre import photos
from centre.errors import BadValueError
from tests.centre.photo_bytes import exif, jpeg, png, segment


def test_what_makes_the_picture_stays_as_it_is() -> None:
    assert photos.clean(jpeg()) == jpeg()
    assert photos.clean(png()) == png()


@pytest.mark.parametrize("order", ["<", ">"])
def test_where_it_was_taken_is_left_behind_and_how_it_is_turned_stays(order: str) -> None:
    comment = segment(0xFE, b"by li's phone")
    kept = photos.clean(jpeg(exif(6, order), comment, segment(0xE2, b"ICC_PROFILE\0")))
    assert b"39.9042" not in kept
    assert b"li's phone" not in kept
    assert b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" in kept
    assert photos.clean(kept) == kept


def test_a_picture_that_stands_upright_needs_no_word_of_it() -> None:
    assert photos.clean(jpeg(exif(1))) == jpeg()


def test_texts_of_a_png_are_left_behind() -> None:
    assert photos.clean(png(8, 8, (b"tEXt", b"Author\0li"), (b"eXIf", b"MM\0*"), (b"iTXt", b"x"))) == png()


SCRIPT = b"<html><script>alert(1)</script>"


@pytest.mark.parametrize(
    "data",
    [jpeg(tail=SCRIPT), jpeg(segment(0xFE, SCRIPT)), jpeg(segment(0xE0, b"JFIF" + SCRIPT)), png() + SCRIPT,
     png(8, 8, (b"tEXt", b"x\0" + SCRIPT))],
    ids=["behind", "comment", "head", "behind png", "text of png"],
)  # fmt: skip
def test_a_page_hidden_in_a_picture_is_left_behind(data: bytes) -> None:
    assert b"script" not in photos.clean(data)


BROKEN = jpeg()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither JPEG nor PNG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "neither JPEG nor PNG"),
        (b"GIF89a" + SCRIPT, "neither JPEG nor PNG"),
        (b"\0\0\0\x18ftypheic", "neither JPEG nor PNG"),
        (SCRIPT, "neither JPEG nor PNG"),
        (jpeg(size=(65535, 65535)), "too large"),
        (jpeg(size=(0, 8)), "too large"),
        (png(2**31 - 1, 2**31 - 1), "too large"),
        (png(12_000, 12_000), "too large"),
        (b"\xff\xd8\xff" + b"x" * photos.MAX_BYTES, "more than 8 MB"),
        (jpeg() + b"\0" * 20 * 1024 * 1024, "more than 8 MB"),
        (jpeg()[:200], "take it again"),
        (jpeg()[:-2], "breaks off"),
        (b"\xff\xd8\xff", "breaks off"),
        (b"\xff\xd8\xff\xd9", "not a picture"),
        (b"\xff\xd8\xff\xff\xff\xff", "breaks off"),
        (jpeg()[:2] + b"\xff\xc0\0\0" + jpeg()[2:], "take it again"),
        (png()[:-20], "take it again"),
        (png().replace(b"IDAT", b"IDAX"), "not a picture"),
        (png()[:8], "breaks off"),
    ],
    ids=itertools.count(),
)
def test_what_is_no_photo_is_told_in_a_line(data: bytes, said: str) -> None:
    with pytest.raises(BadValueError, match=said):
        photos.clean(data)


def test_every_beginning_of_a_photo_is_refused_or_a_photo() -> None:
    for whole in (jpeg(exif()), png()):
        for length in range(len(whole)):
            with pytest.raises(BadValueError):
                photos.clean(whole[:length])
