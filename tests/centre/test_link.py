"""The centre's connection against a broker that means no good."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from centre.folder import BrokerAddress
from centre.link import FIRST_WAIT_S, Link, LinkDown, Login
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
