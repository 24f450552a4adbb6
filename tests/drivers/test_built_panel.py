"""A DWIN panel with designed pages: what its files tell, what is written in which order, and its keypad."""

from __future__ import annotations

import random

import pytest

from drivers.display.design import BANKS, KEY_VP, LOOKS, NONCE_VP, Form, choices, drawing, page_number
from drivers.display.designed import DesignedLayout
from drivers.display.dwin import DwinPanel
from drivers.display.dwin_decoding import DwinDecoder
from drivers.display.layout import DwinOptions, Layout
from drivers.reports import DeviceFoundReport, DeviceLostReport, DrawPage, KeyReport, PageReport
from tests.drivers.built_bench import FORMS, USUAL, Built, built_bus, full, written
from tests.drivers.bus import Bus
from tests.drivers.dwin_bench import writes


def ordered(bus: Bus, page: DrawPage, seconds: float = 1.0) -> None:
    bus.session.order(page, bus.now)
    bus.run(seconds)


PAGES = len(choices(USUAL)) // BANKS


def begun(form: Form = USUAL, panel: Built | None = None, **options: object) -> tuple[Built, Bus]:
    panel = panel or Built(form, **options)
    bus = built_bus(panel)
    bus.open()
    bus.run(0.5)
    return panel, bus


# --- the configuration


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        (DwinOptions(layout=DesignedLayout("640x480")), "layout.design", "must be one of 480x272, 800x480, 1024x600"),
        (DwinOptions(layout=DesignedLayout("800 x 480")), "layout.design", "must be one of"),
        (DwinOptions(layout=DesignedLayout("")), "layout.design", "must be one of"),
        (DwinOptions(layout=DesignedLayout("800x480", 45)), "layout.rotate", "rotated by one of 0, 90, 180, 270"),
        (DwinOptions(layout=DesignedLayout("800x480"), columns=30), "columns", "delete it"),
        (DwinOptions(layout=DesignedLayout("800x480"), charset="ascii"), "charset", "delete it"),
        (DwinOptions(layout=DesignedLayout("800x480"), nonce=0x1800), "nonce", "delete it"),
        (DwinOptions(layout=DesignedLayout("800x480"), buzzer=7), "buzzer", "must be 0"),
    ],
)
def test_what_does_not_go_with_designed_pages_is_a_fault(options: DwinOptions, key: str, words: str) -> None:
    ((where, message),) = options.check()
    assert where == key
    assert words in message


def test_a_good_one_has_none() -> None:
    assert DwinOptions(layout=DesignedLayout("1024x600", 270, True), crc=True, buzzer=0).check() == []
    assert DwinOptions(layout=Layout()).check() == []


# --- what its files tell of themselves


@pytest.mark.parametrize("form", FORMS)
def test_files_that_fit_are_taken(form: Form) -> None:
    _, bus = begun(form)
    assert [type(fact) for fact in bus.facts] == [DeviceFoundReport]


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (written(Form(480, 272).identity), "are for 480x272 normal, the configuration says 800x480 normal: build them"),
        (
            written(Form(800, 480, 90).identity),
            "are for 800x480 rotated 90 normal, the configuration says 800x480 normal",
        ),
        (written(Form(800, 480, 0, True).identity), "are for 800x480 large, the configuration says 800x480 normal"),
        (written("DOORWARD 99 800x480 0 normal"), "are of design 99, this version draws design 1"),
        (b"", "has no files for layout.design"),
        (b"\xff" * 32, "has no files for layout.design"),
        ("欢迎光临".encode("gbk") + b"\xff\xff", "has no files for layout.design"),
        (b"DOORWARD", "has no files for layout.design"),
        (b"DOORWARD 1 \x1b[2J\x07 0 normal\xff\xff", "are for ? normal"),
    ],
)
def test_other_files_are_told_once_and_drawn_on_never(identity: bytes, words: str) -> None:
    panel, bus = begun(identity=identity)
    ordered(bus, full(USUAL, "idle", 1), 60.0)
    (lost,) = bus.of(DeviceLostReport)
    assert lost.reason == "wrong"
    assert words in lost.detail
    assert lost.detail.isprintable()
    assert writes(bus) == []
    assert not bus.of(PageReport)
    assert len(bus.written) < 80, "asked ever more rarely"
    panel.identity = written(USUAL.identity)
    panel.power_cycle()
    bus.run(5.0)
    assert [type(fact) for fact in bus.facts] == [DeviceLostReport, DeviceFoundReport, PageReport]


