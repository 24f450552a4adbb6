"""Polls: one answer a holder or a household, the last before the end, whatever unit it came from and whenever it arrived."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from centre import notices, polls, rosters, schema
from centre.errors import BadValueError, CentreError
from centre.notices import Draft
from centre.polls import ListedPoll, PollDraft, Result, Turnout
from centre.said import Answered
from contract.envelope import unverified_payload
from contract.facts import AskAnswered
from contract.messages import Per
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.test_reports_desk import told
from tests.centre.unit import FakeUnit

YARD = Scope("yard", "y07")
DRAFT = PollDraft(YARD, "长椅放哪里", "", ("东边", "西边", "都不要"), Per.HOLDER, 1_790_086_400.0)
DAY = 86_400.0


def put(desk: Desk, **changes: Any) -> str:
    draft = replace(DRAFT, until_utc=desk.now + DAY, **changes)
    return polls.put(desk.office, draft, "li", desk.now).id


def vote(unit: FakeUnit, name: str, value: int, by: str | None = "anna", room: str | None = "301", **more: Any) -> None:
    data = {"notice": name, "scope": "yard/y07", "rev": 1, "value": value, "by": by, "room": room, "door": "main"}
    unit.fact("ask.answered", **(data | more))


def result(desk: Desk, name: str) -> Result:
    return polls.result(desk.office, name)


def test_a_poll_goes_out_as_a_notice_that_asks(desk: Desk) -> None:
    name = put(desk, per=Per.ROOM)
    (row,) = desk.rows(select(schema.state).where(schema.state.c.id == name))
    payload = unverified_payload(row.token)
    assert payload["ask"] == {"kind": "poll", "options": list(DRAFT.options), "per": "room"}
    assert payload["until"] == desk.now + DAY
    assert [each.notice for each in polls.listed(desk.office)] == [name]


def test_its_question_and_its_end_stand_and_its_words_may_change(desk: Desk) -> None:
    name = put(desk)
    again = Draft(YARD, "长椅放在哪里？", "说明", id=name)
    made = notices.put(desk.office, again, desk.now + 1)
    assert made.ask is not None
    assert (made.ask.options, made.until_utc) == (DRAFT.options, desk.now + DAY)  # type: ignore[union-attr]
    with pytest.raises(CentreError, match="end of a poll stands"):
        notices.put(desk.office, replace(again, until_utc=desk.now + 9), desk.now + 2)


def test_a_changed_vote_counts_once_and_as_the_last(desk: Desk) -> None:
    unit, name = desk.unit("b12-u2", "yard/y07"), put(desk)
    vote(unit, name, 1)
    vote(unit, name, 3)
    vote(unit, name, 2, "bo")
    desk.take(unit.batch())
    found = result(desk, name)
    assert (found.votes, found.replaced) == ((0, 1, 1), 1)
    vote(unit, name, 2)
    desk.take(unit.batch(4))
    assert result(desk, name).votes == (0, 2, 0)


def test_a_unit_that_was_away_tells_its_answers_when_it_is_back(desk: Desk) -> None:
    unit, name = desk.unit("b12-u2", "yard/y07"), put(desk)
    vote(unit, name, 1)
    desk.now += 30 * DAY
    desk.take(unit.batch())
    assert result(desk, name).votes == (1, 0, 0)


def test_an_answer_of_after_the_end_neither_counts_nor_takes_one_away(desk: Desk) -> None:
    unit, name = desk.unit("b12-u2", "yard/y07"), put(desk)
    vote(unit, name, 1)
    unit.at = desk.now + DAY - 1
    vote(unit, name, 2)
    vote(unit, name, 3, "bo")
    desk.take(unit.batch())
    found = result(desk, name)
    assert (found.votes, found.late) == ((1, 0, 0), 2)


def test_who_answers_at_two_units_counts_once_as_they_answered_last(desk: Desk) -> None:
    """Whichever unit tells it first."""
    stairs, gate = desk.unit("b12-u2", "yard/y07"), desk.unit("gate", "yard/y07")
    name = put(desk)
    vote(stairs, name, 1)
    gate.at += 60
    vote(gate, name, 2)
    desk.take(gate.batch(), stairs.batch())
    found = result(desk, name)
    assert (found.votes, found.turnout) == ((0, 1, 0), (Turnout("b12-u2", 0, 0), Turnout("gate", 1, 0)))


def test_at_one_unit_its_own_numbers_say_which_is_the_last_not_its_clock(desk: Desk) -> None:
    unit, name = desk.unit("b12-u2", "yard/y07"), put(desk)
    unit.at = desk.now + 3600
    vote(unit, name, 1)
    unit.at = desk.now
    vote(unit, name, 2)
    desk.take(unit.batch())
    assert result(desk, name).votes == (0, 1, 0)


def test_a_household_has_one_answer_whoever_gives_it(desk: Desk) -> None:
    stairs, next_door = desk.unit("b12-u2", "yard/y07"), desk.unit("b12-u3", "yard/y07")
    name = put(desk, per=Per.ROOM)
    vote(stairs, name, 1, "anna")
    vote(stairs, name, 2, "bo")
    vote(stairs, name, 3, "lone", None)
    vote(next_door, name, 1, "chen")
    desk.take(stairs.batch(), next_door.batch())
    assert result(desk, name).votes == (1, 1, 1), "the same number at another stairwell is another household"
    next_door.at += 60
    vote(next_door, name, 3, "anna", "301b")
    desk.take(next_door.batch(2))
    found = result(desk, name)
    assert (found.votes, found.replaced) == ((1, 0, 2), 2), "rooms where one holder answered are one household"


def test_forged_values_and_places_count_for_nothing(desk: Desk) -> None:
    unit, away = desk.unit("b12-u2", "yard/y07"), desk.unit("b99", "yard/y99")
    name = put(desk)
    vote(unit, name, 9)
    vote(unit, name, 4)
    vote(unit, name, 0)
    vote(unit, name, 1, None)
    vote(unit, name, 1, scope="yard/y99")
    vote(away, name, 1, "anna")
    unit.fact("ask.answered", notice=name, value="1")
    desk.take(unit.batch(), away.batch())
    found = result(desk, name)
    assert (found.votes, found.strange) == ((0, 0, 0), 5)


def test_open_to_anyone_counts_answers_and_says_so(desk: Desk) -> None:
    unit, name = desk.unit("b12-u2", "yard/y07"), put(desk, per=Per.ANYONE)
    for value in (1, 1, 2):
        vote(unit, name, value, None, None)
    desk.take(unit.batch())
    found = result(desk, name)
    assert (found.votes, found.replaced, found.turnout) == ((2, 1, 0), 0, ())
    assert "answers, not people" in desk.run("poll", "show", name).stdout


def test_an_unknown_time_is_worked_out_else_that_of_arrival_counts(desk: Desk) -> None:
    unit, name = desk.unit("b12-u2", "yard/y07"), put(desk)
    data = {"notice": name, "scope": "yard/y07", "rev": 1, "room": None, "door": "main"}
    told(unit, 5.0, "unknown", "ask.answered", mono=10.0, value=1, by="anna", **data)
    told(unit, desk.now + 2 * DAY, "synced", "door.opened", mono=10.0 + 2 * DAY, door="main")
    told(unit, 5.0, "unknown", "ask.answered", boot=2, mono=1.0, value=2, by="bo", **data)
    desk.now += DAY + 1
    desk.take(unit.batch())
    found = result(desk, name)
    assert (found.votes, found.late) == ((1, 0, 0), 1)


def test_after_a_week_without_a_clock_answers_count_by_their_true_times(desk: Desk) -> None:
    unit, name = desk.unit("b12-u2", "yard/y07"), put(desk)
    begin = desk.now
    data = {"notice": name, "scope": "yard/y07", "rev": 1, "room": None, "door": "main"}
    for hours, by in ((1.0, "anna"), (23.9, "bo"), (24.1, "li"), (160.0, "wang")):
        told(unit, 5.0, "unknown", "ask.answered", mono=hours * 3600, value=1, by=by, **data)
    desk.now = begin + 7 * DAY
    desk.take(unit.batch())
    assert result(desk, name).late == 4, "as far as anybody knows"
    told(unit, begin + 7 * DAY, "synced", "door.opened", mono=7 * DAY, door="main")
    desk.take(unit.batch(5))
    found = result(desk, name)
    assert (found.votes, found.late) == ((2, 0, 0), 2)


ROSTER = "id,card,room,role,until\nanna,1,301,,\nbo,2,301,,\nlone,3,,,\nwang,4,,patrol,\ngone,5,9,,2001-01-01\n"


@pytest.mark.parametrize(("per", "entitled"), [(Per.HOLDER, 3), (Per.ROOM, 2)])
def test_turnout_is_of_those_who_may_answer(desk: Desk, per: Per, entitled: int) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    desk.unit("b99")
    (desk.path / "r.csv").write_text(ROSTER, encoding="utf-8")
    desk.run("roster", "put", "r", str(desk.path / "r.csv"), "--scope", "yard/y07")
    name = put(desk, per=per)
    vote(unit, name, 1)
    desk.take(unit.batch())
    assert result(desk, name).turnout == (Turnout("b12-u2", 1, entitled),)


@ONE_ENGINE
def test_the_turnout_of_an_ended_poll_is_that_of_its_end(desk: Desk) -> None:
    desk.unit("b12-u2", "yard/y07")
    rosters.put(desk.office, YARD, "r", b"id,card,room\na,1,301\nb,2,302\n", desk.now)
    name, end = put(desk), desk.now + DAY
    with desk.books.changing() as conn:
        polls.keep_ends(conn, "badahu", end - 1)
        assert not polls.ending(conn, end - 1)
        polls.keep_ends(conn, "badahu", end)
        polls.keep_ends(conn, "badahu", end + 30)
        assert not polls.ending(conn, end + 60)
    rosters.put(desk.office, YARD, "r", b"id,card,room\na,1,301\n", desk.now + 2 * DAY)
    desk.unit("b12-u3", "yard/y07")
    assert result(desk, name).turnout == (Turnout("b12-u2", 0, 2),)
    unit = desk.unit("b77-u7")
    unit.fact("door.opened", door="main")
    desk.take(unit.batch())
    assert desk.run("verify").stderr == ""


def test_what_cannot_be_put_is_named(desk: Desk) -> None:
    for changes in (
        {"options": ("一",)},
        {"options": ("x" * 61, "y")},
        {"options": tuple("abcdefghij")},
        {"title": ""},
    ):
        with pytest.raises(CentreError):
            polls.put(desk.office, replace(DRAFT, **changes), "li", desk.now)
    with pytest.raises(BadValueError):
        polls.put(desk.office, replace(DRAFT, options=("a", "a")), "li", desk.now)
    with pytest.raises(BadValueError):
        polls.put(desk.office, replace(DRAFT, until_utc=desk.now), "li", desk.now)
    assert polls.listed(desk.office) == []


def test_the_commands(desk: Desk) -> None:
    desk.unit("b12-u2", "yard/y07")
    options = ("--option", "东\x1b[2J", "--option", "西")
    name = desk.run("poll", "put", "yard/y07", "长椅", *options, "--until", "7d").stdout.splitlines()[0]
    shown = desk.run("poll", "show", name).stdout
    assert "\x1b" not in shown
    assert "b12-u2: 0 of 0" in shown
    assert json.loads(desk.run("poll", "show", name, "--json").stdout)["votes"] == [0, 0]
    assert name in desk.run("poll", "list").stdout
    assert "no such poll" in desk.run("poll", "show", "x", code=2).stderr
    with desk.books.engine.begin() as conn:
        conn.exec_driver_sql('UPDATE polls SET options = \'["a", "b"]\'')
    assert f"poll {name}: options: not what the journal tells" in desk.run("verify", code=1).stderr


ANSWER = st.tuples(st.sampled_from("uvw"), st.sampled_from("abcd"), st.integers(1, 3), st.floats(0, 200))


@pytest.mark.slow
@pytest.mark.parametrize("per", [Per.HOLDER, Per.ROOM])
@given(st.lists(ANSWER, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing_and_no_voter_counts_twice(per: Per, said: list[Any], random: Any) -> None:
    poll = ListedPoll("p", "yard/y07", "t", ("1", "2", "3"), per, 100.0)
    found = [
        Answered(
            unit, AskAnswered("p", "yard/y07", 1, value, by, "301" if by < "c" else None, "main"), (1, seq), at, True
        )
        for seq, (unit, by, value, at) in enumerate(said)
    ]
    entitled = dict.fromkeys("uvw", 9)
    first = polls.counted(poll, found, entitled)
    random.shuffle(found)
    again = polls.counted(poll, found, entitled)
    times = [each.at_utc for each in found]
    if len(set(times)) == len(times):
        assert again == first
    voters = {each.fact.by for each in found if each.at_utc < 100.0}
    assert sum(first.votes) + first.replaced + first.late == len(found)
    if per is Per.HOLDER:
        assert sum(first.votes) == len(voters)
    else:
        assert sum(first.votes) <= len(voters)
