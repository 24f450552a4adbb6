"""Labels with QR codes: each names a unit, holds no secret, and what was scanned or typed from it is read back or refused."""

from __future__ import annotations

import html
import re
import stat
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from centre import labels
from centre.errors import CentreError
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import SITE

UNITS = ["b12-u2", "a", "x" * 48, "0", "b12_u2", "b12-u3"]


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_label_holds_is_read_back(unit: str) -> None:
    code = labels.code_of(SITE, unit)
    assert labels.unit_of(code, SITE) == unit
    assert labels.unit_of(f" {code}\n", SITE) == unit, "as a scanner sends it"
    assert labels.unit_of(f"{unit}:{code[-1]}", SITE) == unit, "as it is printed"
    assert labels.unit_of(unit, SITE) == unit


@pytest.mark.parametrize("unit", UNITS)
def test_one_wrong_sign_is_seen_wherever_it_is(unit: str) -> None:
    sign = labels.code_of(SITE, unit)[-1]
    for place in range(len(unit)):
        for other in labels._SIGNS:
            wrong = unit[:place] + other + unit[place + 1 :]
            if wrong != unit:
                with pytest.raises(CentreError):
                    labels.unit_of(f"{wrong}:{sign}", SITE)


def test_two_signs_that_changed_places_are_seen_but_for_one_pair() -> None:
    """Luhn's: 0 and the last sign of the alphabet alone look alike so."""
    for one in labels._SIGNS:
        for other in labels._SIGNS:
            alike = labels.check_sign(f"b{one}{other}c") == labels.check_sign(f"b{other}{one}c")
            assert alike == (one == other or {one, other} == {labels._SIGNS[0], labels._SIGNS[-1]})


@pytest.mark.parametrize(
    "text",
    ["doorward:1:elsewhere:b12-u2:a", "doorward:1:badahu", ":", "b12-u2:", "::", "B12:x", "doorward:2:badahu:b:c"],
)
def test_what_is_no_code_is_one_line(text: str) -> None:
    with pytest.raises(CentreError) as told:
        labels.unit_of(text, SITE)
    assert "\n" not in str(told.value)


@ONE_ENGINE
def test_a_page_of_labels_for_a_street(desk: Desk, tmp_path: Path) -> None:
    rows = "".join(f'b{n}-u1,"{n}号楼<1>单元 & Co"\n' for n in range(30))
    table = tmp_path / "units.csv"
    table.write_text(f"unit,name\n{rows}", encoding="utf-8")
    desk.run("unit", "add", "--csv", str(table))
    out = tmp_path / "labels.html"
    said = desk.run("unit", "enrolment", "--all", str(tmp_path / "boxes"), "--qr", str(out)).stdout
    assert f"30 labels in {out}" in said
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    text = out.read_text(encoding="utf-8")
    assert text.count('class="label"') == text.count("<svg") == 30
    assert text.count('class="sheet"') == 2
    assert html.escape("7号楼<1>单元 & Co") in text
    assert "<1>" not in text
    for file in (tmp_path / "boxes").glob("*.json"):
        for secret in re.findall(r"[0-9a-f]{64}|[A-Za-z0-9_-]{32}", file.read_text()):
            assert secret not in text, "labels hang about"


def test_the_squares_say_what_the_code_is() -> None:
    """Read by a decoder that we did not write."""
    code = labels.code_of(SITE, "b12-u2")
    text = labels.page(SITE, [("b12-u2", "12号楼2单元")])
    drawn = _dark(text)
    found = zxingcpp.read_barcodes(_picture(drawn))
    assert [each.text for each in found] == [code]


def _dark(page: str) -> set[tuple[int, int]]:
    """The dark squares of the page's only code: a path of horizontal strokes, each from where it begins, in steps from the last."""
    (path,) = re.findall(r'<path[^>]* d="([^"]+)"', page)
    x, y, dark = 0.0, 0.0, set()
    for sign, numbers in re.findall(r"([Mmh])([-0-9. ]+)", path):
        values = [float(each) for each in re.findall(r"-?[0-9.]+", numbers)]
        if sign == "h":
            dark |= {(int(x) + step, int(y)) for step in range(int(values[0]))}
            x += values[0]
        else:
            x, y = (values[0], values[1]) if sign == "M" else (x + values[0], y + values[1])
    return dark


def _picture(dark: set[tuple[int, int]]) -> Image.Image:
    side = max(max(place) for place in dark) + 3
    picture = Image.new("L", (side, side), 255)
    for place in dark:
        picture.putpixel(place, 0)
    return picture.resize((8 * side, 8 * side), Image.Resampling.NEAREST)


@ONE_ENGINE
def test_one_box_and_a_label_scanned_at_the_desk(desk: Desk, tmp_path: Path) -> None:
    desk.run("unit", "add", "b12-u2", "--name", "12号楼2单元")
    out = tmp_path / "one.html"
    desk.run("unit", "enrolment", "b12-u2", "--qr", str(out))
    assert "12号楼2单元" in out.read_text(encoding="utf-8")
    assert desk.run("unit", "show", labels.code_of(SITE, "b12-u2")).stdout.startswith("b12-u2  ")
    assert "scan it again" in desk.run("unit", "show", "b12-u2:!", code=2).stderr
    desk.run("unit", "enrolment", "b12-u2", "--qr", str(tmp_path / "no" / "folder.html"), code=2)
