"""The installer's commands in Chinese, on a box: no English in what a person reads, answers in either language, and the same JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent import sheetfile
from agent.cli.selftest import keep, tried
from agent.commissioning.sheet import as_lines, as_plain
from agent.config import load
from agent.statusfile import save, status_path
from agent.table import columns
from agent.words import english_of, speak
from contract.language import CHINESE, ENGLISH
from simulator.box import Box, BoxSpec
from simulator.stairwell import DoorSpec
from simulator.wiring import hardware_yaml
from tests.agent.cli.dialogue import Act, talk
from tests.agent.cli.test_setup import Bare, bare, box, probed  # noqa: F401  # its fixtures
from tests.agent.cli.unit import Unit, process
from tests.agent.cli.wireman import Wireman
from tests.agent.statuses import STATUS, UTC

ASKED: dict[str, Act | list[Act]] = {
    r"本单元的编号.*: ": "b12-u2",
    r"街道.*编号.*: ": ["返回", "badahu"],
    r"本单元的编号.*b12-u2\]: ": "",
    r"名称.*: ": "12号楼2单元",
    r"它属于哪里.*: ": "building/b12",
    r"中心的消息代理.*: ": "无",
    r"屏幕 panel：多少像素.*: ": "自己的",
    r"半角字符.*: ": "",
    r"多少行文字.*: ": "",
    r"本机管几扇门.*: ": "",
    r"给第 1 扇门起个短名.*: ": "",
    r"读卡器 card：.*: ": "",
    r"读卡器 card2：.*: ": "无",
    r"锁由哪一路继电器控制.*: ": "1",
    r"断电时.*: ": ["否", "锁住"],
    r"NO 还是 NC.*: ": ["否", "no"],
    r"本机启动时.*: ": "锁住",
    r"刷一次卡，开锁.*: ": "",
    r"门 main 的门磁：接在哪个输入.*: ": "无",
    r"人怎样出去.*: ": "按钮",
    r"门 main 的出门按钮：接在哪个输入.*: ": "查找",
    r"就是它吗.*: ": "是",
    r"门 main 的出门按钮：静止时.*断开.*闭合.*: ": "",
    r"发生火警时怎样.*: ": "打开",
    r"门 main 的消防触点：接在哪个输入.*: ": "3",
    r"门 main 的消防触点：静止时.*: ": "闭合",
    r"报“门未关”.*: ": "",
    r"另有几根线.*: ": "",
}
NAMES = frozenset(["DGUS", "II", "OSDP", "NC", "NO", "nc", "no", "END", "DWIN", "SET", "FAT", "UTC", "MB", "YAML", "Doorward", "doorward", "selftest", "check", "setup", "probe", "pair", "status", "main", "panel", "card", "relay", "building", "yard", "grid", "community", "mqtts", "HOST", "SELFTEST", "Ctrl", "baud", "ok", "root", "enrolment", "board", "screen", "reader", "relay2", "card2", "cellar", "io", "modbus", "waveshare", "dwin", "line", "rdm", "badahu", "config", "yaml", "energised", "locks", "fail", "safe", "secure", "systemctl", "start", "stop", "FILE", "enrol", "FAIL", "gas"])  # fmt: skip
"""What is the same in every language: names of commands, keys, devices, drivers."""


def english(text: str) -> list[str]:
    """Lines with English words that are no names. What stands in backticks, paths, and what has a digit or a sign in it is a name."""
    found = []
    for line in text.splitlines():
        rest = re.sub(
            r"`[^`]*`|\S*[0-9/_.=@]\S*|[\w-]+(\.[\w-]+)+:?|--[a-z-]+|-[a-zA-Z]\b|[a-z]+(-[a-z0-9]+)+", " ", line
        )
        if set(re.findall("[A-Za-z]{2,}", rest)) - NAMES:
            found.append(line)
    return found


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    yield
    speak(ENGLISH)


@pytest.mark.slow
def test_a_box_is_set_up_in_chinese(bare: Bare, box: Box, probed: str) -> None:  # noqa: F811
    """Typed in either language, found by trying, gone back once; a no is never taken for the contact NO."""
    acts = {**ASKED, r">> 请按门 main 的出门按钮.*\n": box.press_exit}
    outcome = talk(["-c", str(bare.config), "--language", "zh-CN", "setup", "--from", probed, "--wait", "5"], acts)
    said = outcome.stderr
    assert "请答 no 或 nc" in said
    assert "请答 锁住 或 打开" in said
    config = load(bare.config)
    assert config.link is None
    assert config.unit.name == "12号楼2单元"
    door = config.doors["main"]
    assert (door.exit, door.on_fire, door.lock.kind, door.lock.energised) == (
        "button",
        "release",
        "fail-secure",
        "unlocks",
    )
    assert door.contact is None
    assert door.fire is not None
    assert door.fire.normally == "closed"
    assert f"{bare.config} 已写好。下一步：doorward selftest" in said
    assert not english(said + outcome.stdout)


@pytest.mark.slow
def test_a_file_of_answers_is_the_same_in_every_language(bare: Bare, box: Box, probed: str) -> None:  # noqa: F811
    answers = ["--answers", bare.answers(door__main__exit="按钮", input__gas__alarm="是")]
    outcome = bare.doorward("--language", "zh-CN", "setup", "--from", probed, *answers)
    assert "已写好" in outcome.stderr
    assert load(bare.config).doors["main"].exit == "button"
    assert load(bare.config).inputs["gas"].alarm
    missing = bare.doorward(
        "--language",
        "zh-CN",
        "setup",
        "--from",
        probed,
        "--answers",
        bare.answers(replace="是", inputs=None, doors="9"),
    )
    assert missing.exit_code == 78
    assert re.fullmatch(r".*/answers:\d+：doors：请写 1 到 8 的数\n", missing.stderr.splitlines(keepends=True)[-1])


SPEC = BoxSpec(doors=(DoorSpec(closer_s=0.3),), io_baud=115200, reader_baud=9600)


class Listener(Wireman):
    """Reads Chinese, and does what it says."""

    def tell(self, text: str) -> None:
        assert re.search("[\u4e00-\u9fff]", text)
        super().tell(str(english_of(text)))

    def says(self, question: str) -> bool:
        assert re.search("[\u4e00-\u9fff]", question)
        return super().says(str(english_of(question)))


@pytest.mark.slow
def test_the_sheet_is_chinese_on_paper_and_english_as_json(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", SPEC) as box:  # noqa: F811
        unit.write(hardware=hardware_yaml(box))
        config = load(unit.config)
        speak(CHINESE)
        try:
            rows, timings = tried(config, Listener(box, fire=True), 1.0, 20)
            lines = list(as_lines(config, rows))
            plain = as_plain(config, rows, timings, attended=True)
            keep(config, rows, attended=True)
        finally:
            speak(ENGLISH)
    assert not english("\n".join(lines)), lines
    assert lines[-2] == "没有不合格"
    starts = {columns(line.split(row.text)[0]) for line, row in zip(lines[1:], rows, strict=False)}
    assert len(starts) == 1, "the texts stand below each other"
    written = json.dumps(
        {**plain, "rows": [row for row in plain["rows"] if "SELFTEST" not in row["text"]]}, ensure_ascii=False
    )
    told = [row for part in sheetfile.read(config.state) for row in part.rows]
    assert [row.text for row in told] == [row["text"][:200] for row in plain["rows"]], "what goes home is English"
    assert "it holds while locked" in written
    assert not re.search("[\u4e00-\u9fff]", written.replace(config.unit.name, ""))


def test_check_in_chinese(unit: Unit, chinese: None) -> None:
    unit.enrol()
    said = unit.doorward("check", "--no-devices")
    assert said.exit_code == 0
    assert "正常  身份：badahu 的单元 b12-u2；中心还没有确认它的密钥" in said.stdout
    assert (
        "按下出门按钮时，按钮自身就接通另一路给锁供电（与继电器并联；断它的电反而会锁上），关掉本机时也一样吗？"
        in said.stdout
    )
    assert not english(said.output)


def test_json_is_the_same_in_every_language(unit: Unit, chinese: None) -> None:
    unit.enrol()
    save(status_path(unit.state), STATUS)
    for arguments in (("check", "--no-devices", "--json"), ("status", "--json")):
        said = [unit.doorward(*arguments).stdout]
        os.environ["LANG"] = "C.UTF-8"
        said.append(unit.doorward(*arguments).stdout)
        os.environ["LANG"] = "zh_CN.UTF-8"
        one, other = (re.sub(r"\d+ MB", "MB", each) for each in said)
        assert one == other
        assert json.loads(said[0])
    unit.write(("on_fire: release", "on_fire: relase"))
    found = json.loads(unit.doorward("check", "--json").stdout)["findings"]
    assert any("is not release or nothing" in each["text"] for each in found)


def test_status_in_chinese_stands_in_columns(unit: Unit, chinese: None) -> None:
    save(status_path(unit.state), replace(STATUS, centre_since=UTC))
    lines = unit.doorward("status").stdout.splitlines()
    assert "连接          已连上，自 2026-11-18 19:06:40" in lines
    assert "积压          17" in lines
    assert "  main  模式 正常模式，门开着 -，已开锁 否，锁 正常，门未关 否" in lines
    assert "  panel  状态 失联，原因 没有应答，自 2026-11-18 19:06:40" in lines
    assert not english("\n".join(lines))


FAULTS = [
    (
        ("on_fire: release", "on_fire: relase"),
        "doors.main.on_fire: “relase”不是 release 或 nothing（是不是“release”？）",
    ),
    (("exit: button", "exit: none"), "doors.main.exit: 写的是 none，却接了 exit_button"),
    (
        ("    kind: fail-secure", "    # kind"),
        "doors.main.lock.kind: 没有写：请写 fail-secure 或 fail-safe（fail-safe 是断电开锁）",
    ),
    (("poll_ms: 50", "poll_ms: 5"), "devices.relay.poll_ms: 必须是 10 到 1000，不能是 5"),
    (("\nunit:", "\nunit："), "这里有全角的`：`：请写 `:`，后面加一个空格"),
]


@pytest.mark.parametrize(("change", "said"), FAULTS, ids=range(len(FAULTS)))
def test_what_is_wrong_in_the_configuration_is_one_line_of_chinese_with_its_place(
    unit: Unit, change: tuple[str, str], said: str, chinese: None
) -> None:
    assert change[0] in unit.config.read_text(encoding="utf-8"), "the example has it"
    unit.write(change)
    outcome = unit.doorward("check", "--no-devices")
    assert outcome.exit_code == 78
    (line,) = [each for each in outcome.stderr.splitlines() if said in each]
    assert re.match(rf"{re.escape(str(unit.config))}:\d+: ", line)


def test_meters_and_detectors_in_chinese(unit: Unit, chinese: None) -> None:
    further = re.sub(
        r"^  # ((?:meters|water-301|gas-fault):)", r"  \1", unit.config.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    unit.config.write_text(further.replace(', room: "301"', ""), encoding="utf-8")
    unit.enrol()
    said = unit.doorward("check", "--no-devices")
    assert "设备 water-301：没有写房号（room）：它的读数照报，但不算任何人的活动迹象" in said.stdout
    assert not english(said.output)
    unit.config.write_text(further.replace('room: "301"', 'room: "", daily: "24:00", every_min: 5'), encoding="utf-8")
    said = unit.doorward("check", "--no-devices")
    assert said.exit_code == 78
    assert "devices.water-301.room: 必须是 1 到 32 个字符，照名册里的写法" in said.stderr
    assert "devices.water-301.daily:" in said.stderr
    assert not english(re.sub(r"^.*?: ", "", said.stderr, flags=re.MULTILINE))


def test_a_terminal_that_cannot_show_chinese_is_spoken_to_in_english(unit: Unit) -> None:
    outcome = process("-c", str(unit.config), "status", env={"LANG": "zh_CN.UTF-8", "PYTHONIOENCODING": "latin-1"})
    assert outcome.returncode == 69
    assert outcome.stderr == "no agent runs here: systemctl start doorward\n"


def test_what_the_service_says_of_a_wrong_configuration_is_said_once(unit: Unit, chinese: None) -> None:
    unit.write(("exit: button", "exit: none"))
    outcome = unit.doorward("run")
    assert outcome.exit_code == 78
    assert "却接了 exit_button" in outcome.stderr
