"""Remote commands: each refusal, committed before acting, at most once, answered to the end."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.time import Trust
from contract.commands import Erase, Identify, Mode, Open, Pair, Reason, Restart, Resync, Selftest, SetMode
from contract.scopes import Scope
from tests.agent.core.bench import SITE, UNIT, UTC, Bench, command, door_plan, facts_of, of, the, unit_plan


def replies(found: tuple[fx.Effect, ...] | list[fx.Effect]) -> list[tuple[str, str | None]]:
    return [(r.state, r.reason) for r in of(fx.SendReply, found)]


def accept(bench: Bench, *args: Any, **kw: Any) -> tuple[fx.Effect, ...]:
    found = bench.message(command(bench, *args, **kw))
    (record,) = [r for r in of(fx.AppendFacts, found) if r.seen is not None]
    return bench.recorded(record)


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (Reason.NOT_MINE, {"site": "other"}),
        (Reason.NOT_MINE, {"scope": Scope("yard", "y99")}),
        (Reason.NOT_MINE, {"unit": "b12-u3"}),
        (Reason.NOT_MINE, {"unit": "*"}),
        (Reason.EXPIRED, {"exp": UTC - 1}),
        (Reason.EXPIRED, {"iat": UTC + 20, "exp": UTC + 40}),
        (Reason.TOO_LONG, {"exp": UTC + 31}),
        (Reason.TOO_LONG, {"exp": UTC + 30.02}),
        (Reason.DEVICE, {"order": Open("attic")}),
        (Reason.DEVICE, {"order": Selftest()}),
        (Reason.DEVICE, {"order": Erase("anna")}),
        (Reason.DEVICE, {"order": Pair()}),
        (Reason.MALFORMED, {"order": SetMode(Mode.LOCKDOWN, UTC - 1)}),
        (Reason.MALFORMED, {"order": SetMode(Mode.LOCKDOWN, UTC + 32 * 86_400)}),
    ],
)
def test_what_is_refused_moves_nothing_and_is_told(reason: Reason, changes: dict[str, Any]) -> None:
    bench = Bench().start().online()
    changes = {k: v + bench.utc - UTC if isinstance(v, float) else v for k, v in changes.items()}
    found = bench.message(command(bench, **{"iat": bench.utc, **changes}))
    assert replies(found) == [("refused", reason)]
    assert facts_of(found)["command.refused"]["reason"] == reason
    assert the(fx.AckMessage, found)
    assert of(fx.PulseLock, found) == of(fx.SetLock, found) == []
    assert not any(r.seen is not None and r.seen.pending for r in of(fx.AppendFacts, found))


def test_the_clock_must_be_good_enough() -> None:
    for trust in Trust:
        bench = Bench().start().online()
        bench.trust = trust
        found = bench.message(command(bench))
        refused = replies(found) == [("refused", Reason.CLOCK)]
        assert refused is (trust in {Trust.UNKNOWN, Trust.FLOOR})


@pytest.mark.claim("F20")
def test_a_retained_command_is_refused_also_when_the_link_let_it_through() -> None:
    bench = Bench().start().online()
    assert replies(bench.message(command(bench), retained=True)) == [("refused", Reason.RETAINED)]


@pytest.mark.claim("F21")
def test_a_copy_that_comes_while_the_command_is_under_way_is_not_answered_in_its_name() -> None:
    """Whoever doubles what goes by would make every open look refused that was done."""
    bench = Bench().start().online()
    accepted = bench.message(command(bench))
    copies = list(bench.message(command(bench)))
    bench.recorded(next(r for r in of(fx.AppendFacts, accepted) if r.seen is not None))
    copies += bench.message(command(bench))
    bench.settle()
    copies += bench.message(command(bench))
    assert replies(copies) == []
    assert "command.refused" not in facts_of(copies)
    assert len(of(fx.AckMessage, copies)) == 3
    bench.do(ev.ContactChanged("main", open=True))
    bench.wait(limits.REFUSALS_S + 1)
    assert replies(bench.all(fx.SendReply)) == [("accepted", None), ("done", None), ("opened", None)]
    assert sum(f.data["counts"]["replayed"] for f in bench.facts() if f.kind == "refusals") == 3


@pytest.mark.claim("F21")
@pytest.mark.parametrize("why", ["rate", "clock", "early", "device"])
def test_what_was_refused_is_not_done_later(why: str) -> None:
    """Its answer was given: a copy that a broker held back must not open after it."""
    bench = Bench().start().online()
    changes: dict[str, Any] = {}
    match why:
        case "rate":
            for n in range(limits.OPEN_RATE):
                accept(bench, name=f"n{n}")
            bench.wait(50.0)
        case "clock":
            bench.trust = Trust.FLOOR
        case "early":
            changes = {"iat": bench.utc + 10.0}
        case "device":
            bench.do(ev.DeviceGone("relay", "silent", ""))
    sent = command(bench, **changes)
    assert replies(bench.message(sent))[0][0] == "refused"
    bench.trust = Trust.SYNCED
    bench.do(ev.DeviceBack("relay", ""))
    bench.wait(12.0)
    found = bench.message(sent)
    assert [r for r in of(fx.AppendFacts, found) if r.seen is not None] == []
    assert replies(found) == [("refused", Reason.REPLAYED)]


def test_an_iat_rounded_to_the_millisecond_is_not_too_long() -> None:
    bench = Bench().start().online()
    assert of(fx.PulseLock, accept(bench, iat=bench.utc - 0.0004, exp=bench.utc + 30.0)) != []


def test_an_open_is_not_on_the_wire_after_its_end() -> None:
    bench = Bench().start().online()
    found = accept(bench, exp=bench.utc + 0.25)
    assert the(fx.PulseLock, found).not_after_mono == pytest.approx(bench.mono + 0.25)


@pytest.mark.claim("F21")
def test_an_id_is_used_once_over_restarts_and_never_from_before_this_epoch() -> None:
    bench = Bench().start().online()
    accept(bench)
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True))
    assert replies(bench.message(command(bench))) == [("refused", Reason.REPLAYED)]
    restarted = Bench().start()
    restarted.opened(seen={"c1": UTC + 20})
    restarted.online()
    assert replies(restarted.message(command(restarted))) == [("refused", Reason.REPLAYED)]
    renewed = Bench().start()
    renewed.opened(epoch_utc=renewed.utc + 5)
    renewed.online()
    assert replies(renewed.message(command(renewed))) == [("refused", Reason.REPLAYED)]


def test_an_epoch_begun_by_a_clock_far_ahead_refuses_no_command_once_the_clock_is_set() -> None:
    bench = Bench().start()
    bench.opened(epoch_utc=bench.utc + 1e8)
    bench.online()
    bench.do(ev.ClockStepped(Trust.SYNCED, -1e8))
    bench.wait(2.0)
    accept(bench, name="c9")


def test_at_most_six_opens_a_minute_and_door() -> None:
    bench = Bench(unit_plan(door_plan(), door_plan(id="yard", readers=()))).start().online()
    for n in range(6):
        accept(bench, name=f"c{n}")
    assert replies(bench.message(command(bench, name="c7"))) == [("refused", Reason.RATE)]
    accept(bench, name="d1", order=Open("yard"))
    bench.wait(60.0)
    accept(bench, name="c8")


# --- the course of an open


@pytest.mark.claim("D10")
def test_committed_first_then_acknowledged_then_acted_on() -> None:
    bench = Bench().start().online()
    found = bench.message(command(bench))
    record = the(fx.AppendFacts, found)
    assert record.seen == fx.SeenCommand("c1", bench.utc + 20, "open", "main", "desk-1", pending=True)
    assert of(fx.PulseLock, found) == of(fx.AckMessage, found) == []
    found = bench.recorded(record)
    assert isinstance(found[0], fx.PulseLock)
    assert the(fx.AckMessage, found).token == 1
    assert replies(found) == [("accepted", None)]
    assert facts_of(found)["access.granted"] == {"door": "main", "by": None, "via": "remote", "command": "c1"}


def test_accepted_done_opened() -> None:
    bench = Bench().start().online()
    accept(bench)
    bench.do(ev.LockOrderSent("main", bench.door().lock.order or 0))
    found = bench.do(ev.LockRead("main", unlocked=True))
    assert replies(found) == [("done", None)]
    assert [r.finish for r in of(fx.AppendFacts, found)] == [("c1",)]
    found = bench.do(ev.ContactChanged("main", open=True), after=1.0)
    assert replies(found) == [("opened", None)]
    bench.do(ev.ContactChanged("main", open=False), after=1.0)
    assert bench.state.commands.in_progress == ()


def test_and_no_entry_when_nobody_comes() -> None:
    bench = Bench().start().online()
    accept(bench)
    bench.settle()
    bench.do(ev.LockRead("main", unlocked=False), after=5.1)
    assert replies(bench.wait(5.0)) == [("no_entry", None)]
    assert "door.no_entry" in bench.kinds()


def test_a_lock_that_does_not_answer_is_refused_device() -> None:
    bench = Bench().start().online()
    accept(bench)
    found = bench.do(ev.LockOrderFailed("main", bench.door().lock.order or 0, "silent"))
    assert replies(found) == [("refused", Reason.DEVICE)]
    accept(bench, name="c2")
    assert replies(bench.wait(5.0)) == [("refused", Reason.DEVICE)]
    bench.do(ev.DeviceGone("relay", "port", ""))
    assert replies(bench.message(command(bench, name="c3"))) == [("refused", Reason.DEVICE)]


def test_a_card_in_between_does_not_confuse_the_answer() -> None:
    bench = Bench().start().online()
    accept(bench)
    order = bench.door().lock.order or 0
    bench.tap("anna", after=0.05)
    bench.do(ev.LockOrderSent("main", order))
    bench.do(ev.LockOrderSent("main", bench.door().lock.order or 0))
    assert replies(bench.do(ev.LockRead("main", unlocked=True))) == [("done", None)]


def test_lockdown_refuses_opens_before_and_after_the_commit() -> None:
    bench = Bench().start().online()
    waiting = the(fx.AppendFacts, bench.message(command(bench, name="early")))
    accept(bench, SetMode(Mode.LOCKDOWN, bench.utc + 600), name="m1")
    assert replies(bench.recorded(waiting)) == [("accepted", None), ("refused", Reason.LOCKDOWN)]
    assert replies(bench.message(command(bench, name="late"))) == [("refused", Reason.LOCKDOWN)]
    assert bench.all(fx.PulseLock) == []


def test_an_open_under_fire_is_done_without_a_pulse() -> None:
    bench = Bench().start().online()
    bench.do(ev.FireChanged("main", active=True))
    bench.settle()
    found = accept(bench)
    assert replies(found) == [("accepted", None), ("done", None)]
    assert of(fx.PulseLock, found) == []


@pytest.mark.claim("F20")
def test_an_open_whose_commit_took_too_long_never_fires() -> None:
    for step in (0.0, -86_400.0):  # also when the clock was set back meanwhile
        bench = Bench().start().online()
        record = the(fx.AppendFacts, bench.message(command(bench, exp=bench.utc + 1.0)))
        bench.wait(1.5)
        bench.utc += step
        found = bench.recorded(record)
        assert of(fx.PulseLock, found) == []
        assert replies(found) == [("accepted", None), ("refused", Reason.EXPIRED)]
        assert of(fx.AppendFacts, found)[-1].finish == ("c1",)


def test_storage_that_fails_refuses() -> None:
    bench = Bench().start().online()
    record = the(fx.AppendFacts, bench.message(command(bench)))
    found = bench.do(ev.RecordRefused(record.token, "full"))
    assert replies(found) == [("refused", Reason.STORAGE)]
    assert the(fx.AckMessage, found)
    record = the(fx.AppendFacts, bench.message(command(bench, name="c2")))
    assert replies(bench.wait(4.0)) == [("refused", Reason.STORAGE)]  # no answer at all
    assert of(fx.PulseLock, bench.recorded(record)) == []
    bench.do(ev.StoreFailed("failed", ""))
    assert replies(bench.message(command(bench, name="c3"))) == [("refused", Reason.STORAGE)]


# --- the other actions


def test_identify_shows_and_sounds() -> None:
    bench = Bench().start().online()
    found = accept(bench, Identify())
    assert bench.page().title == "就是这里"
    assert the(fx.SoundTone, found)
    assert replies(found) == [("accepted", None), ("done", None)]


def test_restart_is_written_down_before_it_happens() -> None:
    bench = Bench().start().online()
    found = accept(bench, Restart())
    assert of(fx.Stop, found) == []
    (done,) = [r for r in of(fx.AppendFacts, found) if r.finish]
    found = bench.recorded(done)
    assert the(fx.Stop, found) == fx.Stop()
    assert facts_of(found)["agent.stopping"] == {"detail": "restart"}
    slow = Bench().start().online()
    accept(slow, Restart())
    assert the(fx.Stop, slow.wait(3.0)) == fx.Stop()


def test_resync_reads_the_retained_state_again() -> None:
    bench = Bench().start().online()
    assert the(fx.Resubscribe, accept(bench, Resync()))


def test_mode_for_every_unit_of_a_scope() -> None:
    bench = Bench().start().online()
    found = accept(bench, SetMode(Mode.LOCKDOWN, bench.utc + 600), unit="*", scope=SITE, exp=bench.utc + 500)
    assert not the(fx.SetLock, found).unlocked
    assert facts_of(found)["door.mode"]["mode"] == "lockdown"


# --- refusals


def test_what_fails_before_the_signature_is_counted_once_a_minute() -> None:
    bench = Bench().start().online()
    bench.forget()
    for n in range(120):
        bench.do(ev.MessageRefused(n + 1, "command", Reason.BAD_SIGNATURE), after=1.0)
    bench.do(ev.MessageRefused(0, "command", Reason.UNKNOWN_KEY, None, 1000), after=1.0)
    bench.wait(120.0)
    facts = [f for f in bench.facts() if f.kind == "refusals"]
    assert len(facts) <= 4
    total = {r: sum(f.data["counts"].get(r, 0) for f in facts) for r in ("bad_signature", "unknown_key")}
    assert total == {"bad_signature": 120, "unknown_key": 1000}
    assert bench.all(fx.SendReply) == []
    assert len(bench.all(fx.AckMessage)) == 120


def test_a_command_the_link_refused_after_its_signature_is_answered() -> None:
    bench = Bench().start().online()
    found = bench.do(ev.MessageRefused(7, "command", Reason.NOT_MINE, "c9"))
    assert replies(found) == [("refused", Reason.NOT_MINE)]
    assert facts_of(found)["command.refused"] == {"id": "c9", "reason": "not_mine"}


def test_a_flood_of_replays_does_not_fill_the_journal() -> None:
    bench = Bench().start().online()
    accept(bench)
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True))
    bench.forget()
    for _ in range(1000):
        bench.message(command(bench))
    assert bench.kinds().count("command.refused") == limits.REFUSED_RATE
    bench.wait(61.0)
    counted = sum(f.data["counts"]["replayed"] for f in bench.facts() if f.kind == "refusals")
    assert counted == 1000 - limits.REFUSED_RATE


def test_replies_wait_for_the_link() -> None:
    bench = Bench().start()
    assert replies(bench.message(command(bench, unit="b12-u3"))) == []
    assert [r.id for r in of(fx.SendReply, bench.do(ev.LinkUp("5")))] == ["c1"]
    assert of(fx.SendReply, bench.do(ev.LinkUp("5"))) == []


def test_a_scope_of_ours_with_our_unit_inside_is_ours() -> None:
    bench = Bench().start().online()
    assert replies(accept(bench, scope=UNIT))[0] == ("accepted", None)
