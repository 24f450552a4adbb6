"""What the sessions of both kinds of panel do alike, in simulated time: the newest page, lost answers, power cuts, silence, tones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from drivers.reports import DeviceFoundReport, DeviceLostReport, OrderFailed, PageReport, PlayTone, SetOutput
from tests.drivers import dwin_bench, tjc_bench
from tests.drivers.bus import Bus


@dataclass(frozen=True)
class Kind:
    """A far end and its session. `shown`: title and body as they stand on it; `beep`: how a frame that beeps begins; `touch`: an upload nobody asked for."""

    panel: Callable[[], Any]
    bus: Callable[..., Bus]
    shown: Callable[[Any], tuple[str, str]]
    beep: bytes
    touch: bytes


KINDS = {
    "dwin": Kind(
        dwin_bench.Panel,
        dwin_bench.bus_of,
        lambda panel: (panel.text(0x1000), panel.text(0x1100)),
        bytes.fromhex("5A A5 05 82 00 A0"),
        bytes.fromhex("5A A5 06 83 11 00 01 00 07"),
    ),
    "tjc": Kind(
        tjc_bench.Panel,
        lambda panel, baud=115200: tjc_bench.bus_of(panel, baud, buzzer=True, layout=tjc_bench.KEYPAD),
        lambda panel: (panel.text("t0.txt"), panel.text("t1.txt")),
        b"beep",
        bytes.fromhex("65 00 01 01 FF FF FF"),
    ),
}
show = dwin_bench.show


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def beeps(kind: Kind, bus: Bus) -> list[bytes]:
    return [frame for _, frame in bus.written if frame.startswith(kind.beep)]


def test_the_newest_page_wins_in_the_midst_of_drawing(kind: Kind) -> None:
    panel = kind.panel()
    bus = kind.bus(panel, 9600)
    bus.open()
    bus.run(0.5)
    for token in range(1, 30):
        show(bus, token, title=f"第{token}", body=(f"条{token}",))
        bus.run(0.012)
    bus.run(2.0)
    assert kind.shown(panel) == ("第29", "条29")
    assert bus.of(PageReport)[-1].token == 29
    assert len(bus.of(PageReport)) < 15


@pytest.mark.parametrize("lost", [1, 2])
def test_what_is_not_answered_is_said_again(kind: Kind, lost: int) -> None:
    panel = kind.panel()
    bus = kind.bus(panel)
    bus.open()
    bus.run(0.5)
    for token in range(1, 12):
        show(bus, token, title=f"第{token}", page="notice" if token % 2 else "answer")
        bus.run(token / 1000)
        panel.lose_next = lost
        bus.run(0.002)
        bus.run(6.0)
        assert bus.of(PageReport)[-1].token == token
        assert kind.shown(panel)[0] == f"第{token}"
        panel.lose_next = 0
    assert not bus.of(DeviceLostReport)


def test_what_was_not_acknowledged_is_not_taken_as_it_was(kind: Kind) -> None:
    panel = kind.panel()
    bus = kind.bus(panel)
    bus.open()
    show(bus, 1, body=("甲",))
    bus.run(2.0)

    def deaf(frame: bytes, now: float) -> bytes:
        """What was said is done and its acknowledgement lost, once."""
        bus.answer = panel
        panel(frame, now)
        return b""

    bus.answer = deaf
    show(bus, 2, body=("乙",))
    bus.run(0.01)
    assert kind.shown(panel)[1] == "乙"
    show(bus, 3, body=("甲",))
    bus.run(1.0)
    assert kind.shown(panel)[1] == "甲"
    assert bus.of(PageReport)[-1].token == 3


def test_a_power_cycled_panel_is_found_and_drawn_again(kind: Kind) -> None:
    panel = kind.panel()
    bus = kind.bus(panel)
    bus.open()
    show(bus, 1)
    bus.run(3.0)
    panel.power_cycle()
    bus.run(3.5)
    assert kind.shown(panel) == ("温馨提示", "今日停水\r\n8:00-12:00")
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    assert len(bus.of(DeviceFoundReport)) == 1


def test_lost_found_and_drawn_whole(kind: Kind) -> None:
    panel = kind.panel()
    bus = kind.bus(panel)
    bus.open()
    show(bus, 1)
    bus.run(2.0)
    panel.alive = False
    bus.run(10.0)
    assert bus.of(DeviceLostReport) == [DeviceLostReport("panel", "silent", "no answer")]
    show(bus, 2, title="新的")
    panel.power_cycle()
    panel.alive = True
    bus.run(4.0)
    assert len(bus.of(DeviceFoundReport)) == 2
    assert kind.shown(panel)[0] == "新的"
    assert bus.of(PageReport)[-1].token == 2


def test_a_touch_in_between_is_no_answer(kind: Kind) -> None:
    panel = kind.panel()
    bus = kind.bus(panel)
    bus.answer = lambda frame, now: kind.touch + panel(frame, now)
    bus.open()
    show(bus, 1)
    bus.run(2.0)
    drawn = len(bus.written)
    bus.run(10.0)
    assert len(bus.written) - drawn == 5  # the looks at the nonce
    assert not bus.of(DeviceLostReport)
    assert len(bus.of(PageReport)) == 1


def sounded(kind: Kind, bus: Bus) -> list[tuple[float, float]]:
    """When each beep was said, and for how many seconds."""
    found = []
    for at, frame in bus.written:
        if frame.startswith(kind.beep):
            ms = frame[5:-3].decode() if kind.beep == b"beep" else 8 * int.from_bytes(frame[6:8], "big")
            found.append((at, int(ms) / 1000))
    return found


@pytest.mark.parametrize("baud", [9600, 115200])
def test_each_tone_is_told_from_the_others_also_while_a_page_is_drawn(kind: Kind, baud: int) -> None:
    bus = kind.bus(kind.panel(), baud)
    bus.open()
    bus.run(0.5)
    for tone, beeps, least_s, most_s in (
        ("yes", 1, 0.7, 1.0),
        ("no", 3, 0.15, 0.25),
        ("key", 1, 0.03, 0.06),
        ("warning", 4, 0.5, 0.8),
    ):
        bus.written.clear()
        show(bus, 1, title=tone, body=(tone * 5,) * 8)
        bus.run(0.002)
        bus.session.order(PlayTone("panel", tone), bus.now)
        bus.run(8.0)
        assert kind.beep in b"".join(frame for _, frame in bus.written[:2]), "it overtakes the page"
        heard = sounded(kind, bus)
        assert len(heard) == beeps
        assert all(least_s <= seconds <= most_s for _, seconds in heard)
        silences = [after - at - seconds for (at, seconds), (after, _) in itertools.pairwise(heard)]
        assert all(0.15 <= silence <= 1.5 for silence in silences), "beeps never run into one another"


def test_a_tick_cuts_no_answer_short_and_an_answer_does_not_wait_for_a_tick(kind: Kind) -> None:
    bus = kind.bus(kind.panel())
    bus.open()
    bus.run(0.5)
    bus.session.order(PlayTone("panel", "key"), bus.now)
    bus.run(0.001)
    bus.session.order(PlayTone("panel", "no"), bus.now)
    for _ in range(10):
        bus.run(0.1)
        bus.session.order(PlayTone("panel", "key"), bus.now)
    bus.run(2.0)
    assert [seconds for _, seconds in sounded(kind, bus)] == [0.04, 0.2, 0.2, 0.2]
    bus.session.order(PlayTone("panel", "key"), bus.now)
    bus.session.order(PlayTone("panel", "unheard of"), bus.now)
    bus.run(2.0)
    assert len(beeps(kind, bus)) == 5


def test_the_newest_answer_ends_the_one_before(kind: Kind) -> None:
    bus = kind.bus(kind.panel())
    bus.open()
    bus.run(0.5)
    bus.session.order(PlayTone("panel", "warning"), bus.now)
    bus.run(2.0)
    bus.session.order(PlayTone("panel", "yes"), bus.now)
    bus.run(8.0)
    assert [seconds for _, seconds in sounded(kind, bus)] == [0.6, 0.6, 0.8]


def test_an_old_tone_is_not_sounded(kind: Kind) -> None:
    panel = kind.panel()
    panel.alive = False
    bus = kind.bus(panel)
    bus.open()
    bus.session.order(PlayTone("panel", "yes"), bus.now)
    bus.run(3.0)
    panel.alive = True
    bus.run(3.0)
    assert bus.of(DeviceFoundReport)
    assert not beeps(kind, bus)


def test_outputs_are_refused_and_a_loss_is_told_once(kind: Kind) -> None:
    bus = kind.bus(kind.panel())
    bus.session.closed(bus.now, "no such file")
    bus.session.closed(bus.now, "no such file")
    bus.session.order(SetOutput("panel", 1, True, 3, bus.now + 1), bus.now)
    bus.run(1.0)
    assert bus.facts == [DeviceLostReport("panel", "port", "no such file"), OrderFailed("panel", 3, "refused")]
