"""The lanes before the store's thread: order, bounds, deadlines."""

from __future__ import annotations

from agent.store.waiting import RING, OrderLanes
from tests.agent.store.harness import fact, record


def test_records_keep_their_order_and_group_by_facts() -> None:
    waiting: OrderLanes[str] = OrderLanes()
    for token in range(1, 6):
        waiting.put_record(record(token, fact(), fact()))
    assert [r.token for r in waiting.take_records(3)] == [1, 2]
    waiting.put_back([record(1), record(2)])
    assert [r.token for r in waiting.take_records(100)] == [1, 2, 3, 4, 5]
    assert waiting.idle()


def test_memory_is_bounded_and_keeps_what_matters_most() -> None:
    waiting: OrderLanes[str] = OrderLanes()
    for token in range(RING + 500):
        kind = "patrol.checkin" if token % 10 == 0 else "device.lost" if token % 10 == 1 else "access.granted"
        waiting.put_record(record(token, fact(kind)))
    dropped = waiting.take_dropped()
    kept = waiting.take_records(10 * RING)
    assert len(kept) + dropped.facts == RING + 500
    assert len(kept) <= RING
    assert dropped.facts == len(dropped.tokens) < 700
    assert {token % 10 for token in dropped.tokens} == {1}  # device facts only, the oldest
    assert sorted(dropped.tokens) == [10 * n + 1 for n in range(dropped.facts)]
    assert waiting.take_dropped().facts == 0


def test_overdue_records_leave_and_the_rest_stays() -> None:
    waiting: OrderLanes[str] = OrderLanes()
    waiting.put_record(record(1, durable_by_mono=5.0))
    waiting.put_record(record(2))
    waiting.put_record(record(3, durable_by_mono=9.0))
    assert waiting.next_deadline() == 5.0
    assert [r.token for r in waiting.take_overdue(6.0)] == [1]
    assert waiting.next_deadline() == 9.0
    assert [r.token for r in waiting.take_records(9)] == [2, 3]


def test_waiting_ends_with_what_was_asked_for() -> None:
    waiting: OrderLanes[str] = OrderLanes()
    waiting.put_record(record(1))
    assert waiting.wait(0.0, facts=False)  # times out: facts are not asked for
    assert waiting.wait(None, facts=True)
    waiting.put_record(record(2, durable_by_mono=1.0))
    assert waiting.wait(None, facts=False)  # a deadline must be heard of
    waiting.close()
    assert not waiting.wait(None, facts=False)
