"""The link against real brokers, in both versions of MQTT."""

from __future__ import annotations

import time

import pytest

from agent.core import effects
from agent.core.events.link import CentrePresence, LinkUp, MessageReceived, MessageRefused
from agent.link.translate import MessageReader, RefusedMessage
from contract import topics
from contract.chain import check_alarm, line, open_batch, parse_alarm, parse_batch
from contract.commands import Reason
from contract.messages import Category, Keys, Kind, Notice, WorkingKey
from contract.plain import parse_reply
from contract.replies import check_reply
from contract.scopes import Scope
from simulator.broker import Broker
from tests.agent.link import far_end
from tests.agent.link.far_end import OWN, SITE, SITE_SCOPE, UNIT, UNIT_KEY, YARD, batch, centre, unit
from tests.contract import signing
from tests.waiting import eventually

PUBLIC = UNIT_KEY.public_key().public_bytes_raw()


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
        sent = parse_batch(eventually(lambda: far.ups("facts"))[0])
        assert sent.header.batch == "b1"
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
        assert check_reply(reply, SITE, UNIT, PUBLIC) is None


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
            far.put(f"doorward/1/{SITE}/down/yard/y07/novelty/x", b"{}")
        far.notice("last")
        near.wait(MessageReceived)
        assert [type(event) for event in near.events] == [LinkUp, MessageReceived]


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
        near.link.order(effects.SendAhead("alarm", "e1", 7, urgent))
        wire.down_open.set()
        alarm = parse_alarm(eventually(lambda: far.ups("alarm"))[0])
        assert check_alarm(alarm, SITE, PUBLIC).kind == "door.forced"
        eventually(lambda: len(far.ups("facts")) == 150)
        assert [message.topic.rsplit("/", 1)[1] for message in list(far.got)].index("alarm") <= 100
        batches = [parse_batch(each) for each in far.ups("facts")]
        assert {each.header.batch for each in batches} == {f"b{n}" for n in range(150)}


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


def test_a_message_of_another_yard_never_reaches_the_core(any_broker: Broker) -> None:
    """A hostile broker may deliver what was not subscribed to; the link reads its own scopes only."""
    reader = MessageReader(SITE, UNIT, (YARD,))
    other = Scope("yard", "y08")
    notice = Notice(other, "n1", 1, 1e9, Category.POLICY, "T", "t")
    payload = signing.signed(notice, SITE, Kind.NOTICE)
    refused = reader.read(topics.down(SITE, other, Kind.NOTICE, "n1"), payload, signing.ring(), retained=True)
    assert isinstance(refused, RefusedMessage)
    assert refused.refusal.reason == Reason.NOT_MINE
