"""Photos: what is kept of one is its picture, and nothing that was put beside it."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from centre import photos
from centre.errors import BadValueError, CentreError
from centre.folder import Folder
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


def test_only_the_centre_reads_it_and_the_same_one_is_one_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    name = photos.keep(folder, jpeg(exif()))
    assert photos.keep(folder, jpeg(exif())) == name
    (kept,) = (tmp_path / "photos").iterdir()
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert photos.load(folder, name) == photos.clean(jpeg(exif()))
    photos.forget(folder, name)
    assert photos.load(folder, name) is None


@pytest.mark.parametrize("name", ["../centre.json", "a" * 64 + "/..", "", "A" * 64, "..", "0" * 63 + "\n"])
def test_a_name_that_is_none_is_no_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "centre.json").write_text("{}")
    (tmp_path / "photos").mkdir()
    assert photos.load(Folder(tmp_path), name) is None
    photos.forget(Folder(tmp_path), name)
    assert (tmp_path / "centre.json").exists()


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CentreError, match="cannot be kept"):
        photos.keep(Folder(tmp_path), jpeg())
    assert photos.load(Folder(tmp_path), photos.hashlib.sha256(jpeg()).hexdigest()) is None
