"""Rule D13: nobody is told to come in before the lock has taken the order, and everybody is told where it did not. Whoever asks, by whatever fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.limits import CARD_DEADLINE_S, EXIT_DEADLINE_S, LEVEL_RETRY_S, ORDER_ANSWER_S
from agent.locale import load
from contract.messages import Holder, Role
from tests.agent.core.bench import PEOPLE, Bench, command, door_plan, mode, of, pin, the, unit_plan

pytestmark = pytest.mark.claim("D13")

MAY = Holder("may", key="key-may", pin=pin("4711"), duress=pin("4712"), room="302")
SHUT = load()["zh-CN"]["lock_silent.title"]
FAILURES = ("late", "silent", "refused", "lost")
TODAY = "2026-11-24"


def unit(**changes: object) -> Bench:
    return Bench(unit_plan(door_plan(**changes))).start(*PEOPLE, MAY).online()


# --- who asks, and what they read once it is true


def by_card(bench: Bench) -> None:
    bench.tap("anna")


def by_pin(bench: Bench) -> None:
    bench.type("302*4711#", after=0.2)


def under_duress(bench: Bench) -> None:
    bench.type("302*4712#", after=0.2)


def by_a_visitors_code(bench: Bench) -> None:
    found = bench.do(ev.VisitorEntered("card", 3, TODAY, bench.mono + 1.0), after=1.0)
    for record in of(fx.AppendFacts, found):
        if record.visitor is not None:
            bench.recorded(record)


def from_the_centre(bench: Bench) -> None:
    found = bench.message(command(bench, name=f"c{bench.mono * 1000:.0f}"))
    bench.recorded(next(each for each in of(fx.AppendFacts, found) if each.seen is not None))


def by_the_exit_button(bench: Bench) -> None:
    bench.do(ev.ExitChanged("main", pressed=True), after=1.0)
    bench.do(ev.ExitChanged("main", pressed=False), after=0.1)


def by_a_patrols_card(bench: Bench) -> None:
    for record in of(fx.AppendFacts, bench.tap("wang")):
        if record.checkin is not None:
            bench.recorded(record)


WAYS = (by_card, by_pin, under_duress, by_a_visitors_code, from_the_centre, by_the_exit_button, by_a_patrols_card)
WELCOMED = WAYS[:5]
Way = Callable[[Bench], None]


def order_of(bench: Bench) -> int:
    """The pulse that waits for its answer."""
    assert bench.door().lock.order_pulse
    return bench.door().lock.order or 0


def tones(bench: Bench) -> list[str]:
    return [tone.tone for tone in bench.all(fx.SoundTone) if tone.tone != "key"]


def faults(bench: Bench) -> list[str]:
    return [str(fact.data["detail"]) for fact in bench.facts() if fact.kind == "lock.fault"]


def no_entries(bench: Bench) -> list[tuple[object, object]]:
    return [(fact.data["by"], fact.data.get("detail")) for fact in bench.facts() if fact.kind == "door.no_entry"]


@pytest.mark.parametrize("way", WELCOMED)
def test_come_in_is_said_when_the_lock_has_taken_the_order(way: Way) -> None:
    bench = unit()
    bench.forget()
    way(bench)
    bench.wait(0.3)
    assert bench.page().title != "请进"
    assert "yes" not in tones(bench)
    bench.do(ev.LockOrderSent("main", order_of(bench), bench.mono))
    assert bench.page().title == "请进"
    assert tones(bench) == ["yes"]


@pytest.mark.parametrize("reason", FAILURES)
@pytest.mark.parametrize("way", WAYS)
def test_where_it_did_not_open_that_is_said_written_down_and_told(way: Way, reason: str) -> None:
    bench = unit()
    bench.forget()
    way(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), reason), after=0.4)
    page = bench.page()
    if way is by_a_patrols_card:
        assert page.title.startswith("已签到")
        assert SHUT in page.body[0]
    else:
        assert page.title == SHUT
    assert any("联系" in line for line in page.body), "whom to call"
    assert tones(bench)[-1] == "no"
    assert faults(bench) == [f"did not unlock: order {reason}"]
    who = {by_card: "anna", by_pin: "may", under_duress: "may", by_a_patrols_card: "wang", from_the_centre: "desk-1"}
    assert no_entries(bench) == [(who.get(way), f"order {reason}")]
    assert all(page.page.title != "请进" for page in bench.all(fx.ShowPage))


@pytest.mark.parametrize("way", WAYS)
def test_a_second_try_opens_and_says_so(way: Way) -> None:
    """A visitor's code too: it was used, and nobody came in by it."""
    bench = unit()
    way(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), "late"), after=0.4)
    bench.wait(2.0)
    bench.forget()
    way(bench)
    order = the(fx.PulseLock, bench.all(fx.PulseLock)).order
    bench.do(ev.LockOrderSent("main", order, bench.mono))
    bench.do(ev.LockRead("main", unlocked=True))
    assert bench.page().title not in {SHUT, "访客码已用过"}
    assert bench.page().title == "请进" or way not in WELCOMED
    assert faults(bench) == no_entries(bench) == []


