"""Pages for installers and their Chinese twins say the same: headings, lists, tables, commands, configurations, drawings. One Chinese word a thing."""

from __future__ import annotations

import re
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("docs/install.md", "docs/installer.md", "docs/wiring.md")
HAN = "[\u4e00-\u9fff]"
TYPED = {"back", "find", "none", "own", "no", "yes"}
"""Words that are typed, and so stand in Chinese on the Chinese page."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def twin_of(name: str) -> str:
    return name.replace(".md", ".zh-CN.md")


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def code_of(text: str) -> Counter[str]:
    """Code within lines, but for words of the page's own language."""
    found = re.findall(r"`([^`\n]+)`", without_blocks(text))
    return Counter(each for each in found if not re.search(HAN, each) and each not in TYPED)


@pytest.mark.parametrize("name", PAGES)
def test_both_pages_are_built_alike(name: str) -> None:
    """What is in which order, by the marks of the lines: headings with their depth, list items, rows with their cells, blocks, drawings."""

    def shape(text: str) -> list[str]:
        lines = re.findall(r"^(#+ |- |\||```|<!--|!\[)(.*)$", text, re.MULTILINE)
        return [f"{mark}{rest.count('|') if mark == '|' else ''}" for mark, rest in lines]

    assert shape(text_of(name)) == shape(text_of(twin_of(name)))


@pytest.mark.parametrize("name", PAGES)
def test_both_pages_have_the_same_blocks(name: str) -> None:
    blocks = [re.findall(r"^```.*?^```$", text_of(each), re.MULTILINE | re.DOTALL) for each in (name, twin_of(name))]
    assert blocks[0] == blocks[1]


@pytest.mark.parametrize("name", PAGES)
def test_both_pages_name_the_same_options_keys_and_commands(name: str) -> None:
    here, there = code_of(text_of(name)), code_of(text_of(twin_of(name)))
    assert set(here) == set(there)


@pytest.mark.parametrize("name", PAGES)
def test_each_line_has_its_twin(name: str) -> None:
    counts = [len(re.findall(r"^.*\S", text_of(each), re.MULTILINE)) for each in (name, twin_of(name))]
    assert counts[0] == counts[1]
    assert f"({Path(twin_of(name)).name})" in text_of(name)
    assert f"({Path(name).name})" in text_of(twin_of(name))


@pytest.mark.parametrize("name", PAGES)
def test_links_of_the_chinese_page_lead_somewhere(name: str) -> None:
    for path, anchor in re.findall(r"\]\(([^)#]+\.md)?(?:#([^)]+))?\)", text_of(twin_of(name))):
        target = (ROOT / "docs" / path).resolve() if path else ROOT / twin_of(name)
        assert target.exists(), path
        if anchor:
            heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in heads}, anchor


def test_the_chinese_readme_leads_to_the_chinese_pages() -> None:
    for name in PAGES:
        assert twin_of(name) in text_of("README.zh-CN.md")


def heading(circuit: Any) -> str:
    return f"The current of door {circuit.door}’s lock. {circuit.says}"


def test_every_label_of_a_drawing_stands_there_in_both_languages() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "img" / "boxes.py"))
    for drawing in made["DRAWINGS"]:
        svg = text_of(f"docs/img/{drawing.name}.svg")
        labels = re.findall(r">([^<>\n]+)</text>", svg)
        english = [each for each in labels if re.search("[a-z]{3,}", each) and not re.search(HAN, each)]
        assert len(labels) > 20
        together = "".join(labels)
        for sentence, said in made["CHINESE"].items():
            if sentence in together:
                assert said.replace("，", "") in together.replace("，", ""), sentence
        known = " ".join([*made["CHINESE"], *made["SAME"], *map(heading, drawing.circuits)])
        ports = {name for line in drawing.serial for name in (line.port, line.kind)}
        assert not [
            each for each in english if each not in known and each not in ports and not re.match("cellar DI", each)
        ]


# --- one word a thing

