"""Each revision of a notice with who made it: kept, told by the journal, and found where another hand changed it."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from centre import notices, polls, reports
from centre.errors import BadValueError
from centre.notices import Draft
from centre.polls import PollDraft
from centre.schema_notices import notice_revs
from contract.messages import Category, Per
from contract.scopes import Scope
from tests.centre.conftest import Desk

YARD = Scope("yard", "y07")


def kept(desk: Desk) -> list[tuple[str, bool, str]]:
    found = desk.rows(select(notice_revs).order_by(notice_revs.c.rev))
    return [(row.by, row.withdrawn, row.category) for row in found]


def test_all_ways_to_put_one_up_tell_who_it_was(desk: Desk) -> None:
    desk.unit("u1", str(YARD))
    made = notices.put(desk.office, Draft(YARD, "t", "x", Category.POLICY, by="li"), desk.now)
    notices.again(desk.office, made.id, "wang", desk.now + 1)
    notices.withdraw(desk.office, made.id, desk.now + 2, by="zhao")
    desk.run("notice", "put", "--scope", str(YARD), "--title", "t", "--text", "x", "--by", "chen", "--yes")
    polls.put(desk.office, PollDraft(YARD, "t", "", ("a", "b"), Per.ROOM, desk.now + 60), "sun", desk.now + 3)
    found = kept(desk)
    assert found[:3] == [("li", False, "policy"), ("wang", False, "policy"), ("zhao", True, "policy")]
    assert {each[0] for each in found[3:]} == {"chen", "sun"}
    assert "journal" not in desk.run("verify").output


def test_who_put_it_up_cannot_be_changed_unseen(desk: Desk) -> None:
    made = notices.put(desk.office, Draft(YARD, "t", "x", by="li"), desk.now)
    name = f"revision of a notice {made.id} {made.rev}"
    with desk.books.writing() as conn:
        conn.execute(update(notice_revs).values(by="wang"))
    assert f"{name}: by: not what the journal tells" in desk.run("verify", code=1).stderr
    with desk.books.writing() as conn:
        conn.execute(delete(notice_revs))
    assert f"{name}: the journal tells of it, and it is not there" in desk.run("verify", code=1).stderr


@pytest.mark.parametrize("by", ["x" * 101, "a\0b"])
def test_a_name_that_is_none_changes_nothing(desk: Desk, by: str) -> None:
    with pytest.raises(BadValueError, match="by"):
        notices.put(desk.office, Draft(YARD, "t", "x", by=by), desk.now)
    assert kept(desk) == []
    assert notices.listed(desk.office, desk.now) == []


def test_the_command_tells_which_doors_are_missing(desk: Desk) -> None:
    unit = desk.unit("u1", str(YARD))
    desk.unit("u2", str(YARD), enrolled=False)
    made = notices.put(desk.office, Draft(YARD, "t", "x"), desk.now)
    unit.fact("notice.shown", scope=str(YARD), id=made.id, rev=made.rev)
    desk.take(unit.batch())
    told = desk.run("coverage", made.id, "--missing").stdout
    assert told == "u2  not in service yet  since -\n1 of 2 do not show it\n"
    with desk.books.reading() as conn:
        assert reports.coverage(conn, "badahu", made.id).counts() == (2, 0, 1, 1)
