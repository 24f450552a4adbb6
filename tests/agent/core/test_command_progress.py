"""What becomes of a command that moves a lock: a fire reset is done when every lock moved; what a restart cut off is never said not to have been done."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.events.store import PendingCommand
from contract.commands import FireReset, Reason
from tests.agent.core.bench import UTC, Bench, command, door_plan, facts_in, facts_of, of, the, unit_plan
from tests.agent.core.test_commands import accept, replies

TWO = unit_plan(door_plan(), door_plan(id="cellar", lock_device="board2", readers=()))


def told(found: tuple[fx.Effect, ...] | list[fx.Effect]) -> list[tuple[str, str | None, str | None]]:
    return [(r.state, r.reason, r.detail) for r in of(fx.SendReply, found)]


def burnt() -> Bench:
    """Two doors, released by a fire that is over."""
    bench = Bench(TWO).start().online()
    bench.do(ev.FireChanged("main", active=True))
    for name in ("main", "cellar"):
        bench.settle(name)
    bench.do(ev.FireChanged("main", active=False))
    return bench


def level(bench: Bench, name: str) -> tuple[fx.Effect, ...]:
    """The lock does what was ordered last; what came of that."""
    before = len(bench.effects)
    bench.settle(name)
    return tuple(effect for _, effect in bench.effects[before:])


@pytest.mark.claim("D1")
def test_a_fire_reset_is_refused_at_once_while_an_input_is_active_or_cannot_be_read() -> None:
    bench = burnt()
    bench.do(ev.FireChanged("main", active=True))
    found = bench.message(command(bench, FireReset()))
    assert told(found) == [("refused", Reason.DEVICE, "the fire input of main is active")]
    assert facts_of(found)["command.refused"]["detail"] == "the fire input of main is active"
    bench.do(ev.DeviceGone("relay", "silent", ""))
    found = bench.message(command(bench, FireReset(), name="c2"))
    why = "the fire input of main cannot be read, the fire input of cellar cannot be read"
    assert told(found) == [("refused", Reason.DEVICE, why)]
    assert bench.door("cellar").latched


def test_an_input_that_becomes_active_during_the_commit_still_refuses() -> None:
    bench = burnt()
    record = the(fx.AppendFacts, bench.message(command(bench, FireReset())))
    bench.do(ev.FireChanged("cellar", active=True))
    found = bench.recorded(record)
    assert told(found) == [("accepted", None, None), ("refused", Reason.DEVICE, "the fire input of cellar is active")]
    assert [e for e in of(fx.SetLock, found) if not e.unlocked] == []


@pytest.mark.claim("D1")
def test_a_fire_reset_is_done_when_every_lock_was_read_back() -> None:
    bench = burnt()
    found = accept(bench, FireReset())
    assert replies(found) == [("accepted", None)]
    assert the(fx.SaveLatch, found).doors == frozenset()
    assert {(e.door, e.unlocked) for e in of(fx.SetLock, found)} == {("main", False), ("cellar", False)}
    assert replies(level(bench, "main")) == []
    assert replies(level(bench, "cellar")) == [("done", None)]
    assert bench.state.commands.resets == ()


def test_a_fire_reset_of_one_door_is_done_with_that_door() -> None:
    bench = burnt()
    found = accept(bench, FireReset("cellar"))
    assert the(fx.SaveLatch, found).doors == {"main"}
    assert the(fx.SetLock, found).door == "cellar"
    assert replies(level(bench, "cellar")) == [("done", None)]
    assert replies(accept(bench, FireReset("cellar"), name="c2")) == [
        ("accepted", None),
        ("done", None),
    ]


def test_a_fire_reset_names_the_door_whose_lock_did_not_move() -> None:
    for fault, words in (
        ("lost", "cellar: lock lost"),
        ("mute", "cellar: no answer"),
        ("stuck", "cellar: reads unlocked"),
    ):
        bench = burnt()
        accept(bench, FireReset())
        level(bench, "main")
        if fault == "lost":
            bench.do(ev.DeviceGone("board2", "silent", ""))
        elif fault == "stuck":
            bench.do(ev.LockOrderSent("cellar", bench.door("cellar").lock.order or 0))
            bench.do(ev.LockRead("cellar", unlocked=True))
        bench.wait(0.25)
        if fault == "stuck":
            bench.do(ev.LockOrderSent("cellar", bench.door("cellar").lock.order or 0))
            bench.do(ev.LockRead("cellar", unlocked=True))
        bench.wait(4.0)
        outcome = [told_ for told_ in told([effect for _, effect in bench.effects]) if told_[0] in {"done", "refused"}]
        assert outcome == [("refused", Reason.DEVICE, words)]
        assert not bench.door("main").latched, "what was reset stays reset"


def test_a_door_that_burns_again_is_not_done() -> None:
    bench = burnt()
    accept(bench, FireReset())
    found = bench.do(ev.FireChanged("main", active=True))
    assert told(found) == [("refused", Reason.DEVICE, "cellar: released again, main: released again")]


# --- cut off by a restart


def restarted(*pending: PendingCommand, **started: Any) -> Bench:
    """The next run, up to its open store; no lock has been read yet."""
    bench = Bench(TWO)
    bench.do(ev.Started("s2", **{"latched": frozenset(), **started}))
    bench.do(ev.LinkUp("5"))
    bench.opened(pending=pending, seen={p.id: UTC + 20 for p in pending})
    return bench


def open_of(**known: Any) -> PendingCommand:
    return PendingCommand("c1", "open", "main", "desk-1", **known)


def outcome(bench: Bench) -> list[tuple[str, str | None, str | None]]:
    assert bench.all(fx.PulseLock) == []
    finished = [record for record in bench.all(fx.AppendFacts) if record.finish]
    replied = told([effect for _, effect in bench.effects])
    assert [record.finish for record in finished] == [("c1",)] * bool(replied)
    assert all(facts_in(record)[0].data.get("detail") == replied[0][2] for record in finished)
    return replied


@pytest.mark.claim("F2")
def test_an_open_whose_pulse_still_runs_after_the_restart_is_done() -> None:
    bench = restarted(open_of())
    assert outcome(bench) == []
    bench.do(ev.LockRead("main", unlocked=True))
    assert outcome(bench) == [("done", None, "read back after a restart")]
    bench.wait(10.0)
    assert len(bench.all(fx.SendReply)) == 1


@pytest.mark.claim("F2")
def test_an_open_after_which_the_door_was_opened_is_done() -> None:
    bench = restarted(open_of(granted=True, opened=True))
    assert [state for state, _, _ in outcome(bench)] == ["done", "opened"]


@pytest.mark.claim("F2")
@pytest.mark.parametrize("granted", [False, True])
def test_of_an_open_without_a_trace_nothing_is_claimed_and_nothing_done(granted: bool) -> None:
    words = "a restart came first" + ("; the unlock was ordered before it" if granted else "")
    read = restarted(open_of(granted=granted))
    read.do(ev.LockRead("main", unlocked=False))
    assert outcome(read) == [("unknown", None, words)]
    mute = restarted(open_of(granted=granted))
    mute.wait(3.5)
    assert outcome(mute) == [("unknown", None, words)]


def test_a_coil_that_was_on_long_after_the_open_proves_nothing() -> None:
    bench = restarted(open_of())
    bench.utc += 600.0
    bench.do(ev.LockRead("main", unlocked=True))
    assert outcome(bench) == [("unknown", None, "a restart came first")]


@pytest.mark.claim("F2")
def test_a_fire_reset_cut_off_tells_how_the_doors_stand() -> None:
    reset = PendingCommand("c1", "fire_reset", None, "desk-1")
    bench = restarted(reset)
    for name in ("main", "cellar"):
        assert outcome(bench) == []
        bench.settle(name)
    assert outcome(bench) == [("done", None, "read back after a restart")]
    half = restarted(reset, latched=frozenset({"cellar"}))
    half.settle("main")
    assert outcome(half) == [("unknown", None, "cellar: still released")]


def test_a_mode_cut_off_is_not_in_force_and_what_moves_no_lock_is_abandoned() -> None:
    mode = restarted(PendingCommand("c1", "mode", "main", "desk-1"))
    assert outcome(mode) == [("unknown", None, "a restart came first; the mode is not in force")]
    identify = restarted(PendingCommand("c1", "identify", None, "desk-1"))
    assert outcome(identify) == [("refused", Reason.ABANDONED, None)]
