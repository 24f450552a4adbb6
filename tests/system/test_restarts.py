"""Orders right after a start of the real agent: none that is honest is refused, none that was refused comes back."""

from __future__ import annotations

import time

import pytest

from contract.commands import Open
from contract.messages import Kind
from simulator.demo.stage import PULSE_S, Stage
from tests.system.forger import COMMANDS, Forger
from tests.waiting import eventually


@pytest.fixture
def site(stage: Stage) -> Stage:
    """Everything runs, and the unit has a trusted clock."""
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="clock.changed", trust="synced"), 20)
    return stage


def started_again(site: Stage, *, kill: bool) -> None:
    """Until the centre has set its clock."""
    known = len(site.bureau.facts(kind="clock.changed", trust="synced"))
    if kill:
        site.agent.kill()
    else:
        assert site.agent.stop() == 0
    site.start_agent()
    eventually(lambda: len(site.bureau.facts(kind="clock.changed", trust="synced")) > known, 20)


@pytest.mark.slow
@pytest.mark.claim("F26")
def test_an_order_of_a_desk_whose_clock_is_off_is_done_right_after_a_start(site: Stage) -> None:
    forger = Forger(site)
    for ahead_s in (-4.0, 4.0):
        started_again(site, kill=ahead_s > 0.0)
        made = forger.command(Open("main"), ahead_s=ahead_s)
        forger.send((COMMANDS, forger.token(Kind.COMMAND, made)))
        eventually(lambda name=made.id: site.bureau.facts(kind="command.done", id=name), 10)
        eventually(lambda: not site.box.lock_unlocked, PULSE_S + 2)
    assert not site.bureau.facts(kind="command.refused")


@pytest.mark.slow
@pytest.mark.claim("F26")
def test_what_was_refused_is_not_done_after_a_quick_start_however_its_clock_goes(site: Stage) -> None:
    """Signed by a clock that is ahead, its time lies after the start."""
    forger = Forger(site)
    now = time.time()
    forger.send(*((COMMANDS, forger.opening()[1]) for _ in range(6)))
    late = [forger.command(Open("main"), ahead_s=ahead_s) for ahead_s in (0.0, 4.5)]
    tokens = [(COMMANDS, forger.token(Kind.COMMAND, made)) for made in late]
    forger.send(*tokens)
    for made in late:
        eventually(lambda name=made.id: site.bureau.facts(kind="command.refused", id=name, reason="rate"), 10)
    started_again(site, kill=True)
    forger.send(*tokens)
    for made in late:
        eventually(lambda name=made.id: site.bureau.facts(kind="command.refused", id=name, reason="replayed"), 10)
    assert time.time() < now + 25
    assert len(site.bureau.facts(kind="access.granted", via="remote")) == 6
