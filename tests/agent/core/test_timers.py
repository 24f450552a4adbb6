"""Timers: done when due, in order, and none that stays due keeps the loop busy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.controller import all_timers, deadline
from agent.core.state import State
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer, run_due
from contract.commands import Mode, SetMode
from tests.agent.core.bench import Bench, command, the


def test_one_act_can_make_another_due_in_the_same_step_and_end_a_third() -> None:
    done: list[str] = []
    left = {"first": 5.0, "ended": 6.0, "later": 9999.0}

    def act(name: str) -> None:
        done.append(name)
        del left[name]
        if name == "first":
            del left["ended"]
            left["next"] = 7.0

    def timers(state: State) -> Iterator[Timer]:
        for name, at in left.items():
            yield at, lambda step, name=name: act(name)
        yield 1.0, None

    bench = Bench()
    run_due(StepBuilder(bench.state, bench.now()), timers)
    assert done == ["first", "next"]
    assert left == {"later": 9999.0}


def test_what_stays_due_is_done_a_bounded_number_of_times_and_asked_again_later() -> None:
    bench = Bench().start()
    done: list[float] = []
    run_due(StepBuilder(bench.state, bench.now()), lambda state: iter([(0.0, lambda step: done.append(step.now.mono))]))
    assert len(done) == limits.ACTS_MAX
    now = bench.state.now.mono
    overdue = replace(bench.state, commands=replace(bench.state.commands, restart_at=now - 1.0))
    assert min(at for at, _ in all_timers(overdue)) < now < (deadline(overdue) or now) <= now + limits.OVERDUE_S


def test_a_lock_that_took_a_pulse_and_was_never_read_does_not_keep_the_core_awake() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    bench.do(ev.DeviceBack("relay", "here"))
    bench.do(ev.LockOrderSent("main", bench.door().lock.order or 0))
    order = the(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True))).order
    bench.do(ev.LockOrderSent("main", order))
    bench.wait(120.0)


def test_a_mode_that_ends_as_its_next_pulse_is_due_gives_none() -> None:
    bench = Bench().start()
    until = bench.utc + bench.door().plan.lease_s
    record = the(fx.AppendFacts, bench.message(command(bench, SetMode(Mode.HOLD_OPEN, until, "main"))))
    bench.recorded(record)
    bench.settle()
    bench.forget()
    bench.wait(bench.door().plan.lease_s + 1.0)
    assert bench.door().mode is Mode.NORMAL
    assert bench.all(fx.SetLock)
