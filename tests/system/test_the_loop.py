"""A report from the keypad to the centre and back to the door: filed, answered, rated; and a poll. Real processes, real bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from simulator.box import BoxSpec
from simulator.demo.people import NAMES, PATROL, RESIDENT
from simulator.demo.stage import UNIT, Stage
from tests.system.hurried import hurried
from tests.system.test_faults import facts
from tests.waiting import eventually

pytestmark = pytest.mark.slow

CODES = "code,words,kind,who,to,due\n21,垃圾清运,,,sanitation,4h\n7,水管漏水,service,resident,water,1d\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A keypad at the reader, codes in the settings."""
    with Stage(tmp_path, mix=BoxSpec(reader_form="osdp")) as made:
        made.found()
        made.start_broker()
        made.bureau.serve.start()
        (tmp_path / "codes.csv").write_text(CODES, encoding="utf-8")
        made.bureau.do("settings", "put", "--scope", f"unit/{UNIT}", "--codes", str(tmp_path / "codes.csv"))
        yield made


def ready(stage: Stage) -> None:
    eventually(lambda: stage.bureau.facts(kind="settings.applied") and stage.bureau.facts(kind="roster.applied"), 20)
    status = stage.disk.folder / "status.json"
    eventually(
        lambda: json.loads(status.read_text(encoding="utf-8"))["devices"].get("card", {}).get("state") == "ok", 10
    )


def tap(stage: Stage, card: int, title: str) -> None:
    """Until the reader counts: after a start it does not at once."""
    for _ in range(8):
        stage.box.tap(card)
        with suppress(AssertionError):
            eventually(lambda: (stage.box.panel.title or "").startswith(title), 2.0)
            return
    raise AssertionError(f"the panel never said {title}, but {stage.box.panel.title}")


def test_filed_answered_and_rated(stage: Stage) -> None:
    stage.start_agent()
    ready(stage)
    panel = stage.box.panel
    tap(stage, PATROL, "签到成功")
    stage.box.press_keys("*21#")
    eventually(lambda: panel.title == "21 垃圾清运", 8)
    assert panel.body[:2] == ("# 发送", "* 取消")
    stage.box.press_keys("#")
    eventually(lambda: panel.title == "已收到 21", 8)
    assert len(facts(stage, "report.filed")) == 1, "told once it is on the disk"
    (filed,) = eventually(lambda: stage.bureau.facts(kind="report.filed"), 10)
    assert (filed.data["by"], filed.data["room"], filed.data["code"]) == (NAMES[PATROL], None, "21")
    name = str(filed.data["report"])
    assert "sanitation" in stage.bureau.do("report", "list", "--open")
    stage.bureau.do("report", "assign", name, "--to", "enforcement", "--by", "li")
    stage.bureau.do("report", "answer", name, "已经清走", "--notice", "--by", "li")
    eventually(lambda: stage.bureau.facts(kind="notice.received"), 10)
    tap(stage, RESIDENT, "请进")
    eventually(lambda: panel.title == "请您回答", 8)
    stage.box.press_keys("4#")
    eventually(lambda: panel.title == "已记录 4", 8)
    (answer,) = eventually(lambda: stage.bureau.facts(kind="ask.answered"), 10)
    assert (answer.data["by"], answer.data["value"]) == (NAMES[RESIDENT], 4)
    stage.bureau.do("report", "close", name, "--by", "li")
    shown = json.loads(stage.bureau.do("report", "show", name, "--json"))
    assert (shown["stage"], shown["ratings"], shown["level"]) == ("closed", [4], "grid")
    assert stage.bureau.order("verify").code == 0
    assert stage.agent.stop() == 0


@pytest.mark.soak
def test_a_vote_given_while_the_unit_was_alone_counts_when_it_is_back_and_the_last_one_counts(stage: Stage) -> None:
    stage.start_agent()
    ready(stage)
    put = ("poll", "put", f"unit/{UNIT}", "长椅放哪里", "--option", "东边", "--option", "西边", "--until", "7d")
    name = stage.bureau.do(*put).splitlines()[0]
    eventually(lambda: stage.bureau.facts(kind="notice.received"), 10)
    stage.stop_broker()
    tap(stage, RESIDENT, "请进")
    eventually(lambda: stage.box.panel.title == "请您回答", 8)
    stage.box.press_keys("1")
    eventually(lambda: stage.box.panel.title == "已记录 1", 8)
    assert stage.agent.stop() == 0
    stage.start_agent()  # it knows no more that they answered, and asks again
    tap(stage, RESIDENT, "请进")
    eventually(lambda: stage.box.panel.title == "请您回答", 8)
    stage.box.press_keys("2#")
    eventually(lambda: stage.box.panel.title == "已记录 2", 8)
    stage.start_broker()
    eventually(lambda: len(stage.bureau.facts(kind="ask.answered")) == 2, 40)
    found = json.loads(stage.bureau.do("poll", "show", name, "--json"))
    assert (found["votes"], found["replaced"]) == ([0, 1], 1)
    (turnout,) = found["turnout"]
    assert turnout["counted"] == 1
    assert turnout["entitled"] >= 1
    assert stage.agent.stop() == 0


@pytest.mark.claim("D10")
def test_a_power_cut_between_the_key_and_the_commit_leaves_no_report_and_told_nobody_of_one(stage: Stage) -> None:
    stall = stage.disk.folder / "stall"
    with hurried(stage, module="tests.system.stalled") as process:
        ready(stage)
        tap(stage, PATROL, "签到成功")
        stage.box.press_keys("*21#")
        eventually(lambda: stage.box.panel.title == "21 垃圾清运", 8)
        stall.touch()
        stage.box.press_keys("#")
        eventually(lambda: stage.box.panel.title != "21 垃圾清运", 8)
        process.kill()
        process.wait(5)
    assert not facts(stage, "report.filed")
    assert "已收到" not in str(stage.box.trace.moments("panel", "shows"))
    stall.unlink()
    stage.start_agent()
    tap(stage, PATROL, "签到成功")
    stage.box.press_keys("*21##")
    eventually(lambda: stage.box.panel.title == "已收到 21", 8)
    assert len(facts(stage, "report.filed")) == 1
    assert stage.agent.stop() == 0
