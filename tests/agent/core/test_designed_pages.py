"""Pages of a display with designed pages: which picture, which part in which size, and that every text fits on every form in every language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from agent.config.plan import designed
from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits, pages
from agent.core.effects import Page
from agent.core.plan import DisplayPlan, TextSize, UnitPlan
from agent.core.state.health import LinkState, StorageTrouble
from agent.core.state.people import TypedKeys
from agent.core.text import width
from agent.core.time import Trust
from agent.locale import LANGUAGES
from contract.commands import Mode, SetMode
from contract.messages import Category, Settings, Sign
from drivers.display.design import BANDS, LOOKS, Form, drawing
from tests.agent.core.bench import PEOPLE, SITE, UTC, Bench, card, command, notice, of, unit_plan
from tests.agent.test_words import ANSWERS, LONGEST
from tests.drivers.built_bench import FORMS

USUAL = designed("panel", Form(800, 480), enlarges=False)
TINY = designed("panel", Form(480, 272, large=True), enlarges=False)
WORKER = Sign(worker="王敏", phone="0532-55501234", community="八大湖社区", grid="第七网格", boundary="东至燕儿岛路")


def planned(display: DisplayPlan = USUAL, **changes: object) -> UnitPlan:
    return unit_plan(displays=(display,), **changes)


def begun(display: DisplayPlan = USUAL, sign: Sign = WORKER, trust: Trust = Trust.SYNCED, **changes: object) -> Bench:
    bench = Bench(planned(display, **changes), trust=trust).start(*PEOPLE)
    bench.message(Settings(SITE, 1, UTC, sign=sign))
    return bench


def shown(bench: Bench) -> Page:
    page = bench.state.screens[0].page
    assert page is not None
    return page


def sizes_of(page: Page, display: DisplayPlan) -> Mapping[str, TextSize]:
    places = display.enlarged if page.enlarged else display.places
    chosen = dict(page.sizes)
    return {part: sizes[chosen.get(part, 0)] for part, sizes in places[page.look].items()}


def faults(page: Page, display: DisplayPlan) -> Iterator[str]:
    """What does not fit its place: too wide, too many lines, a part the picture has not, a sign that its letters lack."""
    sizes = sizes_of(page, display)
    lines = {"body": page.body} | {
        part: (text,) if (text := getattr(page, part)) else ()
        for part in ("large", "title", "aside", "contact", "footer")
    }
    for part, there in lines.items():
        if there and part not in sizes:
            yield f"{page.look} has no {part}"
        elif len(there) > (sizes[part].rows if part in sizes else 0):
            yield f"{part} has {len(there)} lines"
        for line in there:
            if width(line) > sizes[part].columns:
                yield f"{part} is too wide: {line}"
            line.encode(sizes[part].charset)


def whole(page: Page, display: DisplayPlan) -> None:
    assert list(faults(page, display)) == []


# --- every text on every form


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_every_answer_stands_on_one_page_or_two_with_its_title_on_its_line(form: Form, language: str) -> None:
    display = designed("panel", form, enlarges=False)
    bench = begun(
        display, Sign(worker=LONGEST["worker"], phone=LONGEST["phone"]), language=language, name=LONGEST["unit"]
    )
    tiny = form.width == 480 and (form.large or form.upright)
    fields = {**LONGEST, "inputs": pages.say(bench.state, "input.gas")}
    for key in ANSWERS:
        for tone in ("yes", "no", "none"):
            made = pages.message_pages(bench.state, display, "answer", key, fields, tone)
            most = 2 if not tiny else 4 if key == "ask.again" else 3  # it holds the notice's title and an answer
            assert len(made) <= most, key
            for page in made:
                whole(page, display)
                assert ".." not in page.title or key == "report.ask" or tiny
                assert "□" not in "".join(page.body)
    for typed in (TypedKeys(), TypedKeys(count=32, starred=True), TypedKeys(count=4, card=True)):
        for page in pages.entry(bench.state, display, typed):
            whole(page, display)
            assert page.large == "*" * len(page.large)
            assert bool(page.large) == bool(typed.count)
    for kind in ("fire", "emergency"):
        for page in pages.message_pages(bench.state, display, kind, kind, fields, "warning"):
            whole(page, display)


@pytest.mark.parametrize("trust", Trust)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_the_sign_is_told_whole_on_every_form(form: Form, language: str, trust: Trust) -> None:
    display = designed("panel", form, enlarges=False)
    long = replace(WORKER, worker=LONGEST["worker"], phone=LONGEST["phone"])
    bench = begun(display, long, trust, language=language, name=LONGEST["unit"])
    made = pages.idle(bench.state, display)
    assert len(made) <= (7 if form.width == 480 and form.large else 3)
    for page in made:
        whole(page, display)
        assert page.look == "idle"
        assert page.large == ("--:--" if trust is Trust.UNKNOWN else "14:00")
    told = "".join("".join((page.contact, *page.body)) for page in made)
    for words in (LONGEST["worker"], LONGEST["phone"], "八大湖社区", "第七网格", "东至燕儿岛路"):
        assert words in told
    assert made[0].title == LONGEST["unit"] or LONGEST["unit"] in told


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
@pytest.mark.parametrize("words", ["停水。", "今日8:00-12:00停水，请提前储水。" * 3000, "镕" * 30, "W" * 5000, ""])
def test_notices_of_any_length_fit(form: Form, words: str) -> None:
    display = designed("panel", form, enlarges=False)
    bench = begun(display)
    for title in ("停水通知", "关于八大湖社区燕儿岛路十八号停水检修的紧急通知" * 4, "镕基路停水"):
        for category in Category:
            made = pages.of_notice(bench.state, display, notice("n", 1, title=title, text=words, category=category))
            assert len(made) <= limits.PAGES_MAX
            for page in made:
                whole(page, display)
            if len(words) > 20_000:
                assert made[-1].body[-1][:4] == pages.say(bench.state, "notice.more")[:4]
                assert made[1].footer.endswith(f"2/{len(made)}")


# --- sizes


def told(title: str, words: str = "今日停水", display: DisplayPlan = USUAL) -> Page:
    return pages.of_notice(begun(display).state, display, notice("n", 1, title=title, text=words))[0]


def test_a_title_that_does_not_fit_its_line_gets_the_next_size() -> None:
    columns = [size.columns for size in USUAL.places["service"]["title"]]
    assert told("停" * (columns[0] // 2)).sizes == ()
    smaller = told("停" * (columns[0] // 2 + 1))
    assert (smaller.sizes, smaller.title) == ((("title", 1),), "停" * (columns[0] // 2 + 1))


def test_a_title_that_the_large_letters_cannot_draw_gets_the_next_size() -> None:
    page = told("镕基路")
    assert (page.sizes, page.title) == ((("title", 1),), "镕基路")
    assert told("\U0001f600停水").title == "□停水", "what no letters can draw is no reason for small ones"
    assert told("\U0001f600停水").sizes == ()


def test_a_title_that_fits_no_size_heads_the_text() -> None:
    title = "停" * 40
    page = told(title, "文")
    assert page.title.endswith("..")
    assert "".join(page.body) == title + "文"


def words(text: str, display: DisplayPlan) -> Page:
    """What the centre says at the door."""
    return pages.message_pages(begun(display).state, display, "answer", "said", {"text": text}, "yes")[0]


def test_a_text_gets_large_letters_where_it_fits_a_page_of_them() -> None:
    display = designed("panel", Form(1024, 600, large=True), enlarges=False)
    assert "body" not in dict(words("停" * 20, display).sizes)
    assert dict(words("停" * 300, display).sizes)["body"] == 1
    assert dict(words("镕" * 20, display).sizes)["body"] == 1


def test_a_text_has_large_letters_on_a_narrow_display_only_where_no_word_is_torn() -> None:
    upright = designed("panel", Form(800, 480, 90), enlarges=False)
    columns = upright.places["yes"]["body"][0].columns
    assert columns < 24
    line = "停" * (columns // 2)
    assert "body" not in dict(words(f"{line}\n{line}", upright).sizes)
    assert dict(words(f"{line}水", upright).sizes)["body"] == 1
    assert "body" not in dict(words("停" * 20, USUAL).sizes), "a line of more columns is read on"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_a_notices_text_is_smaller_than_its_title(form: Form) -> None:
    for look in BANDS:
        title, body = (drawing(form, look).place(part) for part in ("title", "body"))
        assert title is not None
        assert body is not None
        assert all(2 * title.sizes[0].letters.size >= 3 * each.letters.size for each in body.sizes)


# --- pictures


@pytest.mark.parametrize(
    ("key", "tone", "look"),
    [
        ("granted", "yes", "yes"),
        ("remote", "yes", "yes"),
        ("denied.unknown", "no", "no"),
        ("locked_out.minutes", "no", "no"),
        ("checkin.saved", "yes", "checkin"),
        ("checkin.early", "yes", "checkin"),
        ("checkin.not_saved", "no", "no"),
        ("report.saved", "yes", "yes"),
        ("report.cancelled", "none", "state"),
        ("help.called", "yes", "help"),
        ("said", "yes", "help"),
        ("identify", "yes", "state"),
        ("late", "no", "state"),
        ("lock_silent", "no", "state"),
        ("fire_reset", "yes", "state"),
        ("fire_still_on", "no", "state"),
    ],
)
def test_which_picture_an_answer_has(key: str, tone: str, look: str) -> None:
    assert pages.message_pages(begun().state, USUAL, "answer", key, LONGEST, tone)[0].look == look


@pytest.mark.parametrize("category", Category)
def test_which_picture_a_notice_has(category: Category) -> None:
    made = pages.of_notice(begun().state, USUAL, notice("n", 1, category=category))
    assert {page.look for page in made} == {"urgent" if category is Category.EMERGENCY else category.value}


def test_a_card_and_keys_and_fire_one_after_another() -> None:
    bench = begun()
    assert shown(bench).look == "idle"
    bench.do(ev.CardRead("card", card("anna")))
    bench.settle()
    assert (shown(bench).look, shown(bench).title) == ("yes", "请进")
    bench.wait(30.0)
    bench.do(ev.CardRead("card", card("nobody")))
    assert (shown(bench).look, shown(bench).title) == ("no", "此卡未登记")
    assert any("0532-55501234" in line for line in shown(bench).body)
    bench.type("*123")
    assert (shown(bench).look, shown(bench).large) == ("entry", "****")
    bench.do(ev.FireChanged("main", active=True))
    assert (shown(bench).look, shown(bench).tone) == ("fire", "fire")
    assert {order.page.look for order in bench.all(fx.ShowPage)} <= set(LOOKS)


def test_who_touches_the_screen_gets_a_page_to_type_on() -> None:
    bench = begun()
    touched = ev.Approached("card", bench.mono)
    bench.do(touched)
    page = shown(bench)
    assert (page.look, page.large, page.body) == ("entry", "", ("房号*密码#", "访客8位码#"))
    bench.type("302*")
    assert shown(bench).large == "****"
    bench.do(replace(touched, not_before_mono=bench.mono))
    assert shown(bench).large == "****", "what is typed stays"
    bench.wait(limits.ENTRY_S + 1.0)
    assert shown(bench).look == "idle"


def test_a_touch_ends_an_answer_and_covers_a_call_for_help_but_nothing_graver() -> None:
    bench = begun()
    bench.do(ev.CardRead("card", card("nobody")))
    bench.do(ev.Approached("card", bench.mono))
    assert shown(bench).look == "entry"
    bench.wait(limits.ENTRY_S + 1.0)
    bench.type("*0#")
    assert shown(bench).look == "help"
    bench.do(ev.Approached("card", bench.mono))
    assert shown(bench).look == "entry", "the door opens by a code while somebody waits for help"
    bench.wait(limits.ENTRY_S + 1.0)
    assert shown(bench).look == "help", "and the call goes on behind it"
    bench.do(ev.FireChanged("main", active=True))
    bench.do(ev.Approached("card", bench.mono))
    assert shown(bench).look == "fire"


def test_a_touch_from_before_or_at_no_door_is_nothing() -> None:
    bench = begun()
    bench.do(ev.Approached("card", bench.mono - 5.0))
    bench.do(ev.Approached("elsewhere", bench.mono))
    assert shown(bench).look == "idle"


# --- clock and sign


def test_who_is_on_duty_stands_large_at_the_bottom_or_at_least_their_number() -> None:
    page = shown(begun())
    assert page.contact == "网格员 王敏 0532-55501234"
    assert not any("0532" in line for line in page.body)
    upright = designed("panel", Form(800, 480, 90), enlarges=False)
    page = shown(begun(upright, replace(WORKER, worker="欧阳敏敏")))
    assert page.contact == "0532-55501234"
    assert "网格员 欧阳敏敏" in page.body
    lone = shown(begun(sign=Sign(phone="0532-55501234")))
    assert lone.contact == "网格员 0532-55501234"
    assert "contact" not in TINY.places["idle"]
    made = pages.idle(begun(TINY).state, TINY)
    assert any("0532-55501234" in line for page in made for line in page.body)


def test_a_date_that_has_no_room_is_told_without_its_year() -> None:
    assert shown(begun()).aside == "2026年11月24日 周二"
    assert shown(begun(TINY)).aside == "11月24日 周二"


def test_what_is_unusual_stands_at_the_foot_the_gravest_first() -> None:
    bench = begun()
    bench.state = replace(bench.state, link=LinkState("up", bench.mono))
    assert shown(bench).footer == ""
    bench.state = replace(bench.state, link=LinkState("down", bench.mono))
    bench.wait(limits.NO_NETWORK_S - 60.0)
    assert shown(bench).footer == "", "a router that starts anew is no news"
    bench.wait(120.0)
    assert shown(bench).footer == "14:00起断网"
    trouble = StorageTrouble("full", UTC, "", reported=True)
    bench.state = replace(bench.state, health=replace(bench.state.health, trouble=trouble))
    (accepted,) = of(fx.AppendFacts, bench.message(command(bench, SetMode(Mode.LOCKDOWN, bench.utc + 3600.0))))
    bench.recorded(accepted)
    bench.wait(90.0)
    assert shown(bench).footer.split(" · ") == ["管控中 限应急卡", "存储故障 请报修", "14:00起断网"]
    assert pages.idle(bench.state, DisplayPlan("panel", 20, 8, "gbk"))[0].footer == "管控中 限应急卡"


def test_a_link_that_is_off_by_intent_is_not_missed() -> None:
    bench = begun()
    bench.state = replace(bench.state, link=LinkState("off", bench.mono))
    bench.wait(3600.0)
    assert shown(bench).footer == ""


def test_without_a_clock_nobody_is_told_a_time() -> None:
    bench = begun(trust=Trust.UNKNOWN)
    bench.state = replace(bench.state, link=LinkState("down", bench.mono - 3600.0))
    (page,) = pages.idle(bench.state, USUAL)
    assert (page.large, page.aside, page.footer) == ("--:--", "", "--:--起断网")


def test_what_is_missing_at_the_first_boot() -> None:
    bench = Bench(planned())
    (page,) = pages.idle(bench.state, USUAL)
    assert (page.look, page.title, page.kind) == ("state", "正在启动", "idle")
    trouble = StorageTrouble("failed", UTC, "", reported=True)
    broken = replace(bench.state, health=replace(bench.state.health, trouble=trouble))
    assert pages.idle(broken, USUAL)[0].body[0] == "存储故障 请报修", "it starts no longer"
    bench.start()
    bench.roster()
    page = shown(bench)
    assert (page.look, page.title, page.kind) == ("missing", "还没有准备好", "idle")
    assert page.body[:2] == ("还没有连上中心", "还没有门禁卡名册")
    bench.start(*PEOPLE)
    assert shown(bench).look == "idle"
