"""Patrol check-ins: durable before the person is told, once a minute, and a patrol card opens what it may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.marks import CheckedIn
from contract.bounds import rfc3339
from contract.messages import Holder, Role
from tests.agent.core.bench import UTC, Bench, facts_in, facts_of, of


def checkin(found: tuple[fx.Effect, ...]) -> fx.AppendFacts:
    (record,) = [r for r in of(fx.AppendFacts, found) if facts_in(r)[0].kind == "patrol.checkin"]
    return record


@pytest.mark.claim("D10")
def test_the_screen_says_so_only_when_it_is_durable() -> None:
    bench = Bench().start()
    found = bench.tap("wang")
    record = checkin(found)
    assert facts_in(record)[0].data == {"round": None, "stop": "main", "by": "wang"}
    assert record.durable_by_mono == pytest.approx(bench.mono + 2.0)
    assert bench.page().kind == "idle"
    tapped = bench.utc
    bench.wait(0.5)
    assert bench.page().kind == "idle"
    bench.recorded(record)
    local = (int(tapped) + 28_800) % 86_400
    assert bench.page().title == f"签到成功 {local // 3600:02d}:{local // 60 % 60:02d}"


@pytest.mark.claim("D10")
def test_what_could_not_be_saved_is_told_and_the_next_tap_tries_again() -> None:
    bench = Bench().start()
    record = checkin(bench.tap("wang"))
    bench.do(ev.RecordRefused(record.token, "full"))
    assert bench.page().title == "签到未能保存"
    assert checkin(bench.tap("wang", after=2.0)).token != record.token


@pytest.mark.claim("D10")
def test_a_store_that_hangs_has_not_saved_it() -> None:
    bench = Bench().start()
    checkin(bench.tap("wang"))
    bench.wait(3.1)
    assert bench.page().title == "签到未能保存"


@pytest.mark.claim("D10")
def test_what_a_hanging_store_saves_after_all_does_not_count_and_says_so() -> None:
    bench = Bench().start()
    record = checkin(bench.tap("wang"))
    (taken,) = record.facts
    told = facts_of(bench.wait(3.1))["patrol.not_saved"]
    assert told == {"stop": "main", "by": "wang", "checkin": rfc3339(taken.utc)}
    bench.wait(7.0)
    bench.recorded(record)
    assert bench.page().kind != "answer"
    again = checkin(bench.tap("wang"))
    bench.recorded(again)
    assert bench.page().title.startswith("签到成功")
    assert bench.kinds().count("patrol.not_saved") == 1


@pytest.mark.slow
@pytest.mark.claim("D10")
@given(st.lists(st.tuples(st.floats(0.05, 12.0), st.sampled_from(["saved", "refused", "tap", "wait"])), max_size=25))
def test_a_check_in_is_told_as_saved_or_as_not_saved_or_is_refused_for_sure(
    happens: list[tuple[float, str]],
) -> None:
    """Whenever the store answers: what it saves after the person was told no has its word in the journal."""
    bench = Bench().start()
    waiting: list[fx.AppendFacts] = []
    saved: dict[str, bool] = {}
    """By the time of the check-in: whether the person was told so."""
    for after, what in [(0.1, "tap"), *happens, (20.0, "wait")]:
        bench.wait(after)
        if what == "tap":
            found = of(fx.AppendFacts, bench.do(ev.CardRead("card", ("key-wang",))))
            bench.settle()
            waiting += [record for record in found if facts_in(record)[0].kind == "patrol.checkin"]
        elif what == "saved" and waiting:
            record = waiting.pop(0)
            bench.recorded(record)
            answer = bench.state.answer
            told = answer is not None and answer.key == "checkin.saved" and answer.at == bench.mono
            saved[rfc3339(record.facts[0].utc)] = told
        elif what == "refused" and waiting:
            bench.do(ev.RecordRefused(waiting.pop(0).token, "late"))
    marked = {fact.data["checkin"] for fact in bench.facts() if fact.kind == "patrol.not_saved"}
    for at, told in saved.items():
        assert told is not (at in marked)


@pytest.mark.claim("D10")
def test_until_the_person_is_told_a_check_in_is_marked_and_the_next_record_ends_that() -> None:
    bench = Bench().start()
    record = checkin(bench.tap("wang"))
    mark = record.checkin
    assert mark == CheckedIn("main", "wang", record.facts[0].utc)
    found = bench.recorded(record)
    assert bench.page().title.startswith("签到成功")
    assert of(fx.AppendFacts, found) == []  # no write of its own
    found = bench.do(ev.UnitInputChanged("gas", active=True))
    assert [r.reported_checkins for r in of(fx.AppendFacts, found)] == [(mark,)]
    assert [r.reported_checkins for r in of(fx.AppendFacts, bench.do(ev.UnitInputChanged("gas", active=False)))] == [()]


@pytest.mark.claim("D10")
def test_a_record_that_may_be_refused_takes_no_mark_away() -> None:
    bench = Bench().start(Holder("wang", role=Role.PATROL, doors=frozenset()))
    record = checkin(bench.tap("wang"))
    bench.recorded(record)
    again = checkin(bench.tap("wang", after=61.0))
    assert again.reported_checkins == ()
    bench.do(ev.RecordRefused(again.token, "late"))
    assert [r.reported_checkins for r in of(fx.AppendFacts, bench.do(ev.StopAsked("SIGTERM"))) if r.facts] == [
        (record.checkin,)
    ]


@pytest.mark.claim("D10")
def test_a_check_in_of_which_nobody_was_surely_told_says_so_at_the_next_start() -> None:
    bench = Bench()
    mark = CheckedIn("main", "wang", UTC - 60)
    found = bench.opened(unreported_checkins=(mark,))
    assert facts_of(found)["patrol.untold"] == {"stop": "main", "by": "wang", "checkin": rfc3339(UTC - 60)}
    assert [r.reported_checkins for r in of(fx.AppendFacts, found) if facts_in(r)[0].kind == "patrol.untold"] == [
        (mark,)
    ]


@pytest.mark.claim("D10")
def test_the_word_that_it_was_not_saved_ends_the_mark_with_it() -> None:
    bench = Bench().start()
    record = checkin(bench.tap("wang"))
    (word,) = [r for r in of(fx.AppendFacts, bench.wait(3.1)) if r.facts and facts_in(r)[0].kind == "patrol.not_saved"]
    assert word.reported_checkins == (record.checkin,)


def test_a_bounced_tag_counts_once_a_minute_and_door() -> None:
    bench = Bench().start()
    record = checkin(bench.tap("wang"))
    bench.recorded(record)
    for _ in range(10):
        found = bench.tap("wang", after=5.0)
        assert [r for r in of(fx.AppendFacts, found) if facts_in(r)[0].kind == "patrol.checkin"] == []
        assert bench.page().title.startswith("签到成功")
    bench.recorded(checkin(bench.tap("wang", after=15.0)))
    assert bench.kinds().count("patrol.checkin") == 2


def test_a_patrol_card_also_opens_the_doors_it_may() -> None:
    bench = Bench().start(Holder("wang", role=Role.PATROL), Holder("zhao", role=Role.PATROL, doors=frozenset()))
    found = bench.tap("wang")
    assert isinstance(found[0], fx.PulseLock)
    assert facts_of(found)["access.granted"]["by"] == "wang"
    found = bench.tap("zhao")
    assert of(fx.PulseLock, found) == []
    assert set(facts_of(found)) == {"patrol.checkin"}


def test_an_expired_patrol_card_does_not_check_in() -> None:
    bench = Bench().start(Holder("wang", role=Role.PATROL, until_utc=UTC - 1))
    assert set(facts_of(bench.tap("wang"))) == {"access.denied"}


def test_an_answer_that_comes_too_late_says_nothing() -> None:
    bench = Bench().start()
    record = checkin(bench.tap("wang"))
    bench.wait(60.0)
    bench.recorded(record)
    assert bench.page().kind == "idle"
