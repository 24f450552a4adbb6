"""The session of a TJC panel that is drawn on, in simulated time: pages, losses, power cuts, sleep, touch, and what a project lacks."""

from __future__ import annotations

import random

import pytest

from drivers.display.tjc_drawn import tjc_session
from drivers.display.tjc_layout import TjcOptions
from drivers.reports import DeviceFoundReport, DeviceLostReport, KeyReport, PageReport
from tests.drivers.tjc_bench import END
from tests.drivers.tjc_glass import Glass, bus_of, drawn, page, show


def opened(glass: Glass, **options):
    bus = bus_of(glass, **options)
    bus.open()
    bus.run(1.0)
    return bus


def test_a_page_is_drawn_and_told() -> None:
    glass = Glass()
    bus = opened(glass)
    show(bus, 4)
    bus.run(0.2)
    assert [type(fact) for fact in bus.facts] == [DeviceFoundReport, PageReport]
    assert (glass.title, glass.body) == ("请进 张桂英", "欢迎回家\n垃圾请放3号点")
    assert glass.written[-1] == "请进 张桂英"
    assert glass.variables[b"sendxy"] == 1


def test_an_answer_takes_less_than_120_ms_on_the_line() -> None:
    """With the acknowledgements, and 3 ms until each answer begins. A keypad takes a little longer to be drawn."""
    glass = Glass()
    bus = opened(glass)
    show(bus, 1, look="idle")
    bus.run(1.0)
    for token, look in enumerate(("yes", "no", "checkin", "help", "question", "entry"), 2):
        bus.written.clear()
        begin = bus.now
        show(bus, token, body=("一" * 20,) * 3, look=look)
        bus.run(1.0)
        assert bus.of(PageReport)[-1].token == token
        assert bus.written[-1][1].startswith((b"get", b"xstr"))
        last = max(at + len(frame) * 10 / 115200 for at, frame in bus.written if not frame.startswith(b"get"))
        assert last - begin < (0.16 if look == "entry" else 0.12), look


def test_only_a_changed_clock_goes_on_the_wire() -> None:
    bus = opened(Glass())
    show(bus, 1, look="idle")
    bus.run(1.0)
    bus.written.clear()
    show(bus, 2, look="idle", large="14:06")
    bus.run(0.5)
    (said,) = drawn(bus)
    assert said.endswith(b'"14:06"')
    assert [fact.token for fact in bus.of(PageReport)] == [1, 2]


@pytest.mark.parametrize("says", [b"", b"\0\0\0" + END + b"\x88" + END])
def test_a_power_cycled_panel_comes_back_whole(says: bytes) -> None:
    glass = Glass()
    bus = opened(glass)
    show(bus, 1)
    bus.run(3.0)
    before = sorted(glass.things)
    glass.power_cycle()
    if says:
        bus.session.receive(says, bus.now)
    bus.run(4.0)
    assert sorted(glass.things) == before
    assert (glass.bkcmd, glass.variables[b"sendxy"]) == (3, 1)
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    assert len(bus.of(DeviceFoundReport)) == 1


def test_a_power_cut_in_the_midst_of_a_drawing() -> None:
    for after in range(1, 60, 3):
        glass = Glass()
        bus = opened(glass)
        show(bus, 1, look="emergency")
        bus.at(bus.now + after / 1000, glass.power_cycle)
        bus.run(5.0)
        assert glass.title == "请进 张桂英"
        assert glass.body == "欢迎回家\n垃圾请放3号点"
        assert [fact.token for fact in bus.of(PageReport)][-1:] == [1]


def test_sleep_and_waking() -> None:
    glass = Glass()
    bus = opened(glass, dim=90, dim_idle=20, sleep_s=60)
    show(bus, 1, look="idle")
    bus.run(1.0)
    assert glass.variables[b"dim"] == 20
    glass.asleep = True
    bus.session.receive(b"\x86" + END, bus.now)
    show(bus, 2, look="idle", large="14:06")
    bus.run(5.0)
    assert glass.asleep
    glass.things = []  # a page is loaded anew when it wakes
    show(bus, 3)
    bus.run(2.0)
    assert not glass.asleep
    assert (glass.title, glass.variables[b"dim"]) == ("请进 张桂英", 90)
    assert bus.of(PageReport)[-1].token == 3