def test_an_outage_is_one_alarm_and_a_fact_for_each_who_stood_there() -> None:
    bench = unit()
    bench.forget()
    for _ in range(4):
        by_card(bench)
        bench.do(ev.LockOrderFailed("main", order_of(bench), "silent"), after=1.0)
        bench.wait(70.0)
    assert len(faults(bench)) == 1
    assert no_entries(bench) == [("anna", "order silent")] * 4
    by_card(bench)
    bench.settle()
    by_card(bench)
    bench.wait(10.0)
    bench.do(ev.LockRead("main", unlocked=False))
    by_card(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), "silent"))
    bench.wait(70.0)
    assert len(faults(bench)) == 2


def test_a_door_that_nobody_sees_opening_tells_it_as_well() -> None:
    bench = unit(contact=False, contact_device=None)
    bench.forget()
    by_card(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), "late"))
    assert no_entries(bench) == [("anna", "order late")]
    assert bench.page().title == SHUT


# --- an order of which nothing is heard


@pytest.mark.parametrize("way", WAYS)
def test_no_answer_at_all_is_a_no_within_two_seconds(way: Way) -> None:
    """The port's thread hangs: it says neither that it sent the order nor that this died."""
    bench = unit()
    bench.forget()
    way(bench)
    bench.wait(CARD_DEADLINE_S + ORDER_ANSWER_S + 0.01)
    assert SHUT in (bench.page().title, bench.page().body[0].split()[0])
    assert faults(bench) == ["did not unlock: order silent"]


def test_a_board_that_goes_in_that_moment_is_a_no_too() -> None:
    """Its loss is told before its orders die; and none of them is carried out behind its return."""
    bench = unit()
    bench.tap("anna")
    order = order_of(bench)
    bench.do(ev.DeviceGone("relay", "port", "unplugged"), after=0.2)
    bench.do(ev.LockOrderFailed("main", order, "lost"), after=0.5)
    assert bench.page().title == SHUT
    assert no_entries(bench)[-1] == ("anna", "order lost")
    bench.forget()
    bench.do(ev.DeviceBack("relay", "here"), after=1.0)
    assert not bench.all(fx.PulseLock)


def test_of_two_who_ask_at_once_both_are_told_by_the_later_order() -> None:
    bench = unit()
    bench.tap("anna")
    first = order_of(bench)
    bench.tap("old-li", after=0.3)
    second = order_of(bench)
    bench.do(ev.LockOrderFailed("main", first, "silent"))
    assert bench.page().title != SHUT, "the second is on its way"
    bench.do(ev.LockOrderFailed("main", second, "silent"), after=0.2)
    assert bench.page().title == SHUT
    assert [who for who, _ in no_entries(bench)] == ["anna", "old-li"]


# --- the way out


def pressed(bench: Bench) -> None:
    bench.do(ev.ExitChanged("main", pressed=True), after=1.0)


def test_who_goes_on_pressing_gets_the_next_order_and_the_no_is_taken_back() -> None:
    bench = unit()
    bench.forget()
    pressed(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), "late"), after=EXIT_DEADLINE_S)
    assert bench.page().title == SHUT
    bench.forget()
    bench.wait(LEVEL_RETRY_S + 0.01)
    again = the(fx.PulseLock, bench.all(fx.PulseLock))
    assert again.not_after_mono <= bench.mono + EXIT_DEADLINE_S
    bench.do(ev.LockOrderSent("main", again.order, bench.mono))
    assert bench.page().title != SHUT
    assert "access.granted" not in bench.kinds(), "it is one press"


def test_whoever_let_go_asks_no_more() -> None:
    bench = unit()
    by_the_exit_button(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), "late"), after=0.4)
    bench.forget()
    bench.wait(60.0)
    assert not bench.all(fx.PulseLock)


@pytest.mark.parametrize("stopped_s", [1.0, 5.0, 60.0])
def test_a_press_of_before_a_stop_orders_nothing_after_it(stopped_s: float) -> None:
    """The button still counts as pressed, for nobody has looked since."""
    bench = unit()
    pressed(bench)
    order = order_of(bench)
    bench.forget()
    bench.stopped(stopped_s)
    bench.do(ev.LockOrderFailed("main", order, "late"), after=0.01)
    bench.wait(60.0)
    assert not bench.all(fx.PulseLock)
    bench = unit()
    pressed(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), "late"), after=EXIT_DEADLINE_S)
    bench.forget()
    bench.stopped(stopped_s)
    bench.wait(60.0)
    assert not bench.all(fx.PulseLock)


