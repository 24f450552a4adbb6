"""Spent means spent: over a restart, over a clock that is set back; and the count of opens goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.controller import initial
from agent.core.time import Trust
from contract.commands import Open
from tests.agent.core.bench import Bench, command, facts_of, of, the


def again(bench: Bench, seen: dict[str, float], after: float = 0.0, **opened: Any) -> None:
    """A start on the same disk."""
    bench.wait(after)
    state = initial(bench.state.plan)
    bench.state = replace(state, now=bench.now())
    bench.do(ev.Started("s2", frozenset()))
    bench.opened(seen=seen, **opened)


def taken(found: Iterable[fx.Effect]) -> bool:
    return any(r.seen is not None and r.seen.pending for r in of(fx.AppendFacts, tuple(found)))


def written(found: Iterable[fx.Effect]) -> dict[str, float]:
    return {r.seen.id: r.seen.exp for r in of(fx.AppendFacts, tuple(found)) if r.seen is not None}


@pytest.mark.claim("F26")
@pytest.mark.parametrize("ahead_s", [-4.0, 0.0, 4.0])
def test_what_was_refused_before_a_start_is_refused_after_it(ahead_s: float) -> None:
    """However the clock of whoever signed it goes: the start knows it by its id."""
    bench = Bench().start().online()
    early = command(bench, iat=bench.utc + ahead_s, exp=bench.utc + 20, order=Open("nowhere"))
    seen = written(bench.message(early))
    again(bench, seen)
    refused = facts_of(bench.message(replace(early, order=Open("main"))))["command.refused"]
    assert refused["reason"] == "replayed"


@pytest.mark.claim("F26")
def test_what_was_signed_long_before_a_start_is_none_of_its_own() -> None:
    bench = Bench().start().online()
    early = command(bench, iat=bench.utc - 5.5, exp=bench.utc + 20)
    bench.do(ev.Started("s2", frozenset()))
    assert facts_of(bench.message(early))["command.refused"]["detail"] == "before this start"


@pytest.mark.parametrize("behind_s", [0.5, 2.0, 4.0])
def test_an_order_of_a_clock_that_is_behind_is_taken_right_after_a_start(behind_s: float) -> None:
    bench = Bench().start().online()
    again(bench, {}, next_seq=7, epoch_utc=0.0)
    bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    assert taken(bench.message(command(bench, iat=bench.utc - behind_s, exp=bench.utc + 20)))


def test_where_the_journal_is_new_nothing_from_before_it_is_taken() -> None:
    """What had been used before it was lost is not known."""
    bench = Bench().start().online()
    again(bench, {}, next_seq=3, epoch_utc=0.0, recovered=("journal",))
    bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    refused = facts_of(bench.message(command(bench, iat=bench.utc - 0.5, exp=bench.utc + 20)))["command.refused"]
    assert (refused["reason"], refused["detail"]) == ("replayed", "before this epoch")


@pytest.mark.claim("F26")
def test_what_was_refused_in_a_flood_is_spent_over_a_start_and_costs_a_write_a_second() -> None:
    bench = Bench().start().online()
    seen: dict[str, float] = {}
    for n in range(limits.REFUSED_RATE):
        seen |= written(bench.message(command(bench, name=f"f{n}", iat=bench.utc, order=Open("nowhere"))))
    assert len(seen) == limits.REFUSED_RATE
    writes, last = 0, command(bench)
    for n in range(100):
        bench.wait(0.05)
        last = command(bench, name=f"g{n}", iat=bench.utc + (n % 2) * 4.9, order=Open("nowhere"))
        found = written(bench.message(last))
        assert set(found) <= {"*"}
        writes += len(found)
        seen |= found
    assert 4 <= writes <= 6
    again(bench, seen, after=1.0)
    refused = facts_of(bench.message(replace(last, order=Open("main"))))["command.refused"]
    assert (refused["reason"], refused["detail"]) == ("replayed", "before this start, in a flood")
    bench.wait(limits.CLOCK_SKEW_S)
    assert taken(bench.message(command(bench, name="c9", iat=bench.utc)))


def test_a_flood_under_a_clock_of_the_far_future_closes_no_door_for_long() -> None:
    bench = Bench().start().online()
    again(bench, {"*": bench.utc + 3e8})
    bench.wait(limits.CLOCK_SKEW_S)
    assert taken(bench.message(command(bench, iat=bench.utc)))


@pytest.mark.claim("F26")
def test_a_clock_set_back_brings_no_command_back() -> None:
    bench = Bench().start().online()
    used = command(bench)
    bench.recorded(the(fx.AppendFacts, bench.message(used)))
    bench.wait(60)
    bench.utc = used.iat + 1
    bench.do(ev.ClockStepped(Trust.SYNCED, -60.0))
    assert facts_of(bench.message(used))["command.refused"]["reason"] == "replayed"


def test_opens_from_before_a_start_count_for_the_rate() -> None:
    bench = Bench().start().online()
    bench.opened(opens=tuple(("main", bench.utc + 20) for _ in range(limits.OPEN_RATE)))
    bench.wait(5)
    refused = facts_of(bench.message(command(bench)))["command.refused"]
    assert refused["reason"] == "rate"
    bench.wait(limits.OPEN_RATE_S)
    assert taken(bench.message(command(bench, name="c2")))
