"""`centre retain`: facts go behind a cutoff that the unit signed, and `verify` goes on from it."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from centre import retention, schema
from centre.errors import CentreError
from tests.centre.conftest import Desk
from tests.centre.unit import FakeUnit

DAY_S = 86_400.0
NOW = 1_750_000_000.0
"""So that what is over here has come where the tests run."""
SIX_MONTHS = 6 * 31 * DAY_S


def filled(desk: Desk, name: str = "b12-u2") -> FakeUnit:
    """Ten batches of ten facts, a month between two."""
    unit = desk.unit(name, "yard/y07")
    for month in range(10):
        desk.now = unit.at = NOW + month * 31 * DAY_S
        unit.fact(count=10)
        desk.take(unit.batch(10 * month + 1))
    return unit


def numbers(desk: Desk) -> list[int]:
    return [row.seq for row in desk.rows(select(schema.facts.c.seq).order_by(schema.facts.c.seq))]


def test_older_facts_go_behind_a_cutoff_and_the_rest_verifies(desk: Desk) -> None:
    unit = filled(desk)
    gone = retention.retain(desk.office, 6, desk.now + DAY_S)
    assert gone == retention.Pruned(40, 1)
    assert numbers(desk) == list(range(41, 101))
    assert desk.run("verify").stdout == "b12-u2 e1: holds (60 facts, 0 gaps, 7 signatures, from a cutoff on)\n"
    row = desk.rows(select(schema.pruned))[0]
    assert (row.base, row.h, row.link, row.start) == (40, unit.h[40], "first", unit.h[0])
    assert retention.retain(desk.office, 6, desk.now + DAY_S) == retention.Pruned(0, 0)
    assert retention.retain(desk.office, 6, desk.now + 65 * DAY_S) == retention.Pruned(20, 1)
    assert "holds (40 facts" in desk.run("verify").stdout
    row = desk.rows(select(schema.pruned))[0]
    assert (row.base, row.h, row.link, row.start) == (60, unit.h[60], "first", unit.h[0])


def test_the_unit_goes_on_and_what_it_sends_again_is_known(desk: Desk) -> None:
    """Also by a `serve` that had the epoch in its head when the facts went."""
    unit = filled(desk)
    for _ in range(2):
        retention.retain(desk.office, 6, desk.now + DAY_S)
        again = desk.take(unit.batch(1, 30), unit.batch(21, 45), unit.batch(41, 50), unit.batch(1))
        assert again.new == 0
        unit.fact(count=2)
        assert desk.take(unit.batch(len(unit.lines) - 1)).new == 2
        assert desk.count(schema.forks) == 0
        desk.fresh_intake()
    assert "b12-u2 e1: holds (64 facts" in desk.run("verify").stdout


def test_a_batch_that_reaches_back_keeps_what_it_signs(desk: Desk) -> None:
    unit = desk.unit()
    unit.at = NOW
    unit.fact(count=30)
    desk.now = NOW
    desk.take(unit.batch(1, 10), unit.batch(11, 20))
    desk.now += SIX_MONTHS / 2
    desk.take(unit.batch(6, 30))
    assert retention.retain(desk.office, 6, NOW + SIX_MONTHS + 1) == retention.Pruned(0, 0)
    assert retention.retain(desk.office, 6, desk.now + SIX_MONTHS + 1) == retention.Pruned(30, 1), "all of it is old"
    assert desk.run("verify").stdout == "b12-u2 e1: holds (0 facts, 0 gaps, 1 signatures, from a cutoff on)\n"
    unit.fact()
    assert desk.take(unit.batch(31)).new == 1
    assert "holds (1 facts" in desk.run("verify").stdout


def test_gaps_and_linked_epochs_go_too(desk: Desk) -> None:
    unit = desk.unit()
    unit.at = NOW
    unit.fact(count=20)
    unit.drop(5, 8)
    desk.now = NOW
    desk.take(unit.batch(1, 10), unit.batch(11, 20))
    head = unit.head
    unit.begin("e2", ("e1", head))
    unit.fact(count=5)
    desk.now += SIX_MONTHS
    desk.take(unit.batch())
    retention.retain(desk.office, 6, desk.now + DAY_S)
    assert desk.count(schema.gaps) == 0
    assert desk.run("verify").stdout.splitlines() == [
        "b12-u2 e1: holds (0 facts, 0 gaps, 1 signatures, from a cutoff on)",
        "b12-u2 e2: holds (5 facts, 0 gaps, 1 signatures, follows the epoch before)",
    ]


def test_many_single_facts_go_in_slices(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_BATCHES", 7)
    monkeypatch.setattr(retention, "SLICE", 5)
    unit = desk.unit()
    unit.at = NOW - 1000
    unit.fact(count=100)
    desk.now = NOW
    desk.take(*unit.batches(1))
    assert retention.retain(desk.office, 6, NOW + SIX_MONTHS + 1) == retention.Pruned(100, 1)
    assert "holds (0 facts, 0 gaps, 1 signatures" in desk.run("verify").stdout


def test_what_was_made_of_them_goes_and_what_is_open_stays(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    unit.at = NOW - 1000
    unit.fact("notice.received", scope="yard/y07", id="n1", rev=1)
    unit.fact("door.forced", door="main")
    unit.fact("command.done", id="c-1", action="open", actor="x", door="main")
    unit.fact("door.forced", door="main")
    desk.now = NOW
    desk.take(unit.batch(1, 3), unit.alarm(4))
    retention.retain(desk.office, 6, NOW + SIX_MONTHS + 1)
    assert [desk.count(each) for each in (schema.courses, schema.commands)] == [0, 0]
    assert [row.seq for row in desk.rows(select(schema.alarms.c.seq))] == [4], "its fact has not come yet"


def test_less_than_six_months_is_refused(desk: Desk) -> None:
    filled(desk)
    with pytest.raises(CentreError, match="at least 6"):
        retention.retain(desk.office, 5, desk.now + 900 * DAY_S)
    desk.run("retain", "--months", "5", code=2)
    assert len(numbers(desk)) == 100
    assert desk.run("retain", "--months", "7").stdout.startswith("took out ")


@pytest.mark.parametrize(
    "forgery",
    ["more facts", "more facts, with a header", "another hash", "no cutoff", "no signature", "another base"],
)
def test_nobody_passes_off_a_cut_as_a_cutoff(desk: Desk, forgery: str) -> None:
    """A clerk takes out facts that are in the way, and writes the rows that `retain` would have written."""
    unit = filled(desk)
    retention.retain(desk.office, 6, desk.now + DAY_S)
    facts, epochs, pruned, batches = schema.facts, schema.epochs, schema.pruned, schema.batches
    with desk.books.writing() as conn:
        match forgery:
            case "more facts":
                conn.execute(delete(facts).where(facts.c.seq <= 45))
                conn.execute(update(epochs).values(base=45, start=unit.h[45]))
                conn.execute(update(pruned).values(base=45, h=unit.h[45]))
            case "more facts, with a header":
                conn.execute(delete(facts).where(facts.c.seq <= 45))
                conn.execute(update(epochs).values(base=45, start=unit.h[45]))
                conn.execute(update(pruned).values(base=45, h=unit.h[45]))
                conn.execute(update(batches).where(batches.c.last == 40).values(last=45, head=unit.h[45]))
            case "another hash":
                conn.execute(update(epochs).values(start=b"x" * 32))
                conn.execute(update(pruned).values(h=b"x" * 32))
            case "no cutoff":
                conn.execute(delete(pruned))
            case "no signature":
                conn.execute(delete(batches).where(batches.c.last == 40))
            case "another base":
                conn.execute(update(pruned).values(base=30))
    assert desk.run("verify", code=1).stderr
