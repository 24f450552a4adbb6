"""setup, probe and check of a display with designed pages: what it tells is not asked, and what it needs is made or named."""

# ruff: noqa: F811  # fixtures of another module

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from agent import cli
from agent.commissioning import panel_findings
from agent.config import load
from drivers.display.design import IDENTITY_VP, VERSION, Form, form_of
from simulator.box import Box
from simulator.dwin_panel import DwinPanel
from tests.agent.cli.test_setup import Bare, bare, box, probed  # noqa: F401  # its fixtures

DESIGN = {"design": "800x480", "rotate": 90, "large": True}


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `doorward panel` was asked to do, in place of it."""
    asked: list[list[str]] = []

    @click.group("panel")
    def panel() -> None: ...

    @panel.command("build", context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1)
    def build(words: tuple[str, ...]) -> None:
        asked.append(list(words))
        if "1024x600" in words:
            raise click.ClickException("no font is here")
        (Path(words[-1]) / "DWIN_SET").mkdir(parents=True)

    also(monkeypatch, panel)
    return asked


def also(monkeypatch: pytest.MonkeyPatch, panel: click.Command | None) -> None:
    found = cli.CommandGroup.get_command
    monkeypatch.setattr(
        cli.CommandGroup, "get_command", lambda self, ctx, name: panel if name == "panel" else found(self, ctx, name)
    )


def seen(probed: str, driver: str, detail: str = "", **options: object) -> str:
    """The same box with another display."""
    plain = json.loads(Path(probed).read_text())
    plain["ports"][1]["found"] = [{"driver": driver, "detail": detail, "options": options}]
    Path(probed).write_text(json.dumps(plain))
    return probed


def tells(box: Box, form: Form) -> None:
    """From now on the panel has that form's files."""
    assert isinstance(box.panel, DwinPanel)
    box.panel._store(IDENTITY_VP, form.identity.encode().ljust(32, b"\xff"))


def test_a_panel_without_files_is_asked_about_and_its_files_are_built(
    bare: Bare,
    probed: str,
    builds: list[list[str]],
) -> None:
    answers = bare.answers(panel__design="480x272", panel__large="yes")
    outcome = bare.doorward("setup", "--from", probed, "--answers", answers)
    out = bare.folder / f"doorward-{VERSION}-480x272-0-large"
    assert load(bare.config).devices["panel"].options.form == Form(480, 272, 0, True)
    assert builds == [["dwin", "--size", "480x272", "--large", str(out)]]
    assert f"copy DWIN_SET of {out} to a FAT32 memory card" in outcome.stderr
    again = bare.doorward(
        "setup", "--from", probed, "--answers", bare.answers(replace="yes", panel__design="480x272", panel__large="yes")
    )
    assert len(builds) == 1, "they are there already"
    assert f"copy DWIN_SET of {out}" in again.stderr


def test_the_usual_size_and_the_units_language(bare: Bare, probed: str, builds: list[list[str]]) -> None:
    bare.doorward("setup", "--from", probed, "--answers", bare.answers(panel__design=None, unit__language="en"))
    assert load(bare.config).devices["panel"].options.form == Form(800, 480)
    assert builds[0][:-1] == ["dwin", "--size", "800x480", "--language", "en"]


@pytest.mark.parametrize(
    ("design", "rotate", "command"),
    [
        ("800x480", "90", "--size 800x480 --rotate 90 --cfg T5LCFG.CFG OUT"),
        ("1024x600", "0", "--size 1024x600 OUT"),
    ],
)
def test_what_cannot_be_built_here_is_the_offices_in_one_command(
    bare: Bare,
    probed: str,
    builds: list[list[str]],
    design: str,
    rotate: str,
    command: str,
) -> None:
    """A panel that is turned needs its own settings; a build may fail. The configuration is written all the same."""
    answers = bare.answers(panel__design=design, panel__rotate=rotate)
    outcome = bare.doorward("setup", "--from", probed, "--answers", answers)
    assert load(bare.config).devices["panel"].options.form == form_of(design, int(rotate))
    assert f"At the office: doorward panel build dwin {command}; then" in outcome.stderr
    assert ("only that turns it" in outcome.stderr) == (rotate != "0")
    assert "Traceback" not in outcome.output


