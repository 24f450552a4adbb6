"""mosquitto with the files that `centre broker` writes: who gets in, who reads and writes what, over TLS."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from centre import certificates
from centre.broker import MAX_PACKET
from centre.intake import InboundMessage
from contract.messages import MAX_MESSAGE_BYTES
from contract.scopes import Scope
from contract.topics import subscriptions
from tests.centre.conftest import Fresh
from tests.centre.guarded import OWN, Guarded
from tests.centre.unit import SITE, FakeUnit
from tests.centre.wire import Wire
from tests.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")


@pytest.fixture(scope="module")
def running(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    made = Guarded(tmp_path_factory.mktemp("guarded"), books=fresh.books())
    yield made
    made.end()


@pytest.fixture
def guarded(running: Guarded) -> Iterator[Guarded]:
    yield running
    running.close_wires()


def test_only_with_the_right_password(guarded: Guarded) -> None:
    assert guarded.a.enrolment is not None
    assert guarded.unit(guarded.a).connected
    for name, password in (
        ("a", "wrong"),
        ("a", guarded.b.enrolment.password if guarded.b.enrolment else ""),
        ("a", None),
        ("nobody", "x"),
        ("centre", guarded.a.enrolment.password),
    ):
        wire = guarded.wire(name, password)
        assert not wire.connected, name
        assert wire.code.is_failure


@pytest.mark.claim("F23")
def test_a_unit_reads_only_its_own_scopes(guarded: Guarded) -> None:
    reader, centre_wire = guarded.unit(guarded.a), guarded.centre()
    tries = [f"{OWN}/down/unit/b/#", f"{OWN}/down/yard/y2/#", f"{OWN}/up/#", f"{OWN}/#", "#", "+/+/+/+/#", "$SYS/#"]
    reader.subscribe(*subscriptions(SITE, "a", [Scope("yard", "y1")]), *tries)
    theirs = ["down/unit/b/settings", "down/yard/y2/settings", "down/unit/b/command", "down/grid/g1/settings"]
    for topic in theirs:
        centre_wire.publish(f"{OWN}/{topic}", b"theirs")
    guarded.unit(guarded.b).publish(f"{OWN}/up/b/facts", b"theirs")
    guarded.unit(guarded.b).publish(f"{OWN}/up/b/status", b"theirs", retain=True)
    ours = ["down/unit/a/settings", "down/yard/y1/settings", f"down/site/{SITE}/settings", "centre"]
    for topic in ours:
        centre_wire.publish(f"{OWN}/{topic}", b"ours")
    eventually(lambda: len(reader.payloads(OWN)) >= len(ours))
    assert set(reader.payloads(OWN)) == {b"ours"}
    assert {topic.removeprefix(f"{OWN}/") for topic, _, _ in reader.got} == set(ours)


@pytest.mark.claim("F23")
def test_a_unit_writes_only_below_its_own_name(guarded: Guarded) -> None:
    listener = guarded.centre()
    other = guarded.unit(guarded.b)
    listener.subscribe(f"{OWN}/up/#")
    other.subscribe(f"{OWN}/down/unit/b/#", f"{OWN}/centre")
    writer = guarded.unit(guarded.a)
    for topic in (
        "up/b/facts",
        "up/b/status",
        "up/a",
        "down/unit/b/command",
        f"down/site/{SITE}/keys",
        "centre",
        "down/unit/a/command",
    ):
        writer.publish(f"{OWN}/{topic}", b"forged")
        writer.publish(f"{OWN}/{topic}", b"forged", retain=True)
    writer.publish(f"{OWN}/up/a/facts", b"true")
    eventually(lambda: b"true" in listener.payloads("/up/a/facts"))
    assert not [topic for topic, payload, _ in [*listener.got, *other.got] if payload == b"forged"]


def test_a_unit_cannot_take_another_session(guarded: Guarded) -> None:
    """Client id is user name, whatever a client calls itself."""
    serving, other = guarded.centre(), guarded.unit(guarded.b)
    assert guarded.a.enrolment is not None
    thief = guarded.wire("a", guarded.a.enrolment.password, client_id="centre", clean=False)
    also = guarded.wire("a", guarded.a.enrolment.password, client_id="b")
    assert thief.connected or also.connected
    serving.publish(f"{OWN}/centre", b"still here")
    assert serving.connected
    assert other.connected


def test_the_desks_may_publish_beside_serve(guarded: Guarded) -> None:
    serving, desk = guarded.centre(), guarded.centre(1)
    desk.subscribe(f"{OWN}/up/a/reply")
    unit = guarded.unit(guarded.a)
    unit.subscribe(f"{OWN}/down/unit/a/#")
    desk.publish(f"{OWN}/down/unit/a/command", b"open")
    eventually(lambda: unit.payloads("/command") == [b"open"])
    assert serving.connected


def test_what_comes_while_the_centre_is_away_waits_for_it(guarded: Guarded) -> None:
    """Also after a reload: its session is persistent, and the access rules hold for it when it is not connected too."""
    password = guarded.desk.office.keys.logins["centre"]
    unit = guarded.unit(guarded.a)
    for count in (1, 2):
        serving = guarded.wire("centre", password, clean=False)
        serving.subscribe(f"{OWN}/up/#")
        serving.close()
        unit.publish(f"{OWN}/up/a/alarm", b"%d" % count)
        again = guarded.wire("centre", password, clean=False)
        eventually(lambda here=again, want=b"%d" % count: here.payloads("/up/a/alarm") == [want])  # type: ignore[misc]
        again.close()
        assert guarded.broker.pid is not None
        os.kill(guarded.broker.pid, signal.SIGHUP)


def test_a_packet_larger_than_any_message_cuts_its_sender_off(guarded: Guarded) -> None:
    listener, unit = guarded.centre(), guarded.unit(guarded.a)
    listener.subscribe(f"{OWN}/up/#")
    unit.publish(f"{OWN}/up/a/facts", b"x" * MAX_MESSAGE_BYTES)
    assert unit.connected
    unit.post(InboundMessage(f"{OWN}/up/a/facts", b"x" * MAX_PACKET))
    eventually(lambda: not unit.connected)
    guarded.unit(guarded.a).publish(f"{OWN}/up/a/facts", b"after it")
    eventually(lambda: b"after it" in listener.payloads("/up/a/facts"))
    assert [len(payload) for payload in listener.payloads("/up/a/facts")] == [MAX_MESSAGE_BYTES, 8]


def test_no_one_is_let_in_without_the_sites_ca(guarded: Guarded, tmp_path: Path) -> None:
    assert guarded.a.enrolment is not None
    with pytest.raises(ssl.SSLCertVerificationError):
        Wire(guarded.port, "a", guarded.a.enrolment.password, _other_ca(tmp_path))


def test_no_one_is_heard_without_tls(guarded: Guarded) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=2) as plain:
        plain.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a")
        try:
            answer = plain.recv(64)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"\x20")


def _other_ca(path: Path) -> Path:
    certificates.make_ca(path, SITE)
    return path / "ca.pem"


def test_a_revoked_unit_is_out_after_a_reload(guarded: Guarded) -> None:
    guarded.desk.run("unit", "add", "stolen")
    unit = FakeUnit("stolen", guarded.desk.enrolment("stolen"))
    assert guarded.broker.pid is not None
    os.kill(guarded.broker.pid, signal.SIGHUP)
    eventually(lambda: guarded.unit(unit).connected)
    said = guarded.desk.run("unit", "revoke", "stolen").stdout
    assert "reload the broker" in said
    os.kill(guarded.broker.pid, signal.SIGHUP)
    eventually(lambda: not guarded.unit(unit).connected)