def test_noise_never_leaves_a_title_over_another_body() -> None:
    """Instructions are lost, refused or carried out unacknowledged; pages follow each other faster than they are drawn."""
    rng = random.Random(11)
    pages = [
        {"title": f"题{n}", "body": tuple(f"文{n} {row}" for row in range(rng.randint(1, 5))), "look": look}
        for n, look in enumerate(("policy", "policy", "service", "yes", "no", "urgent", "policy"))
    ]
    glass = Glass()
    bus = bus_of(glass)
    plain = bus.answer

    def noisy(frame: bytes, now: float) -> bytes:
        if not frame.startswith((b"cls", b"fill", b"xstr", b"cirs")) or rng.random() < 0.6:
            return plain(frame, now)
        parts = frame[:-3].split(END)
        spoilt = rng.randrange(len(parts))
        parts[spoilt] = rng.choice((b"xs~r", b"fill 1", parts[spoilt]))
        if rng.random() < 0.5:
            return plain(END.join(parts) + END, now)
        kept = plain(END.join(parts[: spoilt + 1]) + END, now)
        return kept[:-4]

    bus.answer = noisy
    glass.lacks = {b"xs~r", b"fill 1\xff"}
    original = glass.carry_out
    glass.carry_out = lambda said: said not in (b"xs~r", b"fill 1") and original(said)  # type: ignore[method-assign]
    bus.open()
    bus.run(1.0)
    for token in range(200):
        bus.session.order(page(token, **rng.choice(pages)), bus.now)
        bus.run(rng.choice((0.005, 0.02, 0.05, 0.3)))
    bus.answer = plain
    bus.session.order(page(999, **pages[0]), bus.now)
    bus.run(8.0)
    assert (glass.title, glass.body) == (pages[0]["title"], "\n".join(pages[0]["body"]))
    assert bus.of(PageReport)[-1].token == 999
    bodies = {each["title"]: "\n".join(each["body"]) for each in pages}
    assert {title for title, _ in glass.seen} >= {"题0", "题3"}
    mixed = [(title, body) for title, body in glass.seen if title and not _part_of(body, bodies[title])]
    assert mixed == []


def _part_of(body: str, whole: str) -> bool:
    """A line of the body that is being changed under the title that stays may be missing or old for a moment; no other's may be there."""
    return set(body.split("\n")) <= set(whole.split("\n"))


def test_a_missing_font_and_picture_are_told_once_and_done_without() -> None:
    glass = Glass()
    bus = bus_of(glass, pictures={"yes": 3})
    refuse(glass, lambda said: said.startswith(b"pic ") or (said.startswith(b"xstr") and said.split(b",")[4] == b"2"))
    bus.open()
    show(bus, 1)
    bus.run(2.0)
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    assert (glass.title, glass.body) == ("请进 张桂英", "欢迎回家\n垃圾请放3号点")
    warnings = [fact.detail for fact in bus.of(DeviceFoundReport)[1:]]
    assert len(warnings) == 2
    assert any("its project has no font 2 (answer 1A" in each for each in warnings)
    assert any("its project has no picture 3" in each for each in warnings)
    bus.written.clear()
    for token, look in enumerate(("no", "yes", "policy") * 5, 2):
        show(bus, token, look=look)
        bus.run(20.0)
        assert bus.of(PageReport)[-1].token == token
    assert len(bus.of(DeviceFoundReport)) == 3
    assert not any(said.startswith(b"pic ") for said in drawn(bus))
    assert not bus.of(DeviceLostReport)


def test_a_panel_that_has_no_font_at_all_is_wrong_and_told_once() -> None:
    glass = Glass()
    bus = bus_of(glass)
    refuse(glass, lambda said: said.startswith(b"xstr"))
    bus.open()
    for token in range(1, 20):
        show(bus, token, look=("yes", "no")[token % 2])
        bus.run(5.0)
    (lost,) = bus.of(DeviceLostReport)
    assert lost.reason == "wrong"
    assert "its project has no font" in lost.detail
    assert not bus.of(PageReport)
    assert len(drawn(bus)) < 400
    heal(glass)
    glass.power_cycle()
    bus.run(5.0)
    assert [fact.token for fact in bus.of(PageReport)] == [19]


def test_a_panel_that_refuses_to_draw_is_wrong_and_not_asked_for_ever() -> None:
    glass = Glass()
    bus = bus_of(glass)
    refuse(glass, lambda said: said.startswith(b"cls"))
    bus.open()
    show(bus, 1)
    bus.run(60.0)
    (lost,) = bus.of(DeviceLostReport)
    assert (lost.reason, lost.detail) == (
        "wrong",
        "it refuses to draw a fill (answer 1A, no such component or variable)",
    )
    assert len(drawn(bus)) < 10


def test_a_text_that_is_refused_is_given_up_and_nothing_else() -> None:
    """Its page is not told to stand; the fonts are not thought to be missing, and the next page is drawn as ever."""
    glass = Glass()
    bus = opened(glass)
    show(bus, 1)
    bus.run(1.0)
    refuse(glass, lambda said: b"bad" in said)
    bus.written.clear()
    for token in (2, 3, 4):
        show(bus, token, body=("欢迎", "bad", "14:06"))
        bus.run(5.0)
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    assert glass.body == "欢迎\n14:06"
    assert len(drawn(bus)) < 30
    assert [fact.detail.split("; ")[1] for fact in bus.of(DeviceFoundReport)[1:]] == [
        "WARNING: it refuses a line of its body (answer 1A, no such component or variable)"
    ]
    show(bus, 5)
    bus.run(1.0)
    assert bus.of(PageReport)[-1].token == 5
    assert (glass.title, glass.body) == ("请进 张桂英", "欢迎回家\n垃圾请放3号点")
    assert not bus.of(DeviceLostReport)


