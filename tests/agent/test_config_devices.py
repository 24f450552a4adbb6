"""The configuration of boards and displays of other makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import loads, unit_plan
from agent.core.plan import TextSize
from drivers.display.design import LOOKS
from drivers.display.designed import DesignedLayout
from tests.agent.test_config import EXAMPLE, changed, faults


@pytest.mark.claim("D3")
def test_a_lock_on_a_board_that_cannot_time_a_pulse_is_refused() -> None:
    text = changed(("model: waveshare-d", "model: generic, inputs: 8"))
    (line,) = faults(text)
    assert line.endswith(
        "doors.main.lock.device: relay cannot time a pulse by itself, so a lock on it stays open when the agent dies: use it for inputs only"
    )
    config = loads(changed(("model: waveshare-d", "model: lctech, inputs: 4")), Path("config.yaml"))
    assert config.devices["relay"].options.address == 1
    config = loads(changed(("address: 1, model: waveshare-d", "model: lctech")), Path("config.yaml"))
    assert config.devices["relay"].options.address == 255


TJC = """  panel:
    driver: tjc
    port: screen
    charset: utf-8
    fonts: {answer: {columns: 12, rows: 4}}
    layout:
      title: ""
      body: [t1.txt, t2.txt, t3.txt, t4.txt, t5.txt, t6.txt, t7.txt, t8.txt]
      footer: t9.txt
      page: {idle: main, notice: 1, answer: 2}
      keys: {1: 11, "#": 21}
"""


def test_a_tjc_panel_and_what_the_core_knows_of_it() -> None:
    begin = EXAMPLE.index("  panel:")
    text = EXAMPLE[:begin] + TJC + EXAMPLE[EXAMPLE.index("\ndoors:") :]
    config = loads(text, Path("config.yaml"))
    layout = config.devices["panel"].options.layout
    assert layout.body[0] == "t1.txt"
    assert layout.page["idle"] == "main"
    assert layout.keys == {"1": 11, "#": 21}
    (display,) = unit_plan(config, {}).displays
    assert (display.charset, display.titled) == ("utf-8", False)
    assert [(display.on(kind).columns, display.on(kind).rows) for kind in ("idle", "notice", "answer", "fire")] == [
        (20, 8),
        (20, 8),
        (12, 4),
        (12, 4),
    ]
    (line,) = faults(text.replace("[t1.txt, t2.txt, t3.txt, t4.txt, t5.txt, t6.txt, t7.txt, t8.txt]", "[t1.txt]"))
    assert "devices.panel.layout.body: names 1 lines, and idle has 8 rows" in line
    single = loads(
        text.replace("[t1.txt, t2.txt, t3.txt, t4.txt, t5.txt, t6.txt, t7.txt, t8.txt]", "t1.txt"), Path("c")
    )
    assert single.devices["panel"].options.layout.body == "t1.txt"


BUILT = """  panel:
    driver: dwin
    port: screen
    layout: {design: 800x480, rotate: 90}
"""


def built(panel: str = BUILT) -> str:
    return EXAMPLE[: EXAMPLE.index("  panel:")] + panel + EXAMPLE[EXAMPLE.index("\ndoors:") :]


def test_a_built_panel_and_what_the_core_knows_of_it() -> None:
    config = loads(built(), Path("config.yaml"))
    assert config.devices["panel"].options.layout == DesignedLayout("800x480", 90)
    (display,) = unit_plan(config, {}).displays
    assert set(display.places) == set(LOOKS)
    assert display.places["idle"]["large"] == (TextSize(5, 1, "ascii"),)
    assert [size.charset for size in display.places["yes"]["title"]] == ["gb2312", "gbk"]
    assert (display.columns, display.rows, display.charset) == (27, display.places["policy"]["body"][-1].rows, "gbk")
    assert not display.enlarged, "its files have one size of letters"


def test_a_tjc_panel_with_designed_pages_can_enlarge_its_letters() -> None:
    config = loads(built(BUILT.replace("dwin", "tjc").replace(", rotate: 90", "")), Path("config.yaml"))
    (display,) = unit_plan(config, {}).displays
    assert display.enlarged["policy"]["body"][0].columns < display.places["policy"]["body"][0].columns


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        ("{design: 640x480}", "panel.layout.design: must be one of 480x272, 800x480, 1024x600, not 640x480"),
        ("{design: 800x480, rotate: 30}", "panel.layout.rotate: rotated by one of 0, 90, 180, 270, not 30"),
        ("{design: 800x480, title: 0x1000}", "panel.layout.title: no such key here"),
        ("{design: 800x480, large: yes}", 'panel.layout.large: "yes" is not true or false'),
        ("{design: 800x480}\n    columns: 30", "panel.columns: has no place beside layout.design, which knows it"),
        ("{desing: 800x480}", "panel.layout.desing: no such key here"),
        ("{rotate: 90}", "panel.layout.rotate: no such key here"),
    ],
)
@pytest.mark.parametrize("driver", ["dwin", "tjc"])
def test_what_does_not_fit_a_designed_layout_is_told(driver: str, layout: str, told: str) -> None:
    text = built(BUILT.replace("{design: 800x480, rotate: 90}", layout).replace("dwin", driver))
    assert any(told in line for line in faults(text))


def test_a_panel_is_a_reader_only_with_a_keypad() -> None:
    reader = ("readers: [card]", "readers: [card, panel]")
    assert reader[0] in built()
    assert "panel" in loads(built().replace(*reader), Path("config.yaml")).doors["main"].readers
    (line,) = faults(EXAMPLE.replace(*reader))
    assert line.endswith("panel (dwin) has keys with designed pages alone (layout: {design: …})")