def test_a_box_builds_nothing(bare: Bare, probed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where the package is not there, nor where a library of it is missing."""
    for panel in (None, cli._missing("panel", "PIL")):
        also(monkeypatch, panel)
        answers = bare.answers(panel__design="800x480", replace=None if panel is None else "yes")
        outcome = bare.doorward("setup", "--from", probed, "--answers", answers)
        assert "At the office: doorward panel build dwin --size 800x480 OUT; then" in outcome.stderr


def test_a_built_panel_is_not_asked_about(bare: Bare, probed: str, builds: list[list[str]]) -> None:
    outcome = bare.doorward(
        "setup", "--from", seen(probed, "dwin", layout=DESIGN), "--answers", bare.answers(panel__design=None)
    )
    assert load(bare.config).devices["panel"].options.form == Form(800, 480, 90, True)
    assert builds == []
    assert "memory card" not in outcome.stderr


def test_a_tjc_panels_size_is_that_of_its_model(bare: Bare, probed: str, builds: list[list[str]]) -> None:
    asked = seen(probed, "tjc", "TJC or Nextion panel, model TJC4827T143_011R, 480x272")
    outcome = bare.doorward(
        "setup", "--from", asked, "--answers", bare.answers(panel__design=None, panel__rotate="270")
    )
    assert bare.config.exists(), outcome.stderr
    assert load(bare.config).devices["panel"].options.form == Form(480, 272, 270)
    assert builds == []


@pytest.mark.parametrize(
    ("key", "answer", "text"),
    [
        ("panel.design", "640x480", "say 480x272 or 800x480"),
        ("panel.rotate", "45", "say 0 or 90"),
        ("panel.rows", "8", "nothing asks"),
    ],
)
def test_a_size_that_is_not_drawn_is_refused(
    bare: Bare,
    probed: str,
    builds: list[list[str]],
    key: str,
    answer: str,
    text: str,
) -> None:
    outcome = bare.doorward(
        "setup", "--from", probed, "--answers", bare.answers(**{"panel.design": "800x480", key: answer})
    )
    assert outcome.exit_code == 78
    assert key in outcome.stderr
    assert text in outcome.stderr
    assert builds == []


def test_probe_names_a_built_panel_and_check_says_whether_it_fits(
    bare: Bare, box: Box, probed: str, builds: list[list[str]]
) -> None:
    tells(box, Form(800, 480))
    outcome = bare.doorward("probe", str(box.ports["screen"]), "--speeds", "115200", "--listen", "0")
    assert "dwin: DGUS II panel, version 4010, built for 800x480 with normal letters (certain)" in outcome.stdout
    assert "layout: {design: 800x480, rotate: 0, large: false}" in outcome.stdout
    bare.doorward("setup", "--from", probed, "--answers", bare.answers(panel__design="800x480"))
    assert display(bare) == ("ok", "has the files for 800x480 with normal letters")
    tells(box, Form(800, 480, 90))
    state, text = display(bare)
    assert state == "failed"
    assert "the panel's files are for 800x480 rotated 90 normal, the configuration says 800x480 normal" in text
    box.panel.power_cycle()
    state, text = display(bare)
    assert (state, "doorward panel build" in text) == ("failed", True)
    box.screen.unplug()
    state, text = display(bare)
    assert (state, "cannot be asked" in text) == ("note", True)


def test_a_panel_that_somebody_else_may_talk_to_is_left_alone(
    bare: Bare, box: Box, probed: str, builds: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither beside an agent, nor beside another program; nor one that does not load what it was built with."""
    bare.doorward("setup", "--from", probed, "--answers", bare.answers(panel__design="800x480"))
    for name, answer, text in (("running", object(), "the agent has its line"), ("is_held", True, "another program")):
        with monkeypatch.context() as patched:
            patched.setattr(panel_findings, name, lambda _, answer=answer: answer)
            frames = box.panel.counts.frames
            state, said = display(bare)
            assert (state, text in said) == ("note", True), said
            assert box.panel.counts.frames == frames
    text = bare.config.read_text()
    bare.config.write_text(text.replace("large: false}", "large: false, verify: false}"))
    assert not [each for each in bare.json("check", "--json")["findings"] if each["about"] == "display panel"]


def display(bare: Bare) -> tuple[str, str]:
    found = json.loads(bare.doorward("check", "--json").stdout)["findings"]
    ((state, text),) = [(each["state"], each["text"]) for each in found if each["about"] == "display panel"]
    return state, text
