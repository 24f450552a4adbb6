"""What the screens show: priority, pages, clock and sign, languages and sizes."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.limits import IDLE_PAGE_S
from agent.core.pages import of_notice, say
from agent.core.plan import DisplayPlan, PageFont
from agent.core.text import reading_s, width
from agent.core.time import Trust
from agent.locale import LANGUAGES, load
from contract.messages import Category, Holder, Settings, Sign
from tests.agent.core.bench import PEOPLE, SITE, UNIT, UTC, YARD, Bench, notice, of, unit_plan

SIGN = {"community": "八大湖社区", "grid": "第21网格", "worker": "李芳", "phone": "13800000000"}


def settings(bench: Bench, *, scope=SITE, rev: int = 1, sign: dict[str, str] | None = None, **values: str) -> None:
    bench.message(Settings(scope, rev, UTC, sign=sign and Sign(**sign), **values))


def test_idle_is_clock_date_and_the_units_sign() -> None:
    bench = Bench().start()
    settings(bench, sign=SIGN)
    page = bench.page()
    assert (page.kind, page.title) == ("idle", "12号楼2单元")
    assert page.body[0] == "14:00"
    assert page.body[1] == "2026年11月24日 周二"
    assert page.body[2:] == ("八大湖社区", "第21网格", "网格员 李芳", "13800000000")
    bench.wait(60.0)
    assert bench.page().body[0] == "14:01"


def test_the_page_is_ordered_only_when_it_changed() -> None:
    bench = Bench().start()
    bench.forget()
    bench.wait(59.0 * 60.0)
    assert len(bench.all(fx.ShowPage)) == 59


def test_without_a_clock_no_time_is_shown() -> None:
    bench = Bench(trust=Trust.UNKNOWN).start()
    assert bench.page().body == ("--:--",)


def test_fire_before_emergency_before_answer_before_notice_before_idle() -> None:
    bench = Bench().start()
    bench.message(notice())
    bench.wait(0.1)
    assert bench.page().kind == "notice"
    bench.let_in("anna")
    assert bench.page().kind == "answer"
    bench.do(ev.UnitInputChanged("gas", active=True))
    assert bench.page().kind == "emergency"
    assert "燃气泄漏" in bench.page().body[0]
    bench.do(ev.FireChanged("main", active=True))
    assert bench.page().kind == "fire"
    bench.do(ev.FireChanged("main", active=False))
    bench.let_in("chief")
    assert bench.page().kind == "emergency"
    bench.do(ev.UnitInputChanged("gas", active=False))
    assert bench.page().kind == "answer"
    bench.wait(6.0)
    assert bench.page().kind == "notice"


def test_notices_take_turns_with_clock_and_sign_between_them() -> None:
    bench = Bench().start()
    bench.message(notice("low", priority=1))
    bench.message(notice("high", priority=5))
    bench.wait(60.0)
    bench.forget()
    bench.wait(60.0)
    titles = [e.page.title for e in bench.all(fx.ShowPage) if not (e.page.kind == "idle" and e.page.title == "")]
    turns = [t for i, t in enumerate(titles) if i == 0 or titles[i - 1] != t]
    assert {"标题low", "标题high", "12号楼2单元"} == set(turns)
    assert all(turns[i] == "12号楼2单元" or turns[i + 1] == "12号楼2单元" for i in range(len(turns) - 1))


def test_an_emergency_takes_every_other_turn() -> None:
    bench = Bench().start()
    for name in ("a", "b", "c"):
        bench.message(notice(name))
    bench.message(notice("gas", category=Category.EMERGENCY))
    for _ in range(200):
        token = bench.all(fx.ShowPage)[-1].token
        bench.do(ev.PageDrawn("panel", token), after=1.0)
    shown = [e.page.title for e in bench.all(fx.ShowPage) if e.page.kind == "notice"][4:]
    assert shown[::2] == ["标题gas"] * len(shown[::2]) or shown[1::2] == ["标题gas"] * len(shown[1::2])
    assert set(shown) == {"标题a", "标题b", "标题c", "标题gas"}


def test_an_emergency_that_begins_later_does_not_wait_for_its_turn() -> None:
    bench = Bench().start()
    bench.message(notice("gas", category=Category.EMERGENCY, from_utc=UTC + 30.0))
    bench.message(notice("long", text="便民" * 200))
    bench.wait(31.0)
    assert bench.page().title == "标题gas"


def test_an_emergency_notice_is_on_the_screen_at_once() -> None:
    bench = Bench().start()
    bench.message(notice("long", text="便民" * 200, priority=9))
    bench.wait(7.0)
    bench.message(notice("water", category=Category.EMERGENCY))
    assert bench.page().title == "标题water"
    assert bench.page().tone == "warning"


def test_pages_stay_for_their_reading_time() -> None:
    bench = Bench().start()
    bench.forget()
    bench.message(notice(text="停水通知" * 50))
    bench.wait(120.0)
    shown = [(at, e.page) for at, e in bench.effects if isinstance(e, fx.ShowPage)]
    times = [after - at for (at, page), (after, _) in itertools.pairwise(shown) if page.kind == "notice"]
    assert times[0] == pytest.approx(24.0)  # 160 columns
    assert min(times) >= 5.0
    assert shown[0][1].footer == "便民信息 1/3"


def test_an_answer_over_a_notice_gives_it_time_to_be_found_again() -> None:
    bench = Bench().start()
    bench.message(notice())
    bench.wait(3.5)
    bench.let_in("stranger")
    bench.wait(6.1)
    assert bench.page().kind == "notice"
    bench.wait(4.0)
    assert bench.page().kind == "notice"
    bench.wait(1.0)
    assert bench.page().kind == "idle"


def test_a_notice_goes_on_where_it_was_after_an_answer() -> None:
    bench = Bench().start()
    bench.message(notice(text="停水" * 60))  # 24 s and 12 s
    bench.wait(9.0)
    bench.let_in("stranger")
    bench.wait(6.1)
    assert bench.page().footer.endswith("1/2")
    bench.wait(13.8)
    assert bench.page().footer.endswith("1/2")
    bench.wait(0.2)
    assert bench.page().footer.endswith("2/2")


def test_clock_and_sign_go_on_where_they_were_after_an_answer() -> None:
    bench = Bench(unit_plan(displays=(DisplayPlan("panel", 16, 3, "gbk"),))).start()
    settings(bench, sign=SIGN)
    seen = set()
    for _ in range(30):
        bench.let_in("anna", after=7.0)
        bench.wait(3.1)
        seen.add(bench.page().body)
    assert any("13800000000" in "".join(body) for body in seen)
    assert len(seen) >= 2


BUSY = 3600
"""Seconds of a busy entrance."""


class Drawing(Bench):
    """The display draws each page at once."""

    def _step(self, event: ev.Event) -> tuple[fx.Effect, ...]:
        found = super()._step(event)
        for order in of(fx.ShowPage, found):
            found += super()._step(ev.PageDrawn(order.display, order.token))
        return found


def finished(bench: Bench) -> dict[str, list[float]]:
    """By title: when its last page came, once for each of its turns."""
    found: dict[str, list[float]] = {}
    done = True
    for at, order in bench.effects:
        if isinstance(order, fx.ShowPage) and order.page.kind == "idle":
            done = False
        elif isinstance(order, fx.ShowPage) and order.page.kind == "notice" and not done:
            number, _, count = order.page.footer.rpartition(" ")[2].partition("/")
            if number == count or not count:
                done = True
                found.setdefault(order.page.title, []).append(at)
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("every_s", "even", "bound"), [(20.0, True, 2.0), (20.0, False, 2.0), (10.0, True, 3.0), (10.0, False, 3.0)]
)
def test_at_a_busy_entrance_each_notice_gets_its_turn(
    every_s: float, even: bool, bound: float, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """Within twice the time that a round takes undisturbed, at three taps a minute; three times, at six."""
    rng = random.Random(seed)
    names = ("anna", "stranger") if seed % 2 else ("stranger",)
    at, taps = 0.0, []
    while at < BUSY:
        at += every_s if even else max(0.9, rng.expovariate(1 / every_s))
        taps.append((at, rng.choice(names)))
    bench = Drawing().start()
    for name, signs in (("short", 5), ("long", 200), ("longer", 300)):
        bench.message(notice(name, text="停" * signs))
    undisturbed = sum(
        reading_s(page.body)
        for n in bench.state.board.notices.values()
        for page in of_notice(bench.state, bench.state.screens[0].plan, n)
    )
    undisturbed += 3 * IDLE_PAGE_S
    start = bench.mono
    for when, name in taps:
        bench.do(ev.CardRead("card", (f"key-{name}",)), after=start + when - bench.mono)
    found = finished(bench)
    assert set(found) == {"标题short", "标题long", "标题longer"}
    turns = [[start, *times, bench.mono] for times in found.values()]
    worst = max(after - before for times in turns for before, after in itertools.pairwise(times))
    record_property(
        "figure", f"a tap every {every_s:g} s: each notice within {worst:.0f} s, {undisturbed:.0f} s undisturbed"
    )
    assert worst <= bound * undisturbed


def test_an_emergency_does_not_wait_for_a_notice_that_goes_on_after_an_answer() -> None:
    bench = Bench().start()
    bench.message(notice("long", text="停" * 300))
    bench.wait(3.0)
    bench.let_in("stranger")
    bench.message(notice("gas", category=Category.EMERGENCY))
    bench.wait(6.1)
    assert bench.page().title == "标题gas"


def test_a_refusal_stays_as_long_as_it_takes_to_read_and_no_longer_than_the_next_tap() -> None:
    late = Holder("late", until_utc=UTC - 60.0)
    bench = Bench(unit_plan(displays=(DisplayPlan("panel", 16, 4, "gbk"),))).start(*PEOPLE, late)
    settings(bench, sign={**SIGN, "worker": "欧阳敏敏（第21网格）", "phone": "0532-5550-1234 转 2"})
    bench.forget()
    bench.let_in("late")
    bench.wait(5.0)
    assert bench.page().kind == "answer"
    bench.wait(5.0)
    pages = [e.page for e in bench.all(fx.ShowPage) if e.page.kind == "answer"]
    assert "".join(line for page in pages for line in page.body).endswith("转 2")
    assert len(pages) == 2
    bench.let_in("late")
    bench.let_in("anna")
    assert bench.page().title == "请进"


@pytest.mark.parametrize(("columns", "rows"), [(16, 4), (20, 8), (40, 10)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_on_small_displays_nothing_that_is_told_is_lost(columns: int, rows: int, language: str) -> None:
    plan = unit_plan(displays=(DisplayPlan("panel", columns, rows, "gbk"),), language=language)
    bench = Bench(plan).start()
    bench.forget()
    settings(bench, sign={**SIGN, "boundary": "东至福州路 西至燕儿岛路 南至江西路 北至闽江路"})
    bench.wait(50.0)
    told = {line for order in bench.all(fx.ShowPage) for line in order.page.body}
    assert {"13800000000", "闽江路"} <= {line[-11:] if line[-1].isdigit() else line[-3:] for line in told}
    bench.forget()
    bench.do(ev.UnitInputChanged("gas", active=True))
    bench.wait(40.0)
    assert any("13800000000" in line for order in bench.all(fx.ShowPage) for line in order.page.body)
    bench.forget()
    bench.do(ev.FireChanged("main", active=True))
    bench.wait(40.0)
    assert any("119" in line for order in bench.all(fx.ShowPage) for line in order.page.body)
    assert bench.all(fx.ShowPage)[0].page.kind == "fire"


def test_a_long_title_is_told_whole_and_a_document_says_that_it_is_cut() -> None:
    bench = Bench().start()
    bench.message(notice(title="关于八大湖街道老旧小区改造工程的通知", text="请看。"))
    bench.wait(0.1)
    assert bench.page().title == "关于八大湖街道老旧.."
    assert "".join(bench.page().body) == "关于八大湖街道老旧小区改造工程的通知请看。"
    bench = Bench().start()
    bench.message(notice(text="停水通知" * 1000))
    bench.wait(24.0 * 20 - 1.0)
    assert bench.page().footer == "便民信息 20/20"
    assert bench.page().body[-1] == "未完 请问网格员"


def test_a_changed_notice_is_never_half_of_both() -> None:
    bench = Bench().start()
    bench.message(notice(text="旧" * 200))
    bench.wait(17.0)
    assert "旧" in bench.page().body[0]
    bench.message(notice(rev=2, text="新" * 200))
    bench.wait(0.1)
    assert bench.page().footer.endswith("1/3")
    assert "新" in bench.page().body[0]


def test_a_display_that_came_back_gets_its_page_again() -> None:
    bench = Bench().start()
    bench.do(ev.DeviceGone("panel", "silent", ""))
    assert of(fx.ShowPage, bench.do(ev.DeviceBack("panel", ""), after=5.0)) != []


@given(columns=st.integers(8, 60), rows=st.integers(1, 12), charset=st.sampled_from(["gbk", "ascii", "gb18030"]))
def test_every_page_fits_every_display(columns: int, rows: int, charset: str) -> None:
    bench = Bench(unit_plan(displays=(DisplayPlan("panel", columns, rows, charset),))).start()
    settings(bench, sign=SIGN)
    bench.message(notice(title="关于😀停水" * 9, text="今日 water 停水，" * 40))
    bench.let_in("stranger")
    bench.wait(60.0)
    bench.do(ev.FireChanged("main", active=True))
    for order in bench.all(fx.ShowPage):
        page = order.page
        assert len(page.body) <= rows
        assert all(width(line, charset != "ascii") <= columns for line in (page.title, *page.body, page.footer))
        "".join((page.title, *page.body, page.footer)).encode(charset)


def test_the_most_specific_settings_win_per_key() -> None:
    bench = Bench().start()
    settings(bench, language="en", sign=SIGN, scope=UNIT)
    settings(bench, language="zh-CN", timezone="Asia/Urumqi", scope=YARD)
    settings(bench, timezone="Asia/Shanghai", sign={"grid": "x"}, scope=SITE)
    assert bench.state.language == "en"
    assert bench.state.sign == SIGN
    assert bench.all(fx.UseTimezone) == [fx.UseTimezone("Asia/Urumqi")]
    bench.let_in("stranger")
    assert bench.page().title == "Card not known"
    assert " ".join(bench.page().body) == "To register it ask grid worker 李芳 13800000000"


# --- catalogues


def test_all_languages_have_the_same_keys_and_fields() -> None:
    words = load()
    first = words[LANGUAGES[0]]
    for language in LANGUAGES:
        assert set(words[language]) == set(first)
        for key, text in words[language].items():
            names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert names == {name for _, name, _, _ in string.Formatter().parse(first[key]) if name}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_fit_the_smallest_display(language: str) -> None:
    for key, text in load()[language].items():
        if key.endswith(".title") or key.startswith(("category.", "notice.")):
            assert width(text.replace("{time}", "14:05").replace("{check}", "42")) <= 16, key


def test_a_text_that_is_missing_is_no_error() -> None:
    bench = Bench(unit_plan(catalogues={"zh-CN": {"granted.title": "{nothing} {0} {"}})).start()
    bench.let_in("anna")
    assert bench.page().title == "{nothing} {0} {"
    assert say(bench.state, "no.such.key") == "no.such.key"
    assert Bench(unit_plan(catalogues={})).start().page().kind == "idle"


def test_each_page_is_laid_out_for_its_own_letters() -> None:
    fonts = (PageFont("answer", 10, 2), PageFont("notice", 16, 3))
    bench = Bench(unit_plan(displays=(DisplayPlan("panel", 20, 8, "gbk", fonts=fonts),))).start()
    assert len(bench.page().body) > 1
    bench.message(notice(text="停水" * 40))
    bench.let_in("stranger")
    bench.wait(40.0)
    pages = [e.page for e in bench.all(fx.ShowPage)]
    sizes = {"idle": (20, 8), "notice": (16, 3), "answer": (10, 2)}
    assert {page.kind for page in pages} == set(sizes)
    for page in pages:
        columns, rows = sizes[page.kind]
        assert len(page.body) <= rows
        assert all(width(line) <= columns for line in (page.title, *page.body, page.footer))
    assert max(width(line) for page in pages if page.kind == "notice" for line in page.body) == 16


def test_where_there_is_no_place_for_a_title_it_heads_the_body() -> None:
    bench = Bench(unit_plan(displays=(DisplayPlan("panel", 20, 4, "gbk", titled=False),))).start()
    bench.message(notice(text="8:00-12:00"))
    bench.wait(30.0)
    page = next(e.page for e in bench.all(fx.ShowPage) if e.page.kind == "notice")
    assert page.body[0].startswith(page.title)
    assert page.body[1] == "8:00-12:00"


def test_a_panel_that_takes_utf_8_draws_chinese_signs_in_full_cells() -> None:
    bench = Bench(unit_plan(displays=(DisplayPlan("panel", 8, 4, "utf-8"),))).start()
    bench.message(notice(text="“停水”—12号"))
    bench.wait(30.0)
    page = next(e.page for e in bench.all(fx.ShowPage) if e.page.kind == "notice")
    assert all(sum(2 if c > "\x7f" else 1 for c in line) <= 8 for line in page.body)
