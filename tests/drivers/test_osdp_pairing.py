"""Rules 2 and 3 of an OSDP controller: how a reader gets its key, and which keys are refused."""

from __future__ import annotations

import pytest

from drivers.osdp import crypto
from drivers.osdp.options import ReaderOptions
from drivers.osdp.pairing import WINDOW_S
from drivers.reports import (
    CardSeen,
    DeviceFoundReport,
    DeviceLostReport,
    OrderFailed,
    OrderSent,
    PairingStep,
    PairReader,
)
from simulator.osdp_reader import Peripheral, ReaderCommand
from tests.drivers.osdp_line import (
    CARD,
    KEY,
    OTHER_KEY,
    Wire,
    code_of,
    line,
    plain,
    secured,
    sequence_of,
    up,
)

pytestmark = pytest.mark.claim("F38")

# --- 2: the key that everybody knows, in a provisioning window only


def factory(address: int = 0) -> Peripheral:
    return Peripheral(None, address)


def test_a_reader_from_the_factory_is_not_spoken_to_without_a_window() -> None:
    wire = Wire(factory())
    bus = line(wire)
    bus.run(10.0)
    assert not bus.of(DeviceFoundReport)
    assert wire.peripherals[0].key is None
    assert all(frame[8] == 1 for frame in wire.frames if code_of(frame) == ReaderCommand.CHLNG)


@pytest.mark.parametrize("key", ["", OTHER_KEY.hex()])
def test_in_a_window_it_gets_its_own_key_and_a_new_session(key: str) -> None:
    wire = Wire(factory())
    sessions = []
    wire.peripherals[0].did = lambda what, value: sessions.append((what, value))
    bus = line(wire, key=key)
    bus.run(3.0)
    sessions.clear()
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 60.0), bus.now)
    bus.run(3.0)
    assert [f.order for f in bus.of(OrderSent)] == [7]
    assert wire.peripherals[0].key == KEY
    assert [each for each in sessions if each[0] in {"session", "keyset"}] == [
        ("session", "factory key"),
        ("keyset", ""),
        ("session", "own key"),
    ]
    assert bus.of(DeviceFoundReport)
    wire.peripherals[0].present(CARD)
    bus.run(0.1)
    assert bus.of(CardSeen)


def test_a_reader_that_has_a_key_gets_the_new_one_under_the_old() -> None:
    bus, wire = up()
    sessions = []
    wire.peripherals[0].did = lambda what, value: sessions.append((what, value))
    bus.session.order(PairReader("card0", OTHER_KEY, 7, bus.now + 60.0), bus.now)
    bus.run(1.0)
    assert wire.peripherals[0].key == OTHER_KEY
    assert sessions == [("keyset", ""), ("challenged", "own key"), ("session", "own key")]
    assert [f.order for f in bus.of(OrderSent)] == [7]


def test_the_window_closes_after_ten_minutes_whatever_was_asked() -> None:
    wire = Wire(factory())
    wire.alive = False
    bus = line(wire)
    bus.run(1.0)
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 5000.0), bus.now)
    bus.run(WINDOW_S - 1.0)
    assert not bus.of(OrderFailed)
    bus.run(2.0)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 7, "late")]
    wire.alive = True
    bus.run(10.0)
    assert wire.peripherals[0].key is None
    assert all(frame[8] == 1 for frame in wire.frames if code_of(frame) == ReaderCommand.CHLNG)


def test_the_window_is_for_one_reader() -> None:
    wire = Wire(factory(0), factory(1))
    bus = line(wire)
    bus.run(1.0)
    bus.session.order(PairReader("card1", KEY, 7, bus.now + 60.0), bus.now)
    bus.run(10.0)
    assert [each.key for each in wire.peripherals] == [None, KEY]


def test_the_window_is_for_one_session() -> None:
    """The reader refuses the key: there is no second try under the default key."""
    wire = Wire(factory())
    wire.peripherals[0].refuse = {ReaderCommand.KEYSET}
    sessions = []
    wire.peripherals[0].did = lambda what, value: sessions.append((what, value))
    bus = line(wire)
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 60.0), bus.now)
    bus.run(20.0)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 7, "refused")]
    assert sessions.count(("session", "factory key")) == 1


