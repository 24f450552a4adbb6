"""docs/conformity.md names tests that are there, says who answers each row in its own words, and claims nothing."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "conformity.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "docs" / "conformity.zh-CN.md").read_text(encoding="utf-8")
WHO = {"ours", "ours, in part", "laboratory", "installer", "operator", "missing", "not read"}
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
HEADINGS = {
    "GB 50396-2007": "GB 50396",
    "GB 50348-2018": "GB 50348",
    "GB 55029-2022": "GB 55029",
    "GB/T 37078-2018": "GB/T 37078",
    "GA/T 72": "GA/T 72",
    "GB 16796-2022": "GB 16796",
    "PIPL": "PIPL",
    "GB/T 22239-2019, level 2": "GB/T 22239",
    "EN 303 645": "EN 303 645",
}
"""Sections with clauses, and how their text is called in the list of what is missing."""


def sections(page: str) -> dict[str, str]:
    return {title: body for title, _, body in (part.partition("\n") for part in page.split("\n## ")[1:])}


def rows(page: str, head: str = "| clause | what it asks | who | by |") -> list[tuple[str, str, str, str, str]]:
    """Text, clause, what it asks, who, by."""
    found = []
    for title, text in HEADINGS.items():
        part = next(
            body for name, body in sections(page).items() if re.split("[,，]", name)[0] == title.partition(",")[0]
        )
        lines = [line for line in part.splitlines() if line.startswith("|")]
        assert lines[:2] == [head, "|---|---|---|---|"], title
        for line in lines[2:]:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            clause, asked, who, *by = [*cells, ""] if len(cells) == 3 else cells
            found.append((text, clause, asked, who.strip(" |"), " | ".join(by)))
    return found


ROWS = rows(PAGE)


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def gone(page: str) -> list[str]:
    """Tests that it names and that are not there."""
    named = TEST.findall(page)
    return [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or (name and name not in names_in(path))
    ]


def test_each_named_test_is_there() -> None:
    assert len(TEST.findall(PAGE)) > 80
    assert not gone(PAGE)


def test_one_that_is_not_is_seen() -> None:
    assert gone("`tests/test_conformity.py::test_of_nobody` and `tests/nowhere.py`") == [
        "tests/test_conformity.py::test_of_nobody",
        "tests/nowhere.py::",
    ]


def test_there_is_a_row_of_each_text() -> None:
    assert {text for text, *_ in ROWS} == set(HEADINGS.values())
    known = sections(PAGE)["How each text is known"]
    for text in HEADINGS.values():
        assert f"| {text}" in known or f"| ETSI {text}" in known, f"{text}: nobody says how it is known"
    assert set(sections(PAGE)) - set(HEADINGS) == {"How each text is known", "What is missing"}


@pytest.mark.parametrize(
    ("text", "clause", "asked", "who", "by"), ROWS, ids=[f"{text} {clause}" for text, clause, *_ in ROWS]
)
def test_a_row_says_who_answers(text: str, clause: str, asked: str, who: str, by: str) -> None:
    assert clause
    assert asked
    assert who in WHO, f"{text} {clause}: {who!r}"
    if who.startswith("ours"):
        documents = "no test can judge" in by
        assert TEST.search(by) or documents, f"{text} {clause}: ours by no test"
    if who == "ours, in part":
        assert re.search(r"[.;:,] ?\S", TEST.sub("", by)), f"{text} {clause}: does not say what is left"


def test_what_is_missing_is_listed_and_nothing_else() -> None:
    listed = set(
        re.findall(
            r"`([^`]+)`",
            "\n".join(
                line.partition(": ")[0]
                for line in sections(PAGE)["What is missing"].splitlines()
                if line.startswith("- ")
            ),
        )
    )
    rows_of = {f"{text} {clause}" for text, clause, _asked, who, _by in ROWS if who == "missing"}
    assert rows_of == listed


def test_it_claims_nothing() -> None:
    """Neither here nor on the page that others read first."""
    for name in ("docs/conformity.md", "docs/security.md", "README.md"):
        page = (ROOT / name).read_text(encoding="utf-8").casefold()
        for claim in (
            "complies with",
            "compliant",
            "conforms to",
            "certified to",
            "certified by",
            "meets the requirements",
            "符合国家标准",
            "通过认证",
        ):
            assert claim not in page, f"{name} says {claim!r}"


def test_the_texts_themselves_are_not_copied() -> None:
    """What they ask stands in our own words: no run of Chinese longer than a name."""
    assert max(map(len, re.findall(r"[\u4e00-\u9fff]+", PAGE))) <= 10


IN_CHINESE = {
    "second hand": "二手", " and what follows": "及以后", "tables 1 to 7": "表 1 至 7", "grades 2 to 4": "2 至 4 级", "annex B": "附录 B",
    "notes": "条文说明", "the rest": "其余", "contents": "目次", "intercom": "对讲", "(all)": "(全部)", " to ": " 至 ",
}  # fmt: skip
WHO_IN_CHINESE = {
    "ours": "我们", "ours, in part": "我们（部分）", "laboratory": "检测机构", "installer": "安装方", "operator": "使用单位",
    "missing": "缺", "not read": "未读",
}  # fmt: skip


def in_chinese(clause: str) -> str:
    for english, chinese in IN_CHINESE.items():
        clause = clause.replace(english, chinese)
    return "全部" if clause == "all" else clause


def test_the_chinese_page_says_the_same_of_each_clause() -> None:
    told = [
        (text, clause, who) for text, clause, _asked, who, _by in rows(CHINESE, "| 条款 | 要求什么 | 由谁回答 | 说明 |")
    ]
    assert told == [(text, in_chinese(clause), WHO_IN_CHINESE[who]) for text, clause, _asked, who, _by in ROWS]
    missing = re.findall(
        r"`([^`]+)`",
        "\n".join(
            line.partition("：")[0] for line in sections(CHINESE)["缺什么"].splitlines() if line.startswith("- ")
        ),
    )
    assert set(missing) == {
        f"{text} {in_chinese(clause)}" for text, clause, _asked, who, _by in ROWS if who == "missing"
    }


def test_nor_does_the_chinese_page_claim_anything() -> None:
    for claim in ("符合国家标准", "通过认证", "达到标准", "满足本标准"):
        assert claim not in CHINESE
    assert "**不是符合性声明**" in CHINESE
