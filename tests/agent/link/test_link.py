"""The link against real brokers, in both versions of MQTT."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from agent.core import effects
from agent.core.events import BatchPublished, CentrePresence, LinkDown, LinkUp, MessageReceived, MessageRefused
from agent.link.translate import Reader, Refused
from contract import topics
from contract.enrolment import check_enrol
from contract.facts import chain, chain_start, check_alarm, line, open_batch, parse_alarm, parse_batch
from contract.messages import Category, Keys, Kind, Notice, Reason, Scope, WorkingKey
from contract.plain import parse_reply
from simulator.broker import Broker, mosquitto, start_broker
from tests.agent.link import far_end
from tests.agent.link.far_end import OWN, SITE, SITE_SCOPE, TOKEN, UNIT, UNIT_KEY, YARD, centre, unit
from tests.contract import signing
from tests.waiting import eventually

PUBLIC = UNIT_KEY.public_key().public_bytes_raw()


def batch(name: str, count: int = 1) -> effects.SendBatch:
    """The first `count` facts of an epoch."""
    h = start = chain_start(SITE, UNIT, "e1")
    lines = tuple(line(n, 1e9 + n, "synced", 1, n, "door.opened", {"door": "main"}) for n in range(1, count + 1))
    for one in lines:
        h = chain(h, one)
    return effects.SendBatch(name, "e1", 1, count, start.hex(), h.hex(), lines)


@pytest.mark.parametrize("protocol", ["5", "3.1.1", "auto"])
def test_up_and_down_in_each_version(broker: Broker, protocol: str) -> None:
    url = broker.url5 if protocol == "5" else broker.url
    with centre(broker) as far, unit(url, protocol=protocol) as near:
        notice = far.notice()
        assert near.wait(LinkUp).protocol == (protocol if protocol != "auto" else near.of(LinkUp)[0].protocol)
        received = near.wait(MessageReceived)
        assert received.message == notice
        near.link.order(effects.AckMessage(received.token))
        near.link.order(batch("b1", 3))
        assert near.wait(BatchPublished).batch == "b1"
        sent = parse_batch(eventually(lambda: far.ups("facts"))[0])
        assert [fact.seq for fact in open_batch(sent, SITE, PUBLIC)] == [1, 2, 3]
        near.link.order(effects.SendReply("c1", "refused", "expired", "main", 1e9))
        reply = parse_reply(eventually(lambda: far.ups("reply"))[0])
        assert (reply.id, reply.state, reply.reason, reply.door, reply.at_utc) == (
            "c1",
            "refused",
            "expired",
            "main",
            1e9,
        )


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


@pytest.mark.claim("F20")
def test_retained_commands_and_confirms_are_refused_unread(any_broker: Broker) -> None:
    with centre(any_broker) as far:
        far.command(retain=True)
        far.put(topics.down(SITE, OWN, Kind.CONFIRM), b"not even signed", retain=True)
        with unit(any_broker.url) as near:
            near.wait(MessageRefused, 2)
            assert {(e.kind, e.reason, e.id) for e in near.of(MessageRefused)} == {
                ("command", Reason.RETAINED, None),
                ("confirm", Reason.RETAINED, None),
            }
            far.command("c2")
            assert near.wait(MessageReceived).message.id == "c2"
            assert len(near.of(MessageReceived)) == 1


@pytest.mark.claim("F27")
def test_each_fault_of_a_message_has_its_reason(any_broker: Broker) -> None:
    with centre(any_broker) as far, unit(any_broker.url) as near:
        near.wait(LinkUp)
        topic = topics.down(SITE, OWN, Kind.COMMAND)
        far.command(kid="n1")
        good = signing.signed(far.command("c2"), SITE, Kind.COMMAND)
        far.put(topic, good[:-1] + (b"A" if good[-1:] != b"A" else b"Q"))
        far.put(topic, good.replace(b".", b"_"))
        far.put(topic, b"x" * (64 * 1024 + 1))
        far.put(topics.down(SITE, YARD, Kind.COMMAND), good)
        near.wait(MessageRefused, 5)
        assert [(e.reason, e.id) for e in near.of(MessageRefused)] == [
            (Reason.WRONG_KEY, None),
            (Reason.BAD_SIGNATURE, None),
            (Reason.BAD_SIGNATURE, None),
            (Reason.TOO_LONG, None),
            (Reason.NOT_MINE, "c2"),
        ]


def test_empty_payloads_and_unknown_kinds_are_acknowledged_and_say_nothing(any_broker: Broker) -> None:
    with centre(any_broker) as far, unit(any_broker.url, protocol="3.1.1") as near:
        near.wait(LinkUp)
        for _ in range(
            40
        ):  # more than mosquitto keeps in flight for one client: unacknowledged ones would stop the flow
            far.put(topics.down(SITE, YARD, Kind.NOTICE, "n9"), b"", retain=True)
            far.put(topics.down(SITE, YARD, Kind.ROUND, "r1"), b"of a later version", retain=False)
            far.put(f"doorward/1/{SITE}/down/yard/y07/novelty/x", b"{}")
        far.notice("last")
        near.wait(MessageReceived)
        assert [type(event) for event in near.events] == [LinkUp, MessageReceived]


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


def test_only_keys_in_force_are_believed(any_broker: Broker) -> None:
    """UseKeys replaces the working keys; the root still signs keys, and nothing else."""
    with centre(any_broker) as far, unit(any_broker.url) as near:
        near.wait(LinkUp)
        other = WorkingKey("c2", signing.NOTICES.public_key().public_bytes_raw().hex(), frozenset({Kind.COMMAND}))
        keys = Keys(SITE_SCOPE, 2, 1e9, (other,))
        far.put(topics.down(SITE, SITE_SCOPE, Kind.KEYS), signing.signed(keys, SITE, Kind.KEYS), retain=True)
        assert near.wait(MessageReceived).message == keys
        near.link.order(effects.UseKeys(keys))
        far.command("c1")
        far.command("c2", kid="root")
        near.wait(MessageRefused, 2)
        assert [e.reason for e in near.of(MessageRefused)] == [Reason.UNKNOWN_KEY, Reason.WRONG_KEY]


def test_resubscribing_reads_the_retained_state_again(broker: Broker) -> None:
    with centre(broker) as far:
        far.notice()
        with unit(broker.url) as near:
            first = near.wait(MessageReceived)
            assert first.retained
            near.link.order(effects.AckMessage(first.token))
            near.link.order(effects.Resubscribe())
            assert near.wait(MessageReceived, 2).message == first.message
            assert len(near.of(LinkUp)) == 1


def test_the_centres_presence_is_told_once_a_change_and_the_newest_always(any_broker: Broker) -> None:
    with centre(any_broker) as far, unit(any_broker.url) as near:
        near.wait(LinkUp)
        for since in range(1, 60):
            far.presence(float(since))
        eventually(lambda: near.of(CentrePresence)[-1:] == [CentrePresence(True, 59.0)])
        assert len(near.of(CentrePresence)) < 30
        far.put(topics.centre(SITE), b"{}")
        assert near.wait(MessageRefused).kind == "centre"


def test_enrolment_is_shown_until_the_first_confirm(any_broker: Broker) -> None:
    spent: list[bool] = []
    with (
        centre(any_broker) as far,
        far_end.line(any_broker.port) as wire,
        unit(f"mqtt://127.0.0.1:{wire.port}", token=TOKEN, enrolled=lambda: spent.append(True)) as near,
    ):
        assert check_enrol(eventually(lambda: far.ups("enrol"))[0], SITE, UNIT, TOKEN) == PUBLIC
        wire.cut()
        wire.mend()
        eventually(lambda: far.ups("enrol")[1:])
        far.presence(5.0)  # a centre that comes only now may have missed it
        eventually(lambda: far.ups("enrol")[2:])
        assert not spent
        far.confirm()
        near.wait(MessageReceived)
        eventually(lambda: spent)
        ups = len(near.of(LinkUp))
        wire.cut()
        wire.mend()
        near.wait(LinkUp, ups + 1)
        near.link.order(batch("b1"))
        eventually(lambda: far.ups("facts"))
        assert len(far.ups("enrol")) == 3
        assert spent == [True]


def test_an_alarm_is_signed_and_overtakes_what_waits(any_broker: Broker) -> None:
    """Acknowledgements are held back, so that batches wait behind the window when the alarm comes."""
    with (
        centre(any_broker) as far,
        far_end.line(any_broker.port5) as wire,
        unit(f"mqtt://127.0.0.1:{wire.port}", protocol="5") as near,
    ):
        near.wait(LinkUp)
        wire.down_open.clear()
        for number in range(150):
            near.link.order(batch(f"b{number}"))
        urgent = line(7, 1e9, "synced", 1, 1.0, "door.forced", {"door": "main"})
        near.link.order(effects.SendAlarm("e1", 7, urgent))
        wire.down_open.set()
        alarm = parse_alarm(eventually(lambda: far.ups("alarm"))[0])
        assert check_alarm(alarm, SITE, PUBLIC).kind == "door.forced"
        near.wait(BatchPublished, 150)
        eventually(lambda: len(far.ups("facts")) == 150)
        assert [message.topic.rsplit("/", 1)[1] for message in list(far.got)].index("alarm") <= 100
        assert {event.batch for event in near.of(BatchPublished)} == {f"b{number}" for number in range(150)}


@pytest.mark.slow
@pytest.mark.claim("F19")
def test_a_flood_of_bad_messages_costs_little(any_broker: Broker, record_property: pytest.RecordProperty) -> None:
    """Few events, each flood-message acknowledged, and a good command still comes through."""
    count = 2000
    with centre(any_broker) as far, unit(any_broker.url, protocol="3.1.1") as near:
        near.wait(LinkUp)
        bad = signing.signed(far.command("c0"), SITE, Kind.COMMAND)[:-4] + b"AAAA"
        near.link.order(effects.AckMessage(near.wait(MessageReceived).token))
        topic = topics.down(SITE, OWN, Kind.COMMAND)
        told: list[MessageRefused] = []

        def acknowledge() -> int:
            """As the core does; those with token 0 are acknowledged already."""
            for event in near.of(MessageRefused)[len(told) :]:
                told.append(event)
                near.link.order(effects.AckMessage(event.token))
            return sum(event.count for event in told)

        started = time.monotonic()
        for _ in range(count):
            far.client.publish(topic, bad, 1)
        eventually(lambda: acknowledge() == count, 20.0)
        took = time.monotonic() - started
        assert len(told) <= 22 * (took + 2)
        assert {(event.kind, event.reason) for event in told} == {("command", Reason.BAD_SIGNATURE)}
        far.command("c9")
        eventually(lambda: [event for event in near.of(MessageReceived) if event.message.id == "c9"])
        record_property("figure", f"{count} forged commands in {took:.1f} s became {len(told)} events")


def test_the_will_and_the_farewell_say_offline_with_the_births_session(broker: Broker) -> None:
    with centre(broker) as far, far_end.line(broker.port) as wire:
        with unit(f"mqtt://127.0.0.1:{wire.port}", protocol="3.1.1") as near:
            near.wait(LinkUp)
            near.link.order(effects.SendStatus({"state": "online", "session": "s1"}))
            eventually(lambda: [json.loads(m)["state"] for m in far.ups("status")] == ["online"])
            wire.cut()
            assert json.loads(eventually(lambda: far.ups("status")[1:])[0]) == {"state": "offline", "session": "s1"}
            wire.mend()
            near.wait(LinkUp, 2)
            near.link.order(effects.SendStatus({"state": "online", "session": "s1"}))
            eventually(lambda: far.ups("status")[2:])
        assert json.loads(eventually(lambda: far.ups("status")[3:])[0]) == {"state": "offline", "session": "s1"}
        assert len(far.ups("status")) == 4


def test_statuses_are_retained(any_broker: Broker) -> None:
    with unit(any_broker.url) as near:
        near.wait(LinkUp)
        near.link.order(effects.SendStatus({"state": "online", "session": "s1"}))
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
        near.link.order(batch("up"))
        near.wait(BatchPublished)
        assert [event.batch for event in near.of(BatchPublished)] == ["up"]


def test_nothing_is_sent_later_that_was_ordered_while_down(broker: Broker) -> None:
    with centre(broker) as far, far_end.line(broker.port) as wire, unit(f"mqtt://127.0.0.1:{wire.port}") as near:
        near.wait(LinkUp)
        wire.cut()
        near.wait(LinkDown)
        near.link.order(batch("while-down"))
        near.link.order(effects.SendReply("late", "done", None, "main", 1e9))
        near.link.order(effects.SendStatus({"state": "online", "session": "late"}))
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


@pytest.mark.slow
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


def test_a_message_of_another_yard_never_reaches_the_core(any_broker: Broker) -> None:
    """A hostile broker may deliver what was not subscribed to; the link reads its own scopes only."""
    reader = Reader(SITE, UNIT, (YARD,))
    other = Scope("yard", "y08")
    notice = Notice(other, "n1", 1, 1e9, Category.POLICY, "T", "t")
    payload = signing.signed(notice, SITE, Kind.NOTICE)
    refused = reader.read(topics.down(SITE, other, Kind.NOTICE, "n1"), payload, signing.ring(), retained=True)
    assert isinstance(refused, Refused)
    assert refused.refusal.reason == Reason.NOT_MINE
