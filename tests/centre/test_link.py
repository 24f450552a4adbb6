"""The centre's connection against a broker that means no good."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from centre.folder import BrokerAddress
from centre.intake import InboundMessage
from centre.link import FIRST_WAIT_S, Arrived, Event, Link, LinkDown, LinkUp, Login, Sent
from simulator.broker import start_broker
from tests.centre.wire import Wire
from tests.waiting import eventually


@pytest.mark.slow
@pytest.mark.claim("F19")
def test_a_packet_without_end_is_not_taken_in(record_property: pytest.RecordProperty) -> None:
    """The library would keep up to 256 MiB of it. The connection ends, and the next one is made."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5.0)
        address = BrokerAddress(tls=False, host="127.0.0.1", port=server.getsockname()[1])
        link = Link(Login(address, "centre", "secret"), [], will=None, persistent=True)
        link.start()
        try:
            line, _ = server.accept()
            with line:
                line.settimeout(5.0)
                line.recv(4096)
                taken = 0
                with suppress(ConnectionError):
                    line.sendall(b"\x20\x02\x00\x00" + b"\x32\xff\xff\xff\x7f")
                    while taken < 200 << 20:
                        taken += line.send(bytes(1 << 16))
            assert taken < 16 << 20, "it swallowed all of it"
            eventually(lambda: any(isinstance(each, LinkDown) for each in link.take(0.1)))
            again, _ = server.accept()
            again.close()
        finally:
            link.stop()
    record_property("figure", f"of a packet of 256 MiB {taken >> 10} KiB left the broker")


def test_links_that_lost_a_broker_do_not_come_back_together() -> None:
    address = BrokerAddress(tls=False, host="127.0.0.1", port=1)
    links = [Link(Login(address, "centre", "secret"), [], will=None, persistent=True) for _ in range(20)]
    first = [link._client._reconnect_min_delay for link in links]
    assert all(FIRST_WAIT_S <= wait <= 1.5 * FIRST_WAIT_S for wait in first)
    assert len(set(first)) > 10
    for link in links:
        link._on_disconnect(link._client, None, None, ReasonCode(PacketTypes.DISCONNECT), None)
    assert [link._client._reconnect_min_delay for link in links] != first, "drawn anew at each loss"


def test_a_thread_that_ends_while_it_is_looked_for_stops_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library forgets its thread between asking whether there is one and waiting for it."""
    from paho.mqtt import client as library

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = BrokerAddress(tls=False, host="127.0.0.1", port=server.getsockname()[1])
        link = Link(Login(address, "centre", "secret"), [], will=None, persistent=True)
        link.start()
        line, _ = server.accept()
        (thread,) = [each for each in threading.enumerate() if each.name == "paho-mqtt-client-centre"]
        asked_by = threading.current_thread

        def late() -> threading.Thread:
            line.close()
            if asked_by() is not thread:
                eventually(lambda: not thread.is_alive())
            return asked_by()

        with monkeypatch.context() as patched:
            patched.setattr(library.threading, "current_thread", late)
            link.stop()
    assert not thread.is_alive()


@pytest.mark.parametrize("end", [LinkUp(), LinkDown("refused")])
def test_what_comes_before_and_behind_the_brokers_word_is_kept_in_order(end: Event) -> None:
    """A broker may hand out what it retains before it says that we are subscribed."""
    link = Link(Login(BrokerAddress(tls=False, host="127.0.0.1", port=1), "x", "x"), [], will=None, persistent=False)
    first, second = (Arrived(InboundMessage(topic, b""), True, 0, mid) for mid, topic in enumerate("ab"))
    for event in (first, end, second):
        link._tell(event)
    assert link.until_up(1.0) == (None if isinstance(end, LinkUp) else "refused")
    assert link.take(0.0) == [first, second]


@pytest.mark.slow
def test_what_was_on_its_way_goes_out_over_no_later_connection(tmp_path: Path) -> None:
    """Another may have been in its place meanwhile, or the broker have lost the keys it is signed with."""
    with start_broker(tmp_path / "broker") as broker:
        address = BrokerAddress(tls=False, host="127.0.0.1", port=broker.port)
        link = Link(Login(address, "centre", "secret"), [], will=None, persistent=True)
        link.start()
        assert link.until_up(5.0) is None
        broker.kill()
        for number in range(150):
            link.publish(f"old/{number}", b"x", retain=True)
        broker.start()
        eventually(lambda: any(isinstance(each, LinkUp) for each in link.take(0.1)), 10.0)
        new = link.publish("new", b"x", retain=True)
        eventually(lambda: Sent(new) in link.take(0.1))
        reader = Wire(broker.port, "reader", None)
        reader.subscribe("#")
        eventually(lambda: reader.payloads("new"))
        assert [topic for topic, _, _ in reader.got] == ["new"]
        reader.close()
        link.stop()


def test_a_name_of_several_addresses_is_tried_address_by_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a broker's nodes: the first is dead."""
    look_up = socket.getaddrinfo

    def found(host: str, port: int, *args: int) -> list[object]:
        nodes = ("127.0.0.2", "127.0.0.1") if host == "broker.test" else (host,)
        return [each for node in nodes for each in look_up(node, port, *args)]

    monkeypatch.setattr("socket.getaddrinfo", found)
    with start_broker(tmp_path) as broker:
        link = Link(
            Login(BrokerAddress(tls=False, host="broker.test", port=broker.port), "centre", "x"),
            ["up/#"],
            will=None,
            persistent=False,
        )
        link.start()
        try:
            assert link.until_up(5.0) is None
        finally:
            link.stop()
