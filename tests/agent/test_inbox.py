"""The inbox: order, lanes, bounds, and waiting."""

from __future__ import annotations

import threading
import time

import pytest

from agent import limits
from agent.core.events.door import CardRead, ExitChanged, FireChanged, LockOrderSent, LockRead
from agent.core.events.life import TimePassed
from agent.core.events.link import MessageReceived, MessageRefused
from agent.inbox import Inbox
from contract.messages import Category, Notice
from contract.scopes import Scope

NOTICE = Notice(Scope("yard", "y07"), "n", 1, 0.0, Category.POLICY, "t", "x")


def drained(inbox: Inbox) -> list[object]:
    events = []
    while (event := inbox.take(0)) is not None:
        events.append(event)
    return events


def test_door_events_come_first_each_lane_in_order() -> None:
    inbox = Inbox()
    inbox.post(TimePassed())
    inbox.post(MessageReceived(1, NOTICE))
    inbox.post(ExitChanged("main", True))
    inbox.post(ExitChanged("main", False))
    assert drained(inbox) == [
        ExitChanged("main", True),
        ExitChanged("main", False),
        TimePassed(),
        MessageReceived(1, NOTICE),
    ]


def test_equal_read_backs_that_wait_are_one_and_changes_are_kept() -> None:
    inbox = Inbox()
    for unlocked in (False, False, True, True, False):
        inbox.post(LockRead("main", unlocked))
    inbox.post(LockRead("side", False))
    assert drained(inbox) == [
        LockRead("main", False),
        LockRead("main", True),
        LockRead("main", False),
        LockRead("side", False),
    ]


@pytest.mark.claim("D5")
def test_a_read_back_after_an_order_is_not_taken_for_one_before_it() -> None:
    """Of an open while the lock was unlocked already: without it nobody would know that the order was done."""
    inbox = Inbox()
    waiting = [LockRead("main", True), LockOrderSent("side", 6), LockOrderSent("main", 7), LockRead("main", True)]
    for event in waiting:
        inbox.post(event)
    inbox.post(LockRead("main", True))
    assert drained(inbox) == waiting


@pytest.mark.claim("D2")
def test_a_flood_of_messages_neither_delays_nor_drops_an_exit_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGE_WAIT_S", 0.01)
    inbox = Inbox()
    accepted = sum(inbox.post(MessageReceived(n, NOTICE)) for n in range(limits.MESSAGE_LANE + 10))
    assert accepted == limits.MESSAGE_LANE
    assert inbox.post(ExitChanged("main", True))
    assert inbox.take(0) == ExitChanged("main", True)


def test_a_full_door_lane_gives_up_a_card_before_an_edge() -> None:
    inbox = Inbox()
    inbox.post(FireChanged("main", True))
    inbox.post(CardRead("card", ("00",)))
    for n in range(limits.DOOR_LANE - 2):
        inbox.post(ExitChanged("main", bool(n % 2)))
    assert inbox.post(ExitChanged("main", True))
    events = drained(inbox)
    assert FireChanged("main", True) in events
    assert not any(isinstance(event, CardRead) for event in events)
    assert len(events) == limits.DOOR_LANE


def test_refused_messages_beyond_the_bound_are_let_go() -> None:
    inbox = Inbox()
    taken = [inbox.post(MessageRefused(n, "notice", "bad_signature")) for n in range(limits.REFUSED_LANE + 7)]
    assert taken == [True] * limits.REFUSED_LANE + [False] * 7
    assert len(drained(inbox)) == limits.REFUSED_LANE


def test_a_full_message_lane_lets_the_link_wait_for_room() -> None:
    inbox = Inbox()
    for n in range(limits.MESSAGE_LANE):
        inbox.post(MessageReceived(n, NOTICE))
    answer: list[bool] = []
    thread = threading.Thread(target=lambda: answer.append(inbox.post(MessageReceived(999, NOTICE))), name="poster")
    thread.start()
    assert inbox.take(1) == MessageReceived(0, NOTICE)
    thread.join(2)
    assert answer == [True]


def test_take_waits_and_is_woken() -> None:
    inbox = Inbox()
    threading.Timer(0.05, lambda: inbox.post(TimePassed())).start()
    start = time.monotonic()
    assert inbox.take(5) == TimePassed()
    assert time.monotonic() - start < 2
    assert inbox.take(0.01) is None


def test_closing_lets_a_waiting_thread_go() -> None:
    inbox = Inbox()
    for n in range(limits.MESSAGE_LANE):
        inbox.post(MessageReceived(n, NOTICE))
    answer: list[bool] = []
    thread = threading.Thread(target=lambda: answer.append(inbox.post(MessageReceived(999, NOTICE))), name="poster")
    thread.start()
    inbox.close()
    thread.join(2)
    assert answer == [False]
