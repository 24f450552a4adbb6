"""`erase`: nothing of the holder stays in memory, the store is asked, and its word ends the command."""

from __future__ import annotations

from typing import Any

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.events.store import PendingCommand
from contract.commands import Erase, Reason
from contract.messages import Holder
from tests.agent.core.bench import UTC, Bench, command, facts_of, of, the

KEPT = (fx.KeptHome("holder anna", "anna", None, 5.0, UTC, silent=False),)


def unit() -> Bench:
    """Anna was here a moment ago, and is in no roster any more."""
    bench = Bench().start(Holder("anna"), Holder("ben")).online()
    bench.tap("anna")
    bench.roster(Holder("ben"))
    return bench


def accept(bench: Bench, holder: str = "anna", name: str = "c1") -> tuple[fx.Effect, ...]:
    return bench.recorded(the(fx.AppendFacts, bench.message(command(bench, Erase(holder), name=name))))


def replies(found: Any) -> list[tuple[str, str | None, str | None]]:
    return [(reply.state, reply.reason, reply.detail) for reply in of(fx.SendReply, found)]


def test_it_is_done_when_the_store_says_that_nothing_is_left() -> None:
    bench = unit()
    assert "key-anna" in replay_codec.dumps(bench.state)
    found = accept(bench)
    order = the(fx.EraseHolder, found)
    assert order.holder == "anna"
    assert replies(found) == [("accepted", None, None)]
    assert "key-anna" not in replay_codec.dumps(bench.state)
    found = bench.do(ev.HolderErased(order.token))
    assert replies(found) == [("done", None, None)]
    assert facts_of(found)["command.done"]["action"] == "erase"
    assert replies(bench.do(ev.HolderErased(order.token))) == []


def test_while_a_roster_names_them_it_is_refused() -> None:
    bench = unit()
    found = bench.message(command(bench, Erase("ben")))
    assert replies(found) == [("refused", Reason.DEVICE, "a roster still names them")]
    assert of(fx.PulseLock, bench.tap("ben"))
    order = the(fx.EraseHolder, accept(bench, "anna", "c2"))
    found = bench.do(ev.HolderErased(order.token, "a roster still names them"))
    assert replies(found) == [("refused", Reason.DEVICE, "a roster still names them")]


def test_a_disk_that_takes_nothing_or_never_answers_is_told() -> None:
    bench = unit()
    order = the(fx.EraseHolder, accept(bench))
    assert replies(bench.do(ev.HolderErased(order.token, "the disk: full"))) == [
        ("refused", Reason.STORAGE, "the disk: full")
    ]
    again = the(fx.EraseHolder, accept(bench, name="c2"))
    assert ("refused", Reason.STORAGE, "no answer") in replies(bench.wait(301.0))
    assert replies(bench.do(ev.HolderErased(again.token))) == [], "what is told is told"


def test_of_a_watched_household_the_row_goes_too() -> None:
    bench = unit()
    bench.opened(homes=KEPT)
    accept(bench)
    assert [(h.name, h.gone) for r in bench.all(fx.AppendFacts) for h in r.homes] == [("holder anna", True)]
    assert not bench.state.care.kept


def test_cut_off_by_a_restart_it_is_not_done_and_says_so() -> None:
    bench = Bench().start().online()
    left = PendingCommand("c9", "erase", None, "desk")
    found = bench.opened(pending=(left,), seen={"c9": UTC + 60})
    assert replies(found) == [("refused", Reason.ABANDONED, None)]
