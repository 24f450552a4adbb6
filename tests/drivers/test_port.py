"""Ports on real ptys: latency, unplugging, hanging, noise, echo. The far end is the simulator's, which shares no code with the drivers."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from drivers.port import Line, Port
from drivers.registry import DRIVERS
from drivers.reports import (
    CardSeen,
    DeviceLostReport,
    DrawPage,
    InputLevel,
    OrderSent,
    OutputLevel,
    PageReport,
    PlayTone,
    SetOutput,
)
from tests.drivers.rig import Idle, Rig, pulse
from tests.waiting import eventually


def test_a_relay_board_end_to_end(rig: Rig) -> None:
    port = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    assert port.alive(time.monotonic())
    assert [thread.name for thread in threading.enumerate() if thread.name == "port-io"]
    port.order(pulse(1))
    eventually(lambda: rig.told.of(OrderSent))
    eventually(lambda: any(fact.number == 1 and fact.on for fact in rig.told.of(OutputLevel)))
    assert rig.box.lock_unlocked
    assert rig.box.trace.moments("relay", "frame")[-1].value.startswith("01 05 02 00 00 0a")
    rig.box.press_exit(held_s=0.4)
    eventually(lambda: any(fact.number == 2 and fact.high for fact in rig.told.of(InputLevel)))
    assert port.stop(2.0)
    assert not [thread for thread in threading.enumerate() if thread.name == "port-io"]


def test_a_panel_end_to_end_is_never_half_drawn(rig: Rig) -> None:
    port = rig.port("screen", "dwin", "panel")
    rig.found("panel")
    for token in range(1, 12):
        body = (f"第{token}条：今日停水", "请提前储水") * 2
        port.order(DrawPage("panel", token, ("idle", "notice")[token % 2], f"通知{token}", body, f"{token}/11"))
        eventually(lambda token=token: [fact for fact in rig.told.of(PageReport) if fact.token == token])
        assert (rig.box.panel.title, rig.box.panel.body, rig.box.panel.footer) == (f"通知{token}", body, f"{token}/11")
    for _, screen in rig.box.panel.history:
        whole = screen.title and screen.body and screen.body != ("",)
        assert not whole or screen.body[0].startswith(screen.title.replace("通知", "第") + "条"), (
            "a title over another page's body"
        )
    assert rig.box.panel.counts.text_faults == []
    port.order(PlayTone("panel", "no"))
    eventually(lambda: rig.box.panel.tones)


@pytest.mark.slow
def test_a_power_cycled_panel_is_drawn_again(rig: Rig) -> None:
    port = rig.port("screen", "dwin", "panel")
    port.order(DrawPage("panel", 1, "notice", "通知", ("今日停水",), ""))
    eventually(lambda: rig.told.of(PageReport))
    rig.box.panel.power_cycle()
    eventually(lambda: (rig.box.panel.title, rig.box.panel.body) == ("通知", ("今日停水",)), 4.0)


def test_a_reader_end_to_end(rig: Rig) -> None:
    rig.port("reader", "line-reader", "card")
    rig.found("card")
    rig.box.tap(12345678, held_s=0.3)
    eventually(lambda: rig.told.of(CardSeen))
    assert [fact.card for fact in rig.told.of(CardSeen)] == ["BC614E"]


def test_an_order_is_on_an_idle_line_at_once(rig: Rig, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    """From order() to the first byte at the far end of a bare pty, the far end's own wake-up included."""
    master, slave = os.openpty()
    try:
        port = rig.started(Port("bare", os.ttyname(slave), 9600, Idle(), lambda fact: None))
        eventually(lambda: port._line is not None)
        took = []
        for order in range(200):
            before = time.monotonic()
            port.order(pulse(order))
            assert len(os.read(master, 64)) == 8
            took.append(time.monotonic() - before)
        took.sort()
        record_property(
            "figure", f"order to first byte on an idle line: p50 {took[100] * 1e6:.0f} us, p99 {took[197] * 1e6:.0f} us"
        )
        assert took[100] < 0.001
    finally:
        rig.ports[-1].stop(1.0)
        os.close(master)
        os.close(slave)


def test_orders_given_before_a_stop_are_finished(rig: Rig) -> None:
    port = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    for order in range(4):
        port.order(SetOutput("relay", 1 + order, True, order, time.monotonic() + 1))
    assert port.stop(2.0)
    assert len(rig.told.of(OrderSent)) == 4
    count = len(rig.told)
    port.order(pulse(9))
    assert len(rig.told) == count


def test_a_socket_url(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, number = server.getsockname()
        port = Port(
            "net",
            f"socket://{host}:{number}",
            9600,
            DRIVERS["line-reader"].session([("card", DRIVERS["line-reader"].options())], 9600),
            rig.told.append,
        )
        rig.started(port)
        far, _ = server.accept()
        with far:
            rig.found("card")
            far.sendall(b"0012345678\r\n")
            eventually(lambda: rig.told.of(CardSeen))
        eventually(lambda: rig.told.of(DeviceLostReport))
    port.stop(1.0)


@pytest.mark.parametrize("url", ["loop://", "nonsense://x", "spy://"])
def test_a_url_that_cannot_serve_is_told(rig: Rig, url: str) -> None:
    session = DRIVERS["line-reader"].session([("card", DRIVERS["line-reader"].options())], 9600)
    rig.started(Port("odd", url, 9600, session, rig.told.append))
    eventually(lambda: [fact.reason for fact in rig.told.of(DeviceLostReport)] == ["port"])


def test_the_parity_reaches_the_line_and_no_pseudo_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pty takes it once, and refuses to be opened with it again: a box behind one would be lost at the next start."""
    asked: list[str] = []

    def opened(url: str, **settings: object) -> None:
        asked.append(f"{url} {settings['baudrate']} {settings['parity']}")
        raise ValueError("enough")

    master, slave = os.openpty()
    try:
        for url in ("/dev/ttyS99", os.ttyname(slave)):
            monkeypatch.setattr("drivers.port.serial.serial_for_url", opened)
            with pytest.raises(OSError, match="enough"):
                Line(url, 2400, "even")
            monkeypatch.undo()
        assert asked == ["/dev/ttyS99 2400 E", f"{os.ttyname(slave)} 2400 N"]
        for _ in range(2):
            Line(os.ttyname(slave), 2400, "even").close()
    finally:
        os.close(master)
        os.close(slave)
