"""The words on the screens: none is missing, none is left over, each fits the smallest displays, and each can be drawn by them."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping

import pytest

from agent.core.pages import idle, message_pages, say
from agent.core.plan import DisplayPlan
from agent.core.text import width
from agent.core.time import Trust
from agent.locale import LANGUAGES, load
from contract.facts import Denial
from contract.messages import Category, Role, Settings, Sign
from tests.agent.core.bench import SITE, UTC, Bench, unit_plan
from tests.agent.words_said import ANSWER, Said, everything, said

WORDS = load()
SMALL = ((16, 4), (20, 8))
PAGES = 2
"""Nobody stands at a door and reads three pages."""
BY_CARD = set(Denial) - {Denial.PIN, Denial.LOCKED_OUT, Denial.USED}
BY_CODE = set(Denial) - {Denial.LOCKED_OUT}
PUT_IN: Mapping[str, set[str]] = {
    "denied.{}": {str(reason) for reason in BY_CARD},
    "denied.code.{}": {str(reason) for reason in BY_CODE},
    "weekday.{}": {"mon", "tue", "wed", "thu", "fri", "sat", "sun"},
    "sign.{}": {"community", "grid", "worker", "boundary"},
    "category.{}": {str(category) for category in Category},
    "input.{}": {"gas", "smoke", "water", "mains", "battery"},
    "rule.role.{}": {str(role) for role in Role},
    "{}.saved": {"report", "answer"},
    "{}.not_saved": {"report", "answer"},
}
"""What may stand in a key that is put together."""
PASSED_ON = {"{}.title", "{}.body", "rule.{}", "? answer.key", "? helping.page_key(state) or ''"}
"""Keys that come from where they are said."""
ELSEWHERE = {"contact": "", "unit": ""}
"""Fields that every answer has."""

LONGEST = {
    "worker": "欧阳敏敏",
    "phone": "0532-55501234",
    "unit": "燕儿岛路18号12号楼2单元",
    "time": "23:59",
    "left": "90",
    "keys": "●" * 8,
    "code": "2100",
    "words": "楼道堆放杂物影响通行",
    "value": "5",
    "title": "楼前长椅放在哪里好",
    "answers": "1 东门\n2 西门\n3 南门\n4 不要",
    "next": "12号楼2单元",
    "from": "23:30",
    "begins": "22:30",
    "ends": "23:30",
    "inputs": "",
    "who": "欧阳敏敏",
    "text": "请稍等 " * 15,
    "what": "还没有连上中心\n还没有门禁卡名册",
    "check": "47",
}
"""Of each field as long as it comes in earnest."""
OWN_WORDS = {"code", "words", "title", "unit", "value"}
"""A title with one of these may be longer than its line: it is then told whole at the head of the page."""


def keys_of(each: Said) -> set[str]:
    """The keys of the catalogue that are said there."""
    if each.key in PASSED_ON:
        return set()
    assert "{}" not in each.key or each.key in PUT_IN, f"{each.where}: what may stand in {each.key}?"
    names = {each.key.replace("{}", value) for value in PUT_IN.get(each.key, {""})}
    return {f"{name}.{part}" for name in names for part in ("title", "body")} if each.what == ANSWER else names


FOUND = everything()
SAID = {key for each in FOUND for key in keys_of(each)}
ANSWERS = sorted({key.removesuffix(".title") for key in SAID if key.endswith(".title")})


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_is_left_over(language: str) -> None:
    assert sorted(SAID - set(WORDS[language])) == []
    assert sorted(set(WORDS[language]) - SAID) == []


def test_the_sources_are_read_as_they_are_meant() -> None:
    source = """
def one(step, reason):
    key = "a" if reason else f"b.{reason}"
    step.say(key, 3.0, "no", door="main", left="1")
    step.say(reason.key, 3.0, "no")
def two(state):
    if state:
        return Denial.HOURS, "c"
    return say(state, "d")