def test_a_session_that_breaks_while_the_key_is_given_is_not_had_again() -> None:
    """Whether the reader took the key shows under the new key, and under no other."""
    wire = Wire(factory())
    sessions = []
    wire.peripherals[0].did = lambda what, value: sessions.append((what, value))
    broken = []

    def between(frame: bytes, reply: bytes) -> bytes:
        if not secured(frame) or broken:
            return reply
        broken.append(frame)
        wire.peripherals[0].key, wire.peripherals[0].installing = None, True  # as if it had not heard it
        return plain(0x41, b"\x06", sequence=sequence_of(frame))

    wire.between = between
    bus = line(wire)
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 60.0), bus.now)
    bus.run(20.0)
    assert sessions.count(("session", "factory key")) == 1
    assert bus.of(OrderFailed) == [OrderFailed("card0", 7, "refused")]
    assert [frame[8] for frame in wire.frames if code_of(frame) == ReaderCommand.CHLNG].count(0) == 1


def test_a_lost_answer_to_the_key_is_settled_by_the_next_handshake() -> None:
    wire = Wire(factory())
    cut = []

    def between(frame: bytes, reply: bytes) -> bytes:
        if secured(frame) and len(cut) < 6:
            cut.append(frame)
            return b""
        return reply

    wire.between = between
    bus = line(wire)
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 60.0), bus.now)
    bus.run(10.0)
    assert [f.order for f in bus.of(OrderSent)] == [7]
    assert wire.peripherals[0].key == KEY


def test_lost_while_the_key_is_given_is_settled_by_the_next_handshake_too() -> None:
    """The reader counts as lost before KEYSET has been said as often as a command may be."""
    wire = Wire(factory())
    cut = []

    def between(frame: bytes, reply: bytes) -> bytes:
        if not cut or (secured(frame) and len(cut) < 8):
            cut.append(frame)
            return b""
        return reply

    wire.between = between
    bus = line(wire, key="")
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 60.0), bus.now)
    bus.run(10.0)
    assert wire.peripherals[0].key == KEY
    assert not bus.of(OrderFailed)
    assert [f.order for f in bus.of(OrderSent)] == [7]
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["silent"]


@pytest.mark.parametrize(
    ("key", "installing", "refuse", "steps"),
    [
        (None, True, set(), ["offered"]),
        (None, True, {ReaderCommand.KEYSET}, ["offered", "declined"]),
        (OTHER_KEY, False, set(), ["other_key", "factory_refused"]),
        (KEY, False, set(), ["offered"]),
    ],
    ids=["from the factory", "refuses the key", "another key", "its own key"],
)
def test_each_step_of_a_window_is_told_once(
    key: bytes | None, installing: bool, refuse: set[int], steps: list[str]
) -> None:
    reader = Peripheral(key, installing=installing)
    reader.refuse = refuse
    bus = line(Wire(reader))
    bus.session.order(PairReader("card0", bytes(reversed(OTHER_KEY)), 7, bus.now + 60.0), bus.now)
    bus.run(20.0)
    assert bus.of(PairingStep) == [PairingStep("card0", 7, step) for step in steps]


def test_that_the_key_is_on_the_line_is_known_before_the_reader_answers() -> None:
    wire = Wire(factory())
    wire.between = lambda frame, reply: b"" if secured(frame) else reply
    bus = line(wire)
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 60.0), bus.now)
    bus.run(0.001)
    while wire.peripherals[0].key is None:
        assert not bus.of(PairingStep)
        bus.run(0.001)
    assert [step.step for step in bus.of(PairingStep)] == ["offered"]
    assert not bus.of(OrderSent)


def test_no_card_is_acted_on_in_a_session_under_the_default_key() -> None:
    wire = Wire(factory())
    wire.peripherals[0].present(CARD)
    bus = line(wire)
    bus.session.order(PairReader("card0", KEY, 7, bus.now + 60.0), bus.now)
    seen_at = []
    wire.peripherals[0].did = lambda what, value: seen_at.append(what) if what == "keyset" else None
    bus.run(5.0)
    order = bus.of(OrderSent)[0]
    assert bus.of(CardSeen)[0].at > order.at


def test_a_second_window_is_refused_while_one_is_open() -> None:
    wire = Wire(factory())
    wire.alive = False
    bus = line(wire)
    for order in (7, 8):
        bus.session.order(PairReader("card0", KEY, order, bus.now + 60.0), bus.now)
    bus.run(0.1)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 8, "refused")]


# --- 3: weak keys


@pytest.mark.parametrize("key", [crypto.DEFAULT_KEY, bytes(16), bytes(range(16)), KEY[:15]])
def test_a_weak_key_is_not_given_and_not_configured(key: bytes) -> None:
    wire = Wire(factory())
    bus = line(wire)
    bus.session.order(PairReader("card0", key, 7, bus.now + 60.0), bus.now)
    bus.run(3.0)
    assert bus.of(OrderFailed) == [OrderFailed("card0", 7, "refused")]
    assert wire.peripherals[0].key is None
    if len(key) == 16:
        assert [name for name, _ in ReaderOptions(key=key.hex()).check()] == ["key"]