def test_in_a_lockdown_without_a_way_out_nothing_is_ordered_again() -> None:
    bench = unit(egress=False)
    pressed(bench)
    order = order_of(bench)
    mode(bench, "lockdown")
    bench.do(ev.LockOrderFailed("main", order, "late"), after=0.3)
    bench.forget()
    bench.wait(30.0)
    assert not bench.all(fx.PulseLock)


def test_a_press_that_never_goes_through_is_one_fact_and_one_page() -> None:
    bench = unit()
    bench.forget()
    pressed(bench)
    for _ in range(20):
        bench.do(ev.LockOrderFailed("main", order_of(bench), "refused"))
        bench.wait(LEVEL_RETRY_S)
    assert no_entries(bench) == [(None, "order refused")]
    assert len(faults(bench)) == 1
    assert tones(bench) == ["no"]


# --- check-ins, modes, what is said to the centre


def test_a_check_in_that_is_saved_after_the_lock_failed_is_told_with_it() -> None:
    bench = unit()
    (record,) = [each for each in of(fx.AppendFacts, bench.tap("wang")) if each.checkin is not None]
    bench.do(ev.LockOrderFailed("main", order_of(bench), "late"), after=0.5)
    assert bench.page().title == SHUT
    bench.recorded(record)
    assert bench.page().title.startswith("已签到")
    assert SHUT in bench.page().body[0]


def test_a_door_held_open_whose_chain_is_broken_welcomes_nobody_before_it_is_open() -> None:
    bench = unit()
    mode(bench, "hold_open")
    bench.settle()
    bench.tap("anna")
    assert bench.page().title == "请进", "it is open"
    bench.wait(4.0)
    bench.do(ev.DeviceGone("relay", "silent", ""))
    bench.do(ev.LockOrderFailed("main", bench.door().lock.order or 0, "lost"))
    bench.tap("anna")
    assert bench.page().title != "请进"
    bench.do(ev.LockOrderFailed("main", order_of(bench), "lost"), after=0.5)
    assert bench.page().title == SHUT


@pytest.mark.parametrize("held", [False, True])
def test_the_centre_hears_done_only_of_a_lock_that_was_read(held: bool) -> None:
    bench = unit()
    if held:
        mode(bench, "hold_open")
        bench.do(ev.LockOrderFailed("main", order_of(bench), "silent"))
    bench.forget()
    from_the_centre(bench)
    bench.do(ev.LockOrderFailed("main", order_of(bench), "silent"), after=0.5)
    bench.wait(5.0)
    assert [(each.state, each.reason) for each in bench.all(fx.SendReply)] == [
        ("accepted", None),
        ("refused", "device"),
    ]


def test_of_an_open_whose_answer_was_heard_when_it_was_over_the_centre_hears_that_nobody_knows() -> None:
    """The agent was stopped behind the order: neither `done` nor that the door stayed shut."""
    bench = unit()
    bench.forget()
    from_the_centre(bench)
    order, went_out = order_of(bench), bench.mono
    bench.mono, bench.utc = bench.mono + 10.0, bench.utc + 10.0
    bench._step(ev.LockOrderSent("main", order, went_out))
    bench.do(ev.LockRead("main", unlocked=False))
    bench.wait(5.0)
    assert [each.state for each in bench.all(fx.SendReply)] == ["accepted", "unknown"]


def test_under_fire_a_card_is_welcome_without_an_order() -> None:
    bench = unit()
    bench.do(ev.FireChanged("main", active=True))
    bench.settle()
    bench.forget()
    bench.tap("anna")
    assert tones(bench) == ["yes"]
    assert not bench.all(fx.PulseLock)


def test_while_a_pulse_runs_the_next_is_welcome_at_once() -> None:
    bench = unit()
    bench.tap("anna")
    bench.settle()
    bench.wait(0.5)
    bench.forget()
    bench.tap("chief")
    assert tones(bench) == ["yes"]
    assert not bench.all(fx.PulseLock)


def test_a_resident_is_told_so_in_either_role_of_a_card() -> None:
    """A patrol that has no door of its own here is told of its check-in alone."""
    bench = Bench(unit_plan(door_plan())).start(Holder("wu", role=Role.PATROL, doors=frozenset({"yard"})))
    for record in of(fx.AppendFacts, bench.tap("wu")):
        if record.checkin is not None:
            bench.recorded(record)
    bench.wait(3.0)
    assert not no_entries(bench)
    assert bench.page().title.startswith("签到成功")