"""
    assert {(each.what, each.key, each.fields) for each in said(source)} == {
        ("answer", "a", frozenset({"left"})),
        ("answer", "b.{}", frozenset({"left"})),
        ("answer", "? reason.key", None),
        ("rule", "rule.c", None),
        ("text", "d", None),
    }


def test_what_is_said_without_a_key_that_can_be_seen_is_known() -> None:
    assert {each.key for each in FOUND if each.key.startswith("?")} <= PASSED_ON


def test_every_reason_of_a_denial_has_a_page() -> None:
    """By card, by code, or both; a keypad that is locked says for how long."""
    for reason in Denial:
        own = {f"denied.{reason}", f"denied.code.{reason}"} & set(ANSWERS)
        assert own or reason is Denial.LOCKED_OUT
    assert {"locked_out.seconds", "locked_out.minutes"} <= set(ANSWERS)


def test_a_text_has_the_same_fields_in_every_language_and_they_are_filled_in() -> None:
    given = {key: each.fields for each in FOUND if each.fields is not None for key in keys_of(each)}
    for key in WORDS["en"]:
        wanted = fields_of(WORDS["en"][key])
        assert all(fields_of(WORDS[language][key]) == wanted for language in LANGUAGES), key
        if key in given:
            assert wanted <= given[key] | set(ELSEWHERE), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_are_of_signs_that_every_panel_can_draw(language: str) -> None:
    shown = {key: text for key, text in WORDS[language].items() if not key.startswith("explain.")}
    for key, text in shown.items():
        assert text == text.strip(), key
        assert text.encode("ascii" if language == "en" else "gb2312"), key
        assert not re.search(r"[，。！？：；]", text), f"{key}: a full stop of two columns costs a character of a line"


def unit(language: str, size: tuple[int, int], trust: Trust = Trust.SYNCED) -> Bench:
    plan = unit_plan(displays=(DisplayPlan("panel", *size, "gbk"),), language=language, name=LONGEST["unit"])
    bench = Bench(plan, trust=trust).start()
    bench.message(Settings(SITE, 1, UTC, sign=Sign(worker=LONGEST["worker"], phone=LONGEST["phone"])))
    return bench


def told(bench: Bench, name: str) -> Iterator[tuple[str, str]]:
    """(place, line) of all pages of an answer."""
    inputs = say(bench.state, "input.gas")
    for page in message_pages(
        bench.state, bench.state.screens[0].plan, "answer", name, {**LONGEST, "inputs": inputs}, "no"
    ):
        yield from (("title", page.title), *(("body", line) for line in page.body), ("footer", page.footer))


@pytest.mark.parametrize("size", SMALL)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_fits_two_pages_of_a_small_display_with_its_title_on_its_line(
    name: str, language: str, size: tuple[int, int]
) -> None:
    bench = unit(language, size)
    lines = list(told(bench, name))
    assert not [line for _, line in lines if width(line) > size[0]]
    assert not [line for _, line in lines if name in line or "{" in line or "}" in line], "its key is no text"
    assert sum(place == "title" for place, _ in lines) <= PAGES
    title = WORDS[language][f"{name}.title"]
    if not fields_of(title) & OWN_WORDS:
        assert lines[0] == ("title", title.format(**LONGEST))
    body = "".join(line for place, line in lines if place == "body")
    assert "□" not in body
    for field in fields_of(WORDS[language][f"{name}.body"]) - {"contact", "inputs"}:
        assert LONGEST[field].replace("\n", "").replace(" ", "") in body.replace(" ", ""), "nothing of it is lost"


@pytest.mark.parametrize("size", SMALL)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_in_one_line_fits_it(language: str, size: tuple[int, int]) -> None:
    """Footers and the lines of the idle page are cut where they are too long; the longest of them are not."""
    lines = {
        key: text for key, text in WORDS[language].items() if re.match(r"idle\.(?!date)|weekday|notice\.more", key)
    }
    lines |= {f"{key} 20/20": f"{text} 20/20" for key, text in WORDS[language].items() if key.startswith("category.")}
    assert not {key: text for key, text in lines.items() if width(text) > size[0]}


@pytest.mark.parametrize("trust", Trust)
@pytest.mark.parametrize("size", SMALL)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sign_is_told_whole(language: str, size: tuple[int, int], trust: Trust) -> None:
    bench = unit(language, size, trust)
    pages = idle(bench.state, bench.state.screens[0].plan)
    assert len(pages) <= 3
    words = "".join("".join(page.body) for page in pages)
    assert LONGEST["phone"] in words
    assert LONGEST["worker"] in words
