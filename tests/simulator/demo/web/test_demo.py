"""A day at the simulated doors through the page alone: agents, centre and broker at work behind it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from simulator.demo.people import PIN
from simulator.demo.stage import NEXT, UNIT
from tests.simulator.demo import leftovers
from tests.simulator.demo.test_story import COMMAND, Person, environment
from tests.simulator.demo.web.conftest import Demo, pixels
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo page")]


def test_a_card_turns_the_picture_to_come_in_and_the_door_opens(demo: Demo) -> None:
    demo.rests()
    idle = demo.browser.picture()
    assert demo.browser.do("tap:resident").status == 303
    demo.panel_shows("请进")
    assert demo.browser.picture() != idle
    eventually(lambda: demo.browser.state()["lock"] == "unlocked")
    demo.browser.do("push")
    assert demo.browser.state()["door"] == "open"
    eventually(lambda: any("pushed open" in line for line in demo.browser.happened()))
    eventually(lambda: any(": closed" in line for line in demo.browser.happened()), 10.0)
    demo.rests()


def test_a_card_that_is_not_known_is_told_why_and_the_door_holds(demo: Demo) -> None:
    demo.rests()
    demo.browser.do("tap:unknown")
    demo.panel_shows("此卡未登记")
    assert demo.browser.state()["lock"] == "locked"
    demo.browser.do("push")
    assert demo.browser.state()["door"] == "closed"
    demo.rests()


def test_a_pin_is_typed_key_by_key(demo: Demo) -> None:
    demo.rests()
    for key in f"301*{PIN}#":
        demo.browser.do(f"keys:{key}")
    demo.panel_shows("请进")
    demo.rests()


def test_fire_frees_the_door_and_the_page_says_so(demo: Demo) -> None:
    demo.rests()
    demo.browser.do("fire")
    eventually(lambda: demo.browser.state()["lock"] == "unlocked")
    demo.panel_shows("火警")
    demo.browser.do("fire")
    assert demo.browser.state()["lock"] == "unlocked"  # until somebody has looked
    demo.browser.do("reset")
    eventually(lambda: any("fire reset: accepted" in line for line in demo.browser.happened()), 30.0)
    demo.rests()


def test_with_the_network_cut_the_card_works_and_the_fact_comes_later(demo: Demo) -> None:
    demo.rests()
    demo.browser.do("network")
    demo.browser.do("tap:neighbour")
    demo.panel_shows("请进")
    assert not demo.stage.bureau.facts(kind="access.granted", by="r-0302")
    demo.browser.do("network")
    eventually(lambda: demo.stage.bureau.facts(kind="access.granted", by="r-0302"), 30.0)
    demo.rests()


def test_a_power_cut_ends_an_unlock_and_the_unit_comes_back_by_itself(demo: Demo) -> None:
    demo.rests()
    demo.browser.do("tap:resident")
    eventually(lambda: demo.browser.state()["lock"] == "unlocked")
    demo.browser.do("power")
    state = demo.browser.state()
    assert (state["power"], state["lock"], state["text"]) == ("OFF", "locked", [])
    eventually(lambda: not any(pixels(demo.browser.picture())))
    time.sleep(0.2)
    assert demo.browser.state()["agent"] == "DEAD"  # nobody starts it without power
    demo.browser.do("power")
    demo.panel_shows("网格员", limit_s=30.0)
    eventually(lambda: demo.browser.do("tap:resident") and demo.browser.state()["lock"] == "unlocked", 20.0, 2.0)
    demo.rests()


def test_a_killed_program_is_started_again(demo: Demo) -> None:
    demo.rests()
    before = demo.stage.agent.pid
    demo.browser.do("kill")
    assert demo.browser.state()["agent"] == "DEAD"
    eventually(lambda: demo.stage.agent.pid not in (None, before), 10.0)
    eventually(lambda: "the service manager starts the agent again" in demo.browser.happened())
    demo.panel_shows("网格员", limit_s=30.0)


def test_a_notice_comes_to_both_units(demo: Demo) -> None:
    demo.rests()
    demo.browser.do("notice", NEXT)
    for unit in (UNIT, NEXT):
        demo.panel_shows("停水通知", unit, 30.0)
    demo.browser.do("notice")
    for unit in (UNIT, NEXT):
        demo.panel_shows("网格员", unit, 30.0)


def test_each_unit_is_its_own(demo: Demo) -> None:
    demo.rests()
    demo.browser.do("tap:resident", NEXT)
    demo.panel_shows("请进", NEXT)
    assert "请进" not in "".join(demo.browser.state(UNIT)["text"])
    demo.browser.do("network", NEXT)
    assert demo.browser.state(UNIT)["network"] == "whole"
    demo.browser.do("network", NEXT)
    demo.rests()


def test_two_people_at_once_each_see_all(demo: Demo) -> None:
    demo.rests()
    seen: dict[int, bool] = {}

    def watch(who: int) -> None:
        with demo.browser.listening() as told:
            seen[who] = any("请进" in json.dumps(each["units"][UNIT], ensure_ascii=False) for each in told)

    watching = [threading.Thread(target=watch, args=(who,), name=f"watching {who}") for who in range(2)]
    for each in watching:
        each.start()
    eventually(lambda: demo.scene.changes.listeners == 2)
    demo.browser.do("tap:resident")
    for each in watching:
        each.join(20.0)
    assert seen == {0: True, 1: True}
    demo.rests()


# --- the command


def test_at_a_terminal_the_page_is_served_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    env = {name: value for name, value in environment(temporary).items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    person = Person(env, "--broker", "iotcore")
    person.sees("http://127.0.0.1:", 90.0)
    person.sees("Ctrl-C here ends everything")
    (address,) = set(re.findall(r"http://127\.0\.0\.1:\d+/", person.seen))
    port = address.rstrip("/").rpartition(":")[2]
    assert f"ssh -L {port}:127.0.0.1:{port} " in person.seen
    with urllib.request.urlopen(address) as answer:
        assert b"<title>" in answer.read()
    with urllib.request.urlopen(f"{address}live") as live:
        assert live.readline().startswith(b"data: {")
        began = time.monotonic()
        assert person.leaves("\x03") == 0
        assert time.monotonic() - began < 12.0
    assert leftovers.all_of(temporary) == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--terminal"], "--terminal: here is none"),
        (["--story", "--port", "0"], "--story goes with neither"),
        (["--port", "99999"], "99999"),
    ],
)
def test_what_does_not_go_together_is_one_line(options: list[str], why: str) -> None:
    done = subprocess.run(
        [*COMMAND, *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ,
    )
    assert done.returncode == 2
    assert why in done.stderr