def test_a_panel_that_loads_no_initial_values_is_not_asked_where_that_is_said() -> None:
    panel = Built(identity=b"")
    layout = DesignedLayout("800x480", verify=False)
    bus = Bus(DwinPanel([("panel", DwinOptions(layout=layout))], 115200), panel, 115200)
    bus.open()
    ordered(bus, full(USUAL, "policy", 1))
    assert [type(fact) for fact in bus.facts] == [DeviceFoundReport, PageReport]
    panel.power_cycle()
    bus.run(4.0)
    assert panel.seen()["title"]


def test_after_a_power_cut_everything_comes_again_and_the_files_are_asked_anew() -> None:
    panel, bus = begun()
    ordered(bus, full(USUAL, "policy", 1))
    before = panel.seen()
    panel.power_cycle()
    bus.run(4.0)
    assert panel.seen() == before
    assert panel.page % PAGES == page_number(USUAL, "policy", {})
    panel.identity = written(Form(480, 272).identity)  # somebody put another card in
    panel.power_cycle()
    bus.written.clear()
    bus.run(4.0)
    assert writes(bus) == []
    assert bus.of(DeviceLostReport)


# --- pages


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_every_picture_shows_all_of_its_parts_and_nothing_of_the_one_before(form: Form) -> None:
    panel, bus = begun(form)
    for token, look in enumerate(LOOKS, 1):
        page = full(form, look, token)
        ordered(bus, page)
        texts = {"body": page.body} | {
            part: (getattr(page, part),) for part in ("large", "title", "aside", "contact", "footer")
        }
        assert panel.seen() == {place.part: texts[place.part] for place in drawing(form, look).places}
        ordered(bus, DrawPage("panel", 100 + token, "answer", "", (), "", look=look))
        assert not any(panel.seen().values()), "empty fields are emptied"
    assert len(bus.of(PageReport)) == 2 * len(LOOKS)


def test_each_choice_of_sizes_is_a_page_of_its_own() -> None:
    panel, bus = begun()
    for token, choice in enumerate(choices(USUAL)[:PAGES], 1):
        ordered(bus, DrawPage("panel", token, "notice", "题", ("文",), "", look=choice.look, sizes=choice.sizes))
        assert panel.page % PAGES == choice.number


@pytest.mark.parametrize(
    ("page", "look"),
    [
        ("idle", "idle"),
        ("notice", "policy"),
        ("answer", "yes"),
        ("refused", "no"),
        ("alarm", "emergency"),
        ("x", "policy"),
    ],
)
def test_an_order_without_a_picture_gets_that_of_its_name(page: str, look: str) -> None:
    panel, bus = begun()
    ordered(bus, DrawPage("panel", 1, page, "题", ("文",), "", sizes=(("title", 7), ("no such part", 1))))
    assert choices(USUAL)[panel.page].look == look


def test_only_what_changed_goes_on_the_wire() -> None:
    _, bus = begun()
    first = full(USUAL, "idle", 1)
    ordered(bus, first)
    bus.written.clear()
    later = DrawPage(**{**{n: getattr(first, n) for n in first.__dataclass_fields__}, "token": 2, "large": "14:06"})
    ordered(bus, later)
    (write,) = writes(bus)
    assert b"14:06" in write


