"""docs/panel.md is held to what it says: its configuration passes, its options are there, its messages are those of the driver."""

from __future__ import annotations

import re
from pathlib import Path

from agent.config import loads
from drivers.display.design import SIZES, VERSION, Form
from drivers.display.dwin_designed import identity_fault
from panel.cli import dwin
from tests.test_readme import blocks, page
from tests.test_wiring import whole

PAGE = page("docs/panel.md")


def test_the_configuration_passes_the_check() -> None:
    (block,) = [each for each in blocks(PAGE) if each.how == "devices"]
    config = loads(whole(block.text), Path("config.yaml"))
    assert config.devices["panel"].options.form == Form(800, 480)


def test_the_options_are_those_of_the_command() -> None:
    told = set(re.findall(r"^\| `(--[\w-]+)", PAGE, re.MULTILINE))
    assert told == {option for parameter in dwin.params for option in parameter.opts if option.startswith("--")}
    assert all(f"`{width}x{height}`" in PAGE for width, height in SIZES)


def test_the_messages_are_those_of_the_driver() -> None:
    usual = Form(800, 480)
    said = [
        identity_fault(Form(480, 272).identity.encode() + b"\xff\xff", usual),
        identity_fault(usual.identity.encode() + b"\xff\xff", usual),
        identity_fault(usual.identity.replace(f"D {VERSION}", "D 1").encode() + b"\xff\xff", usual),
        identity_fault(bytes(32), usual),
    ]
    for message, start in zip(
        said,
        (
            "the panel's files are for 480x272 normal, the configuration says 800x480 normal",
            None,
            None,
            "the panel has no files for layout.design, or does not load their initial values",
        ),
        strict=True,
    ):
        assert (message or "").startswith(start or "")
        assert start is None or f"`{start}`" in PAGE
    older = identity_fault(b"DOORWARD 99 800x480 0 normal\xff\xff", usual)
    pattern = r"the panel's files are of design \d+, this version draws design \d+"
    assert older is not None
    assert re.match(pattern, older)
    assert re.search(f"`{pattern}`", PAGE)
