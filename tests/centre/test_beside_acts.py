"""The centre's own journal, which commands and intakes write beside each other: one chain, and nobody waits for another in a circle."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import acknowledgements, acts, commands, schema, settings
from centre.alarm_hook import AlarmHook
from centre.alarms import Alarms
from centre.handover import Handover
from centre.settings import Change
from contract.commands import Open
from contract.plain import Reply, ReplyState
from contract.scopes import Scope
from tests.centre.beside import Taker, at_once, opened, settled
from tests.centre.conftest import POSTGRESQL_ALONE, Desk
from tests.centre.unit import SITE, FakeUnit
from tests.waiting import eventually

pytestmark = pytest.mark.slow

YARD = Scope("yard", "y07")


def slow_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who noted an act takes its time for the rest of its transaction."""
    real = acts.note

    def note(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        time.sleep(0.3)

    monkeypatch.setattr(acts, "note", note)


def journal_of(desk: Desk) -> list[str]:
    """The kinds of its acts; the chain holds."""
    with desk.books.reading() as conn:
        found = list(acts.check(acts.stored(conn), SITE, acts.own_journal(conn).public))
    assert not [each for each in found if isinstance(each, str)]
    return [each.what for each in found if isinstance(each, acts.Act)]


def test_a_reply_that_command_and_intake_hear_at_once_is_entered_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The intake's group begins with an alarm, an act of its own: neither waits for what the other has."""
    unit = desk.unit()
    order = commands.make(SITE, unit.name, Open("main"), "wang", "locked out", 20.0, desk.now)
    with desk.books.writing() as conn:
        commands.record(conn, order)
    unit.fact("door.forced", door="main")
    reply = unit.reply(Reply(order.id, ReplyState.DONE, unit.at, door="main"))
    desk.take(unit.status())  # the register is read
    slow_notes(monkeypatch)
    office = opened(desk)[0]

    def hear() -> None:
        time.sleep(0.1)
        assert commands._entered(office.books, {order.id: order}, reply.payload, desk.now) is not None

    assert at_once([lambda: desk.take(unit.alarm(1), reply), hear]) == []
    assert desk.count(schema.courses) == 1
    assert journal_of(desk).count("reply") == 1
    office.books.close()


@POSTGRESQL_ALONE
def test_intakes_at_once_hold_each_other_up_only_while_they_enter_their_acts(
    desk: Desk, takers: list[Taker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each notes an act, then takes its time: at once, not one after the other."""
    settled(takers)
    names = [next(name for n in range(999) if each.leases.has(name := f"u{n}")) for each in takers]
    boxes = [desk.unit(name) for name in names]
    before = len(journal_of(desk))
    for box in boxes:
        box.fact("door.forced", door="main")
    slow_notes(monkeypatch)
    begun = time.monotonic()
    faults = at_once([lambda t=t, box=box: t.intake.take([box.alarm(1)]) for t, box in zip(takers, boxes, strict=True)])  # type: ignore[misc]
    assert faults == []
    assert time.monotonic() - begun < 0.75
    assert journal_of(desk)[before:] == ["alarm"] * 3


def test_marking_alarms_beside_an_intake_that_matches_them_waits_for_none_of_its_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another order than that of their numbers."""
    a, b = desk.unit("a"), desk.unit("b")
    for box in (a, b):
        box.fact("door.forced", door="main")
    desk.take(a.alarm(1), b.alarm(1))
    real = Alarms.match

    def match(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        time.sleep(0.3)

    monkeypatch.setattr(Alarms, "match", match)
    hook, books = AlarmHook(Path("/bin/true")), opened(desk)[0].books
    handover = Handover(hook, books, SITE, lambda: None)
    handover.offer(leads=True)
    eventually(lambda: hook._handed.qsize() == 2)

    def mark() -> None:
        time.sleep(0.1)
        handover.mark(lambda line: None)

    assert at_once([lambda: desk.take(b.batch(), a.batch()), mark]) == []
    assert [row.matched and row.handed_utc > 0 for row in desk.rows(select(schema.alarms))] == [True, True]
    hook.stop()
    books.close()


@POSTGRESQL_ALONE
def test_all_that_enters_acts_at_once_makes_one_chain(desk: Desk, takers: list[Taker]) -> None:
    """Three intakes, orders, settings, notes of alarms: nobody fails, waits for ever, or breaks the chain."""
    settled(takers)
    names = [next(name for n in range(999) if each.leases.has(name := f"u{n}")) for each in takers]
    boxes = [desk.unit(name, str(YARD)) for name in names]
    offices = opened(desk)
    rounds = 12

    def take(taker: Taker, box: FakeUnit) -> None:
        for number in range(rounds):
            box.fact("door.forced", door="main")
            box.fact(count=3)
            first = len(box.lines) - 3
            reply = Reply(f"{box.name}-{number}", ReplyState.DONE, box.at, door="main")
            taker.intake.take([box.alarm(first), box.reply(reply), box.batch(first), box.enrol(), box.status()])

    def order() -> None:
        for number in range(rounds):
            for box in boxes:
                made = commands.make(SITE, box.name, Open("main"), "wang", "test", 20.0, desk.now)
                with offices[0].books.writing() as conn:
                    commands.record(conn, replace(made, id=f"{box.name}-{number}"))

    def put() -> None:
        for number in range(rounds):
            settings.put(offices[1], YARD, Change(sign={"worker": f"worker {number}"}), desk.now)

    def note() -> None:
        for number in range(rounds):
            eventually(lambda number=number: desk.count(schema.alarms) > number)  # type: ignore[misc]
            acknowledgements.acknowledge(offices[2], [number + 1], "wang", "seen", desk.now)

    intakes = [lambda t=t, box=box: take(t, box) for t, box in zip(takers, boxes, strict=True)]  # type: ignore[misc]
    begun = time.monotonic()
    assert at_once([*intakes, order, put, note]) == []
    assert time.monotonic() - begun < 20
    kinds = journal_of(desk)
    assert kinds.count("command") == kinds.count("ack") * 3 == 3 * rounds
    assert desk.run("verify").stdout.count("holds") == 3
    for each in offices:
        each.books.close()