def test_a_page_goes_in_as_few_frames_as_it_fits_to_variables_that_do_not_show() -> None:
    panel, bus = begun()
    ordered(bus, full(USUAL, "policy", 1))
    before, bank = panel.seen(), panel.page // PAGES
    bus.written.clear()
    ordered(bus, full(USUAL, "service", 2))
    *texts, switch = writes(bus)
    lines = len(before["body"]) + 2
    assert len(texts) <= -(-lines // 3)
    assert switch[4:6] == b"\x00\x84"
    assert panel.page // PAGES == 1 - bank


@pytest.mark.parametrize("seed", range(6))
def test_what_shows_is_always_a_whole_page(seed: int) -> None:
    """One that was ordered, on its own picture, whatever is ordered in the midst, whatever is lost, and where the agent starts anew."""
    rng = random.Random(seed)
    form = rng.choice(FORMS)
    panel, bus = begun(form)
    pages: list[tuple[str, dict[str, tuple[str, ...]]]] = []

    def watch(bus: Bus) -> None:
        answer = bus.answer

        def watched(frame: bytes, now: float) -> bytes:
            if rng.random() < 0.1:
                panel.lose_next = 1
            said = answer(frame, now)
            seen = panel.seen()
            if any(seen.values()):
                assert (choices(form)[panel.page].look, seen) in pages
            return said

        bus.answer = watched

    def order(page: DrawPage) -> None:
        texts = {
            part: (text,) for part in ("large", "title", "aside", "contact", "footer") if (text := getattr(page, part))
        }
        texts |= {"body": page.body}
        places = [place.part for place in drawing(form, page.look).places]
        pages.append((page.look, {part: texts.get(part, ()) for part in places}))
        bus.session.order(page, bus.now)

    watch(bus)
    for token in range(1, 60):
        if token % 20 == 0:
            _, bus = begun(form, panel=panel)
            watch(bus)
        order(full(form, rng.choice(LOOKS), token))
        bus.run(rng.choice((0.01, 0.03, 0.1, 0.6)))
    order(full(form, "reminder", 60))
    bus.run(8.0)
    assert (choices(form)[panel.page].look, panel.seen()) == pages[-1]


def test_absurd_orders_are_drawn_as_far_as_they_fit() -> None:
    panel, bus = begun()
    text = "\ud800\x00\xff\U0001f600" * 200
    ordered(bus, DrawPage("panel", 1, "x", text, (text,) * 300, text, look="no such", large=text, contact=text), 5.0)
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    assert all(vp <= NONCE_VP for vp in panel.memory if vp > 0x1000)


# --- the keypad


@pytest.mark.parametrize("crc", [False, True])
def test_touched_keys_are_told_once_each_also_amid_drawing(crc: bool) -> None:
    panel, bus = begun(crc=crc)
    for token, key in enumerate("0123456789*# ", 1):
        bus.session.order(full(USUAL, "entry", token), bus.now)
        frame = panel.upload(key)
        bus.session.receive(frame[:4], bus.now)
        bus.run(0.0)  # the session says something in the midst of the key
        bus.session.receive(frame[4:], bus.now)
        bus.run(0.5)
    assert "".join(fact.key for fact in bus.of(KeyReport)) == "0123456789*# "
    assert bus.session.unasked
    assert not bus.of(DeviceLostReport)


def test_what_is_no_key_is_none() -> None:
    panel, bus = begun()
    for data in (b"\x00\x41", b"\x01\x31", b"\xff\xff", b"\x00\x00", b"\x00\x31\x00\x32"):
        words = bytes((len(data) // 2,))
        bus.session.receive(panel.frame(b"\x83" + KEY_VP.to_bytes(2, "big") + words + data), bus.now)
    other = panel.frame(b"\x83\x10\x00\x01\x00\x31")
    bus.session.receive(other, bus.now)
    bus.run(0.5)
    assert not bus.of(KeyReport)


def test_keys_of_a_panel_with_other_files_are_none() -> None:
    panel, bus = begun(identity=b"")
    bus.session.receive(panel.upload("1"), bus.now)
    bus.run(0.5)
    assert not bus.of(KeyReport)


def test_a_monitor_shows_the_lines_of_a_text() -> None:
    _, bus = begun()
    bus.written.clear()
    ordered(bus, DrawPage("panel", 1, "notice", "题", ("今日停水", "", "请储水"), ""))
    seen = [each.text for _, frame in bus.written for each in DwinDecoder().add(frame)]
    assert any(text.endswith(': "题/今日停水"') for text in seen), seen


def test_a_monitor_shows_that_a_key_was_touched_not_which() -> None:
    seen = DwinDecoder().add(Built().upload("7"))
    assert [each.text for each in seen] == ["touched: •"]
    assert not any(each.raw for each in seen)