def test_two_refusals_are_noise() -> None:
    glass = Glass()
    bus = opened(glass)
    left = [2]

    def two(said: bytes) -> bool:
        left[0] -= said.startswith(b"xstr")
        return said.startswith(b"xstr") and left[0] >= 0

    refuse(glass, two)
    show(bus, 1)
    bus.run(1.0)
    assert bus.of(PageReport)
    assert len(bus.of(DeviceFoundReport)) == 1


def refuse(glass: Glass, what) -> None:
    drawing = Glass.carry_out
    glass.carry_out = lambda said: not what(said) and drawing(glass, said)  # type: ignore[method-assign]


def heal(glass: Glass) -> None:
    refuse(glass, lambda said: False)


def test_a_touched_answer_and_a_touched_key_are_keys() -> None:
    glass = Glass()
    bus = opened(glass)
    show(bus, 1, look="question", body=("满意吗", "5 很满意", "4 满意", "# 发送", "12号楼"), sizes=(("body", 1),))
    bus.run(1.0)
    lines = {text: box for box, _, text in glass.things if text}
    for text in ("5 很满意", "4 满意", "# 发送", "满意吗", "12号楼", "3", "*"):
        tap(bus, lines[text])
    touch(bus, lines["3"], pressed=False)
    touch(bus, lines["3"], asleep=True)
    touch(bus, lines["3"], pressed=False)
    bus.run(0.1)
    assert [fact.key for fact in bus.of(KeyReport)] == ["5", "4", "#", "3", "*"]
    there = lines["5 很满意"]
    show(bus, 2, look="policy", body=("满意吗", "5 很满意"), sizes=(("body", 1),))
    tap(bus, there)  # it stands there still
    bus.run(1.0)
    tap(bus, there)
    bus.run(0.1)
    assert [fact.key for fact in bus.of(KeyReport)] == ["5", "4", "#", "3", "*", "5", " "]
    show(bus, 3, look="yes", body=("欢迎回家",))
    bus.run(1.0)
    tap(bus, there)
    bus.run(0.1)
    assert "".join(fact.key for fact in bus.of(KeyReport)[7:]) == " ", (
        "an answer has no keys, but says that somebody is there"
    )
    show(bus, 4, look="fire", body=("请马上撤离",))
    bus.run(1.0)
    tap(bus, there)
    bus.run(0.1)
    assert len(bus.of(KeyReport)) == 8, "a fire has nothing to type"


def test_a_keypad_is_drawn_where_something_is_typed() -> None:
    glass = Glass()
    bus = opened(glass)
    show(bus, 1, look="entry", title="请输入", large="****", body=("然后按 #",))
    bus.run(1.0)
    keys = {text: box for box, _, text in glass.things if len(text) == 1 and text in "0123456789*#"}
    assert len(keys) == 12
    for key in "1204*7#":
        tap(bus, keys[key])
    bus.run(0.1)
    assert "".join(fact.key for fact in bus.of(KeyReport)) == "1204*7#"
    bus.written.clear()
    show(bus, 2, look="entry", title="请输入", large="*****", body=("然后按 #",))
    bus.run(0.5)
    assert len(drawn(bus)) == 1


def test_a_held_finger_that_is_told_again_and_again_presses_once() -> None:
    """Also where it slides to another key; and a release that was lost does not lock the keys."""
    glass = Glass()
    bus = opened(glass)
    show(bus, 1, look="entry", title="请输入", large="", body=())
    bus.run(1.0)
    keys = {text: box for box, _, text in glass.things if len(text) == 1}
    for key in ("1",) * 40 + ("2",) * 10:
        touch(bus, keys[key])
        bus.run(0.05)
    touch(bus, keys["2"], pressed=False)
    touch(bus, keys["3"])  # its release is lost
    bus.run(0.6)
    tap(bus, keys["4"])
    bus.run(0.1)
    assert [fact.key for fact in bus.of(KeyReport)] == ["1", "3", "4"]


def tap(bus, box: tuple[int, int, int, int]) -> None:
    touch(bus, box)
    touch(bus, box, pressed=False)


def touch(bus, box: tuple[int, int, int, int], *, pressed: bool = True, asleep: bool = False) -> None:
    x, y = box[0] + box[2] // 2, box[1] + box[3] // 2
    frame = bytes((0x68 if asleep else 0x67, *x.to_bytes(2, "big"), *y.to_bytes(2, "big"), pressed)) + END
    bus.session.receive(frame, bus.now)


def test_touches_on_every_point_of_the_glass_and_beyond_do_no_harm() -> None:
    bus = opened(Glass())
    rng = random.Random(3)
    show(bus, 1, look="entry", large="", body=())
    for _ in range(500):
        touch(bus, (rng.randrange(0xFFFF), rng.randrange(0xFFFF), 1, 1))
        bus.run(0.001)
    bus.run(1.0)
    assert bus.of(PageReport)
    assert not bus.of(DeviceLostReport)


def test_a_layout_without_design_is_of_components() -> None:
    assert type(tjc_session([("panel", TjcOptions())], 115200)).__name__ == "TjcPanel"
