"""Desired state of a kind without a rule of its own, as a later version may declare one: the newest revision is kept, told, and in the digest."""

from __future__ import annotations

from typing import ClassVar

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.status import applied_entries
from contract.frozen import frozen
from contract.messages import Address, Kind, Settings, StateMessage
from contract.scopes import Scope
from tests.agent.core.bench import SITE, UTC, YARD, Bench, confirm, facts_of, of, the, wire


@frozen
class Later(StateMessage):
    """With ids, like a notice."""

    KIND: ClassVar = Kind.ROUND
    ADDRESS: ClassVar = Address("signed `round`", ("round",))
    scope: Scope
    id: str
    rev: int
    iat: float = UTC


def entry(message: Later) -> tuple[str, str, str, int]:
    return "round", str(message.scope), message.id, message.rev


def saved(bench: Bench, message: Later) -> dict[str, object]:
    """The fact, once the store has it."""
    save = the(fx.SaveState, bench.message(message))
    assert save.message == message
    found = bench.do(ev.StateSaved(save.token, *entry(message)))
    assert [ack.token for ack in of(fx.AckMessage, found)] == [save.token]
    return dict(facts_of(found)["state.applied"])


def test_it_is_saved_acknowledged_told_and_in_force() -> None:
    bench = Bench().start().online()
    for message in (Later(YARD, "r1", 3), Later(SITE, "r1", 1), Later(YARD, "r2", 1)):
        told = saved(bench, message)
        assert told == {"state": "round", "scope": str(message.scope), "id": message.id, "rev": message.rev}
        assert entry(message) in applied_entries(bench.state)
    bench.message(confirm(bench, "s1-1"))
    assert not bench.state.sync.stale
    assert wire(bench.state)["stale"] is False


def test_an_older_revision_never_replaces_a_newer_one() -> None:
    bench = Bench().start().online()
    newest = Later(YARD, "r1", 3)
    saved(bench, newest)
    for again in (Later(YARD, "r1", 2), newest):
        found = bench.message(again)
        assert of(fx.AckMessage, found)
        assert not of(fx.SaveState, found)
    bench.do(ev.StateLoaded((Later(YARD, "r1", 2), Later(YARD, "r9", 1), Later(Scope("yard", "elsewhere"), "r1", 1))))
    assert set(bench.state.desired.of(Later)) == {newest, Later(YARD, "r9", 1)}


def test_more_than_a_unit_keeps_are_refused_and_told() -> None:
    bench = Bench().start().online()
    for number in range(limits.KEPT_MAX):
        bench.message(Later(YARD, f"r{number}", 1))
    found = bench.message(Later(YARD, "one-more", 1))
    assert of(fx.AckMessage, found)
    assert not of(fx.SaveState, found)
    assert facts_of(found)["state.refused"] == {
        "state": "round", "scope": str(YARD), "id": "one-more", "rev": 1, "reason": "full",
    }  # fmt: skip
    assert the(fx.SaveState, bench.message(Later(YARD, "r0", 2))).message == Later(YARD, "r0", 2)
    assert len(bench.state.desired.of(Later)) == limits.KEPT_MAX
    assert not bench.state.desired.of(Settings)


def test_a_cache_made_anew_gets_all_of_it_again() -> None:
    bench = Bench().start().online()
    saved(bench, Later(YARD, "r1", 3))
    bench.message(Settings(SITE, 1, UTC, language="en"))
    again = [save.message for save in of(fx.SaveState, bench.do(ev.CacheReset()))]
    assert Later(YARD, "r1", 3) in again
    assert Settings(SITE, 1, UTC, language="en") in again
