"""The link when broker, line or another client misbehave: what it tells, when it comes back, what it must not send."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from agent.core import effects
from agent.core.events.link import LinkDown, LinkUp, MessageReceived
from agent.link.reconnect import Pace
from contract.chain import parse_batch
from simulator.broker import Broker, free_port, mosquitto, start_broker
from tests.agent.link import far_end
from tests.agent.link.far_end import UNIT, UNIT_KEY, Unit, batch, centre, unit
from tests.agent.statuses import STATUS
from tests.waiting import eventually

pytestmark = pytest.mark.slow

PUBLIC = UNIT_KEY.public_key().public_bytes_raw()


def test_auto_falls_back_to_the_version_the_broker_speaks(broker: Broker) -> None:
    with unit(broker.url) as near:
        assert near.wait(LinkUp).protocol == ("5" if broker.kind == "mosquitto" else "3.1.1")
        assert near.of(LinkDown) == []


@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00"], ids=["old connack", "reason 0x84"])
def test_a_refused_version_is_followed_by_the_other(answer: bytes) -> None:
    with far_end.line(1, answer=lambda _: answer) as front, unit(f"mqtt://127.0.0.1:{front.port}"):
        hellos = eventually(lambda: front.connections[1:2] and front.connections[:2])
        # Byte 8 of CONNECT, after the name MQTT, is the version.
        assert [hello[hello.index(b"MQTT") + 4] for hello in hellos] == [5, 4]


@pytest.mark.claim("F18")
def test_a_broker_that_says_nothing_to_mqtt_5_is_spoken_to_in_3_1_1(any_broker: Broker) -> None:
    """As amqtt; and it is not asked in MQTT 5 again with every connection."""
    pace = replace(far_end.FAST, answer_s=0.5)
    with (
        far_end.line(any_broker.port, deaf_to=b"MQTT\x05") as wire,
        unit(f"mqtt://127.0.0.1:{wire.port}", pace=pace) as near,
    ):
        assert near.wait(LinkUp).protocol == "3.1.1"
        assert near.of(LinkDown) == []
        for lives in (2, 3):
            wire.cut()
            wire.mend()
            assert near.wait(LinkUp, lives).protocol == "3.1.1"
        assert wire.connections.count(b"deaf") == 1


def test_a_broker_that_is_silent_to_all_is_said_and_asked_in_both(any_broker: Broker) -> None:
    pace = replace(far_end.FAST, answer_s=0.3)
    with (
        far_end.line(any_broker.port, deaf_to=b"MQTT") as wire,
        unit(f"mqtt://127.0.0.1:{wire.port}", pace=pace) as near,
    ):
        assert near.wait(LinkDown).reason == "the broker does not answer"
        wire.deaf_to = None
        assert near.wait(LinkUp)


def test_what_was_not_acknowledged_comes_again(any_broker: Broker) -> None:
    with (
        centre(any_broker) as far,
        far_end.line(any_broker.port) as wire,
        unit(f"mqtt://127.0.0.1:{wire.port}", protocol="3.1.1") as near,
    ):
        near.wait(LinkUp)
        far.notice("kept")
        first = near.wait(MessageReceived)
        wire.cut()
        near.wait(LinkDown)
        near.link.order(effects.AckMessage(first.token))  # of a connection that is gone: nothing happens
        wire.mend()
        assert near.wait(MessageReceived, 2).message == first.message


def test_a_message_that_found_no_room_comes_again(any_broker: Broker) -> None:
    with centre(any_broker) as far, unit(any_broker.url) as near:
        near.wait(LinkUp)
        near.taking = False
        far.notice("n5")
        eventually(lambda: near.link._live is None or not near.link._live.up)
        near.taking = True
        assert near.wait(MessageReceived).message.id == "n5"


def test_the_will_and_the_farewell_say_offline_with_the_births_session(broker: Broker) -> None:
    with centre(broker) as far, far_end.line(broker.port) as wire:
        with unit(f"mqtt://127.0.0.1:{wire.port}", protocol="3.1.1") as near:
            near.wait(LinkUp)
            near.link.order(effects.SendStatus(STATUS))
            eventually(lambda: [json.loads(m)["state"] for m in far.ups("status")] == ["online"])
            wire.cut()
            assert json.loads(eventually(lambda: far.ups("status")[1:])[0]) == {"state": "offline", "session": "s1"}
            wire.mend()
            near.wait(LinkUp, 2)
            near.link.order(effects.SendStatus(STATUS))
            eventually(lambda: far.ups("status")[2:])
        assert json.loads(eventually(lambda: far.ups("status")[3:])[0]) == {"state": "offline", "session": "s1"}
        assert len(far.ups("status")) == 4


def test_the_will_stays_for_those_who_ask_later(broker: Broker) -> None:
    def kept() -> str | None:
        """The state in the status the broker retains, as a newcomer sees it."""
        with centre(broker) as far:
            statuses = eventually(lambda: [m for m in list(far.got) if m.topic.endswith("/status")])
            return json.loads(statuses[0].payload)["state"] if statuses[0].retain else None

    with far_end.line(broker.port) as wire, unit(f"mqtt://127.0.0.1:{wire.port}", protocol="3.1.1") as near:
        near.wait(LinkUp)
        near.link.order(effects.SendStatus(STATUS))
        eventually(lambda: kept() == "online")
        wire.cut()
        eventually(lambda: kept() == "offline")


def test_statuses_are_retained(any_broker: Broker) -> None:
    with unit(any_broker.url) as near:
        near.wait(LinkUp)
        near.link.order(effects.SendStatus(STATUS))
        with centre(any_broker) as early:
            near.link.order(batch("b1"))
            eventually(lambda: early.ups("facts"))  # the broker has both, before somebody asks
        with centre(any_broker) as far:
            eventually(lambda: [m for m in far.got if m.retain and json.loads(m.payload)["state"] == "online"])
    with centre(any_broker) as far:
        eventually(lambda: [m for m in far.got if m.retain and json.loads(m.payload)["state"] == "offline"])


@pytest.mark.claim("F17")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_broker_that_comes_back_is_found_again(broker: Broker, end: str) -> None:
    with unit(broker.url) as near:
        near.wait(LinkUp)
        broker.stop() if end == "stop" else broker.kill()
        near.wait(LinkDown)
        for number in range(5):
            near.link.order(batch(f"down{number}"))
        broker.start()
        near.wait(LinkUp, 2)
        with centre(broker) as far:
            near.link.order(batch("up"))
            (sent,) = eventually(lambda: far.ups("facts"))
        assert parse_batch(sent).header.batch == "up"


def test_nothing_is_sent_later_that_was_ordered_while_down(broker: Broker) -> None:
    with centre(broker) as far, far_end.line(broker.port) as wire, unit(f"mqtt://127.0.0.1:{wire.port}") as near:
        near.wait(LinkUp)
        wire.cut()
        near.wait(LinkDown)
        near.link.order(batch("while-down"))
        near.link.order(effects.SendReply("late", "done", None, "main", 1e9))
        near.link.order(effects.SendStatus(replace(STATUS, session="late")))
        wire.mend()
        near.wait(LinkUp, 2)
        near.link.order(batch("after"))
        eventually(lambda: [data for data in far.ups("facts") if b'"after"' in data])
        assert len(far.ups("facts")) == 1
        assert far.ups("reply") == []
        assert not [data for data in far.ups("status") if b"late" in data]


def test_what_was_in_flight_when_the_line_went_is_not_sent_twice(any_broker: Broker) -> None:
    """The library of the old connection must not send it again: the core does, from the journal, under a new batch."""
    with (
        centre(any_broker) as far,
        far_end.line(any_broker.port) as wire,
        unit(f"mqtt://127.0.0.1:{wire.port}") as near,
    ):
        near.wait(LinkUp)
        for number in range(50):
            near.link.order(batch(f"b{number}", 100))
        wire.cut()
        near.wait(LinkDown)
        before = len(far.ups("facts"))
        wire.mend()
        near.wait(LinkUp, 2)
        near.link.order(batch("after"))
        eventually(lambda: [data for data in far.ups("facts") if b'"after"' in data])
        names = [json.loads(data.split(b"\n", 1)[0])["batch"] for data in far.ups("facts")]
        assert len(names) == len(set(names))
        assert before <= len(names) - 1 <= 50


@pytest.mark.claim("F18")
def test_a_broker_that_accepts_and_says_nothing_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        pace = replace(far_end.FAST, answer_s=0.2)
        with unit(f"mqtt://127.0.0.1:{mute.getsockname()[1]}", pace=pace) as near:
            assert "does not answer" in near.wait(LinkDown).reason


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_the_password_is_the_broker_login_of_the_unit(tmp_path: Path, password: str) -> None:
    """With a broker that knows users where there is one; else a front that answers as such a broker does."""
    if mosquitto():
        (tmp_path / "users").write_text(f"{UNIT}:right\n")
        subprocess.run(["mosquitto_passwd", "-U", str(tmp_path / "users")], check=True, capture_output=True)
        broker = start_broker(tmp_path / "b", config=f"password_file {tmp_path / 'users'}")
        with broker, unit(broker.url, password=password) as near:
            if password == "right":
                near.wait(LinkUp)
            else:
                assert "refused: Not authorized" in near.wait(LinkDown).reason
            broker.kill()
    else:
        with far_end.line(1, answer=lambda _: b"\x20\x03\x00\x87\x00") as front:
            with unit(f"mqtt://127.0.0.1:{front.port}", password=password) as near:
                assert "refused: Not authorized" in near.wait(LinkDown).reason
            assert password.encode() in front.connections[0]
            assert front.connections[0].count(UNIT.encode()) == 3  # client id, topic of the will, user name


@pytest.mark.claim("F22")
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_another_client_with_our_id_is_told_and_given_time(
    broker: Broker, protocol: str, record_property: pytest.RecordProperty
) -> None:
    url = broker.url5 if protocol == "5" else broker.url
    port = int(url.rsplit(":", 1)[1])
    with far_end.line(port) as wire, unit(f"mqtt://127.0.0.1:{wire.port}", protocol=protocol) as near:
        for attempt in range(1, 10):
            near.wait(LinkUp, attempt)
            if [event for event in near.of(LinkDown) if event.taken_over]:
                break
            five = protocol == "5"
            clone = mqtt.Client(
                mqtt.CallbackAPIVersion.VERSION2,
                UNIT,
                protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311,
                reconnect_on_failure=False,
            )
            clone.connect("127.0.0.1", port)
            clone.loop_start()
            eventually(lambda n=attempt: len(near.of(LinkDown)) >= n or near.of(LinkUp)[n:])
            downs = [event for event in near.of(LinkDown) if event.taken_over]
            clone.disconnect()
            clone.loop_stop()
            if downs:
                break
        assert downs, "never told"
        assert "another client" in downs[0].reason
        connections = len(wire.connections)
        started = time.monotonic()
        near.wait(LinkUp, len(near.of(LinkUp)) + 1)
        assert time.monotonic() - started > far_end.FAST.taken_s * 0.8
        assert len(wire.connections) == connections + 1
        record_property("figure", f"told after {attempt} take-over(s), MQTT {protocol}, {broker.kind}")


def test_stopping_is_quick_with_and_without_a_broker(
    any_broker: Broker, record_property: pytest.RecordProperty
) -> None:
    for url in (any_broker.url, f"mqtt://127.0.0.1:{free_port()}"):
        near = Unit(url, pace=Pace())
        near.link.start()
        near.link.start()
        near.wait(LinkUp if url == any_broker.url else LinkDown)
        assert [thread.name for thread in threading.enumerate()].count("link") == 1
        started = time.monotonic()
        assert near.link.stop(2.0)
        record_property("figure", f"stopped in {(time.monotonic() - started) * 1000:.0f} ms")
        assert "link" not in [thread.name for thread in threading.enumerate()]


def test_the_reason_of_being_down_is_told_once() -> None:
    with unit(f"mqtt://127.0.0.1:{free_port()}") as near:
        near.wait(LinkDown)
        attempts = near.link._reconnect
        eventually(lambda: attempts._failures > 5)
        assert near.of(LinkDown) == [LinkDown("cannot reach the broker: Connection refused")]


def test_a_link_never_started_stops_at_once() -> None:
    assert Unit("mqtt://127.0.0.1:1").link.stop(0.0)


@pytest.mark.claim("F19")
def test_a_broker_that_talks_nonsense_ends_nothing_but_its_connection(
    seed: int, record_property: pytest.RecordProperty
) -> None:
    """Packets of every type with random bodies, after a good CONNACK or instead of it."""
    draw = random.Random(seed)
    good = {5: b"\x20\x03\x00\x00\x00", 4: b"\x20\x02\x00\x00"}

    def answer(hello: bytes) -> bytes:
        version = hello[hello.index(b"MQTT") + 4]
        packets = [good[version]] if draw.random() < 0.8 else []
        for _ in range(draw.randrange(1, 8)):
            body = draw.randbytes(draw.choice([0, 1, 2, 3, 5, 30, 120]))
            packets.append(bytes([draw.randrange(256), len(body)]) + body)
        if draw.random() < 0.2:
            packets.append(bytes([0x32]) + draw.choice([b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\xff"]) + b"x" * 99)
        return b"".join(packets)

    with far_end.line(1, answer=answer) as front:
        pace = replace(far_end.FAST, min_s=0.0, base_s=0.001, cap_s=0.001, taken_s=0.001, answer_s=0.3)
        with unit(f"mqtt://127.0.0.1:{front.port}", pace=pace) as near:
            eventually(lambda: len(front.connections) >= 300, 20.0)
            assert not near.of(MessageReceived), seed
            assert [thread.name for thread in threading.enumerate()].count("link") == 1
        record_property("figure", f"{len(front.connections)} connections of nonsense, the link still tries")


@pytest.mark.claim("F19")
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_packet_without_end_is_not_taken_in(protocol: str, record_property: pytest.RecordProperty) -> None:
    """The library would keep up to 256 MiB of it."""
    good = b"\x20\x03\x00\x00\x00" if protocol == "5" else b"\x20\x02\x00\x00"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5.0)
        with unit(f"mqtt://127.0.0.1:{server.getsockname()[1]}", protocol=protocol) as near:
            line, _ = server.accept()
            with line:
                line.settimeout(5.0)
                line.recv(4096)
                taken = 0
                with suppress(ConnectionError):
                    line.sendall(good + b"\x32\xff\xff\xff\x7f")
                    while taken < 200 << 20:
                        taken += line.send(bytes(1 << 16))
            assert taken < 16 << 20, "it swallowed all of it"
            near.wait(LinkDown)
    record_property("figure", f"of a packet of 256 MiB {taken >> 10} KiB left the broker")
