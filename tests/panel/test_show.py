"""`doorward panel show`: a unit's pages as pictures, from its configuration."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageChops

from agent.cli import doorward
from drivers.display.design import GROUNDS
from panel.show.unit import PAGES

CONFIG = """
unit: {{id: b12-u2, site: badahu, name: 12号楼2单元}}
ports:
  io: {{device: /dev/ttyS1, baud: 9600}}
  reader: {{device: /dev/ttyS2, baud: 9600}}
  screen: {{device: /dev/ttyS3, baud: 115200}}
devices:
  relay: {{driver: modbus-relay, port: io, address: 1, model: waveshare-d}}
  card: {{driver: line-reader, port: reader}}
  panel: {{driver: {panel}}}
doors:
  main:
    lock: {{device: relay, output: 1, kind: fail-secure, energised: unlocks, safe_state: locked}}
    exit: mechanical
    on_fire: nothing
    egress: true
    readers: [card]
displays: [{displays}]
"""
DWIN = "dwin, port: screen, layout: {design: 800x480}"
TJC = "tjc, port: screen, layout: {design: 800x480}"
UPRIGHT = "tjc, port: screen, charset: utf-8, layout: {design: 480x272, rotate: 90, large: true}"
PLAIN = "dwin, port: screen, columns: 20, rows: 8"
LONG = "停水检修，请各户提前储水。" * 40


def show(tmp_path: Path, *arguments: str, panel: str = TJC, displays: str = "panel") -> Result:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(panel=panel, displays=displays), encoding="utf-8")
    return CliRunner().invoke(doorward, ["panel", "show", str(config), str(tmp_path / "out.png"), *arguments])


def shown(done: Result) -> list[Image.Image]:
    assert done.exit_code == 0, done.output
    return [Image.open(line).convert("RGB") for line in done.output.splitlines()]


def given(page: str) -> tuple[str, ...]:
    return ("--page", page, *(("--title", "停水通知", "--text", "今日8:00至12:00停水") if page == "notice" else ()))


@pytest.mark.parametrize("panel", [TJC, UPRIGHT], ids=["lying", "upright"])
def test_every_page_of_a_panel_that_is_drawn_on(panel: str, tmp_path: Path) -> None:
    found = [shown(show(tmp_path, *given(page), panel=panel)) for page in PAGES]
    assert {image.size for pages in found for image in pages} == {(800, 480) if panel == TJC else (272, 480)}
    firsts = [pages[0] for pages in found]
    assert all(ImageChops.difference(one, other).getbbox() for one, other in pairwise(firsts))


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_of_a_built_panel(language: str, tmp_path: Path) -> None:
    found = [shown(show(tmp_path, *given(page), "--language", language, panel=DWIN)) for page in PAGES]
    assert {image.size for pages in found for image in pages} == {(800, 480)}
    assert all(ImageChops.difference(one[0], other[0]).getbbox() for one, other in pairwise(found))


@pytest.mark.slow
def test_built_and_drawn_panels_have_the_same_grounds(tmp_path: Path) -> None:
    for page, look in (("yes", "yes"), ("no", "no"), ("checkin", "checkin"), ("help", "help"), ("starting", "state")):
        colour = GROUNDS[look][0]
        wanted = colour >> 16, colour >> 8 & 0xFF, colour & 0xFF
        for panel in (TJC, DWIN):
            pixel = shown(show(tmp_path, "--page", page, panel=panel))[0].getpixel((790, 300))
            assert isinstance(pixel, tuple)
            assert all(abs(one - other) <= 8 for one, other in zip(pixel, wanted, strict=True)), (page, panel)


def test_a_notice_that_goes_on_is_as_many_pictures(tmp_path: Path) -> None:
    done = show(tmp_path, "--page", "notice", "--title", "停水通知", "--text", LONG, "--category", "policy")
    images = shown(done)
    assert len(images) > 1
    assert done.output.splitlines() == [str(tmp_path / f"out-{n}.png") for n in range(1, len(images) + 1)]
    assert all(ImageChops.difference(one, other).getbbox() for one, other in pairwise(images))


def test_categories_differ(tmp_path: Path) -> None:
    found = [
        shown(show(tmp_path, *given("notice"), "--category", each))[0].getpixel((790, 5))
        for each in ("policy", "service", "reminder", "emergency")
    ]
    assert len(set(found)) == 4


@pytest.mark.parametrize(
    ("arguments", "panel", "displays", "words"),
    [
        ((), PLAIN, "panel", "design"),
        ((), TJC, "", "no display"),
        (("--display", "screen"), TJC, "panel", 'no display is called "screen"; there is panel'),
        (("--page", "notice"), TJC, "panel", "needs a --title"),
        (("--title", "停水"), TJC, "panel", "--page notice"),
        (("--page", "lift"), TJC, "panel", "'lift' is not one of"),
        ((), "tjc, port: screen, layout: {design: 801x480}", "panel", "layout.design"),
    ],
    ids=["plain", "none", "another", "no title", "title", "no page", "no size"],
)
def test_what_cannot_be_shown_is_refused_clearly(
    arguments: tuple[str, ...], panel: str, displays: str, words: str, tmp_path: Path
) -> None:
    done = show(tmp_path, *arguments, panel=panel, displays=displays)
    assert done.exit_code not in (0, 70)
    assert words in done.output
    assert "Traceback" not in done.output
    assert not list(tmp_path.glob("*.png"))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(panel=TJC, displays="panel"), encoding="utf-8")
    done = CliRunner().invoke(doorward, ["panel", "show", str(config), str(tmp_path / "no" / "out.png")])
    assert done.exit_code == 2
    assert "no such file" in done.output