CHINESE_TEXTS = [
    *(ROOT / "agent" / "locale").rglob("*.json"),
    *(ROOT / "agent" / "locale").rglob("*.po"),
    *(ROOT / "centre" / "locale").rglob("*.po"),
    *ROOT.glob("*.zh-CN.md"),
    *(ROOT / "docs").glob("*.zh-CN.md"),
    ROOT / "docs" / "glossary.md",
    ROOT / "docs" / "img" / "boxes.py",
]
FORBIDDEN = {
    "名单": "名册",
    "花名册": "名册",
    "代理程序": "门禁程序",
    "封控": "临时管控",
    "巡更": "巡查",
    "持卡人": "持有人",
    "电锁": "阴极锁, or 门锁 for any",
    "电插锁": "阴极锁",
    "磁锁": "磁力锁",
    "出门开关": "出门按钮",
    "开门按钮": "出门按钮",
    "消防触头": "消防触点",
    "显示屏": "屏幕",
    "承办方": "受理单位",
    "接收单位": "受理单位",
    "注册": "入网, or 登记",
    "服务器代理": "消息代理",
    "散列": "哈希",
    "更新包": "升级包",
}
"""Words that mean what another word here means: one of them is enough."""


@pytest.mark.parametrize("path", CHINESE_TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_second_word_for_a_thing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = {word: use for word, use in FORBIDDEN.items() if word in text.replace("通电锁", "").replace("得电锁", "")}
    assert not found


@pytest.mark.parametrize(
    "word",
    [
        "名册",
        "门禁程序",
        "消息代理",
        "门口机",
        "阴极锁",
        "磁力锁",
        "断电开锁",
        "断电闭锁",
        "出门按钮",
        "门磁",
        "消防触点",
        "继电器板",
        "读卡器",
        "临时管控",
        "入网文件",
    ],
)
def test_the_words_of_installers_are_in_the_glossary(word: str) -> None:
    assert word in text_of("docs/glossary.md")


# --- what must not lock people in


@pytest.mark.parametrize("name", ["docs/wiring.zh-CN.md", "docs/installer.zh-CN.md", "README.zh-CN.md"])
def test_safety_is_told_for_each_kind_of_lock(name: str) -> None:
    """Where a contact opens a supply it is the maglock's; where it closes a circuit it is the strike's."""
    text = re.sub(r"[*]", "", text_of(name))
    assert re.search("(断电开锁|磁力锁)[^；。]*断开[^；。]*供电", text)
    assert re.search("(断电闭锁|阴极锁)[^；。]*接通[^；。]*供电", text)
    assert not re.search("(断电闭锁|阴极锁)[^；。，：]{0,20}断开[^；。]{0,6}供电", text)
    assert not re.search("(断电开锁|磁力锁)[^；。，：]{0,20}接通", text)


def test_gas_opens_no_door_in_either_language() -> None:
    """Nor does it lock one; and no valve is moved. Who reads Chinese is told the same."""
    assert re.search(r"\*\*No door opens by gas\*\*, and none is locked", text_of("docs/wiring.md"))
    assert re.search(r"\*\*燃气报警不会打开门\*\*，也不会锁门", text_of("docs/wiring.zh-CN.md"))


KINDS = {
    ("fail-safe", "exit"): ("出门按钮|按钮自身", "断开锁的供电（串在继电器之前）"),
    ("fail-safe", "fire"): ("消防触点自身", "断开锁的供电（串在继电器之前）"),
    ("fail-secure", "exit"): ("按钮自身", "接通另一路给锁供电（与继电器并联；断它的电反而会锁上）"),
    ("fail-secure", "fire"): (
        "消防触点自身",
        "接通另一路给锁供电（与继电器并联；断它的电反而会锁上），供电在报警和停电时也不断",
    ),
}


@pytest.mark.parametrize(("kind", "what"), KINDS)
def test_selftest_asks_in_chinese_what_it_asks_in_english(kind: str, what: str, tmp_path: Path) -> None:
    from agent.commissioning import hardwired
    from agent.config import loads
    from agent.words import speak
    from contract.language import CHINESE, ENGLISH

    text = text_of("config.example.yaml").replace("kind: fail-secure", f"kind: {kind}", 1)
    door = next(iter(loads(text, tmp_path / "config.yaml").doors.values()))
    speak(CHINESE)
    try:
        asked = list(hardwired.questions(door))
    finally:
        speak(ENGLISH)
    who, does = KINDS[kind, what]
    (question,) = [each for each in asked if re.search("按下出门按钮" if what == "exit" else "火警", each)]
    assert re.search(who, question)
    assert does in question
    assert "关掉本机时也一样吗" in question
