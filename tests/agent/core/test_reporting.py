"""Reports and services by `*code#`: after a card, repeated, sent by `#`, durable before the person is told."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.text import width
from contract.messages import Holder, Role, Settings
from contract.people import ReportCode, ReportKind, Who, Words
from tests.agent.core.bench import UNIT, UTC, YARD, Bench, door_plan, facts_in, of, unit_plan

CODES = {
    "21": ReportCode(Words("垃圾清运", "Rubbish"), "sanitation"),
    "7": ReportCode(Words("水管漏水"), "water", ReportKind.SERVICE, Who.RESIDENT),
    "90": ReportCode(Words("志愿服务"), "volunteers", ReportKind.SERVICE, Who.ANY),
}
PEOPLE = (
    Holder("wang", role=Role.PATROL),
    Holder("anna", room="301"),
    Holder("post", role=Role.EMERGENCY),
)


def unit(codes: Any = CODES, **settings: Any) -> Bench:
    bench = Bench().start(*PEOPLE)
    bench.message(Settings(YARD, 1, UTC, report_codes=codes, **settings))
    return bench


def filed(found: Any) -> list[fx.AppendFacts]:
    return [r for r in of(fx.AppendFacts, found) if facts_in(r) and facts_in(r)[0].kind == "report.filed"]


def came_in(bench: Bench, name: str = "wang") -> None:
    """Their tap, all that came of it on the disk."""
    for record in of(fx.AppendFacts, bench.let_in(name)):
        bench.recorded(record)


@pytest.mark.claim("D10")
def test_a_report_is_repeated_then_sent_and_told_only_when_it_is_durable() -> None:
    bench = unit()
    came_in(bench)
    assert bench.page().title.startswith("签到成功")
    assert filed(bench.type("*21#")) == []
    assert (bench.page().title, bench.page().body) == ("21 垃圾清运", ("# 发送", "* 取消"))
    (record,) = filed(bench.type("#"))
    (told,) = facts_in(record)
    assert told.data.pop("report").startswith("rs1-")
    assert told.data == {"code": "21", "by": "wang", "room": None, "door": "main"}
    assert record.durable_by_mono == pytest.approx(bench.mono + 2.0)
    assert bench.page().title != "已收到 21"
    bench.recorded(record)
    assert bench.page().title == "已收到 21"
    assert "垃圾清运" in bench.page().body


def test_the_room_of_a_resident_goes_along_and_ids_are_never_the_same() -> None:
    bench = unit()
    came_in(bench, "anna")
    found = filed(bench.type("*7##")) + filed(bench.type("*90##"))
    first, second = (facts_in(each)[0].data for each in found)
    assert (first["room"], first["code"], second["code"]) == ("301", "7", "90")
    assert first["report"] != second["report"]


@pytest.mark.parametrize(
    ("who", "code", "title"),
    [
        (None, "21", "请先刷卡"),
        ("wang", "22", "没有代码 22"),
        ("anna", "21", "代码不可用"),
        ("wang", "7", "代码不可用"),
        ("post", "21", "代码不可用"),
        ("stranger", "90", "请先刷卡"),
    ],
)
def test_what_is_not_taken_says_why(who: str | None, code: str, title: str) -> None:
    bench = unit()
    if who is not None:
        came_in(bench, who)
    bench.type(f"*{code}#")
    assert (bench.page().title, bench.page().tone) == (title, "no")
    assert filed(bench.type("#")) == []


@pytest.mark.parametrize("keys", ["**", "*"])
def test_a_star_cancels(keys: str) -> None:
    bench = unit()
    came_in(bench)
    bench.type("*21#")
    bench.type(keys)
    assert bench.page().title == "已取消"
    assert filed(bench.type("#")) == []


def test_nothing_is_sent_that_was_not_confirmed_in_ten_seconds() -> None:
    bench = unit()
    came_in(bench)
    bench.type("*21#")
    bench.wait(10.1)
    assert bench.page().kind == "idle"
    assert filed(bench.type("#")) == []


def test_another_card_ends_what_was_typed() -> None:
    """Nobody sends what somebody else typed."""
    bench = unit()
    came_in(bench)
    bench.type("*21#")
    bench.tap("stranger")
    assert filed(bench.type("#")) == []


def test_a_card_of_ten_seconds_ago_is_nobody() -> None:
    bench = unit()
    came_in(bench)
    bench.wait(10.1)
    bench.type("*21#")
    assert bench.page().title == "请先刷卡"


def test_the_same_report_by_a_bounce_or_an_impatient_hand_is_one() -> None:
    bench = unit()
    came_in(bench)
    found = filed(bench.type("*21#") + bench.type("###"))
    found += filed(bench.type("*21##"))
    assert len(found) == 1
    bench.recorded(found[0])
    found += filed(bench.type("*21##"))
    assert len(found) == 1
    assert bench.page().title == "已收到 21"
    bench.wait(61.0)
    came_in(bench)
    assert len(filed(bench.type("*21##"))) == 1


@pytest.mark.claim("D10")
def test_what_could_not_be_saved_is_told_and_can_be_sent_again() -> None:
    bench = unit()
    came_in(bench)
    (record,) = filed(bench.type("*21##"))
    bench.do(ev.RecordRefused(record.token, "full"))
    assert (bench.page().title, bench.page().tone) == ("未能保存", "no")
    assert len(filed(bench.type("*21##"))) == 1


@pytest.mark.claim("D10")
def test_a_disk_that_hangs_has_not_saved_it() -> None:
    bench = unit()
    came_in(bench)
    (record,) = filed(bench.type("*21##"))
    bench.wait(3.1)
    assert bench.page().title == "未能保存"
    bench.wait(7.0)
    bench.recorded(record)
    assert bench.page().kind == "idle"
    bench.do(ev.StoreHangs(hangs=True))
    came_in(bench)
    assert filed(bench.type("*21##")) == []
    assert bench.page().title == "未能保存"


def test_a_key_too_old_to_count_files_nothing() -> None:
    bench = unit()
    came_in(bench)
    bench.type("*21#", old=1.5)
    assert filed(bench.type("#")) == []


def test_the_table_of_the_most_specific_scope_counts_whole() -> None:
    bench = unit()
    bench.message(Settings(UNIT, 1, UTC, report_codes={"5": CODES["21"]}))
    came_in(bench)
    bench.type("*21#")
    assert bench.page().title == "没有代码 21"
    bench.type("*5#")
    assert bench.page().title == "5 垃圾清运"


@pytest.mark.parametrize("words", ["a\0b", "垃圾🗑️清运", "\x1b[2J", "字" * 20, "{unit}", "\u202eabc"])
def test_words_of_any_kind_are_shown_within_the_display(words: str) -> None:
    bench = unit({"21": ReportCode(Words(words), "x")})
    came_in(bench)
    bench.type("*21#")
    page = bench.page()
    assert all(width(line) <= 20 for line in (page.title, *page.body))
    assert page.body[-2:] == ("# 发送", "* 取消")
    assert not set("\0\x1b\u202e") & set("".join((page.title, *page.body)))
    assert len(filed(bench.type("#"))) == 1


def test_words_in_english_where_there_are_some() -> None:
    bench = unit(language="en")
    came_in(bench)
    bench.type("*21#")
    assert bench.page().title == "21 Rubbish"


def test_a_crash_file_holds_it_all() -> None:
    bench = unit()
    came_in(bench)
    bench.type("*21#")
    assert replay_codec.loads(replay_codec.dumps(bench.state)) == bench.state
    bench.type("#")
    assert replay_codec.loads(replay_codec.dumps(bench.state)).asking == bench.state.asking


def test_a_card_at_the_reader_and_the_code_at_the_panel_of_the_door() -> None:
    """As at most stairwells: a card reader beside a panel with keys."""
    bench = Bench(unit_plan(door_plan(readers=("card", "panel")), door_plan(id="cellar", readers=("inner",))))
    bench.start(*PEOPLE)
    bench.message(Settings(UNIT, 1, UTC - 5, report_codes=CODES))
    bench.tap("wang")
    bench.type("*21#", "panel")
    assert bench.page().title.startswith("21 ")
    sent = [each for each in of(fx.AppendFacts, bench.type("#", "panel")) if facts_in(each)[0].kind == "report.filed"]
    assert len(sent) == 1
    bench.type("*21#", "inner")
    assert not bench.page().title.startswith("21 "), "nobody is known at another door"


@pytest.mark.parametrize("stars", ["*", "**", "***"])
@pytest.mark.parametrize(
    ("keys", "title"), [("*21#", "21 垃圾清运"), ("21#", "21 垃圾清运"), ("301*4711#", "密码不对")]
)
def test_after_a_star_that_cancelled_the_entry_is_empty(stars: str, keys: str, title: str) -> None:
    bench = unit()
    came_in(bench)
    bench.type(f"*21#{stars}")
    assert bench.page().title == "已取消"
    bench.type(keys[:-1])
    assert bench.page().kind == "entry"
    bench.type(keys[-1])
    assert bench.page().title == title


def test_a_star_ahead_of_the_card_is_no_part_of_what_follows() -> None:
    for keys, title in (("*21#", "21 垃圾清运"), ("301*4711#", "密码不对")):
        bench = unit()
        bench.type("*")
        came_in(bench)
        bench.type(keys)
        assert bench.page().title == title
