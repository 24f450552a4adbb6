"""A unit with an empty disk that finds older signed state at the broker: taken while nothing newer is known, told once the centre's digest is, never twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from contract.digest import digest
from contract.messages import Holder, RosterPart, Settings, Sign
from tests.agent.core.bench import UNIT, UTC, YARD, Bench, card, confirm, holders, of, the, wire

OLD, NEW = Settings(UNIT, 3, UTC, sign=Sign("旧")), Settings(UNIT, 7, UTC, sign=Sign("新"))
RIGHT = digest([("settings", "unit/b12-u2", "", 7), ("roster", "yard/y07", "h1", 7)])
LOST = Holder("lost")


def part(rev: int, *people: Holder) -> RosterPart:
    return RosterPart(YARD, "h1", rev, UTC, 1, 1, "k1", people)


def put(bench: Bench, rev: int, *people: Holder) -> None:
    """The roster comes, and the store puts it in force."""
    save = the(fx.SaveState, bench.message(part(rev, *people), retained=True))
    bench.do(ev.StateSaved(save.token, "roster", "yard/y07", "h1", rev))
    bench.do(ev.HoldersReplaced(holders(*people), ("yard/y07", "h1", rev), (("roster", "yard/y07", "h1", rev),)))


def rolled_back() -> Bench:
    """Started with nothing on disk; then the broker gives what was true long ago."""
    bench = Bench().start(Holder("anna"))
    bench.do(ev.LinkUp("5"))
    bench.do(ev.CentrePresence(online=True, since=UTC))
    bench.message(OLD, retained=True)
    put(bench, 3, LOST)
    return bench


def asked(bench: Bench) -> str:
    return bench.all(fx.SendBatch)[-1].batch


@pytest.mark.claim("F26")
def test_older_state_is_taken_until_the_centre_is_heard_and_then_told_and_replaced() -> None:
    bench = rolled_back()
    assert of(fx.PulseLock, bench.do(ev.CardRead("card", card("lost")), after=1.0)), "nothing newer is known"
    assert wire(bench.state)["stale"] is False
    bench.message(confirm(bench, asked(bench), digest=RIGHT))
    bench.wait(61.0)
    assert wire(bench.state)["stale"] is True
    save = the(fx.SaveState, bench.message(NEW, retained=True))
    bench.do(ev.StateSaved(save.token, "settings", "unit/b12-u2", "", 7))
    put(bench, 7, Holder("anna"))
    assert wire(bench.state)["stale"] is False
    assert not of(fx.PulseLock, bench.do(ev.CardRead("card", card("lost")), after=10.0))
    for again in (OLD, part(3, LOST)):
        assert not of(fx.SaveState, bench.message(again, retained=True))
    assert bench.state.sign["grid"] == "新"


def test_an_older_confirm_that_is_played_again_does_not_make_it_right() -> None:
    bench = rolled_back()
    old = confirm(bench, "s0-9", now_utc=bench.utc - 86_400, iat=bench.utc - 86_400)
    bench.message(confirm(bench, asked(bench), digest=RIGHT))
    for _ in range(5):
        bench.message(old)
        bench.wait(20.0)
    assert wire(bench.state)["stale"] is True
    bench.message(replace(old, now_utc=bench.utc, digest=RIGHT))
    assert bench.state.sync.digest == RIGHT
