"""Files that `doorward panel build dwin` made, read and drawn by what was written apart from it: each page full to the last column."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner

from drivers.display import design
from drivers.display.design import Form
from panel.cli import panel as panel_command
from panel.table import dwin_table
from simulator.dwin_set.folder import Folder, read_folder
from simulator.dwin_set.legibility import contrast, outside, without_ink
from simulator.dwin_set.pictures import parse_library
from simulator.dwin_set.project import DwinProject
from simulator.dwin_set.render import Renderer
from simulator.dwin_set.show_file import parse_show_file
from simulator.dwin_set.touch_file import RETURN_KEY, parse_touch_file
from tests.simulator import designed, dwin_folder

FORMS = [Form(*size, turn, large) for size, turn, large in product(design.SIZES, (0, 90), (False, True))]
LEAST_CONTRAST = 7.0
"""Of WCAG 2.2, level AAA (1.4.6)."""


def built(form: Form, out: Path) -> Folder:
    cfg = out.with_name("T5LCFG.CFG")
    cfg.write_bytes(dwin_folder.settings())
    options = ["--size", f"{form.width}x{form.height}", "--rotate", str(form.rotate), "--cfg", str(cfg)]
    done = CliRunner().invoke(
        panel_command, ["build", "dwin", *options, *(["--large"] if form.large else []), str(out)]
    )
    assert done.exit_code == 0, done.output
    return read_folder(out / "DWIN_SET")


def check_bytes(folder: Folder) -> None:
    library = folder.background()
    assert library is not None
    assert folder.show.encode() == folder.files[14]
    assert parse_show_file(folder.files[14]) == folder.show
    assert parse_touch_file(folder.files[13]).encode() == folder.files[13]
    assert parse_library(folder.files[library]).encode() == folder.files[library]
    assert folder.faults == []


def check_pages(form: Form, folder: Folder) -> list[str]:
    """Faults of all pages, each full of text."""
    project, renderer, faults = DwinProject.of(folder, dwin_table(form)), Renderer(folder), []
    for choice in design.choices(form):
        memory, lines = folder.memory(), {}
        for part, vp, text in designed.filled(form, choice):
            data = text.encode("gbk") + b"\xff\xff"
            memory[2 * vp : 2 * vp + len(data)] = data
            lines.setdefault(part, []).append(text)
        drawn = renderer.draw(memory, choice.number)
        assert drawn.image.size == (form.across, form.down)
        faults += [*drawn.faults, *(fault for text in drawn.texts for fault in without_ink(drawn, text))]
        faults += [
            f"page {choice.number}, text {text.field.vp:04X}: contrast {contrast(drawn, text):.1f}"
            for text in drawn.texts
            if contrast(drawn, text) < LEAST_CONTRAST
        ]
        if outside(drawn):
            faults.append(f"page {choice.number}: texts are drawn outside their boxes")
        screen = project.screen(memory, choice.number, faults)
        read = {"title": [screen.title], "body": list(screen.body), "footer": [screen.footer]}
        read |= {part: text.split("\n") for part, text in screen.further}
        assert {part: text for part, text in read.items() if any(text)} == lines
        assert screen.page == choice.look
    return faults


def check_keys(form: Form, folder: Folder) -> None:
    for choice in design.choices(form):
        touches = folder.touches.page(choice.number)
        keys = design.drawing(form, choice.look).keys
        assert [(each.function, each.vp, each.value) for each in touches] == [
            (RETURN_KEY, design.KEY_VP, key.code) for key in keys
        ]
        for touch in touches:
            x, y = (touch.left + touch.right) // 2, (touch.top + touch.bottom) // 2
            assert next(each for each in touches if each.at(x, y)) is touch


@pytest.mark.soak
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity.removeprefix("DOORWARD ").replace(" ", "-"))
def test_each_page_of_a_built_panel_is_drawn_whole(form: Form, tmp_path: Path) -> None:
    folder = built(form, tmp_path / "out")
    check_bytes(folder)
    assert check_pages(form, folder) == []
    check_keys(form, folder)
    identity = bytes(folder.memory()[2 * design.IDENTITY_VP :][: 2 * design.IDENTITY_WORDS])
    assert identity.split(b"\xff")[0].decode("ascii") == form.identity
