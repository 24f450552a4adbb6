"""Rule D13 where the answer is heard late, never, or is a lie: what the panel said is put right, and nobody is let through unseen."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from tests.agent.core.bench import facts_of, the
from tests.agent.core.test_unlocking import SHUT, WELCOMED, Way, faults, no_entries, order_of, unit

pytestmark = pytest.mark.claim("D13")


# --- an answer that is heard late: the agent was stopped


@pytest.mark.parametrize(("stopped_s", "welcome"), [(0.4, True), (1.7, True), (2.9, True), (3.1, False), (60.0, False)])
@pytest.mark.parametrize("way", WELCOMED)
def test_an_answer_heard_late_is_a_welcome_while_there_is_time_to_go_in(
    way: Way, stopped_s: float, welcome: bool
) -> None:
    bench = unit()
    bench.forget()
    way(bench)
    order, went_out = order_of(bench), bench.mono
    bench.stopped(stopped_s)
    assert bench.page().title not in {"请进", SHUT}, "its port has to say first what became of it"
    bench.do(ev.LockOrderSent("main", order, went_out))
    assert bench.page().title == ("请进" if welcome else SHUT)
    assert bench.door().lock.pulse_end == pytest.approx(went_out + 5.0)
    assert not faults(bench), "it did as it was told"


def test_an_answer_that_comes_after_the_no_takes_that_back() -> None:
    bench = unit()
    bench.tap("anna")
    order, went_out = order_of(bench), bench.mono
    bench.wait(1.6)
    assert bench.page().title == SHUT
    bench.do(ev.LockOrderSent("main", order, went_out))
    assert bench.page().title == "请进"
    assert set(facts_of(bench.do(ev.ContactChanged("main", open=True)))) == {"door.opened"}


def test_a_pulse_whose_answers_were_lost_is_known_by_what_is_read() -> None:
    bench = unit()
    bench.tap("anna")
    bench.do(ev.LockOrderFailed("main", order_of(bench), "silent"), after=1.0)
    bench.forget()
    bench.do(ev.LockRead("main", unlocked=True), after=0.3)
    assert bench.page().title == "请进"
    assert not bench.all(fx.SetLock), "and is not cut off under who goes in"
    bench.do(ev.LockRead("main", unlocked=False), after=3.8)
    bench.wait(2.0)
    assert not faults(bench)


def test_a_lock_that_reads_unlocked_long_after_the_no_is_locked_again() -> None:
    bench = unit()
    bench.tap("old-li")
    bench.do(ev.LockOrderFailed("main", order_of(bench), "silent"), after=1.0)
    bench.wait(6.0)
    bench.forget()
    bench.do(ev.LockRead("main", unlocked=True))
    assert [order.unlocked for order in bench.all(fx.SetLock)] == [False]
    assert bench.page().title != "请进"


def test_of_a_renewal_that_died_behind_who_went_in_nobody_is_told() -> None:
    bench = unit()
    bench.tap("anna")
    bench.settle()
    bench.tap("old-li", after=0.5)
    bench.do(ev.ContactChanged("main", open=True), after=0.5)
    bench.forget()
    bench.wait(3.5)
    renewal = the(fx.PulseLock, bench.all(fx.PulseLock))
    bench.do(ev.LockOrderFailed("main", renewal.order, "late"))
    assert faults(bench) == no_entries(bench) == []


@pytest.mark.parametrize("reason", ["silent", "lost"])
def test_who_goes_in_by_an_order_that_may_have_been_heard_has_forced_nothing(reason: str) -> None:
    bench = unit()
    bench.tap("anna")
    bench.do(ev.LockOrderFailed("main", order_of(bench), reason), after=1.0)
    assert set(facts_of(bench.do(ev.ContactChanged("main", open=True), after=0.5))) == {"door.opened"}


@pytest.mark.parametrize("reason", ["late", "refused"])
def test_an_order_that_never_went_out_lets_nobody_through_unseen(reason: str) -> None:
    bench = unit()
    bench.tap("anna")
    bench.do(ev.LockOrderFailed("main", order_of(bench), reason), after=1.0)
    assert "door.forced" in facts_of(bench.do(ev.ContactChanged("main", open=True), after=0.5))


def test_an_order_taken_at_its_last_moment_lets_people_through_to_its_end() -> None:
    bench = unit()
    bench.tap("anna")
    bench.do(ev.LockOrderSent("main", order_of(bench), bench.mono + 0.95), after=0.95)
    bench.do(ev.LockRead("main", unlocked=True))
    bench.wait(5.9)
    assert set(facts_of(bench.do(ev.ContactChanged("main", open=True)))) == {"door.opened"}


# --- a lock that says yes and stays shut


def test_a_lock_that_takes_the_order_and_reads_locked_takes_the_welcome_back() -> None:
    bench = unit()
    bench.tap("anna")
    bench.do(ev.LockOrderSent("main", order_of(bench), bench.mono))
    assert bench.page().title == "请进"
    for _ in range(2):
        bench.do(ev.LockRead("main", unlocked=False), after=0.3)
    assert bench.page().title == SHUT
    assert faults(bench) == ["reads locked, should be unlocked"]
    assert no_entries(bench) == [("anna", "reads locked")]


def test_behind_a_lock_that_lied_nobody_is_welcomed_before_it_is_read() -> None:
    bench = unit()
    bench.tap("anna")
    bench.do(ev.LockOrderSent("main", order_of(bench), bench.mono))
    for _ in range(2):
        bench.do(ev.LockRead("main", unlocked=False), after=0.3)
    bench.wait(20.0)
    bench.forget()
    bench.tap("anna")
    bench.do(ev.LockOrderSent("main", order_of(bench), bench.mono))
    bench.do(ev.LockRead("main", unlocked=False), after=0.05)
    bench.wait(0.4)
    assert all(page.page.title != "请进" for page in bench.all(fx.ShowPage))
    assert bench.page().title == SHUT
    bench.wait(20.0)
    bench.tap("anna")
    bench.do(ev.LockOrderSent("main", order_of(bench), bench.mono))
    assert bench.page().title != "请进"
    bench.do(ev.LockRead("main", unlocked=True), after=0.05)
    assert bench.page().title == "请进", "mended"
