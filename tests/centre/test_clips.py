"""`facts --clip`: from a fact to its clip, whatever a unit wrote into the camera's name."""

from __future__ import annotations

import json

import pytest

from centre import clips
from centre.errors import BadValueError
from centre.reports import Entry
from tests.centre.conftest import ONE_ENGINE, Desk

TEMPLATE = "https://nvr.example.cn/play?ch={camera}&from={at}&t={utc}&w={unit}.{door}"


def entry(**data: object) -> Entry:
    line = json.dumps({"seq": 1, "kind": "door.forced", **data}).encode()
    return Entry(1, "b12-u2", "e1", 1, 1_790_000_000.5, "door.forced", line)


@ONE_ENGINE
def test_a_fact_with_a_camera_leads_to_its_clip(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    unit.fact("door.forced", door="main", camera="nvr1/03")
    unit.fact("door.closed", door="main")
    desk.take(unit.batch())
    said = desk.run("facts", "--clip", TEMPLATE).stdout.splitlines()
    address = "https://nvr.example.cn/play?ch=nvr1%2F03&from=2026-09-21T14%3A13%3A21.000Z&t=1790000001&w=b12-u2.main"
    assert said[0].endswith(f"door=main  camera=nvr1/03  {address}")
    assert "nvr.example" not in said[1]
    told = [json.loads(text) for text in desk.run("facts", "--clip", TEMPLATE, "--json").stdout.splitlines()]
    assert [each.get("clip") for each in told] == [address, None]
    assert "camera=nvr1/03" in desk.run("facts").stdout


@pytest.mark.parametrize("camera", ["../../admin?x=", "a&b=c#d", "\x1b[2J", "\ud800", "{unit}", "http://elsewhere/"])
def test_what_a_unit_wrote_stays_in_its_place(camera: str) -> None:
    made = clips.clip("https://nvr/{camera}/x", entry(door="main", camera=camera), 1.0)
    assert made is not None
    assert made.isascii()
    assert made.isprintable()
    assert made.startswith("https://nvr/")
    assert made.count("/") == 4
    assert not set("?#&{}") & set(made)


@pytest.mark.parametrize("camera", [None, "", 7, ["a"], {"a": 1}])
def test_what_is_no_camera_has_no_clip(camera: object) -> None:
    assert clips.clip(TEMPLATE, entry(door=None, camera=camera), 1.0) is None


@pytest.mark.parametrize("text", ["https://nvr/{camera", "https://nvr/{nobody}", "https://nvr/{}", "https://nvr/{camera.x}",
    "https://nvr/{camera!r}", "https://nvr/{camera:>99999999}", "nvr/{camera}", "file:///{camera}", "https://nvr/a b", "https://[nvr/"])  # fmt: skip
def test_a_template_that_cannot_be_filled_is_said(text: str) -> None:
    with pytest.raises(BadValueError):
        clips.template(text)


@ONE_ENGINE
def test_a_bad_template_is_one_line(desk: Desk) -> None:
    said = desk.run("facts", "--clip", "https://nvr/{camera", code=2).stderr
    assert said == "centre: --clip: is no address, or a brace in it is left open\n"
    assert (
        "knows camera, at, utc, unit, door in braces" in desk.run("facts", "--clip", "https://nvr/{x}", code=2).stderr
    )
