"""What must not wait, while backlogs come in: the window that all who drain share, receipts ahead of the chain, alarms and replies first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import commands, reports, schema
from centre.drains import FORGET_S, LEAST, LIVE, MOST, SHARED, Drains
from centre.early import MOST_OF_A_UNIT
from centre.folder import DESKS, LOGIN, URGENT, BrokerAddress
from centre.intake import InboundMessage
from centre.link import MOST_BYTES, Arrived, EventQueue, Link, Login
from contract import chain
from contract.chain import build_alarm, build_receipt
from contract.commands import Open
from contract.messages import Kind
from contract.plain import Reply, ReplyState
from simulator.broker import start_broker
from tests.centre.conftest import Desk, Fresh
from tests.centre.site import OWN, Site
from tests.centre.unit import SITE, FakeUnit
from tests.centre.wire import Wire
from tests.waiting import eventually

# --- the window


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_all_that_drain_share_one_window() -> None:
    clock = Clock()
    drains = Drains(clock)
    for _ in range(20):
        for n in range(40):
            drains.sent(f"u{n}", 500)
        windows = [drains.window(f"u{n}") for n in range(40)]
    assert windows == [SHARED // 40] * 40
    assert sum(windows) <= SHARED


def test_two_thousand_that_come_back_at_once_do_not_overrun_it() -> None:
    """Even at first, when the centre has seen but a few of them: no window more than doubles."""
    clock = Clock()
    drains = Drains(clock)
    promised: dict[str, int] = {}
    for start in range(0, 2000, 100):
        names = [f"u{n}" for n in range(start, start + 100)]
        for name in names:
            drains.sent(name, LEAST)
        promised |= {name: drains.window(name) for name in names}
        clock.now += 0.05
    assert sum(promised.values()) <= 2 * SHARED
    for name in promised:
        drains.sent(name, LEAST)
        promised[name] = drains.window(name)
    assert sum(promised.values()) == 2000 * LEAST == SHARED


def test_a_single_unit_soon_has_all_that_a_unit_sends() -> None:
    drains = Drains(Clock())
    windows = []
    for _ in range(10):
        drains.sent("u1", 500)
        windows.append(drains.window("u1"))
    assert windows == sorted(windows)
    assert windows[-1] == MOST


def test_who_stopped_draining_leaves_its_share_and_new_facts_are_no_drain() -> None:
    clock = Clock()
    drains = Drains(clock)
    for n in range(1000):
        drains.sent(f"u{n}", LIVE)
        drains.sent(f"live{n}", LIVE - 1)
    assert drains.window("live1") == SHARED // 1000
    clock.now += FORGET_S + 0.1
    assert drains.window("live1") == MOST


def test_each_confirm_says_the_window(desk: Desk) -> None:
    units = [desk.unit(f"u{n}") for n in range(3)]
    for unit in units:
        unit.fact(count=60)
    answers = desk.take(*(unit.batch(1, 50) for unit in units)).answers
    assert [desk.intake.confirm(each).window for each in answers] == [2 * LEAST] * 3
    answers = desk.take(units[0].batch(51, 60)).answers
    assert [desk.intake.confirm(each).window for each in answers] == [4 * LEAST], "what is new takes no share"


# --- receipts ahead


def receipt(unit: FakeUnit, seq: int, line: bytes | None = None, /, **changed: object) -> InboundMessage:
    line = unit.lines[seq - 1] if line is None else line
    made = chain.parse_receipt(build_receipt(unit.key, SITE, unit.name, unit.epoch, seq, line))
    assert isinstance(made, chain.EarlyReceipt)
    return unit.message("receipt", chain.dumps(chain.codec.write(replace(made, **changed))))  # type: ignore[arg-type]


@pytest.fixture
def notified(desk: Desk) -> FakeUnit:
    """A unit with a backlog and, at its end, the receipts of a notice that was put just now."""
    unit = desk.unit("b12-u2", "yard/y07")
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1")
    rev = desk.rev(Kind.NOTICE, "yard/y07", "n1")
    unit.fact(count=100)
    unit.fact("notice.received", scope="yard/y07", id="n1", rev=rev)
    unit.fact("notice.shown", scope="yard/y07", id="n1", rev=rev)
    return unit


def covered(desk: Desk) -> tuple[int, int, int, int]:
    with desk.books.reading() as conn:
        return reports.coverage(conn, SITE, "n1").counts()


def test_a_receipt_counts_before_the_backlog_is_there_and_once(desk: Desk, notified: FakeUnit) -> None:
    outcome = desk.take(receipt(notified, 101), receipt(notified, 102), receipt(notified, 101))
    assert (outcome.refused, outcome.answers) == (0, []), "the chain alone is confirmed"
    assert covered(desk)[2:] == (1, 1)
    assert desk.count(schema.early) == 2
    before = desk.rows(select(schema.receipts))
    desk.fresh_intake()
    desk.take(*notified.batches(40))
    assert desk.rows(select(schema.receipts)) == before
    assert desk.count(schema.early) == 0, "the chain has them now"
    assert desk.take(receipt(notified, 101)).refused == 0
    assert desk.count(schema.early) == 0, "late is nothing new"
    assert desk.rows(select(schema.alarms)) == []
    desk.run("verify")


def test_a_receipt_that_the_chain_does_not_bring_is_an_alarm(desk: Desk, notified: FakeUnit) -> None:
    other = chain.line(101, notified.at, "synced", 1, 1.0, "notice.shown", {"scope": "yard/y07", "id": "n1", "rev": 1})
    desk.take(receipt(notified, 101, other))
    desk.take(notified.batch())
    assert [row.kind for row in desk.rows(select(schema.alarms))] == ["alarm.mismatch"]
    assert desk.count(schema.early) == 1, "what was signed is kept"


def test_only_the_units_own_receipts_are_taken(desk: Desk, notified: FakeUnit) -> None:
    other = desk.unit("b12-u3", "yard/y07")
    stranger = desk.unit("b12-u9", "yard/y07", enrolled=False)
    good = receipt(notified, 101)
    alarm = build_alarm(notified.key, SITE, notified.name, notified.epoch, 101, notified.lines[100])
    bad = [
        InboundMessage(f"{OWN}/up/{other.name}/receipt", good.payload),
        InboundMessage(f"{OWN}/up/{stranger.name}/receipt", good.payload),
        receipt(notified, 101, unit=other.name),
        receipt(notified, 101, sig=bytes(64)),
        receipt(notified, 102, notified.lines[100]),
        receipt(notified, 1),
        notified.message("receipt", alarm),
        notified.message("receipt", b"{}"),
    ]
    for message in bad:
        assert desk.take(message).refused == 1, message
    assert covered(desk)[2:] == (0, 0)
    assert desk.count(schema.early) == 0
    assert desk.take(notified.message("alarm", good.payload)).refused == 1, "nor is a receipt an alarm"


def test_a_unit_cannot_fill_the_books_with_receipts(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("notice.received", count=MOST_OF_A_UNIT + 20, scope="yard/y07", id="n1", rev=1)
    outcome = desk.take(*(receipt(unit, seq) for seq in range(2, MOST_OF_A_UNIT + 20)))
    assert outcome.refused == 18
    assert desk.count(schema.early) == MOST_OF_A_UNIT
    desk.take(*unit.batches(500))
    assert desk.count(schema.early) == 0


# --- first things first


def test_urgent_events_come_out_first_and_others_in_bounded_helpings() -> None:
    queue, login = EventQueue(), Login(BrokerAddress.parse("mqtt://127.0.0.1:1"), "x", "y")
    bulk, urgent = (Link(login, [], will=None, persistent=True, events=queue, urgent=first) for first in (False, True))
    for n in range(100):
        queue.put(bulk, Arrived(InboundMessage("facts", bytes(60_000)), False, 1, n))
    for n in range(3):
        queue.put(urgent, Arrived(InboundMessage("alarm", b"x"), False, 1, n))
    taken = queue.take(0.0)
    assert [link.urgent for link, _ in taken[:4]] == [True, True, True, False]
    size = sum(len(event.message.payload) for _, event in taken if isinstance(event, Arrived))
    assert size <= MOST_BYTES + 60_000
    mids = [event.mid for link, event in taken + queue.take(0.0) + queue.take(0.0) if not link.urgent]  # type: ignore[union-attr]
    assert mids == list(range(len(mids))), "in order"
    begin = time.monotonic()
    while queue.take(0.05):
        pass
    assert time.monotonic() - begin >= 0.05


@pytest.fixture
def site(tmp_path: Path, copies: Fresh) -> Iterator[Site]:
    """On mosquitto: what waits for `serve` waits at the broker."""
    with start_broker(tmp_path / "broker", prefer="mosquitto") as broker:
        with Site(tmp_path, copies, broker) as made:
            yield made
        broker.kill()


@pytest.mark.slow
@pytest.mark.needs("mosquitto")
def test_an_alarm_and_a_reply_overtake_a_backlog_at_the_broker(site: Site) -> None:
    """The backlog waits at the broker, 40,000 facts of it; then the alarm, the reply and the receipt come."""
    site.serve()
    units = [site.desk.unit(f"u{n}", "yard/y07") for n in range(20)]
    site.stop()
    wire = Wire(site.broker.port, "all", None)
    for unit in units:
        unit.fact(count=2000, door="main", by="h1", via="card")
        unit.fact("door.forced", door="main")
        wire.send_all(unit.batches(100))
    wire.send(units[0].alarm(2001))
    with site.desk.books.writing() as conn:
        command = commands.make(SITE, "u0", Open("main"), "wang", "locked out", 20.0, site.desk.now)
        commands.record(conn, command)
    wire.send(units[0].reply(Reply(command.id, ReplyState.DONE, units[0].at, door="main")))
    site.serve()
    eventually(lambda: site.desk.count(schema.courses) and site.desk.count(schema.alarms))
    assert site.desk.count(schema.facts) < 20_000
    eventually(lambda: site.desk.count(schema.facts) == 20 * 2001, 60)
    wire.close()


@pytest.mark.slow
@pytest.mark.needs("mosquitto")
def test_the_subscription_of_an_earlier_version_ends(site: Site) -> None:
    """It covered everything, and the broker remembers it: what is urgent would come twice, once behind all the rest."""
    before = Wire(site.broker.port, LOGIN, None, clean=False)
    before.subscribe(f"{OWN}/up/#")
    before.close()
    service = site.serve()
    unit, wire = site.unit()
    seen: list[str] = []
    take = service._intake.take
    service._intake.take = lambda messages: (seen.extend(m.topic for m in messages), take(messages))[1]  # type: ignore[method-assign, assignment]

    def times(leaf: str) -> int:
        return sum(topic.endswith(f"/{leaf}") for topic in seen)

    def everything_comes() -> bool:
        """One that only that subscription covers, then one that comes in any case, by the same connection."""
        before = times("facts"), times("other")
        wire.publish(f"{OWN}/up/{unit.name}/other", b"x")
        wire.send(unit.message("facts", b"x"))
        eventually(lambda: times("facts") > before[0])
        return times("other") > before[1]

    eventually(lambda: f"{unit.name}: enrolled" in site.said)
    eventually(lambda: service._looking_mono is None, 10)  # it is read for a moment, to find what was left retained
    eventually(lambda: not everything_comes(), every_s=0.05)  # the broker has yet to hear that this is over
    seen.clear()
    unit.fact("door.forced", door="main")
    wire.send(unit.alarm(1), unit.status(), unit.batch())
    site.confirmed(unit, wire, 1)
    eventually(lambda: times("alarm") and times("status"))
    wire.send(unit.batch(1))
    eventually(lambda: times("facts") == 2)
    assert (times("alarm"), times("status")) == (1, 1)


def test_the_login_of_what_is_urgent_was_made_by_earlier_versions_too_and_no_command_uses_it() -> None:
    assert URGENT == "centre.4", "folders of earlier versions have centre, and centre.1 to centre.4"
    assert URGENT not in (LOGIN, *DESKS)
