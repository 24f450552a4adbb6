"""What notices ask: behind a card, or while it stands on a screen; durable before it is told; the last answer counts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.plan import DisplayPlan
from agent.core.text import width
from contract.messages import Holder, Notice, Per, Poll, Rating, Role
from tests.agent.core.bench import UNIT, UTC, Bench, facts_in, notice, of, unit_plan

ANNA, BO, LONE = Holder("anna", room="301"), Holder("bo", room="301"), Holder("lone")
WANG = Holder("wang", role=Role.PATROL)
PER_HOLDER = Poll(("长椅放东边", "长椅放西边", "都不要"), Per.HOLDER)
PER_ROOM = Poll(("是", "否"), Per.ROOM)
ANYONE = Poll(("好", "不好"))


def poll(ask: Any = PER_HOLDER, **changes: Any) -> Notice:
    return notice("p1", title="长椅放哪里", text="", scope=UNIT, ask=ask, **changes)


def unit(*asked: Notice, **plan: Any) -> Bench:
    bench = Bench(unit_plan(**plan)).start(ANNA, BO, LONE, WANG)
    for each in asked:
        bench.message(each)
    return bench


def answers(found: Any) -> list[fx.AppendFacts]:
    return [r for r in of(fx.AppendFacts, found) if facts_in(r) and facts_in(r)[0].kind == "ask.answered"]


def value_of(record: fx.AppendFacts) -> Any:
    return facts_in(record)[0].data["value"]


def asked(bench: Bench, who: str) -> bool:
    """Whether a question is on the screen once the word that the door is open is over."""
    bench.let_in(who, after=20.0)
    bench.wait(3.5)
    return bench.page().kind == "question"


def press(bench: Bench, key: str) -> list[fx.AppendFacts]:
    """A digit alone, ended by `#`."""
    return answers(bench.type(f"{key}#"))


@pytest.mark.claim("D10")
def test_whoever_it_concerns_is_asked_behind_their_card_and_told_when_it_is_durable() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    page = bench.page()
    assert page.title == "请您回答"
    assert page.body == ("长椅放哪里", "1 长椅放东边", "2 长椅放西边", "3 都不要", "请按数字")
    (record,) = press(bench, "2")
    assert facts_in(record)[0].data == {
        "notice": "p1", "scope": "unit/b12-u2", "rev": 1, "value": 2, "by": "anna", "room": "301", "door": "main",
    }  # fmt: skip
    assert record.durable_by_mono == pytest.approx(bench.mono + 2.0)
    assert bench.page().title != "已记录 2"
    bench.recorded(record)
    assert (bench.page().title, bench.page().body[0]) == ("已记录 2", "长椅放西边")


def test_a_digit_alone_counts_after_two_seconds() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    bench.type("2")
    bench.wait(2.1)
    (event,) = bench.keypad().lapse(bench.mono)
    assert [value_of(each) for each in answers(bench.do(event))] == [2]


def test_who_answered_is_told_so_and_may_change_it_a_household_together() -> None:
    bench = unit(poll(PER_ROOM))
    assert asked(bench, "anna")
    (record,) = press(bench, "1")
    bench.recorded(record)
    for who in ("anna", "bo"):
        assert asked(bench, who)
        assert bench.page().title == "您已答过 可以改", "bo is of the same room"
    assert asked(bench, "lone")
    assert bench.page().title == "请您回答", "a household of their own"
    assert not asked(bench, "wang"), "no resident"
    assert not asked(bench, "stranger")


def test_what_was_not_saved_is_asked_again() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    (record,) = press(bench, "1")
    bench.do(ev.RecordRefused(record.token, "full"))
    assert (bench.page().title, bench.page().tone) == ("未能保存", "no")
    assert asked(bench, "anna")
    press(bench, "1")
    bench.wait(3.1)
    assert bench.page().title == "未能保存"


def test_a_vote_is_changed_while_the_poll_is_on_the_screen() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    (record,) = press(bench, "1")
    bench.recorded(record)
    bench.let_in("anna", after=20.0)
    while bench.page().kind != "notice":
        bench.wait(1.0)
    bench.let_in("anna", after=1.0)
    (record,) = press(bench, "3")
    assert (value_of(record), facts_in(record)[0].data["by"]) == (3, "anna")


@pytest.mark.parametrize("after", [0.1, 3.5, 9.0])
def test_a_card_and_a_digit_change_a_vote_whatever_is_on_the_screen(after: float) -> None:
    bench = unit(poll(), notice("n2", scope=UNIT, priority=9))
    assert asked(bench, "anna")
    (record,) = press(bench, "1")
    bench.recorded(record)
    bench.wait(60.0)
    bench.let_in("anna")
    assert bench.page().title == "请进"
    bench.type("3", after=after)
    bench.wait(2.1)
    (event,) = bench.keypad().lapse(bench.mono)
    (record,) = answers(bench.do(event))
    assert (value_of(record), facts_in(record)[0].data["by"]) == (3, "anna")
    bench.recorded(record)
    assert bench.page().title == "已记录 3"


def test_the_newest_without_an_answer_is_asked_then_the_newest_that_may_be_changed() -> None:
    old, new = poll(), notice("p2", scope=UNIT, title="新的", iat=UTC, ask=PER_HOLDER)
    bench = unit(old, new)
    for title, again in (("新的", False), ("长椅放哪里", False), ("新的", True)):
        assert asked(bench, "anna")
        assert (bench.page().body[0], bench.page().title == "您已答过 可以改") == (title, again)
        (record,) = press(bench, "1")
        bench.recorded(record)


def test_without_a_card_a_digit_answers_nothing_that_asks_for_one() -> None:
    bench = unit(poll())
    bench.wait(1.0)
    assert bench.page().kind == "notice"
    assert bench.page().body[-1] == "请先刷卡再按数字"
    assert press(bench, "1") == []
    assert (bench.page().title, bench.page().tone) == ("请先刷卡", "no")
    bench.let_in("wang", after=20.0)
    bench.wait(10.0)


def test_a_question_open_to_anyone_takes_one_answer_a_minute_and_knows_nobody() -> None:
    bench = unit(poll(ANYONE))
    bench.wait(1.0)
    assert bench.page().body[-1] == "请按数字回答"
    (record,) = press(bench, "2")
    data = facts_in(record)[0].data
    assert (data["value"], data["by"], data["room"]) == (2, None, None)
    bench.recorded(record)
    bench.wait(6.0)
    while bench.page().kind != "notice":
        bench.wait(1.0)
    assert press(bench, "1") == []
    assert bench.page().title == "请等一会儿"
    bench.wait(61.0)
    while bench.page().kind != "notice":
        bench.wait(1.0)
    assert len(press(bench, "1")) == 1


def test_an_open_question_is_not_put_behind_a_card() -> None:
    assert not asked(unit(poll(ANYONE)), "anna")


def test_a_rating_is_asked_of_whoever_filed_it_or_of_any_resident() -> None:
    bench = unit(poll(Rating("r1", "bo")))
    assert not asked(bench, "anna")
    assert asked(bench, "bo")
    assert bench.page().body[1:6] == ("5 很满意", "4 满意", "3 一般", "2 不满意", "1 很不满意")
    (record,) = press(bench, "5")
    assert (value_of(record), facts_in(record)[0].data["by"]) == (5, "bo")
    bench = unit(poll(Rating("r1")))
    assert asked(bench, "anna")
    assert not asked(bench, "wang")


def test_a_rating_comes_before_a_poll() -> None:
    bench = unit(poll(priority=9), notice("r", scope=UNIT, ask=Rating("r1")))
    assert asked(bench, "anna")
    assert bench.page().body[0] == "标题r"


@pytest.mark.parametrize("key", ["0", "4", "9"])
def test_a_digit_that_is_no_answer_is_none(key: str) -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    assert press(bench, key) == []
    assert answers(bench.do(ev.Chosen("card", int(key)))) == [], "nor where a port says so"


def test_a_notice_with_fewer_options_takes_no_answer_to_the_one_before() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    bench.message(poll(Poll(("东", "西"), Per.HOLDER), rev=2))
    assert bench.page().kind != "question"
    assert answers(bench.do(ev.Chosen("card", 3))) == []
    assert asked(bench, "anna")
    (record,) = press(bench, "2")
    assert facts_in(record)[0].data["rev"] == 2


@pytest.mark.parametrize("how", ["ended", "withdrawn"])
def test_what_is_over_takes_no_answer(how: str) -> None:
    bench = unit(poll(until_utc=Bench().utc + 60))
    assert asked(bench, "anna")
    if how == "ended":
        bench.utc += 60
    else:
        bench.message(poll(rev=2, withdrawn=True))
    assert answers(bench.do(ev.Chosen("card", 1))) == []
    assert not asked(bench, "anna")


def test_a_digit_answers_what_was_on_the_screen_when_it_was_pressed() -> None:
    """An emergency that comes in between is not answered in its place."""
    bench = unit(poll(ANYONE))
    bench.wait(1.0)
    bench.type("1")
    bench.message(notice("p2", scope=UNIT, title="另一个", ask=Poll(("甲", "乙")), priority=9))
    (event,) = bench.keypad().lapse(bench.mono + 2.1) or (ev.Chosen("card", 1),)
    bench.wait(2.1)
    (record,) = answers(bench.do(ev.Chosen(event.reader, event.choice)))
    assert facts_in(record)[0].data["notice"] == "p1"


def test_the_question_ends_when_the_door_closes_behind_them() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    bench.do(ev.ContactChanged("main", open=True))
    assert bench.page().kind == "question"
    bench.do(ev.ContactChanged("main", open=False))
    assert bench.page().kind != "question"
    assert answers(bench.do(ev.Chosen("card", 1))) == []


def test_a_question_ends_by_itself_by_a_star_and_by_the_next_card() -> None:
    for ends in ("time", "star", "card"):
        bench = unit(poll())
        assert asked(bench, "anna")
        if ends == "time":
            bench.wait(12.0)
        elif ends == "star":
            bench.type("*")
        else:
            bench.let_in("wang")
        assert not bench.state.asking.questions


def test_ports_are_told_which_digits_are_answers_and_when_no_longer() -> None:
    bench = unit(poll())
    bench.forget()
    assert asked(bench, "anna")
    bench.wait(60.0)
    told = [each.most for each in bench.all(fx.ExpectChoice)]
    assert set(told) == {0, 3}
    assert all(one != other for one, other in pairwise(told)), "only what changed"
    bench.message(poll(rev=2, withdrawn=True))
    assert bench.all(fx.ExpectChoice)[-1].most == 0


def test_nine_long_options_are_all_shown_on_the_smallest_display() -> None:
    options = tuple(f"{number}号" + "选" * 58 for number in range(1, 10))
    display = DisplayPlan("panel", 16, 4, "gbk")
    for text in ("", "长" * 3000):
        bench = unit(
            notice("p1", scope=UNIT, title="长" * 60, text=text, ask=Poll(options, Per.ROOM)), displays=(display,)
        )
        bench.forget()
        bench.wait(600.0)
        pages = [each.page for each in bench.all(fx.ShowPage) if each.page.kind == "notice"]
        shown = "".join("".join(page.body) for page in pages)
        assert all(f"{number}号" in shown and len(page.body) <= 4 for number in range(1, 10) for page in pages)
        assert all(width(line) <= 16 for page in pages for line in page.body)
        assert shown.count("选") >= 9 * 58
    assert asked(bench, "anna")
    assert len(press(bench, "9")) == 1


def test_a_question_never_covers_what_is_more_urgent() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    bench.do(ev.UnitInputChanged("gas", active=True))
    assert bench.page().kind == "emergency"


def test_a_crash_file_holds_it_all() -> None:
    bench = unit(poll())
    assert asked(bench, "anna")
    (record,) = press(bench, "1")
    assert replay_codec.loads(replay_codec.dumps(bench.state)).asking == bench.state.asking
    bench.recorded(record)
    assert replay_codec.loads(replay_codec.dumps(bench.state)).asking == bench.state.asking
