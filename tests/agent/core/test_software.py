"""What should run: fetched, ordered once when the doors allow it, told; never an older one, never two at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.effects.software import DropBundle, FetchBundle, KeepTold, OrderUpdate, ReadUpdate, StopFetching
from agent.core.events.software import UpdateOutcome
from contract.messages import Keys, Kind, WorkingKey
from contract.scopes import Scope
from contract.software import Form, Software
from tests.agent.core.bench import SITE, UNIT, UTC, YARD, Bench, door_plan, facts_of, mode, of, the, unit_plan

SUM = "ab" * 32
DEB = frozenset({"deb"})
TWO = unit_plan(door_plan(), door_plan(id="back", readers=()))


def software(version: str = "0.2.0", rev: int = 1, scope: Scope = UNIT, **changes: Any) -> Software:
    made = Software(scope, rev, UTC - 60, version, Form.DEB, 1_000_000, SUM, "https://192.0.2.10/b")
    return replace(made, **changes)


def look(bench: Bench, **changes: Any) -> tuple[fx.Effect, ...]:
    """What the disk says of updates."""
    return bench.do(replace(ev.UpdateRead(None, "", busy=False, ordered=False, forms=DEB), **changes))


def bench(plan: Any = None) -> Bench:
    made = Bench(plan).start().online()
    look(made)
    return made


def send(bench: Bench, message: Software | Keys, signed: bytes = b"signed") -> None:
    bench.tokens += 1
    found = bench.do(ev.MessageReceived(bench.tokens, message, retained=True, signed=signed))
    for save in of(fx.SaveState, found):
        bench.do(ev.StateSaved(save.token, message.KIND, str(message.scope), "", message.rev))


def fetched(bench: Bench, message: Software) -> list[fx.Effect]:
    """Up to the bundle on the disk; what came out of that."""
    send(bench, message)
    assert the(FetchBundle, bench.wait(limits.FETCH_SPREAD_S + 1)).software == message
    found = list(bench.do(ev.BundleFetched(str(message.scope), message.rev)))
    return found + bench.wait(0.1)


def outcome(result: str, message: Software, ident: str = "0a", **changes: Any) -> UpdateOutcome:
    made = UpdateOutcome(ident, result, message.version, "0.1.0", str(message.scope), message.rev)
    return replace(made, **changes)


@pytest.mark.claim("F56")
def test_it_is_fetched_ordered_once_and_told() -> None:
    unit, wanted = bench(), software()
    found = fetched(unit, wanted)
    assert facts_of(found)["software.fetched"] == {"version": "0.2.0"}
    order = the(OrderUpdate, found)
    assert (order.software, order.signed, order.keys) == (wanted, b"signed", b"")
    look(unit, ordered=True)
    look(unit, busy=True)
    assert not of(OrderUpdate, unit.wait(600)), "once"
    told = outcome("installed", wanted)
    found = look(unit, outcome=told)
    assert facts_of(found)["software.installed"] == {"version": "0.2.0", "before": "0.1.0"}
    assert not of(KeepTold, found), "not before it is durable"
    assert the(KeepTold, unit.recorded(the(fx.AppendFacts, found))).outcome == told.id
    assert not facts_of(look(unit, outcome=told))
    unit.forget()
    unit.wait(7200)
    assert not unit.all(OrderUpdate)
    assert not unit.all(FetchBundle)


def test_what_was_told_before_the_restart_is_not_told_again() -> None:
    unit = Bench().start()
    assert not facts_of(look(unit, outcome=outcome("returned", software()), told="0a"))
    unit = Bench().start()
    assert "software.returned" in facts_of(
        look(unit, outcome=outcome("returned", software(), reason="door"), told="09")
    )


FORBIDS: Mapping[str, tuple[Callable[[Bench], object], Callable[[Bench], object]]] = {
    "fire": (
        lambda b: b.do(ev.FireChanged("back", active=True)),
        lambda b: (b.do(ev.FireChanged("back", active=False)), b.tap("chief"), b.wait(3)),
    ),
    "lockdown": (lambda b: mode(b, "lockdown", door="back"), lambda b: mode(b, "normal", door="back")),
    "held open": (lambda b: mode(b, "hold_open", door="back"), lambda b: (mode(b, "normal", door="back"), b.wait(30))),
    "open": (
        lambda b: b.do(ev.ContactChanged("back", open=True)),
        lambda b: (b.do(ev.ContactChanged("back", open=False)), b.wait(30)),
    ),
    "somebody comes in": (lambda b: b.tap("anna"), lambda b: (b.settle(), b.wait(30))),
}
"""How it begins at one of two doors, and how it ends."""


@pytest.mark.parametrize("what", FORBIDS)
@pytest.mark.claim("F56")
def test_it_waits_while_a_door_forbids_it(what: str) -> None:
    begin, end = FORBIDS[what]
    unit = bench(TWO)
    begin(unit)
    for door in unit.state.doors:
        unit.settle(door.id)
    unit.forget()
    found = fetched(unit, software()) if what != "somebody comes in" else []
    if what == "somebody comes in":
        send(unit, software())
        unit.wait(limits.FETCH_SPREAD_S + 1)
        begin(unit)
        unit.do(ev.BundleFetched(str(UNIT), 1))
    assert not of(OrderUpdate, found)
    assert not unit.all(OrderUpdate)
    end(unit)
    for door in unit.state.doors:
        unit.settle(door.id)
    unit.wait(60)
    assert len(unit.all(OrderUpdate)) == 1


@pytest.mark.parametrize(
    ("version", "told"), [("0.0.9", True), ("0.1.0~rc1", True), ("0.1.0", False), ("0.1.0-0", False)]
)
def test_an_older_or_the_same_version_is_never_fetched(version: str, told: bool) -> None:
    unit = bench()
    send(unit, software(version))
    unit.wait(3600)
    assert not unit.all(FetchBundle)
    refused = [fact.data for fact in unit.facts() if fact.kind == "software.refused"]
    assert refused == ([{"version": version, "reason": "older"}] if told else [])


def test_a_form_that_this_box_does_not_take_is_refused() -> None:
    unit = bench()
    send(unit, software(form=Form.RAUC))
    unit.wait(600)
    assert not unit.all(FetchBundle)
    assert [fact.data["reason"] for fact in unit.facts() if fact.kind == "software.refused"] == ["form"]


def test_the_most_specific_scope_wins_and_a_withdrawn_one_is_none() -> None:
    unit = bench()
    send(unit, software("0.4.0", scope=SITE))
    send(unit, software("0.3.0", scope=YARD))
    send(unit, software("0.2.0", scope=UNIT))
    assert the(FetchBundle, unit.wait(200)).software.version == "0.2.0"
    unit.forget()
    send(unit, software("0.2.0", 2, withdrawn=True))
    assert unit.all(DropBundle)
    assert the(FetchBundle, unit.wait(200)).software.version == "0.3.0"


def test_a_newer_one_replaces_what_has_not_begun_and_not_what_has() -> None:
    unit, first, second = bench(), software("0.2.0", 1), software("0.3.0", 2)
    assert of(OrderUpdate, fetched(unit, first))
    look(unit, ordered=True)
    unit.forget()
    send(unit, second)
    assert len(unit.all(DropBundle)) == 1
    look(unit)
    assert the(FetchBundle, unit.wait(200)).software == second
    unit = bench()
    fetched(unit, first)
    look(unit, busy=True)
    unit.forget()
    send(unit, second)
    unit.wait(600)
    assert not unit.all(FetchBundle)
    assert not unit.all(DropBundle)
    look(unit, outcome=outcome("returned", first, reason="door"))
    assert the(FetchBundle, unit.wait(200)).software == second


@pytest.mark.claim("F56")
def test_what_was_given_up_is_not_tried_again_before_a_newer_revision() -> None:
    unit, wanted = Bench().start().online(), software()
    look(unit, outcome=outcome("returned", wanted, reason="centre"))
    send(unit, wanted)
    unit.wait(7200)
    assert not unit.all(FetchBundle)
    send(unit, software(rev=2))
    assert of(FetchBundle, unit.wait(200))


def test_an_order_that_got_lost_is_given_again() -> None:
    unit = bench()
    fetched(unit, software())
    look(unit, ordered=True)
    waits = []
    for _ in range(8):
        unit.forget()
        look(unit)
        begun = unit.mono
        while not of(FetchBundle, unit.wait(5.0)):
            pass
        waits.append(unit.mono - begun)
        unit.do(ev.BundleFetched(str(UNIT), 1, fresh=False))
        unit.wait(1)
        assert len(unit.all(OrderUpdate)) == 1
    assert waits[0] < 100
    assert waits[-1] > 1000, "one that the updater does not find signed is not fetched again and again"
    assert "software.fetched" not in unit.kinds(), "told once"


def test_nothing_is_fetched_without_the_link_before_the_disk_answered_or_with_the_door_alone() -> None:
    unit = Bench().start()
    look(unit)
    send(unit, software())
    assert not of(FetchBundle, unit.wait(600))
    unit = Bench().start().online()
    send(unit, software())
    assert not of(FetchBundle, unit.wait(600))
    assert len(unit.all(ReadUpdate)) > 3, "it is asked again"
    unit = Bench().start(door_only=True)
    look(unit)
    send(unit, software())
    assert not of(FetchBundle, unit.wait(300))


def test_failures_are_tried_again_later_and_later_and_never_all_at_once() -> None:
    unit = bench()
    send(unit, software())
    unit.wait(limits.FETCH_SPREAD_S + 1)
    waits = []
    for _ in range(10):
        begun = unit.mono
        unit.do(ev.BundleFailed(str(UNIT), 1, "away", "the server answers 503"))
        while not of(FetchBundle, unit.wait(5.0)):
            pass
        waits.append(unit.mono - begun)
    assert waits[0] <= 1.5 * limits.FETCH_RETRY_S + 5
    assert all(wait <= 1.5 * limits.FETCH_RETRY_MAX_S + 5 for wait in waits)
    assert waits[-1] > 0.5 * limits.FETCH_RETRY_MAX_S
    begins = set()
    for name in range(20):
        other = bench(unit_plan(unit=f"b{name}", scopes=(SITE, YARD, Scope("unit", f"b{name}"))))
        send(other, software(scope=SITE))
        while not of(FetchBundle, other.wait(2.0)):
            pass
        begins.add(round(other.mono))
    assert len(begins) > 10


def test_a_fetch_that_takes_for_ever_is_broken_off_and_gone_on_with() -> None:
    unit = bench()
    send(unit, software())
    unit.wait(limits.FETCH_SPREAD_S + 1)
    found = unit.wait(limits.FETCH_MAX_S + 2 * limits.FETCH_RETRY_S)
    steps = [type(each) for each in found if isinstance(each, StopFetching | FetchBundle)]
    assert steps == [StopFetching, FetchBundle]


def test_what_is_not_what_was_signed_is_fetched_anew_once_and_then_refused() -> None:
    unit = bench()
    send(unit, software())
    unit.wait(limits.FETCH_SPREAD_S + 1)
    wrong = ev.BundleFailed(str(UNIT), 1, "wrong", "it is not what was signed")
    assert not facts_of(unit.do(wrong))
    assert of(FetchBundle, unit.wait(200))
    assert facts_of(unit.do(wrong))["software.refused"]["reason"] == "wrong"
    assert not of(FetchBundle, unit.wait(7200))


def test_no_room_is_told_once_and_tried_again() -> None:
    unit = bench()
    send(unit, software())
    unit.wait(limits.FETCH_SPREAD_S + 1)
    for number in range(3):
        found = unit.do(ev.BundleFailed(str(UNIT), 1, "no_room", "20 MB are needed"))
        assert ("software.refused" in facts_of(found)) == (number == 0)
        assert of(FetchBundle, unit.wait(1000))


def test_it_is_ordered_with_the_keys_it_is_to_be_judged_by() -> None:
    unit = bench()
    keys = Keys(SITE, 7, UTC, (WorkingKey("c1", "ab" * 32, frozenset({Kind.COMMAND, Kind.SOFTWARE})),))
    unit.do(ev.StateLoaded(()))
    fetched_before = fetched(unit, software())
    assert the(OrderUpdate, fetched_before).keys == b""
    unit = Bench().start().online()
    unit.state = replace(unit.state, desired=replace(unit.state.desired, keys_rev=7, keys=keys))
    look(unit)
    assert not of(OrderUpdate, fetched(unit, software())), "the keys in force have not come in this run"
    send(unit, keys, b"the keys")
    assert (
        the(OrderUpdate, [effect for _, effect in unit.effects if isinstance(effect, OrderUpdate)]).keys == b"the keys"
    )
