"""Batches checked by a second process: nothing changes but who does the work, whatever becomes of that process."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import backlog as backlog_module
from centre import checker as checker_module
from centre import schema
from centre import service as service_module
from centre.backlog import DEPTH, MANY, Backlog
from centre.checker import Checker
from centre.intake import InboundMessage
from centre.link import Arrived
from centre.opening import Expected, OpenedLines, check
from contract.chain import Gap, open_batch, parse_batch
from contract.refusal import Refusal
from tests.centre.conftest import OTHER_ENGINE_LONG, Desk
from tests.centre.site import Site
from tests.centre.unit import SITE, FakeUnit
from tests.waiting import eventually


def key(unit: FakeUnit) -> bytes:
    return unit.key.public_key().public_bytes_raw()


def expected(unit: FakeUnit, seq: int = 0) -> Expected:
    return Expected(key(unit), unit.epoch, seq)


def batches_of(unit: FakeUnit, facts: int, size: int = 1) -> list[InboundMessage]:
    first = len(unit.lines) + 1
    unit.fact(count=facts, door="main", by="h1", via="card")
    return [unit.batch(n, min(n + size, first + facts) - 1) for n in range(first, first + facts, size)]


def as_arrived(messages: list[InboundMessage]) -> list[Arrived]:
    return [Arrived(message, False, 1, number) for number, message in enumerate(messages)]


@pytest.fixture
def checker() -> Iterator[Checker]:
    made = Checker(SITE, lambda: None)
    yield made
    made.close()


# --- what it finds


def bent(payload: bytes) -> list[bytes]:
    """The same message with one thing wrong at a time."""
    header, *lines = payload.split(b"\n")
    return [
        payload.replace(b'"sig":"', b'"sig":"AAAA', 1),
        b"\n".join([header, *lines[:-1]]),
        b"\n".join([header, *reversed(lines)]),
        b"\n".join([header, lines[0].replace(b"main", b"side"), *lines[1:]]),
        b"\n".join([header, lines[0][:-1], *lines[1:]]),
        b"\n".join([header, *lines, lines[-1]]),
        b"not a batch",
        b"",
    ]


def test_it_finds_what_the_intake_would(checker: Checker) -> None:
    unit = FakeUnit("u1")
    good = batches_of(unit, 40, 20)
    payloads = [message.payload for message in good] + bent(good[0].payload)
    both = (expected(unit), expected(FakeUnit("u2")))
    future = checker.offer([(payload, each) for payload in payloads for each in both])
    assert future is not None
    there = future.result(10)
    assert there == [check(payload, SITE, each) for payload in payloads for each in both]
    for payload, found in zip(payloads, there[::2], strict=True):
        batch = parse_batch(payload)
        opened = batch if isinstance(batch, Refusal) else open_batch(batch, SITE, key(unit))
        if isinstance(opened, Refusal):
            assert opened in (found.header, found.lines)
        else:
            assert isinstance(found.lines, OpenedLines)
            assert list(found.lines.numbers) == [each.seq for each in opened if not isinstance(each, Gap)]
    assert all(isinstance(found.header, Refusal) for found in there[1::2]), "another unit's key holds for none"


def test_gaps_and_earlier_numbers_come_through(desk: Desk) -> None:
    """A batch with a gap, and one of facts taken over: in the books as if it had been opened here."""
    unit = desk.unit()
    unit.fact(count=11)
    unit.drop(4, 9)
    unit.fact(was=["e0", 7])
    whole = unit.batch(1, 12)
    whole.checked = pickle.loads(pickle.dumps(check(whole.payload, SITE, expected(unit))))  # as it is handed over
    outcome = desk.take(whole)
    assert (outcome.new, outcome.refused) == (6, 0)
    gaps = desk.rows(select(schema.gaps.c.first, schema.gaps.c.last))
    assert [tuple(row) for row in gaps] == [(4, 9)]
    assert [tuple(row) for row in desk.rows(select(schema.moved.c.epoch, schema.moved.c.seq))] == [("e0", 7)]
    desk.run("verify")


def test_what_was_checked_with_another_key_is_checked_again(desk: Desk) -> None:
    """Whoever had the unit's name before, or a second process that lies about the key: only the key that is pinned counts."""
    unit, other = desk.unit(), FakeUnit("b12-u2")
    forged = batches_of(other, 1)[0]
    forged.checked = check(forged.payload, SITE, expected(other))
    outcome = desk.take(forged)
    assert (outcome.new, outcome.refused) == (0, 1)
    honest = batches_of(unit, 1)[0]
    honest.checked = check(honest.payload, SITE, expected(other))
    assert desk.take(honest).new == 1


def test_what_the_books_have_is_not_opened_again(desk: Desk) -> None:
    """Its signature is checked, no more: a unit that sends its history once more costs nobody's time."""
    unit = desk.unit()
    first = batches_of(unit, 4, 2)
    desk.take(*first)
    known = desk.intake.expect(unit.name)
    assert known == expected(unit, 4)
    found = check(first[0].payload, SITE, known)
    assert (found.header, found.lines) == (parse_batch(first[0].payload).header, None)
    first[0].checked = found
    assert desk.take(first[0]).known == 2
    assert isinstance(check(batches_of(unit, 1)[0].payload, SITE, known).lines, OpenedLines)
    assert isinstance(check(bent(first[1].payload)[0], SITE, known).header, Refusal)


