"""Facts into the books: each once, in order, confirmed only once committed, whatever is sent and however often."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from centre import schema
from centre.answers import Answer
from centre.history import PATIENCE_S
from centre.intake import InboundMessage, IntakeOutcome
from contract import chain
from contract.envelope import key_ring, verify
from contract.messages import Kind
from contract.parse import parse
from contract.scopes import Scope
from contract.topics import Down, up
from tests.centre.conftest import Desk, impatient
from tests.centre.unit import SITE, FakeUnit


def alarms(desk: Desk) -> list[str]:
    return [row.kind for row in desk.rows(select(schema.alarms).order_by(schema.alarms.c.id))]


def only_answer(outcome: IntakeOutcome) -> Answer:
    (answer,) = outcome.answers
    return answer


def test_a_batch_is_entered_line_by_line_and_confirmed(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(door="main", by="h1", via="card")
    unit.fact("door.opened", door="main")
    message = unit.batch()
    outcome = desk.take(message)
    confirm = desk.intake.confirm(only_answer(outcome))
    assert (outcome.new, outcome.refused) == (2, 0)
    assert (confirm.unit, confirm.epoch, confirm.seq, confirm.head) == ("b12-u2", "e1", 2, unit.head)
    assert confirm.batch == chain.parse_batch(message.payload).header.batch
    assert confirm.now_utc == desk.now
    rows = desk.rows(select(schema.facts).order_by(schema.facts.c.seq))
    assert [bytes(row.line) for row in rows] == unit.lines
    assert [(row.seq, row.kind, row.at_utc) for row in rows] == [
        (1, "access.granted", unit.at - 1),
        (2, "door.opened", unit.at),
    ]


def test_a_confirm_is_what_a_unit_takes(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact()
    confirm = desk.intake.confirm(only_answer(desk.take(unit.batch())))
    token = desk.office.signer.sign(Kind.CONFIRM, confirm)
    keys = unit.enrolment
    ring = key_ring(bytes.fromhex(keys.root_key), keys.working_keys)
    payload = verify(token, Kind.CONFIRM, ring)
    assert isinstance(payload, dict)
    assert parse(Kind.CONFIRM, SITE, Down(SITE, Scope("unit", "b12-u2"), Kind.CONFIRM), payload) == confirm


@pytest.mark.claim("F17")
def test_what_is_sent_again_counts_once(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=250)
    sent = unit.batches(100)
    desk.take(*sent, sent[0], *sent)
    desk.fresh_intake()
    outcome = desk.take(*sent, unit.batch(50, 170))
    assert (outcome.new, outcome.known) == (0, 250 + 121)
    assert only_answer(outcome).seq == 250
    assert desk.count(schema.facts) == 250
    assert desk.count(schema.batches) == 3
    assert alarms(desk) == []


def test_a_batch_that_overlaps_brings_only_the_rest(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch(1, 6))
    outcome = desk.take(unit.batch(3, 10))
    assert (outcome.new, outcome.known) == (4, 4)
    assert [row.seq for row in desk.rows(select(schema.facts.c.seq).order_by(schema.facts.c.seq))] == list(range(1, 11))
    desk.run("verify")


def test_from_beyond_the_books_is_answered_with_where_they_stand(desk: Desk) -> None:
    """A batch got lost in between: nothing is skipped, the unit sends from there."""
    unit = desk.unit()
    unit.fact(count=30)
    desk.take(unit.batch(1, 10))
    confirm = only_answer(desk.take(unit.batch(21, 30)))
    assert (confirm.seq, confirm.head) == (10, unit.h[10].hex())
    assert desk.count(schema.facts) == 10
    assert only_answer(desk.take(unit.batch(11, 20), unit.batch(21, 30))).seq == 30
    assert alarms(desk) == []


def test_books_older_than_the_unit_lose_nothing_silently(desk: Desk) -> None:
    """Books restored from a copy: what the unit sends no more is a gap with an alarm, after patience."""
    unit = desk.unit()
    unit.fact(count=30)
    desk.take(unit.batch(1, 10))
    assert desk.take(unit.batch(21, 30)).new == 0
    desk.now += PATIENCE_S + 1
    outcome = desk.take(unit.batch(21, 30))
    assert (outcome.new, only_answer(outcome).seq) == (10, 30)
    assert alarms(desk) == ["history.torn"]
    assert [(row.first, row.last) for row in desk.rows(select(schema.gaps))] == [(11, 20)]
    desk.run("verify")


def test_an_epoch_whose_beginning_never_comes(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=30)
    assert desk.take(unit.batch(11, 20)).answers == []
    desk.now += PATIENCE_S + 1
    assert only_answer(desk.take(unit.batch(11, 20))).seq == 20
    assert alarms(desk) == ["history.torn"]
    assert only_answer(desk.take(unit.batch(21, 30))).seq == 30
    assert "earlier facts lost" in desk.run("verify").stdout


def test_gaps_of_a_full_journal_are_kept_and_counted(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=20)
    unit.drop(5, 9)
    outcome = desk.take(unit.batch())
    assert (outcome.new, only_answer(outcome).seq) == (15, 20)
    assert [(row.first, row.last) for row in desk.rows(select(schema.gaps))] == [(5, 9)]
    assert desk.take(unit.batch()).new == 0
    assert "15 facts, 1 gaps" in desk.run("verify").stdout


def test_a_gap_over_what_the_books_have_in_part(desk: Desk) -> None:
    """The confirm got lost, then the journal dropped what was sent: the books keep theirs and note only the rest as gone."""
    unit = desk.unit()
    unit.fact(count=12)
    desk.take(unit.batch(1, 6))
    unit.drop(4, 9)
    outcome = desk.take(unit.batch(4, 12))
    assert (outcome.new, only_answer(outcome).seq) == (3, 12)
    assert [(row.first, row.last) for row in desk.rows(select(schema.gaps))] == [(7, 9)]
    assert alarms(desk) == []
    desk.run("verify")


@pytest.mark.claim("F5")
def test_another_history_is_kept_beside_and_alarmed(desk: Desk) -> None:
    """A unit restored from an image writes other facts under the same numbers: the books stand, both are kept."""
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch())
    again = FakeUnit(unit.name)
    again.key = unit.key
    again.fact("door.opened", 7)
    message = again.batch()
    confirm = only_answer(desk.take(message, message))
    assert (confirm.seq, confirm.head) == (10, unit.head)
    again.fact(count=8)
    assert only_answer(desk.take(again.batch(8, 15))).head == unit.head
    assert alarms(desk) == ["history.fork"]
    assert [(row.count, row.kind) for row in desk.rows(select(schema.repeats))] == [(2, "history.fork")]
    assert desk.count(schema.forks) == 2
    assert bytes(desk.rows(select(schema.forks))[0].message) == message.payload
    assert desk.count(schema.facts) == 10
    desk.run("verify")


@pytest.mark.claim("F5")
def test_a_unit_that_forgot_is_alarmed_once(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=10)
    empty = unit.nothing()
    assert only_answer(desk.take(unit.batch(), empty)).seq == 10
    unit.fact(count=5)
    desk.take(unit.batch(11, 15), empty)
    assert alarms(desk) == [], "an empty batch delivered twice is no loss of memory"
    forgetful = FakeUnit(unit.name)
    forgetful.key, forgetful.lines, forgetful.h = unit.key, unit.lines[:8], unit.h[:9]
    forgetful.numbers = 100
    confirm = only_answer(desk.take(forgetful.nothing(), forgetful.nothing()))
    assert (confirm.seq, confirm.head) == (15, unit.head)
    assert alarms(desk) == ["history.behind"]


def test_a_new_epoch_is_linked_to_the_one_before(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch())
    unit.begin("e2", ("e1", unit.head))
    unit.fact(count=3)
    outcome = desk.take(unit.batch())
    assert (only_answer(outcome).epoch, outcome.new) == ("e2", 3)
    unit.begin("e3")
    unit.fact()
    desk.take(unit.batch())
    assert [(row.epoch, row.link) for row in desk.rows(select(schema.epochs).order_by(schema.epochs.c.id))] == [
        ("e1", "first"),
        ("e2", "linked"),
        ("e3", "unlinked"),
    ]
    assert alarms(desk) == ["epoch.new"], "the second is told by the first, which is open"
    assert [row.detail for row in desk.rows(select(schema.repeats))] == ["after epoch e2, unlinked"]
    desk.run("verify")


def test_a_new_epoch_from_an_earlier_point_is_linked_there(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch())
    unit.begin("e2", ("e1", unit.h[4].hex()))
    desk.take(unit.nothing())
    row = desk.rows(select(schema.epochs).where(schema.epochs.c.epoch == "e2"))[0]
    assert (row.link, row.previous_seq) == ("linked", 4)


def test_a_fact_taken_over_into_a_new_epoch_counts_once(desk: Desk) -> None:
    """Unconfirmed facts go on into the next epoch under a new number; the books had two of them, then all."""
    unit = desk.unit()
    unit.fact(count=4)
    old = unit.batch(3, 4)
    desk.take(unit.batch(1, 2))
    unit.begin("e2", ("e1", unit.head))
    for number in (2, 3, 4):
        unit.fact(was=["e1", number])
    unit.fact(was=["e1", 4])
    desk.take(unit.batch())
    desk.take(old)
    listed = desk.run("facts", "--json").stdout.splitlines()
    assert len(listed) == 4
    assert desk.count(schema.facts) == 4 + 4
    desk.run("verify")


# --- what does not hold


def test_what_is_not_signed_by_the_unit_is_refused(desk: Desk) -> None:
    unit, other = desk.unit("b12-u2"), desk.unit("b12-u3")
    unit.fact(count=3)
    thief = FakeUnit("b12-u2")
    thief.fact(count=3)
    true = unit.batch()
    forged = [
        thief.batch(),
        InboundMessage(up(SITE, "b12-u3", "facts"), true.payload),
        InboundMessage(true.topic, true.payload.replace(b"granted", b"grunted")),
        InboundMessage(true.topic, b"\n".join(true.payload.split(b"\n")[:-1])),
        InboundMessage(true.topic, true.payload[:-1]),
        InboundMessage(true.topic, b""),
        unit.batch(head="0" * 64),
        unit.batch(prev="0" * 64),
        unit.batch(unit="b12-u3"),
        InboundMessage(up("elsewhere", "b12-u2", "facts"), true.payload),
        InboundMessage("doorward/1/badahu/down/unit/b12-u2/confirm", true.payload),
    ]
    outcome = desk.take(*forged)
    assert (outcome.refused, outcome.new, outcome.answers) == (len(forged), 0, [])
    assert desk.count(schema.facts) == 0
    assert sum(row.count for row in desk.rows(select(schema.refusals))) == len(forged)
    assert desk.take(true).new == 3
    assert other.name in {row.unit for row in desk.rows(select(schema.refusals))}


def test_unknown_and_revoked_units_are_refused(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(count=3)
    assert desk.take(FakeUnit("nobody").batch(1, 0)).refused == 1
    desk.take(unit.batch(1, 2))
    desk.run("unit", "revoke", "b12-u2")
    alive = unit.status()
    outcome = desk.take(unit.batch(3, 3), unit.enrol(), alive)
    assert (outcome.refused, outcome.new, outcome.answers) == (3, 0, [])
    assert desk.rows(select(schema.units.c.online)) == [(False,)]
    assert desk.count(schema.facts) == 2
    desk.run("verify")


def test_a_flood_of_invented_units_does_not_fill_the_books(desk: Desk) -> None:
    outcome = desk.take(*(InboundMessage(up(SITE, f"x{n}", "facts"), b"") for n in range(500)))
    assert outcome.refused == 500
    assert desk.count(schema.refusals) <= 64
    assert len(outcome.lines) <= 64


@given(
    st.lists(
        st.tuples(st.sampled_from(["facts", "alarm", "status", "reply", "enrol"]), st.binary(max_size=80)), max_size=8
    )
)
@settings(max_examples=40, deadline=None)
def test_any_bytes_are_only_counted(shared_desk: Desk, messages: list[tuple[str, bytes]]) -> None:
    outcome = shared_desk.take(*(InboundMessage(up(SITE, "b12-u2", leaf), payload) for leaf, payload in messages))
    assert outcome.new == 0
    assert outcome.answers == []


# --- durable first


def test_nothing_is_confirmed_that_is_not_committed(desk: Desk) -> None:
    """The commit fails: no outcome at all, nothing in the books; given again, everything is entered once."""
    unit = desk.unit()
    unit.fact(count=20)
    messages = [unit.batch(1, 10), unit.batch(11, 20)]
    desk.take(messages[0])
    impatient(desk.books)
    with desk.books.alone(), pytest.raises(OperationalError):
        desk.take(*messages)
    outcome = desk.take(*messages)
    assert (outcome.new, only_answer(outcome).seq) == (10, 20)
    desk.run("verify")


def test_speed_into_the_books(desk: Desk, record_property) -> None:  # type: ignore[no-untyped-def]
    """Measured, not judged: batches of 400, ten in a transaction."""
    unit = desk.unit()
    unit.fact(count=4_000, door="main", by="h1", via="card")
    messages = unit.batches(400)
    begun = time.perf_counter()
    outcome = desk.take(*messages)
    took = time.perf_counter() - begun
    assert outcome.new == 4_000
    record_property("figure", f"{4_000 / took:,.0f} facts/s into the books, chain and signature checked")
