"""What a unit takes of desired state is bounded, and so is what it says: no status, fact or list of ours outgrows the contract."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.controller import initial, step
from agent.core.state.desired import DesiredState, NotTaken, RefusedState
from agent.core.state.health import DeviceHealth, Health
from agent.core.status import applied_entries
from agent.core.time import Now, Trust
from contract.commands import Resync
from contract.digest import digest
from contract.messages import (
    EMERGENCIES_PER_SCOPE,
    MAX_STATUS_BYTES,
    NOTICES_PER_SCOPE,
    NOTICES_PER_UNIT,
    ROSTERS_PER_SCOPE,
    Category,
    Keys,
    Kind,
    RosterPart,
    WorkingKey,
)
from contract.scopes import Scope
from contract.strict_json import dumps
from tests.agent.core.bench import (
    SITE,
    UNIT,
    UTC,
    YARD,
    Bench,
    command,
    confirm,
    door_plan,
    facts_of,
    notice,
    of,
    the,
    unit_plan,
    wire,
)


def sent(bench: Bench, name: str, **changes: object) -> None:
    """Arrived, and saved where the unit takes it."""
    for save in of(fx.SaveState, bench.message(notice(name, **changes))):
        bench.do(ev.StateSaved(save.token, "notice", str(save.message.scope), save.message.id, save.message.rev))


@pytest.fixture
def full() -> Bench:
    bench = Bench().start().online()
    for number in range(NOTICES_PER_SCOPE):
        sent(bench, f"n{number}")
    assert len(bench.state.board.notices) == NOTICES_PER_SCOPE
    bench.forget()
    return bench


@pytest.mark.claim("F48")
def test_notices_beyond_the_bound_are_refused_with_one_fact_and_acknowledged(full: Bench) -> None:
    for number in range(100):
        found = full.message(notice(f"more{number}"))
        assert the(fx.AckMessage, found)
        assert not of(fx.SaveState, found)
    assert len(full.state.board.notices) == NOTICES_PER_SCOPE
    told = [fact.data for fact in full.facts() if fact.kind == "state.refused"]
    assert told == [{"state": "notice", "scope": "yard/y07", "id": "more0", "rev": 1, "reason": "full"}]
    full.wait(limits.REFUSALS_S + 1)
    told = [fact.data for fact in full.facts() if fact.kind == "state.refused"]
    assert (told[1]["count"], told[1]["id"]) == (99, "more99")
    full.wait(600)
    assert full.kinds().count("state.refused") == 2


def test_a_flood_leaves_room_for_an_emergency_and_for_a_newer_revision(full: Bench) -> None:
    sent(full, "fire", category=Category.EMERGENCY)
    sent(full, "n0", rev=2)
    assert {"fire", "n0"} <= {name for _, name in full.state.board.notices}
    assert full.state.board.notices["yard/y07", "n0"].rev == 2
    for number in range(EMERGENCIES_PER_SCOPE + 9):
        sent(full, f"e{number}", category=Category.EMERGENCY)
    urgent = [n for n in full.state.board.notices.values() if n.category is Category.EMERGENCY]
    assert len(urgent) == EMERGENCIES_PER_SCOPE
    sent(full, "e2", rev=2)  # not even by way of another category
    assert full.state.board.notices["yard/y07", "e2"].category is Category.EMERGENCY


def test_a_unit_takes_so_many_over_all_its_scopes() -> None:
    scopes = (SITE, *(Scope("yard", f"y{n}") for n in range(9)), UNIT)
    bench = Bench(unit_plan(scopes=scopes)).start()
    for number in range(9 * NOTICES_PER_SCOPE):
        sent(bench, f"n{number}", scope=scopes[1 + number % 9])
    assert len(bench.state.board.notices) == NOTICES_PER_UNIT


@pytest.mark.parametrize("includes", [True, False])
def test_what_was_refused_makes_nothing_stale(full: Bench, includes: bool) -> None:
    """Whether the centre counts it as something this unit should have, or never sent it (a stolen key did)."""
    full.message(notice("more"))
    due = [*applied_entries(full.state), *([("notice", "yard/y07", "more", 1)] if includes else [])]
    full.message(confirm(full, "b", digest=digest(due)))
    full.wait(limits.STALE_S + 5)
    assert not full.state.sync.stale
    full.message(confirm(full, "b", digest=digest([*due, ("notice", "yard/y07", "lost", 1)])))
    full.wait(limits.STALE_S + 5)
    assert full.state.sync.stale, "what is really missing still is"


def test_when_a_notice_ends_there_is_room_for_what_was_refused(full: Bench) -> None:
    full.message(notice("more"))
    assert wire(full.state)["refused"] == 1
    sent(full, "n0", rev=2, withdrawn=True)
    assert wire(full.state)["refused"] == 0, "missing now, and so given again"
    sent(full, "more")
    assert ("yard/y07", "more") in full.state.board.notices


def test_what_was_refused_is_forgotten_when_it_would_have_ended(full: Bench) -> None:
    full.message(notice("more", until_utc=full.utc + 50))
    full.wait(49)
    assert wire(full.state)["refused"] == 1
    full.wait(20)
    assert wire(full.state)["refused"] == 0


def test_a_cache_with_more_than_the_bound_is_cut_to_it() -> None:
    bench = Bench().start()
    found = bench.do(ev.StateLoaded(tuple(notice(f"n{n}") for n in range(NOTICES_PER_SCOPE + 5))))
    assert len(bench.state.board.notices) == NOTICES_PER_SCOPE
    assert len(the(fx.DropNotices, found).ids) == 5


def test_rosters_beyond_the_bound_are_refused() -> None:
    bench = Bench().start()
    saved = 0
    for number in range(ROSTERS_PER_SCOPE + 5):
        part = RosterPart(YARD, f"r{number}", 1, UTC, 1, 2, "k1", ())
        saved += len(of(fx.SaveState, bench.message(part)))
    assert saved == ROSTERS_PER_SCOPE
    assert bench.message(RosterPart(YARD, "r0", 1, UTC, 2, 2, "k1", ())), "the second part of one that is taken"
    assert [f.data["state"] for f in bench.facts() if f.kind == "state.refused"] == ["roster"]


@pytest.mark.claim("D11")
def test_what_was_left_aside_is_told_and_makes_nothing_stale() -> None:
    bench = Bench().start().online()
    right = digest([*applied_entries(bench.state), ("notice", "yard/y07", "bad", 3)])
    bench.forget()
    for token in (7, 8):
        entry = ("notice", "yard/y07", "bad", 3)
        found = bench.do(ev.MessageRefused(token, "notice", "internal", detail="left aside", entry=entry))
        assert the(fx.AckMessage, found).token == token
    bench.message(confirm(bench, "b", digest=right))
    bench.wait(limits.STALE_S + 5)
    assert not bench.state.sync.stale
    assert [f.data["reason"] for f in bench.facts() if f.kind == "state.refused"] == ["internal"]
    sent(bench, "bad", rev=4)
    assert wire(bench.state)["refused"] == 0


@pytest.mark.claim("D11")
def test_whoever_sent_a_command_that_was_left_aside_is_told() -> None:
    bench = Bench().start().online()
    found = bench.do(ev.MessageRefused(7, "command", "internal", "c9", detail="left aside"))
    assert the(fx.AckMessage, found).token == 7
    reply = the(fx.SendReply, found)
    assert (reply.id, reply.state, reply.reason, reply.detail) == ("c9", "refused", "internal", "left aside")
    assert facts_of(found)["command.refused"]["detail"] == "left aside"


def test_a_malformed_message_names_its_field() -> None:
    bench = Bench().start().online()
    found = bench.do(ev.MessageRefused(7, "command", "malformed", "c9", detail="exp: before iat"))
    assert the(fx.SendReply, found).detail == facts_of(found)["command.refused"]["detail"] == "exp: before iat"
    found = bench.do(ev.MessageRefused(8, "notice", "malformed", detail="title: not text"))
    assert "title: not text" in the(fx.WriteLog, found).text


def test_the_list_of_revisions_comes_on_request() -> None:
    bench = Bench().start().online()
    sent(bench, "n1")
    found = bench.message(command(bench, Resync(), name="ask-1"))
    found = bench.recorded(the(fx.AppendFacts, found))
    listed = the(fx.SendRevs, found)
    assert (listed.answers, listed.applied_revisions, listed.refused) == (
        "ask-1",
        (("notice", "yard/y07", "n1", 1),),
        (),
    )


NAMES = st.text(st.characters(codec="utf-8"), max_size=60) | st.just("八大湖" * 400) | st.just("\x01\U0001f600" * 60)
COUNTS = st.sampled_from([0, 1, 9, 60, 300])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=NAMES,
    doors=COUNTS.filter(bool),
    devices=COUNTS,
    inputs=COUNTS,
    scopes=COUNTS,
    notices=COUNTS,
    lost=st.booleans(),
)
def test_a_status_is_bounded_whatever_the_unit_has(
    name: str, doors: int, devices: int, inputs: int, scopes: int, notices: int, lost: bool
) -> None:
    plan = unit_plan(
        *(door_plan(id=f"d{n}" + "x" * 40) for n in range(doors)),
        name=name,
        scopes=tuple(Scope("yard", f"y{n}" + "z" * 40) for n in range(scopes)),
    )
    health = Health(
        devices={
            f"device{n}" + "x" * 30: DeviceHealth(lost=lost, reason="silent", since_utc=UTC) for n in range(devices)
        },
        inputs={f"input{n}" + "字" * 30: bool(n % 2) for n in range(inputs)},
    )
    refused = RefusedState({("notice", "yard/y07", f"n{n}"): NotTaken(2**53 - 1, "full") for n in range(notices)})
    state = replace(initial(plan), health=health, desired=DesiredState(refused=refused), session="f" * 16)
    told = wire(state)
    assert len(dumps(told)) <= MAX_STATUS_BYTES
    for key, count in (("inputs", inputs), ("devices", devices), ("doors", doors), ("scopes", scopes)):
        value = told[key]
        assert (value if isinstance(value, int) else len(value)) <= count
        assert value == count or not isinstance(value, int)


def test_a_roster_the_store_has_no_room_for_is_told_and_its_parts_are_not_written_again() -> None:
    bench = Bench().start()
    first, second = (RosterPart(YARD, "many", 3, UTC, number, 2, "k1", ()) for number in (1, 2))
    bench.message(first)
    token = the(fx.SaveState, bench.message(second)).token
    found = bench.do(ev.StateNotKept(token, "roster", "yard/y07", "many", 3))
    assert the(fx.AckMessage, found).token == token
    assert wire(bench.state)["refused"] == 1
    assert not of(fx.SaveState, bench.message(first))
    assert of(fx.SaveState, bench.message(replace(first, rev=4)))


def test_names_of_ended_notices_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REVS_MAX", 20)
    bench = Bench().start()
    sent(bench, "stays")
    for number in range(50):
        sent(bench, f"n{number}")
        sent(bench, f"n{number}", rev=2, withdrawn=True)
    revs = bench.state.desired.revs
    assert len(revs) <= 21
    assert revs["notice yard/y07 stays"] == 1
    assert revs["notice yard/y07 n49"] == 2


@pytest.mark.claim("F32")
def test_a_systems_clock_that_is_ahead_forgets_nothing_that_is_refused(full: Bench) -> None:
    sent(full, "late", until_utc=full.utc + 3600)
    ahead = Now(full.mono + 1.0, full.utc + 1e8, 28_800, Trust.FLOOR, full.utc + 1.0)
    full.state, _ = step(full.state, ev.TimePassed(), ahead)
    assert ("notice", "yard/y07", "late") in full.state.desired.refused.entries


# --- a notice key in other hands


def keys_of(rev: int, *kids: str) -> Keys:
    """Keys for commands and, of these ids, for notices."""
    command = WorkingKey("c1", "00" * 32, frozenset({Kind.COMMAND}))
    return Keys(SITE, rev, UTC, (command, *(WorkingKey(kid, "11" * 32, frozenset({Kind.NOTICE})) for kid in kids)))


def use_keys(bench: Bench, keys: Keys) -> list[fx.Effect]:
    found = list(bench.message(keys))
    for save in of(fx.SaveState, found):
        found += bench.do(ev.StateSaved(save.token, "keys", str(SITE), "", keys.rev))
    return found


@pytest.mark.claim("F48")
def test_a_stolen_notice_key_that_is_taken_away_leaves_nothing_behind() -> None:
    """Not its notices, not the room they took, not the revisions it used up."""
    bench = Bench().start().online()
    use_keys(bench, keys_of(1, "n1"))
    most = 2**53 - 1
    for number in range(NOTICES_PER_SCOPE):
        sent(bench, f"x{number}", rev=most)
    sent(bench, "news", rev=most, withdrawn=True)
    for number in range(limits.REFUSED_ENTRIES + 9):
        sent(bench, f"y{number}")
    sent(bench, "news", rev=4)
    assert len(bench.state.board.notices) == NOTICES_PER_SCOPE
    found = use_keys(bench, keys_of(2, "n2"))
    kinds = [type(e) for e in found if isinstance(e, fx.ForgetNotices | fx.SaveState | fx.UseKeys | fx.Resubscribe)]
    assert kinds == [fx.ForgetNotices, fx.SaveState, fx.UseKeys, fx.ForgetNotices, fx.Resubscribe]
    assert not bench.state.board.notices
    assert not bench.state.desired.refused.entries
    late = notice("x0", rev=most)  # it was judged before the keys changed
    bench.do(ev.MessageReceived(9_000, late, keys_rev=1))
    assert the(fx.AckMessage, bench.do(ev.MessageReceived(9_001, late, keys_rev=1))).token == 9_001
    assert not bench.state.board.notices
    sent(bench, "news", rev=4)
    assert list(bench.state.board.notices) == [(str(YARD), "news")]


def test_keys_that_leave_those_for_notices_as_they_are_take_no_notice_away() -> None:
    bench = Bench().start().online()
    use_keys(bench, keys_of(1, "n1"))
    sent(bench, "news")
    assert of(fx.ForgetNotices, use_keys(bench, keys_of(2, "n1", "n2"))) == []
    assert list(bench.state.board.notices) == [(str(YARD), "news")]
