"""Messages to events, effects to messages, the flood gate and the window: all without a network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.link.access import BrokerAccess
from agent.link.acks import PATIENCE_S, Acks
from agent.link.gate import PASS, Gate
from agent.link.outbox import WAITING, Outbox
from agent.link.translate import AcceptedMessage, MessageReader, OutboundMessage, RefusedMessage
from contract import topics
from contract.bounds import MAX_INTEGER
from contract.commands import Command, Identify, Mode, Order, Reason, Restart, SetMode
from contract.messages import Kind
from contract.plain import Presence, build_presence
from contract.scopes import Scope
from tests.agent.link.far_end import OWN, SITE, SITE_SCOPE, UNIT, YARD
from tests.contract import signing

READER = MessageReader(SITE, UNIT, (YARD,))
RING = signing.ring()
WHOLE = st.integers(-MAX_INTEGER, MAX_INTEGER)
TOPICS = st.sampled_from(
    [
        topics.down(SITE, YARD, Kind.NOTICE, "n1"),
        topics.down(SITE, YARD, Kind.ROSTER, "r1", 1),
        topics.down(SITE, OWN, Kind.COMMAND),
        topics.down(SITE, SITE_SCOPE, Kind.KEYS),
        topics.centre(SITE),
    ]
)


@given(st.one_of(TOPICS, st.text()), st.binary(max_size=300), st.booleans())
def test_any_topic_and_any_bytes_are_safe(topic: str, payload: bytes, retained: bool) -> None:
    assert not isinstance(READER.read(topic, payload, RING, retained=retained), AcceptedMessage)


@given(
    TOPICS,
    st.dictionaries(st.text(max_size=8), st.one_of(st.none(), WHOLE, st.text(max_size=8), st.lists(WHOLE))),
)
def test_any_signed_object_is_safe(topic: str, payload: dict[str, object]) -> None:
    down = topics.parse_down(topic)
    if down is not None:
        reading = READER.read(topic, signing.sign(down.kind, payload), RING, retained=False)
        assert isinstance(reading, RefusedMessage)
        assert reading.refusal.reason in (Reason.NOT_MINE, Reason.MALFORMED)


def command(unit: str = UNIT, scope: Scope = OWN, order: Order = Identify()) -> bytes:  # noqa: B008  # a value
    made = Command(SITE, scope, "c1", unit, 1e9, 1e9 + 30, order, "desk", "test")
    return signing.signed(made, SITE, Kind.COMMAND)


def test_a_command_is_for_its_unit_alone() -> None:
    own, yard = (topics.down(SITE, scope, Kind.COMMAND) for scope in (OWN, YARD))
    assert isinstance(READER.read(own, command(), RING, retained=False), AcceptedMessage)
    assert isinstance(READER.read(yard, command(scope=YARD), RING, retained=False), AcceptedMessage)
    other = READER.read(yard, command("b13-u1", YARD), RING, retained=False)
    assert isinstance(other, RefusedMessage)
    assert (other.refusal.reason, other.refusal.id) == (Reason.NOT_MINE, "c1")
    assert isinstance(
        READER.read(yard, command("*", YARD, SetMode(Mode.NORMAL, 1e9 + 30)), RING, retained=False), AcceptedMessage
    )
    assert isinstance(READER.read(yard, command("*", YARD, Restart()), RING, retained=False), RefusedMessage)


def test_retained_is_said_before_anything_is_read() -> None:
    for payload in (command(), b"\xff", b"a.b.c"):
        reading = READER.read(topics.down(SITE, OWN, Kind.COMMAND), payload, RING, retained=True)
        assert isinstance(reading, RefusedMessage)
        assert (reading.refusal.reason, reading.refusal.id) == (Reason.RETAINED, None)


def test_presence() -> None:
    topic = topics.centre(SITE)
    assert READER.read(topic, build_presence(True, 5.0), RING, retained=True) == Presence(True, 5.0)
    assert READER.read(topics.centre("other"), build_presence(True, 5.0), RING, retained=True) is None
    assert READER.read(topic, b"", RING, retained=True) is None


def test_the_gate_passes_a_few_and_adds_up_the_rest() -> None:
    gate = Gate()
    assert [gate.passes("command", "bad_signature", 10.0) for _ in range(PASS + 5)] == [True] * PASS + [False] * 5
    assert gate.drain(10.5) == []
    assert gate.drain(11.0) == [("command", "bad_signature", 5)]
    assert gate.drain(12.0) == []
    assert gate.passes("command", "bad_signature", 12.0)


def test_acknowledgements_keep_the_order_of_arrival() -> None:
    sent: list[int] = []
    acks = Acks(lambda mid, qos: sent.append(mid))
    for token, mid in ((1, 11), (2, 12), (0, 13), (3, 14)):
        acks.arrived(token, mid, 1, 0.0)
    acks.done(2, 0.1)
    assert sent == []
    acks.done(1, 0.2)
    assert sent == [11, 12, 13]
    acks.done(1, 0.3)
    acks.done(3, 0.3)
    acks.done(99, 0.3)
    assert sent == [11, 12, 13, 14]


def test_one_that_is_never_done_does_not_hold_the_rest_for_ever() -> None:
    sent: list[int] = []
    acks = Acks(lambda mid, qos: sent.append(mid))
    acks.arrived(1, 11, 1, 0.0)
    acks.arrived(2, 12, 1, 0.0)
    acks.done(2, 0.1)
    acks.turn(PATIENCE_S - 0.1)
    assert sent == []
    acks.turn(PATIENCE_S)
    assert sent == [12]
    acks.done(1, PATIENCE_S + 1)
    assert sent == [12, 11]


def out(name: str, *, ahead: bool = False) -> OutboundMessage:
    return OutboundMessage("t", name.encode(), ahead=ahead)


def test_the_window_holds_back_and_alarms_go_ahead() -> None:
    box = Outbox()
    box.narrow(2)
    assert [box.offer(out(name)) for name in "abcd"] == [True, True, False, False]
    assert not box.offer(out("alarm", ahead=True))
    box.sent(1, out("a"))
    assert box.oldest == out("a")
    assert box.acknowledged(1) == out("alarm", ahead=True)
    assert box.oldest is None


def test_an_acknowledgement_faster_than_the_call_is_not_lost() -> None:
    box = Outbox()
    assert box.offer(out("a"))
    assert box.acknowledged(1) is None
    box.sent(1, out("a"))
    assert box.oldest is None


def test_what_waits_is_bounded_and_an_alarm_still_finds_room() -> None:
    box = Outbox(1)
    for number in range(WAITING + 10):
        box.offer(out(f"x{number}"))
    box.offer(out("alarm", ahead=True))
    kept = [box.acknowledged(mid) for mid in range(WAITING + 1)]
    assert kept == [out("alarm", ahead=True), *(out(f"x{n}") for n in range(1, WAITING)), None]


@given(st.lists(st.sampled_from(["offer", "ack"]), max_size=60), st.integers(1, 5))
def test_the_window_is_kept_and_the_order_too(steps: list[str], window: int) -> None:
    box = Outbox(window)
    sent: list[str] = []
    open_mids: list[int] = []
    offered = 0

    def publish(one: OutboundMessage) -> None:
        sent.append(one.payload.decode())
        open_mids.append(len(sent))
        box.sent(len(sent), one)

    for step in steps:
        if step == "offer":
            one = out(str(offered))
            offered += 1
            if box.offer(one):
                publish(one)
        elif open_mids:
            following = box.acknowledged(open_mids.pop(0))
            if following is not None:
                publish(following)
        assert len(open_mids) <= window
        assert sent == [str(number) for number in range(len(sent))]
        assert len(sent) == offered or len(open_mids) == window


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", ("broker", 1883, False)),
        ("mqtts://broker.example.cn", ("broker.example.cn", 8883, True)),
        ("mqtts://[::1]:1234", ("::1", 1234, True)),
    ],
)
def test_broker_addresses(url: str, address: tuple[str, int, bool]) -> None:
    assert BrokerAccess(url).address() == address


@pytest.mark.parametrize("url", ["broker:1883", "http://broker", "mqtts://", "mqtt://broker:99999", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError):
        BrokerAccess(url).address()
