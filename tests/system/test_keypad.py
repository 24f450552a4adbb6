"""PINs and visitors' codes at a keypad through the real processes: what opens, what the centre hears, and that no digit is left anywhere."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.errors import EXIT_OURS
from simulator.box import BoxSpec
from simulator.demo import children
from simulator.demo.people import NAMES, RESIDENT
from simulator.demo.stage import UNIT, Stage
from tests.system.test_faults import facts, opens
from tests.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, mix=BoxSpec(reader_form="osdp")) as stage:
        stage.found()
        yield stage


def pin(stage: Stage, *options: str) -> str:
    """A new one for the resident of 301."""
    said = stage.bureau.do("roster", "pin", "residents", NAMES[RESIDENT], *options)
    return said.splitlines()[0].rpartition(" ")[2]


def visitor(stage: Stage) -> str:
    return stage.bureau.do("visitor", "make", UNIT, "main").split()[0]


def refused(stage: Stage, keys: str, title: str) -> None:
    stage.box.press_keys(keys)
    eventually(lambda: stage.box.panel.title == title, 8)
    assert not stage.box.lock_unlocked


def typed(stage: Stage, keys: str) -> bool:
    """Whether the lock opened upon it, and is locked again."""
    stage.box.press_keys(keys)
    try:
        eventually(lambda: stage.box.lock_unlocked, 3)
    except AssertionError:
        return False
    eventually(lambda: not stage.box.lock_unlocked, 10)
    return True


def until_locked(stage: Stage) -> None:
    """Wrong ones until the panel says so. On a busy machine some keys are too late to count."""
    for _ in range(20):
        stage.box.press_keys("301*0000#")
        with suppress(AssertionError):
            eventually(lambda: stage.box.panel.title == "密码输入已锁定", 2.0)
            return
    raise AssertionError(f"never locked: {stage.box.panel.title}")


def test_a_pin_duress_and_a_code_made_while_the_unit_is_offline(keyed: Stage) -> None:
    stage = keyed
    mine, under = pin(stage), pin(stage, "--duress")
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    assert typed(stage, f"301*{mine}#")
    assert typed(stage, f"301*{under}#")
    refused(stage, "301*4711#", "密码不对")
    eventually(lambda: stage.bureau.facts(kind="access.duress"), 10)
    assert [(f.data["by"], f.data["via"]) for f in facts(stage, "access.duress")] == [(NAMES[RESIDENT], "pin")]
    assert "access.duress" in stage.bureau.do("alarms", "list")

    stage.cable.cut()
    code = visitor(stage)
    assert typed(stage, f"{code}#"), "by a code that the unit never heard of"
    refused(stage, f"{code}#", "访客码已用过")
    stage.agent.kill()
    stage.start_agent()
    refused(stage, f"{code}#", "时间未校准")  # nobody has told it since the start
    stage.cable.mend()
    eventually(lambda: stage.bureau.facts(kind="visitor.used"), 40)
    assert len(facts(stage, "visitor.used")) == 1
    listed = stage.bureau.do("visitor", "list", UNIT)
    assert "used -" not in listed
    assert code not in listed
    opens(stage, RESIDENT)


def test_five_wrong_ones_are_an_alarm_at_the_centre(keyed: Stage) -> None:
    """GB 50396, 5.1.5 (1). With the line cut, and the power too before it comes back: told once, in `alarms` and `health`, until somebody took note."""
    stage = keyed
    mine = pin(stage)
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    stage.cable.cut()
    until_locked(stage)
    refused(stage, f"301*{mine}#", "密码输入已锁定")
    stage.agent.kill()
    stage.start_agent()
    until_locked(stage)
    opens(stage, RESIDENT)
    stage.cable.mend()
    eventually(lambda: stage.bureau.facts(kind="access.locked_out"), 40)
    (told,) = facts(stage, "access.locked_out")
    assert told.data["lock_s"] == 30.0
    (line,) = stage.bureau.do("alarms", "list").splitlines()
    assert "access.locked_out" in line
    assert "door=main" in line
    assert "access.locked_out" in stage.bureau.order("health").out
    stage.bureau.do("alarms", "ack", line.split()[0], "--why", "children, the grid worker talked to them")
    assert stage.bureau.do("alarms", "list") == ""


def test_no_digit_is_left_anywhere_not_by_a_crash_either(keyed: Stage) -> None:
    stage = keyed
    mine = pin(stage, "--digits", "8")
    stage.start_broker()
    stage.bureau.serve.start()
    polls, log = stage.box.relay.polls, stage.folder / "poisoned.log"
    command = [sys.executable, "-m", "tests.system.poisoned", "-c", str(stage.config), "--verbose", "run"]
    with log.open("ab") as out:
        agent = subprocess.Popen(command, stdout=out, stderr=out, env=children.environment())
    try:
        stage.until_served(polls)
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        code, wrong = visitor(stage), "90210735"
        assert typed(stage, f"301*{mine}#")
        refused(stage, f"301*{wrong}#", "密码不对")
        assert typed(stage, f"{code}#")
        stage.box.press_keys("301*86420975")  # an entry in progress as it crashes
        eventually(lambda: "●●●●●●●●" in "".join(stage.box.panel.body), 8)
        stage.bureau.do("notice", "put", "--yes", "--scope", "yard/y07", "--title", "poison", "--text", "x")
        assert agent.wait(20) == EXIT_OURS
    finally:
        if agent.poll() is None:
            agent.kill()
            agent.wait(10)
    assert list(stage.disk.folder.glob("crash-*.jsonl"))
    files = [log, *(each for each in stage.disk.folder.rglob("*") if each.is_file())]
    for file, digits in itertools.product(files, (mine, wrong, code, "86420975", "301*")):
        assert digits.encode() not in file.read_bytes(), f"{digits} in {file.name}"
