"""Spent means spent: over a restart, over a clock that is set back; and the count of opens goes on."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.time import Trust
from tests.agent.core.bench import Bench, command, facts_of, the


@pytest.mark.claim("F26")
def test_what_was_refused_before_a_start_is_refused_after_it() -> None:
    """Refusals are not written down (a flood would wear the disk): whatever was signed before the start is spent by that."""
    bench = Bench().start().online()
    early = command(bench, iat=bench.utc, exp=bench.utc + 30)
    bench.do(ev.Started("s2", frozenset()), after=0.5)
    assert facts_of(bench.message(early))["command.refused"]["detail"] == "before this start"
    assert the(fx.Record, bench.message(command(bench, name="c2", iat=bench.utc))).seen


@pytest.mark.claim("F26")
def test_a_clock_set_back_brings_no_command_back() -> None:
    bench = Bench().start().online()
    used = command(bench)
    bench.recorded(the(fx.Record, bench.message(used)))
    bench.wait(60)
    bench.utc = used.iat + 1
    bench.do(ev.ClockChanged(Trust.SYNCED, -60.0))
    assert facts_of(bench.message(used))["command.refused"]["reason"] == "replayed"


def test_opens_from_before_a_start_count_for_the_rate() -> None:
    bench = Bench().start().online()
    bench.opened(opens=tuple(("main", bench.utc + 20) for _ in range(limits.OPEN_RATE)))
    bench.wait(5)
    refused = facts_of(bench.message(command(bench)))["command.refused"]
    assert refused["reason"] == "rate"
    bench.wait(limits.OPEN_RATE_S)
    assert the(fx.Record, bench.message(command(bench, name="c2"))).seen
