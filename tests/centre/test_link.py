"""The centre's connection against a broker that means no good."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from centre.folder import BrokerAddress
from centre.link import Link, LinkDown, Login
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
