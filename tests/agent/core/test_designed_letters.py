"""Designed pages: what is asked stands whole, and letters are as large as settings ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent.config.plan import designed
from agent.core import effects as fx
from agent.core import pages, replay_codec
from agent.core.plan import ONE_SIZE, DisplayPlan
from agent.core.status import status
from contract import codec
from contract.messages import Poll, Settings
from contract.people import DisplaySettings, LetterSize
from contract.plain import DeviceStatus, Status
from drivers.display.design import Form
from tests.agent.core.bench import SITE, UTC, notice
from tests.agent.core.test_designed_pages import USUAL, WORKER, begun, shown, whole


def test_what_is_asked_stands_behind_the_text_or_ahead_of_it() -> None:
    bench = begun()
    ask = Poll(options=("东门", "西门"))
    short = pages.of_notice(bench.state, USUAL, replace(notice("n", 1, text="放在哪里？"), ask=ask))
    assert [*short[0].body] == ["放在哪里？", "1 东门", "2 西门", "请按数字回答"]
    long = pages.of_notice(bench.state, USUAL, replace(notice("n", 1, text="放在哪里？" * 9000), ask=ask))
    assert long[0].body[:3] == ("1 东门", "2 西门", "请按数字回答")


def test_large_letters_where_settings_ask_for_them_and_the_display_can() -> None:
    can = designed("panel", Form(800, 480), enlarges=True)
    for display, enlarged in ((can, True), (USUAL, False)):
        bench = begun(display)
        bench.state = replace(bench.state, enlarged=True)
        made = pages.of_notice(bench.state, display, notice("n", 1, text="停水" * 200))
        assert {page.enlarged for page in made} == {enlarged}
        for page in made:
            whole(page, display)


def test_settings_change_the_letters_at_once_also_in_the_midst_of_a_notice() -> None:
    can = designed("panel", Form(800, 480), enlarges=True)
    bench = begun(can)
    bench.message(notice("n", 1, text="停水" * 300))
    bench.wait(1.0)
    before = shown(bench)
    assert (before.look, before.enlarged) == ("service", False)
    count = len(bench.all(fx.ShowPage))
    bench.message(Settings(SITE, 2, UTC, sign=WORKER, display=DisplaySettings(LetterSize.LARGE)))
    assert shown(bench).enlarged
    bench.wait(400.0)
    after = [order.page for order in bench.all(fx.ShowPage)][count:]
    assert {page.enlarged for page in after} == {True}
    assert {page.look for page in after} == {"idle", "service"}
    bench.message(Settings(SITE, 3, UTC, sign=WORKER))
    assert not shown(bench).enlarged


@pytest.mark.parametrize(
    ("display", "note"),
    [
        (USUAL, ONE_SIZE),
        (designed("panel", Form(800, 480, large=True), enlarges=False), None),
        (designed("panel", Form(800, 480), enlarges=True), None),
        (DisplayPlan("panel", 20, 8, "gbk"), None),
    ],
)
def test_the_status_tells_of_a_panel_that_cannot(display: DisplayPlan, note: str | None) -> None:
    bench = begun(display)

    def noted() -> str | None:
        devices = status(bench.state).devices
        assert isinstance(devices, Mapping)
        return devices["panel"].note

    assert noted() is None
    bench.message(Settings(SITE, 2, UTC, display=DisplaySettings(LetterSize.LARGE)))
    assert noted() == note
    codec.read(Status, codec.write(status(bench.state)))


def test_a_state_with_designed_pages_can_be_replayed() -> None:
    bench = begun()
    assert replay_codec.loads(replay_codec.dumps(bench.state)) == bench.state


def test_the_status_tells_which_panel_it_is() -> None:
    large = designed("panel", Form(480, 272, 90, large=True), enlarges=False)
    bench = begun(large)
    assert status(bench.state).devices["panel"] == DeviceStatus("ok", panel="480x272 90 large")
    told = codec.write(status(bench.state))
    assert told["devices"]["panel"]["panel"] == "480x272 90 large"
    plain = begun(DisplayPlan("panel", 20, 8, "gbk"))
    assert status(plain.state).devices["panel"] == DeviceStatus("ok")
