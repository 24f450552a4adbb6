"""Large letters that settings ask for, and panels whose files have one size alone."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from agent.cli.status import describe
from agent.core import events
from agent.core.effects import SaveState
from contract import codec
from contract.messages import Settings
from contract.people import DisplaySettings, LetterSize
from contract.plain import DeviceStatus
from contract.scopes import Scope
from tests.agent.cli.unit import Unit
from tests.agent.statuses import STATUS
from tests.agent.store.harness import UTC, running
from tests.waiting import eventually

ASKED = "large letters are asked for; the panel's files are normal: panel build --large"


def kept(unit: Unit, size: LetterSize) -> None:
    """Of a site, and of another unit, which does not count."""
    asked = DisplaySettings(size)
    with running(unit.state) as (store, posted):
        store.order(SaveState(1, Settings(Scope("site", "badahu"), 1, UTC, display=asked)))
        store.order(SaveState(2, Settings(Scope("unit", "other"), 1, UTC, display=DisplaySettings(LetterSize.LARGE))))
        eventually(lambda: len(posted.of(events.StateSaved)) == 2)


def told(unit: Unit, layout: str, driver: str = "dwin") -> list[str]:
    text = unit.config.read_text(encoding="utf-8")
    begin, end = text.index("  panel:"), text.index("\ndoors:")
    panel = f"  panel: {{driver: {driver}, port: screen, layout: {layout}}}\n"
    unit.config.write_text(text[:begin] + panel + text[end:], encoding="utf-8")
    found = unit.json("check", "--no-devices", "--json")["findings"]
    return [each["text"] for each in found if (each["about"], each["state"]) == ("device panel", "note")]


@pytest.mark.parametrize(
    ("layout", "driver", "notes"),
    [
        ("{design: 800x480}", "dwin", [ASKED]),
        ("{design: 800x480, large: true}", "dwin", []),
        ("{design: 800x480}", "tjc", []),
        ("{}", "dwin", []),
    ],
)
def test_check_tells_of_a_panel_that_cannot_have_large_letters(
    unit: Unit, layout: str, driver: str, notes: list[str]
) -> None:
    kept(unit, LetterSize.LARGE)
    assert told(unit, layout, driver) == notes


def test_check_tells_nothing_where_normal_ones_are_asked_for_or_nothing_is_kept(unit: Unit) -> None:
    assert told(unit, "{design: 800x480}") == []
    kept(unit, LetterSize.NORMAL)
    assert told(unit, "{design: 800x480}") == []


def test_status_shows_it() -> None:
    """For a person; the running agent's own word."""
    told = codec.write(replace(STATUS, devices={"panel": DeviceStatus("ok", note=ASKED)}))
    assert any(ASKED in line for line in describe(told, ZoneInfo("Asia/Shanghai")))
