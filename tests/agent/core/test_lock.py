"""Who else moves a lock: told once, put right, and never confused with what the agent itself did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.controller import initial
from contract.commands import Mode, SetMode
from contract.messages import MAX_UNLOCK_S
from drivers.reports import MAX_PULSE_S
from tests.agent.core.bench import Bench, of
from tests.agent.core.test_commands import accept

Fault = dict[str, object]


def faults(bench: Bench) -> list[Fault]:
    return [dict(fact.data) for fact in bench.facts() if fact.kind == "lock.fault"]


def reads(bench: Bench, unlocked: bool) -> tuple[fx.Effect, ...]:
    return bench.do(ev.LockRead("main", unlocked))


def stranger(bench: Bench) -> None:
    """Switches the output; the agent puts it right."""
    assert not of(fx.SetLock, reads(bench, unlocked=True))[0].unlocked
    bench.settle()


@pytest.mark.claim("F39")
def test_an_output_switched_by_somebody_else_is_put_right_and_told_once() -> None:
    bench = Bench().start()
    stranger(bench)
    assert faults(bench) == [{"door": "main", "detail": "read unlocked, should be locked; set right"}]
    assert bench.door().lock.faulted is False
    bench.wait(600.0)
    assert len(faults(bench)) == 1


@pytest.mark.claim("F39")
def test_further_ones_within_the_minute_are_told_as_one_when_it_is_over() -> None:
    bench = Bench().start()
    for _ in range(4):
        stranger(bench)
        bench.wait(5.0)
    assert len(faults(bench)) == 1
    bench.wait(60.0)
    assert faults(bench)[1:] == [{"door": "main", "detail": "read unlocked, should be locked; set right", "untold": 2}]
    bench.wait(600.0)
    assert len(faults(bench)) == 2


def test_one_that_does_not_let_go_is_one_fault() -> None:
    bench = Bench().start()
    for _ in range(3):
        reads(bench, unlocked=True)
        bench.do(ev.LockOrderSent("main", bench.door().lock.order or 0))
    assert faults(bench) == [{"door": "main", "detail": "reads unlocked, should be locked"}]
    assert bench.door().lock.faulted


@pytest.mark.claim("F39")
def test_a_board_that_comes_back_with_its_coils_on_is_told() -> None:
    bench = Bench().start()
    bench.do(ev.DeviceGone("relay", "silent", ""))
    bench.do(ev.DeviceBack("relay", "here"), after=5.0)
    reads(bench, unlocked=True)
    bench.settle()
    assert faults(bench) == [{"door": "main", "detail": "was back unlocked, should be locked; set right"}]


def pulse_outlives_a_loss(bench: Bench) -> None:
    bench.tap("old-li")
    bench.settle()
    bench.do(ev.DeviceGone("relay", "silent", ""), after=1.0)
    bench.do(ev.DeviceBack("relay", "here"), after=3.0)
    reads(bench, unlocked=True)


def order_without_an_answer(bench: Bench) -> None:
    bench.tap("anna")
    bench.do(ev.LockOrderFailed("main", bench.door().lock.order or 0, "silent"))
    reads(bench, unlocked=True)  # the board heard it, and its replies were lost


def reset_during_a_loss(bench: Bench) -> None:
    bench.do(ev.FireChanged("main", active=True))
    bench.settle()
    bench.do(ev.DeviceGone("relay", "silent", ""))
    bench.state = replace(bench.state, doors=tuple(replace(d, latched=False) for d in bench.state.doors))
    bench.do(ev.DeviceBack("relay", "here"), after=1.0)
    reads(bench, unlocked=True)


def pulse_of_the_run_before(bench: Bench) -> None:
    bench.state = initial(bench.state.plan)
    bench.do(ev.Started("s2", frozenset()))
    bench.do(ev.DeviceBack("relay", "here"))
    reads(bench, unlocked=True)


def a_late_end(bench: Bench) -> None:
    bench.tap("anna")
    bench.settle()
    bench.wait(6.0)


def fire_during_a_loss_that_outlived_a_pulse(bench: Bench) -> None:
    bench.tap("anna")
    bench.settle()
    bench.do(ev.DeviceGone("relay", "silent", ""), after=1.0)
    bench.do(ev.FireChanged("main", active=True), after=1.0)
    bench.do(ev.DeviceBack("relay", "here"), after=30.0)
    reads(bench, unlocked=False)  # the pulse ended, and nobody could tell it of the fire


@pytest.mark.parametrize(
    "life",
    [
        pulse_outlives_a_loss,
        order_without_an_answer,
        reset_during_a_loss,
        pulse_of_the_run_before,
        a_late_end,
        fire_during_a_loss_that_outlived_a_pulse,
    ],
)
def test_what_the_agent_did_itself_is_no_stranger(life: Callable[[Bench], None]) -> None:
    bench = Bench().start()
    life(bench)
    bench.settle()
    bench.wait(600.0)
    assert [fault for fault in faults(bench) if not str(fault["detail"]).startswith("did not unlock")] == []


def test_a_pulse_cut_off_by_the_loss_and_still_on_long_after_is_told() -> None:
    bench = Bench().start()
    bench.tap("anna")
    bench.settle()
    bench.do(ev.DeviceGone("relay", "silent", ""), after=1.0)
    bench.do(ev.DeviceBack("relay", "here"), after=30.0)
    reads(bench, unlocked=True)
    bench.settle()
    assert len(faults(bench)) == 1


def test_under_fire_one_that_locks_is_told() -> None:
    bench = Bench().start()
    bench.do(ev.FireChanged("main", active=True))
    bench.settle()
    assert of(fx.SetLock, reads(bench, unlocked=False))[0].unlocked
    bench.settle()
    assert faults(bench) == [{"door": "main", "detail": "read locked, should be unlocked; set right"}]


# --- who asks while a pulse runs


def answered(bench: Bench, seconds: float) -> list[tuple[float, float]]:
    """Let time pass with a lock that does what it is told; the pulses ordered, as (when, seconds)."""
    end = bench.mono + seconds
    while bench.mono < end:
        bench.settle()
        bench.wait(0.1)
    return [(at, e.seconds) for at, e in bench.effects if isinstance(e, fx.PulseLock)]


def press(bench: Bench) -> None:
    bench.do(ev.ExitChanged("main", pressed=True))
    bench.settle()
    bench.do(ev.ExitChanged("main", pressed=False), after=0.3)


@pytest.mark.claim("D2", "D3")
def test_eight_presses_are_one_unlock_renewed() -> None:
    bench = Bench().start()
    bench.forget()
    began = bench.mono
    for _ in range(8):
        press(bench)
        answered(bench, 0.57)
    pulses = answered(bench, 10.0)
    assert len(pulses) == 3
    ends = began
    for at, seconds in pulses:
        assert at <= ends or at == began, "it never falls shut between"
        ends = at + seconds
    assert ends == pytest.approx(began + 7 * 0.9 + 5.0, abs=0.4), "as long as the last press asks"
    assert bench.kinds().count("access.granted") == 8


def test_a_press_while_the_pulse_is_not_read_back_pulses_at_once() -> None:
    bench = Bench().start()
    press(bench)
    reads(bench, unlocked=False)  # the board lost it
    bench.forget()
    bench.do(ev.ExitChanged("main", pressed=True))
    assert len(bench.all(fx.PulseLock)) == 1


@pytest.mark.claim("D12")
def test_a_pulse_that_is_over_is_not_renewed() -> None:
    """The agent was stopped meanwhile: it would open a locked door for somebody who asked seconds ago."""
    for stopped_s in (0.4, 1.1, 3.0):
        bench = Bench().start()
        press(bench)
        answered(bench, 2.0)
        press(bench)
        answered(bench, bench.door().lock.pulse_end - bench.mono - 1.15)
        bench.forget()
        bench.stopped(stopped_s + 0.35)
        assert not bench.all(fx.PulseLock)


@pytest.mark.claim("D7", "D12")
def test_a_renewal_is_on_the_wire_before_the_pulse_it_renews_is_over() -> None:
    bench = Bench().start()
    press(bench)
    answered(bench, 2.0)
    press(bench)
    end = bench.door().lock.pulse_end
    bench.forget()
    bench.stopped(end - bench.mono - 0.9)
    (renewal,) = bench.all(fx.PulseLock)
    assert bench.mono < renewal.not_after_mono <= end - 0.5


def test_who_came_in_ends_the_pulse_and_what_was_to_renew_it() -> None:
    bench = Bench().start()
    press(bench)
    press(bench)
    bench.do(ev.ContactChanged("main", open=True), after=0.5)
    bench.do(ev.ContactChanged("main", open=False), after=1.0)
    bench.settle()
    bench.forget()
    assert answered(bench, 10.0) == []


def test_a_lockdown_ends_what_was_to_be_renewed() -> None:
    bench = Bench().start().online()
    press(bench)
    press(bench)
    accept(bench, SetMode(Mode.LOCKDOWN, bench.utc + 600))
    bench.settle()
    bench.forget()
    assert answered(bench, 10.0) == []


@pytest.mark.claim("D3")
def test_the_drivers_cap_of_a_pulse_is_the_contracts() -> None:
    """They import nobody of ours, and so have it as a figure of their own."""
    assert MAX_PULSE_S == MAX_UNLOCK_S
