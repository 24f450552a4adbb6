"""The configuration of boards and displays of other makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import loads, unit_plan
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
