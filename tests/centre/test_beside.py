"""Several at the same books at once, on each engine: commands beside commands, commands beside the intake; at PostgreSQL intakes beside intakes."""

from __future__ import annotations

import threading
import time
from contextlib import closing, nullcontext
from types import ModuleType

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from centre import holders, notices, register, schema, settings, state, units
from centre.cli.context import CliContext
from centre.errors import CentreError
from centre.leases import PARTITIONS, partition_of
from centre.notices import Draft
from centre.settings import Change
from contract.scopes import Scope
from tests.centre.beside import MANY, Taker, at_once, opened, settled
from tests.centre.conftest import POSTGRESQL_ALONE, Desk, cut_off

pytestmark = pytest.mark.slow

YARD = Scope("yard", "y07")


# --- commands


def dawdling(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, *, before: bool = False) -> None:
    """A function that takes its time, as on a busy machine: what runs beside it meets it there."""
    real = getattr(module, name)

    def slow(*args: object, **more: object) -> object:
        if before:
            time.sleep(0.3)
        found = real(*args, **more)
        time.sleep(0.05)
        return found

    monkeypatch.setattr(module, name, slow)


def test_commands_at_once_never_share_a_revision(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    dawdling(monkeypatch, state, "next_rev")
    centres = opened(desk)
    revs: list[int] = []

    def put(number: int) -> None:
        change = Change(sign={"worker": f"worker {number}"})
        revs.append(settings.put(centres[number], YARD, change, desk.now).rev)

    assert at_once([lambda number=number: put(number) for number in range(MANY)]) == []  # type: ignore[misc]
    assert len(set(revs)) == MANY
    (row,) = desk.rows(select(schema.state).where(schema.state.c.kind == "settings"))
    assert row.rev == max(revs)
    for each in centres:
        each.books.close()


def test_commands_at_once_keep_the_bounds_of_a_scope(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 notices a scope: of eight that see room for one, one is taken."""
    desk.unit("a", str(YARD))
    for number in range(63):
        notices.put(desk.office, Draft(YARD, "t", "x", id=f"n{number}"), desk.now)
    dawdling(monkeypatch, state, "lacks_room")
    centres = opened(desk)
    faults = at_once(
        [lambda each=each: notices.put(each, Draft(YARD, "t", "x"), desk.now) for each in centres]  # type: ignore[misc]
    )
    assert len(faults) == MANY - 1
    assert all(isinstance(each, CentreError) for each in faults)
    for each in centres:
        each.books.close()


def test_one_unit_is_added_once(desk: Desk) -> None:
    centres = [CliContext(desk.path) for _ in range(4)]
    for each in centres:
        assert each.books
    faults = at_once([lambda each=each: Desk.unit(_like(desk, each), "same") for each in centres])  # type: ignore[misc]
    assert [type(each) for each in faults] == [CentreError] * 3
    for each in centres:
        each.books.close()


def _like(desk: Desk, office: CliContext) -> Desk:
    made = object.__new__(Desk)
    made.office, made.books, made.now = office, office.books, desk.now
    return made


# --- commands beside the intake


def test_commands_beside_a_busy_intake_get_their_turn(desk: Desk) -> None:
    """Facts, enrolments and revocations at once: nobody waits for the other for ever, and a revoked unit is never enrolled after it."""
    boxes = [desk.unit(f"u{number}", enrolled=False) for number in range(6)]
    busy = desk.unit("busy")
    over = threading.Event()

    def take() -> None:
        number = 0
        while not over.is_set():
            busy.fact(count=5)
            late = [boxes[number % 6].enrol()] if number % 3 == 0 else []
            desk.take(busy.batch(len(busy.lines) - 4), *late)
            number += 1

    def revoke() -> None:
        try:
            with closing(CliContext(desk.path).books):
                for unit in boxes:
                    desk.run("unit", "revoke", unit.name)
                    desk.run("settings", "put", "--scope", f"unit/{busy.name}", "--sign", f"worker={unit.name}")
        finally:
            over.set()

    begun = time.monotonic()
    assert at_once([take, revoke]) == []
    assert time.monotonic() - begun < 20
    pinned = schema.unit_keys
    live = desk.rows(select(pinned.c.unit).where(pinned.c.retired_utc.is_(None)))
    assert [row.unit for row in live] == ["busy"]
    assert desk.count(schema.facts) == len(busy.lines)


def test_who_is_revoked_while_it_enrols_is_not_enrolled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = desk.unit(enrolled=False)
    dawdling(monkeypatch, units, "pin", before=True)
    office = opened(desk)[0]

    def revoke() -> None:
        time.sleep(0.1)
        register.revoke(office, unit.name, desk.now)

    assert at_once([lambda: desk.take(unit.enrol()), revoke]) == []
    assert desk.rows(select(schema.unit_keys.c.id).where(schema.unit_keys.c.retired_utc.is_(None))) == []
    office.books.close()


def test_the_numbers_key_is_made_once(desk: Desk) -> None:
    with desk.books.writing() as conn:
        conn.execute(schema.holder_keys.delete())

    def key() -> None:
        with closing(CliContext(desk.path).books) as books, books.changing() as conn:
            holders.public_key(conn, desk.office.folder, desk.now)

    assert at_once([key] * 4) == []
    assert desk.count(schema.holder_keys) == 1


# --- intakes beside each other


@POSTGRESQL_ALONE
def test_units_are_spread_and_each_has_one_taker(takers: list[Taker]) -> None:
    assert takers[0].settle() == PARTITIONS
    counts = settled(takers)
    assert sum(counts) == PARTITIONS
    assert max(counts) <= 22
    held = [number for each in takers for number in each.leases.held]
    assert sorted(held) == list(range(PARTITIONS))
    assert len({partition_of(f"b{number}-u1") for number in range(2_000)}) == PARTITIONS


@POSTGRESQL_ALONE
def test_what_a_dead_one_had_the_others_take(takers: list[Taker]) -> None:
    settled(takers)
    takers[0].close()
    begun = time.monotonic()
    while sum(each.settle() for each in takers[1:]) < PARTITIONS:
        assert time.monotonic() - begun < 5
        time.sleep(0.02)


@POSTGRESQL_ALONE
def test_after_a_take_over_the_books_are_read_again(desk: Desk, takers: list[Taker]) -> None:
    """To another and back: each goes on from what the other entered, and takes it for no other history."""
    a, b, _ = takers
    unit = desk.unit()
    for turn, (this, other) in enumerate([(a, b), (b, a), (a, b), (b, a)]):
        other.leases.close()
        while not this.leases.all_held:
            this.settle()
        unit.fact(count=5)
        outcome = this.take(unit, max(1, turn * 5 - 2))
        assert (outcome.new, outcome.answers[0].seq) == (5, turn * 5 + 5)
    assert desk.count(schema.alarms) == 0
    assert desk.count(schema.facts) == 20
    assert desk.run("verify").stdout.count("holds") == 1


@POSTGRESQL_ALONE
def test_who_lost_its_connection_lost_its_leases_and_enters_nothing(desk: Desk, takers: list[Taker]) -> None:
    a, b, _ = takers
    unit = desk.unit()
    unit.fact(count=5)
    a.settle()
    a.take(unit, 1)
    cut_off(desk.books)
    while not b.leases.all_held:
        with pytest.raises(DBAPIError) if b.leases._conn is not None else nullcontext():
            b.settle()
    unit.fact(count=5)
    b.take(unit, 6)
    with pytest.raises(DBAPIError):
        a.intake.take([unit.batch(6)])
    assert a.leases.held == frozenset()
    assert not a.leases.has(unit.name)
    a.settle()
    assert a.leases.others == 1
    assert desk.count(schema.facts) == 10


@POSTGRESQL_ALONE
def test_a_settling_that_fails_leaves_no_lock_behind(desk: Desk, takers: list[Taker]) -> None:
    a, b, _ = takers
    a.settle()
    with desk.books.reading() as conn:
        there = conn.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar()
    assert there == PARTITIONS + 2  # the name, and that it is there
    cut_off(desk.books)
    with pytest.raises(DBAPIError):
        a.settle()
    assert a.leases.held == frozenset()
    assert b.settle() == PARTITIONS
