"""docs/people.md and its Chinese twin: the pictures are the panels as they are, both pages say the same, and what they name is there."""

from __future__ import annotations

import importlib.util
import io
import re
import shlex
import sys
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest
from click import Context, Group
from PIL import Image, ImageChops

from agent.cli import doorward
from panel.letters import find
from simulator.sheet import told

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"en": "docs/people.md", "zh-CN": "docs/people.zh-CN.md"}
MOST_BYTES = 30_000
KEY = re.compile(r"^[a-z_]+(\.[a-z_]+)+$")


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("panels", ROOT / "docs" / "img" / "panels.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["panels"] = made
    spec.loader.exec_module(made)
    return made


PANELS = loaded()
TEXT = {language: (ROOT / name).read_text(encoding="utf-8") for language, name in PAGES.items()}


@pytest.mark.parametrize("language", PAGES)
def test_every_picture_is_shown_once_in_its_language(language: str) -> None:
    shown = re.findall(r"!\[[^\]]+\]\(img/([^)]+)\)", TEXT[language])
    assert sorted(shown) == sorted(PANELS.name_of(name, language) for name in PANELS.PICTURES)


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("name", PANELS.PICTURES)
def test_a_picture_was_made_from_the_pages_as_they_are(name: str, language: str) -> None:
    png = (ROOT / "docs" / "img" / PANELS.name_of(name, language)).read_bytes()
    words, source = told(png)
    assert source == PANELS.made_from(name, language), "make pictures"
    for panel, page in zip(PANELS.PICTURES[name], PANELS.pages_of(name, language), strict=True):
        assert panel.caption(language) in words
        assert "\n".join(page.body) in words
    assert len(png) <= MOST_BYTES


@pytest.mark.slow
def test_pictures_are_what_the_panel_shows() -> None:
    """Drawn anew by files that are built anew, but for what another FreeType does otherwise at the edges of letters."""
    face = find()
    with PANELS.drawn_on(face) as on:
        for name, language in product(PANELS.PICTURES, PAGES):
            kept, made = (
                Image.open(io.BytesIO(png)).convert("L")
                for png in (
                    (ROOT / "docs" / "img" / PANELS.name_of(name, language)).read_bytes(),
                    PANELS.png(name, language, on, face),
                )
            )
            assert kept.size == made.size
            apart = sum(ImageChops.difference(kept, made).histogram()[32:])
            assert apart <= kept.width * kept.height * 0.005, f"{name} {language}: make pictures"


@pytest.mark.parametrize("language", PAGES)
def test_no_panel_shows_a_key_for_a_text(language: str) -> None:
    for panels in PANELS.PICTURES.values():
        for panel in panels:
            (page, *more) = panel.pages(language)
            assert not more, f"{panel.english}: a second page that the picture has not"
            assert not [line for line in (page.title, *page.body) if KEY.match(line) or "{" in line], panel.english


def test_both_pages_say_the_same() -> None:
    for pattern in (r"^##", r"^- ", r"^\| ", r"img/people-([a-z]+)", r"`(doorward [^`]+)`", r"`([*#0-9]+)`"):
        found = {language: re.findall(pattern, text, re.MULTILINE) for language, text in TEXT.items()}
        assert found["en"] == found["zh-CN"], pattern


def test_the_commands_that_are_named_exist() -> None:
    for words in re.findall(r"`doorward ([^`]+)`", TEXT["en"]):
        command: object = doorward
        for word in shlex.split(words):
            if not isinstance(command, Group):
                break
            command = command.get_command(Context(command), word)
            assert command is not None, words
        options = {name for each in getattr(command, "params", ()) for name in each.opts}
        assert set(re.findall(r"--[a-z-]+", words)) <= options, words


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_leads_there(name: str) -> None:
    assert ("docs/people.zh-CN.md" if "zh" in name else "docs/people.md") in (ROOT / name).read_text(encoding="utf-8")
