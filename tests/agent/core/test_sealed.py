"""Secrets in the core: only names of keys are known here, none is let go too early, and holders count when their keys are here."""

from __future__ import annotations

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.replay_codec import dumps, loads
from agent.core.status import applied_entries, status
from contract.facts import StateRefused
from contract.messages import Secrets
from tests.agent.core.bench import PEOPLE, UNIT, UTC, Bench, holders, of

ROSTER = ("roster", "yard/y07", "people", 1)


def message(rev: int) -> Secrets:
    return Secrets(UNIT, rev, UTC, "b12-u2", b"sealed")


def started(*enrolled: str) -> Bench:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset(), card_keys=frozenset(enrolled)))
    bench.opened()
    return bench


def in_force(bench: Bench, rev: int, *ids: str, allowed: bool = True) -> list[fx.Effect]:
    """From the message to what comes of it being on the disk."""
    (opening,) = of(fx.OpenSecrets, bench.do(ev.MessageReceived(rev, message(rev), True, 0, b"as it came")))
    (save,) = of(fx.SaveState, bench.do(ev.SecretsOpened(opening.token, rev, frozenset(ids))))
    assert (save.message, save.signed) == (message(rev), b"as it came")
    found = list(bench.do(ev.StateSaved(rev, "secrets", str(UNIT), "", rev)))
    assert of(fx.AckMessage, found) == [fx.AckMessage(rev)]
    return [*found, *(allow(bench) if allowed else ())]


def allow(bench: Bench) -> tuple[fx.Effect, ...]:
    """The store answers what it was asked last."""
    asked = of(fx.AllowCardKeys, [effect for _, effect in bench.effects])[-1]
    return bench.do(ev.CardKeysAllowed(asked.token))


def used(bench: Bench) -> tuple[tuple[int, str], ...]:
    orders = of(fx.UseCardKeys, [effect for _, effect in bench.effects])
    assert orders[-1].keys == bench.state.desired.sealed.used
    return orders[-1].keys


def test_a_key_is_let_go_only_when_the_store_has_heard_of_it() -> None:
    """The store may put a roster in force at the same moment: it says so before it answers."""
    bench = started("k1")
    bench.do(ev.HoldersReplaced({}, None, ()))
    allow(bench)
    in_force(bench, 1, "k1", "k2")
    in_force(bench, 2, "k3", allowed=False)
    assert {ident for _, ident in used(bench)} == {"k1", "k2", "k3"}
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), ROSTER[1:], (ROSTER,), frozenset({"k2"})))
    assert of(fx.KeepSecrets, [effect for _, effect in bench.effects]) == []
    allow(bench)
    assert used(bench) == ((1, "k2"), (2, "k3"))
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), ROSTER[1:], (ROSTER,), frozenset({"k3"})))
    assert used(bench) == ((1, "k2"), (2, "k3"))
    found = allow(bench)
    assert used(bench) == ((2, "k3"),)
    assert of(fx.KeepSecrets, found) == [fx.KeepSecrets((2,))]


def test_an_answer_to_an_earlier_question_lets_nothing_go() -> None:
    bench = started("k1")
    bench.do(ev.HoldersReplaced({}, None, ()))
    allow(bench)
    in_force(bench, 1, "k1", "k2", allowed=False)
    early = of(fx.AllowCardKeys, [effect for _, effect in bench.effects])[-1]
    in_force(bench, 2, "k3", allowed=False)
    bench.do(ev.CardKeysAllowed(early.token))
    assert {ident for _, ident in used(bench)} == {"k1", "k2", "k3"}


def test_holders_count_when_what_was_kept_is_opened() -> None:
    """At a start a card of theirs is told that it is not loaded yet, never that nobody knows it."""
    bench = Bench()
    bench.do(ev.Started("s1", frozenset(), card_keys=frozenset({"k1"})))
    (opening,) = of(fx.OpenSecrets, bench.do(ev.SecretsLoaded((message(3),))))
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, (ROSTER,), frozenset({"k2"})))
    assert not bench.state.access.loaded
    found = bench.do(ev.SecretsOpened(opening.token, 3, frozenset({"k2"})))
    assert of(fx.SaveState, found) == of(fx.AckMessage, found) == []
    assert bench.state.access.loaded
    assert of(fx.UseLogin, found) == [fx.UseLogin(3)]
    assert of(fx.OpenSecrets, bench.opened(secrets=(message(3),))) == []
    allow(bench)
    assert used(bench) == ((3, "k2"),)


def test_kept_secrets_that_no_longer_open_hold_no_holders_up() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset(), card_keys=frozenset({"k1"})))
    (opening,) = of(fx.OpenSecrets, bench.do(ev.SecretsLoaded((message(3),))))
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, (ROSTER,), frozenset({"k1"})))
    bench.do(ev.SecretsRefused(opening.token, 3))
    assert bench.state.access.loaded
    assert used(bench) == ((0, "k1"),)


def test_what_is_in_force_counts_for_digest_and_status_and_what_does_not_open_is_refused() -> None:
    bench = started("k1").online()
    in_force(bench, 5, "k1")
    assert ("secrets", "unit/b12-u2", "", 5) in applied_entries(bench.state)
    now = status(bench.state)
    assert now.counts is not None
    assert now.counts["secrets"] == 1
    (opening,) = of(fx.OpenSecrets, bench.do(ev.MessageReceived(9, message(6))))
    found = bench.do(ev.SecretsRefused(opening.token, 6))
    assert of(fx.AckMessage, found) == [fx.AckMessage(9)]
    told = [each.fact for record in of(fx.AppendFacts, found) for each in record.facts]
    assert StateRefused("secrets", "unit/b12-u2", "", 6, "sealed") in told
    assert ("secrets", "unit/b12-u2", "", 5) in applied_entries(bench.state)
    assert of(fx.OpenSecrets, bench.do(ev.MessageReceived(10, message(5)))) == []
    in_force(bench, 7, "k1")
    assert bench.state.desired.refused.entries == {}


def test_a_copy_of_what_is_being_saved_is_not_opened_twice() -> None:
    """Not even where something else is in it: what is saved and what is used are one."""
    bench = started("k1")
    bench.do(ev.MessageReceived(1, message(5)))
    for copy in (2, 3):
        found = bench.do(ev.MessageReceived(copy, message(5)))
        assert of(fx.AckMessage, found) == [fx.AckMessage(copy)]
        assert of(fx.OpenSecrets, found) == []
        if copy == 2:
            bench.do(ev.SecretsOpened(1, 5, frozenset({"k2"})))


def test_a_record_of_a_crash_can_be_read_back() -> None:
    bench = started("k1")
    in_force(bench, 1, "k1", "k2")
    bench.do(ev.MessageReceived(9, message(2), signed=b"the message as it came"))
    written = dumps(bench.state)
    assert b"the message as it came".hex() not in written
    assert loads(written).desired.sealed.used == bench.state.desired.sealed.used
    for _, effect in bench.effects:
        loads(dumps(effect))


def test_the_status_says_by_which_name_the_unit_is_at_the_broker() -> None:
    bench = started("k1")
    assert status(bench.state).login is None
    bench.do(ev.LinkUp("5", "b12-u2-2"))
    assert status(bench.state).login == "b12-u2-2"
    bench.do(ev.LinkDown("gone"))
    assert status(bench.state).login == "b12-u2-2"
