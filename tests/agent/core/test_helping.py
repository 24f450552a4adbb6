"""A call for help: told ahead of all, answered on the screen at once, and what the centre says of it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.text import width
from contract.commands import Open, Reason, Say
from contract.facts import ALARMS
from contract.messages import Category, Holder, Role, Settings, Sign
from contract.people import ReportCode, Who, Words
from tests.agent.core.bench import (
    UNIT,
    UTC,
    Bench,
    DisplayPlan,
    InputPlan,
    command,
    facts_in,
    facts_of,
    mode,
    notice,
    of,
    the,
    unit_plan,
)

HELP = InputPlan("help", alarm=True)
SIGN = Sign("第七网格", None, None, "张师傅", "138 0000 0000")


def unit(*, online: bool = True, **changes: Any) -> Bench:
    bench = Bench(unit_plan(inputs=(HELP,), **changes)).start()
    bench.do(ev.UnitInputChanged("help", active=False))
    bench.message(Settings(UNIT, 1, UTC, sign=SIGN))
    return bench.online() if online else bench


def press(bench: Bench) -> tuple[fx.Effect, ...]:
    found = bench.do(ev.UnitInputChanged("help", active=True))
    return (*found, *bench.do(ev.UnitInputChanged("help", active=False), after=0.2))


def calls(found: Any) -> list[Any]:
    return [f.data for r in of(fx.AppendFacts, found) for f in facts_in(r) if f.kind == "help.called"]


def since(bench: Bench, count: int) -> list[fx.Effect]:
    return [effect for _, effect in bench.effects[count:]]


def accept(bench: Bench, order: Any, name: str) -> tuple[fx.Effect, ...]:
    return bench.recorded(the(fx.AppendFacts, bench.message(command(bench, order, name=name))))


def test_a_press_is_an_alarm_and_the_screen_says_at_once_who_was_called() -> None:
    assert "help.called" in ALARMS
    bench = unit()
    found = bench.do(ev.UnitInputChanged("help", active=True))
    assert calls(found) == [{"door": None, "via": "input"}]
    assert bench.page().title == "已呼叫张师傅"
    assert "138 0000 0000" in "".join(bench.page().body)
    assert [tone.tone for tone in of(fx.SoundTone, found)] == ["yes"]
    (record,) = [r for r in of(fx.AppendFacts, found) if calls([r])]
    assert record.durable_by_mono is None, "nobody waits for it, and it is never given up"
    assert the(fx.SendAhead, bench.recorded(record)).leaf == "alarm"
    assert bench.page().kind == "answer"
    bench.wait(61.0)
    assert bench.page().kind == "idle"


def test_the_key_is_star_nought_and_needs_no_card() -> None:
    bench = unit()
    assert calls(bench.type("*0#")) == [{"door": "main", "via": "key"}]
    assert bench.page().title == "已呼叫张师傅"
    bench.message(Settings(UNIT, 2, UTC, report_codes={"0": ReportCode(Words("x"), "water", who=Who.ANY)}))
    bench.wait(31.0)
    assert calls(bench.type("*0#")), "no code of the settings takes its place"


def test_it_waits_for_no_disk_and_is_kept_by_a_hanging_one() -> None:
    bench = unit()
    bench.do(ev.StoreHangs(hangs=True))
    assert len(calls(press(bench))) == 1
    assert bench.page().title == "已呼叫张师傅"


def test_without_a_link_it_says_so_with_the_workers_number() -> None:
    bench = unit(online=False)
    press(bench)
    assert bench.page().title == "没联系上中心"
    words = "".join(bench.page().body)
    assert "138 0000 0000" in words
    assert "120" in words
    gone = unit()
    press(gone)
    assert gone.page().title == "已呼叫张师傅"
    gone.do(ev.LinkDown("broken"))
    assert gone.page().title == "没联系上中心"
    slow = unit()
    press(slow)
    slow.wait(20.5)
    assert slow.page().title == "没联系上中心", "a centre that confirms nothing was not reached"


def test_that_the_centre_has_it_is_said_once_it_confirmed_that_very_fact() -> None:
    bench = unit()
    (record,) = [r for r in of(fx.AppendFacts, press(bench)) if calls([r])]
    bench.recorded(record)
    seq = bench.seq - 1
    bench.do(ev.FactsConfirmed(seq - 1))
    assert "中心已收到" not in "".join(bench.page().body)
    bench.do(ev.FactsConfirmed(seq))
    assert "中心已收到" in "".join(bench.page().body)
    bench.wait(25.0)
    assert "中心已收到" in "".join(bench.page().body)


def test_presses_of_half_a_minute_are_one_call_with_a_count() -> None:
    bench = unit()
    before = len(bench.effects)
    for _ in range(8):
        press(bench)
        bench.wait(1.0)
    assert calls(since(bench, before)) == [{"door": None, "via": "input"}]
    bench.wait(31.0)
    assert calls(since(bench, before))[1:] == [{"door": None, "via": "input", "count": 7}]
    bench.wait(120.0)
    assert len(calls(since(bench, before))) == 2
    press(bench)
    assert calls(since(bench, before))[2:] == [{"door": None, "via": "input"}]


def test_a_stuck_input_tells_once_and_shows_no_emergency_page() -> None:
    bench = unit()
    before = len(bench.effects)
    bench.do(ev.UnitInputChanged("help", active=True))
    for _ in range(120):
        bench.do(ev.UnitInputChanged("help", active=True), after=60.0)
    assert len(calls(since(bench, before))) == 1
    assert bench.page().kind == "idle"


def test_a_playing_child_makes_two_facts_a_minute_at_most() -> None:
    bench = unit()
    before = len(bench.effects)
    for _ in range(600):
        press(bench)
        bench.wait(0.8)
    found = calls(since(bench, before))
    assert len(found) <= 21
    bench.wait(31.0)
    assert sum(each.get("count", 1) for each in calls(since(bench, before))) == 600, "none is lost"


def test_an_open_and_words_of_the_centre_are_shown_and_its_page_comes_back() -> None:
    bench = unit()
    press(bench)
    accept(bench, Open("main"), "c1")
    bench.settle()
    assert bench.page().title == "请进"
    bench.wait(4.0)
    assert bench.page().title == "中心已回应"
    found = accept(bench, Say("马上就到 请坐下等", 30), "c2")
    assert [reply.state for reply in of(fx.SendReply, found)] == ["accepted", "done"]
    assert (bench.page().title, bench.page().body) == ("中心回复", ("马上就到 请坐下等",))
    bench.let_in("anna")
    assert bench.page().title == "请进"
    bench.wait(4.0)
    assert bench.page().title == "中心回复", "an answer to somebody else ends it for three seconds only"
    bench.wait(30.0)
    assert bench.page().title == "中心已回应"
    bench.wait(40.0)
    assert bench.page().kind == "idle"


def test_words_come_before_notices_and_after_fire() -> None:
    bench = unit()
    bench.message(notice(category=Category.EMERGENCY))
    accept(bench, Say("请等候", 60), "c1")
    assert bench.page().title == "中心回复"
    bench.type("3")
    assert bench.page().title == "请输入", "whoever types sees what they type"
    bench.wait(11.0)
    assert bench.page().title == "中心回复"
    bench.do(ev.FireChanged("main", active=True))
    assert bench.page().kind == "fire"


def test_a_unit_without_a_display_says_that_it_cannot() -> None:
    bench = Bench(unit_plan(displays=())).start().online()
    found = bench.message(command(bench, Say("x")))
    assert [(reply.state, reply.reason) for reply in of(fx.SendReply, found)] == [("refused", Reason.DEVICE)]
    assert calls(bench.type("*0#")) == [{"door": "main", "via": "key"}]


@pytest.mark.parametrize("words", ["{unit} {0}", "a" * 60, "\u202e\U0001f4a1\x00\x07", "{{}}"])
def test_any_words_fit(words: str) -> None:
    bench = unit()
    accept(bench, Say(words), "c1")
    assert bench.page().kind == "answer"
    assert all(width(line) <= 20 for line in bench.page().body)


def test_door_only_calls_too() -> None:
    bench = Bench(unit_plan(inputs=(HELP,)))
    bench.start(door_only=True)
    bench.do(ev.UnitInputChanged("help", active=False))
    assert len(calls(press(bench))) == 1
    assert bench.page().title == "没联系上中心"
    assert any("120" in line for line in bench.page().body)


@pytest.mark.parametrize("size", [(20, 8), (16, 4)])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_who_was_called_stands_on_every_display(size: tuple[int, int], language: str) -> None:
    bench = unit(displays=(DisplayPlan("panel", *size, "gbk"),))
    bench.message(Settings(UNIT, 3, UTC, sign=SIGN, language=language))
    press(bench)
    seen = set()
    for _ in range(40):
        seen.add((bench.page().title, *bench.page().body))
        bench.wait(1.0)
    words = " ".join(" ".join(page) for page in seen)
    assert "张师傅" in words
    assert "138 0000 0000" in words
    assert all(width(line) <= size[0] for page in seen for line in page)


def test_a_call_and_words_can_be_replayed() -> None:
    bench = unit()
    press(bench)
    accept(bench, Say("x"), "c1")
    assert replay_codec.loads(replay_codec.dumps(bench.state)) == bench.state


def test_the_holder_of_a_service_comes_until_the_end_and_not_in_a_lockdown() -> None:

    good = Holder("c1", Role.SERVICE, until_utc=UTC + 7200, org="sf")
    endless = Holder("c2", Role.SERVICE, org="sf")
    bench = Bench().start(good, endless)
    assert of(fx.PulseLock, bench.let_in("c1"))
    assert facts_of(bench.let_in("c2"))["access.denied"]["reason"] == "expired"
    bench.online()
    mode(bench, "lockdown")
    assert facts_of(bench.let_in("c1", after=10.0))["access.denied"]["reason"] == "lockdown"
    mode(bench, "normal")
    bench.wait(7200)
    assert facts_of(bench.let_in("c1"))["access.denied"]["reason"] == "expired"
