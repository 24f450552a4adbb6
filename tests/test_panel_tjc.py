"""docs/panel-tjc.md is held to what it says: fonts, sizes of signs, the configuration; its pictures are what their script draws."""

from __future__ import annotations

import re
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from agent.config import loads
from drivers.display.design import LOOKS, SIZES, Form, drawing
from drivers.display.tjc_drawing import font_ids
from drivers.display.tjc_signs import SHAPES
from tests.test_readme import ROOT, blocks, page
from tests.test_wiring import whole

PAGE = page("docs/panel-tjc.md")
IMAGES = ROOT / "docs" / "img"


def rows(heading: str) -> dict[str, list[str]]:
    """Of the table under a heading: by its first cell the others."""
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
    return {first: rest for first, *rest in cells[2:]}


@pytest.mark.parametrize("size", SIZES)
def test_the_table_of_fonts(size: tuple[int, int]) -> None:
    *normal, large = rows("Fonts")[f"{size[0]}x{size[1]}"]
    told = {number: int(cell.split()[0]) for number, cell in enumerate(normal) if cell}
    assert told == {number: letters.size for letters, number in font_ids(Form(*size)).items()}
    further = {int(number): int(height) for number, height in re.findall(r"(\d+): (\d+)", large)}
    assert told | further == {number: letters.size for letters, number in font_ids(Form(*size, large=True)).items()}


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_the_table_of_signs(size: tuple[int, int], large: bool) -> None:
    cells = rows("Pictures of signs")[f"{size[0]}x{size[1]}{', large' if large else ''}"]
    told = [int(cell.split(",")[0]) for cell in cells]
    for look in LOOKS:
        for upright in (False, True):
            sign = drawing(Form(*size, 90 * upright, large), look).sign
            assert sign is not None or look == "idle" or (look == "entry" and size == (480, 272) and not upright)
            if sign is not None:
                banded = look in ("policy", "service", "reminder", "urgent", "question")
                assert sign.side == told[0 if banded else 1 if look == "entry" else 2 + upright], look
    assert re.search(r"^The signs: (.*)\.$", PAGE, re.MULTILINE)[1] == ", ".join(f"`{look}`" for look in SHAPES)  # type: ignore[index]


def test_the_configuration_passes_the_check() -> None:
    (block,) = blocks(PAGE)
    assert block.how == "devices"
    config = loads(whole(block.text), Path("config.yaml"))
    assert config.devices["panel"].options.form == Form(800, 480)


def test_the_pictures_are_what_their_script_draws() -> None:
    drawn = runpy.run_path(str(IMAGES / "tjc_steps.py"))
    for step in drawn["STEPS"]:
        text = (IMAGES / f"{step.name}.svg").read_text(encoding="utf-8")
        assert text == drawn["svg"](step), "python docs/img/tjc_steps.py"
        assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
        assert f"img/{step.name}.svg" in PAGE