# --- order, and what becomes of it


def test_groups_come_in_order_whoever_checks_them(checker: Checker) -> None:
    unit = FakeUnit("u1")
    backlog = Backlog(checker, lambda name: expected(unit) if name == "u1" else None)
    large = as_arrived(batches_of(unit, 4 * MANY))
    groups = [large[:MANY], as_arrived(batches_of(FakeUnit("stranger"), 2)), large[MANY:]]
    for group in groups:
        backlog.add(group)
    assert backlog.full is (len(groups) >= DEPTH)
    for group in groups:
        eventually(lambda: backlog.ready)
        assert backlog.first() == group
        assert backlog.first() == group, "until it is done"
        backlog.done()
    assert not backlog.ready
    assert all(event.message.checked == check(event.message.payload, SITE, expected(unit)) for event in large)
    assert all(event.message.checked is None for event in groups[1])


def test_a_second_process_that_dies_costs_nothing(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = FakeUnit("u1")
    backlog = Backlog(checker, lambda _: expected(unit))
    group = as_arrived(batches_of(unit, MANY))
    backlog.add(group)
    eventually(lambda: backlog.ready)
    backlog.first()
    backlog.done()
    assert checker.pid is not None
    os.kill(checker.pid, signal.SIGKILL)
    again = as_arrived(batches_of(unit, MANY))
    backlog.add(again)
    eventually(lambda: backlog.ready)
    assert backlog.first() == again
    assert all(event.message.checked is None for event in again), "the intake does it itself"
    assert checker.pid is None
    assert checker.offer([(group[0].message.payload, expected(unit))]) is None, "not at once again"
    monkeypatch.setattr(checker_module, "AGAIN_S", 0.0)
    assert checker.offer([(group[0].message.payload, expected(unit))]) is not None


def test_a_second_process_that_hangs_costs_some_seconds(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped, it says nothing and ends nothing; all groups that wait for it are checked here, in order."""
    monkeypatch.setattr(backlog_module, "LIMIT_S", 0.3)
    unit = FakeUnit("u1")
    backlog = Backlog(checker, lambda _: expected(unit))
    future = checker.offer([(b"", expected(unit))])
    assert future is not None
    future.result(10)
    assert checker.pid is not None
    os.kill(checker.pid, signal.SIGSTOP)
    groups = [as_arrived(batches_of(unit, MANY)) for _ in range(DEPTH)]
    for group in groups:
        backlog.add(group)
    assert not backlog.ready
    assert backlog.full
    for group in groups:
        eventually(lambda: backlog.ready)
        assert backlog.first() == group
        assert all(event.message.checked is None for event in group)
        backlog.done()
    assert checker.pid is None


def test_it_ends_when_nothing_came_for_long(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    future = checker.offer([(b"", Expected(bytes(32), "", 0))])
    assert future is not None
    future.result(10)
    pid = checker.pid
    assert pid is not None
    checker.tend()
    assert checker.pid == pid
    monkeypatch.setattr(checker_module, "IDLE_S", 0.0)
    checker.tend()
    assert checker.pid is None
    assert not Path(f"/proc/{pid}").exists()


def test_it_ends_with_the_one_that_started_it() -> None:
    """Killed with no word: the second process reads the end of its pipe."""
    program = "from centre.checker import Checker; from centre.opening import Expected; c = Checker('s', lambda: None); c.offer([(b'', Expected(bytes(32), '', 0))]).result(); print(c.pid, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        second = int(first.stdout.readline())
        assert Path(f"/proc/{second}").exists()
        first.kill()
        eventually(lambda: not _runs(second))


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@OTHER_ENGINE_LONG
@pytest.mark.soak
@pytest.mark.needs("mosquitto")
def test_serve_drains_on_while_its_second_process_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six times in a backlog of 3,000 facts that waited at the broker: all in the books, in order, once."""
    made: list[Checker] = []

    class Seen(Checker):
        def __init__(self, site: str, wake: Callable[[], None]) -> None:
            super().__init__(site, wake)
            made.append(self)

    monkeypatch.setattr(service_module, "Checker", Seen)
    monkeypatch.setattr(checker_module, "AGAIN_S", 0.0)
    site.serve()
    unit, wire = site.unit()
    killed: set[int] = set()
    for _ in range(6):
        site.stop()
        first = len(unit.lines) + 1
        unit.fact(count=3000, door="main", by="h1", via="card")
        wire.send_all([unit.batch(n, n + 2) for n in range(first, first + 3000, 3)])
        site.serve()
        end = time.monotonic() + 5.0
        while time.monotonic() < end and (pid := made[-1].pid) is None:
            time.sleep(0.001)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        site.confirmed(unit, wire, first + 2999)
    site.stop()
    assert len(killed) >= 4
    assert site.desk.count(schema.facts) == 18_000
    site.desk.run("verify")
