"""Which page covers which, each pair of them; and that what a call for help has to be told comes after what covered it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.panel import ORDER
from contract.commands import Open, ReadCard, Say
from contract.messages import Holder, Per, Poll, Role, Settings
from contract.people import ReportCode, Who, Words
from tests.agent.core.bench import UNIT, UTC, Bench, InputPlan, command, notice, of, the, unit_plan

TITLES = {
    "fire": "火警 请马上撤离",
    "emergency": "紧急 请注意",
    "answer": "请进",
    "entry": "请输入",
    "read_card": "请刷要登记的卡",
    "question": "31 送水",
    "said": "中心回复",
    "help": "已呼叫社区中心",
}


def unit() -> Bench:
    inputs = (InputPlan("gas", alarm=True), InputPlan("help", alarm=True))
    bench = Bench(unit_plan(inputs=inputs)).start(Holder("anna", room="301"), Holder("wang", role=Role.PATROL))
    codes = {"31": ReportCode(Words("送水"), "water", who=Who.ANY)}
    bench.message(Settings(UNIT, 1, UTC, report_codes=codes))
    return bench.online()


def say(bench: Bench, text: str = "我们马上到", seconds: int = 20) -> None:
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench, Say(text, seconds), name="say"))))


def open_door(bench: Bench) -> None:
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench, Open("main"), name="open"))))
    bench.settle()


def read_card(bench: Bench) -> None:
    order = ReadCard("card", "ab" * 32)
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench, order, name="read"))))


def order_water(bench: Bench) -> None:
    """A card and a code: the answer to the card is gone with the first key."""
    bench.let_in("anna")
    bench.type("*31#")


def call(bench: Bench) -> None:
    bench.do(ev.UnitInputChanged("help", active=True))
    bench.do(ev.UnitInputChanged("help", active=False), after=0.2)


BEGIN: dict[str, Callable[[Bench], object]] = {
    "fire": lambda bench: bench.do(ev.FireChanged("main", active=True)),
    "emergency": lambda bench: bench.do(ev.UnitInputChanged("gas", active=True)),
    "answer": open_door,
    "entry": lambda bench: bench.type("30"),
    "read_card": read_card,
    "question": order_water,
    "said": say,
    "help": call,
}


@pytest.mark.parametrize(("over", "under"), [*combinations(ORDER, 2)])
def test_of_two_pages_the_one_that_stands_first_is_shown(over: str, under: str) -> None:
    bench = unit()
    BEGIN[under](bench)
    assert bench.page().title == TITLES[under]
    BEGIN[over](bench)
    assert bench.page().title == TITLES[over]


def test_who_types_sees_it_while_a_call_for_help_stands_and_the_call_comes_back() -> None:
    bench = unit()
    bench.type("*0#")
    assert bench.page().title == TITLES["help"]
    bench.let_in("anna")
    bench.type("*31")
    assert (bench.page().title, bench.page().body) == ("请输入", ("*●●",))
    bench.type("#")
    assert (bench.page().title, bench.page().body) == ("31 送水", ("# 发送", "* 取消"))
    for record in of(fx.AppendFacts, bench.type("#")):
        bench.recorded(record)
    assert bench.page().title == "已收到 31"
    bench.wait(6.0)
    assert bench.page().title == TITLES["help"]
    bench.type("301*4711")
    assert bench.page().body == ("●●●●●●●●",)


def test_a_call_is_seen_at_once_where_something_else_was_asked() -> None:
    bench = unit()
    bench.message(notice(scope=UNIT, ask=Poll(("好", "不好"), Per.HOLDER)))
    bench.let_in("anna")
    bench.wait(3.5)
    assert bench.page().title == "请您回答"
    call(bench)
    assert bench.page().title == TITLES["help"]


def test_what_the_centre_says_is_read_after_the_answer_that_covered_it() -> None:
    bench = unit()
    call(bench)
    bench.let_in("anna")
    assert bench.page().title == "请进"
    say(bench, seconds=5)
    assert bench.page().title == "请进", "the answer to a card is not cut off"
    for _ in range(4):
        bench.type("1", after=2.0)
    bench.wait(9.9)
    assert bench.page().title == "请输入"
    bench.wait(0.2)
    assert bench.page().title == "中心回复"
    bench.wait(4.8)
    assert bench.page().title == "中心回复", "as long as it takes to read"
    bench.wait(0.3)
    assert bench.page().title == "中心已回应"


def test_that_help_comes_is_told_though_somebody_typed_until_the_call_was_over() -> None:
    bench = unit()
    call(bench)
    bench.wait(50.0)
    bench.type("1")
    open_door(bench)
    for _ in range(4):
        bench.wait(5.0)
        bench.type("1")
    bench.wait(10.5)
    assert bench.page().title == "中心已回应"
    bench.wait(5.5)
    assert bench.page().kind == "idle"


def test_what_nobody_could_read_for_minutes_is_told_no_more() -> None:
    bench = unit()
    call(bench)
    say(bench)
    bench.do(ev.UnitInputChanged("gas", active=True))
    bench.wait(180.0)
    bench.do(ev.UnitInputChanged("gas", active=False))
    bench.wait(1.0)
    assert bench.page().kind == "idle"
    assert (bench.state.help, bench.state.said) == (None, None)


def test_the_page_has_the_same_order() -> None:
    words = (Path(__file__).parents[3] / "docs" / "door-rules.md").read_text(encoding="utf-8")
    asked = words.split("## What is asked and answered at the panel", 1)[1]
    assert tuple(re.findall(r"^\d\. `(\w+)`:", asked, re.MULTILINE)) == ORDER
