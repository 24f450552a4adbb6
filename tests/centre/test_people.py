"""Who is in the rosters in place: kept between looks, and never older than the books."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from centre import people, rosters, rotations
from centre.errors import CentreError
from centre.roster_csv import read_csv
from centre.schema import state
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.unit import SITE

YARD = Scope("yard", "y01")


def put(desk: Desk, text: str, now: float) -> None:
    rosters.put(desk.office, YARD, "residents", f"id,card\n{text}\n".encode(), now)


def ids(desk: Desk) -> set[str]:
    with desk.books.reading() as conn:
        return {holder.id for part in people.parts(conn, SITE) for holder in part.people}


def taken_back(desk: Desk) -> None:
    """A revision that is read in its own transaction, which then fails."""
    with desk.books.changing() as conn:
        keys = rotations.hash_keys(conn, desk.office.keys, YARD)
        reading = read_csv(b"id,card\nmei,0000000222\n", keys, desk.office.site.zone)
        lines = list(zip(reading.holders, reading.numbers, strict=True))
        rosters.commit_again(conn, desk.office, YARD, "residents", lines, keys, desk.now + 1)
        assert people.person(people.parts(conn, SITE), "mei") is not None
        raise ZeroDivisionError


def test_a_revision_that_was_taken_back_is_forgotten(desk: Desk) -> None:
    """The next revision has the same number."""
    desk.unit("b1-u1", "yard/y01")
    put(desk, "li,0000000111", desk.now)
    with pytest.raises(ZeroDivisionError):
        taken_back(desk)
    assert ids(desk) == {"li"}
    put(desk, "anna,0000000333", desk.now + 1.5)
    assert ids(desk) == {"anna"}


def test_a_roster_that_cannot_be_read_back_is_one_line(desk: Desk) -> None:
    desk.unit("b1-u1", "yard/y01")
    put(desk, "li,0000000111", desk.now)
    with desk.books.changing() as conn:
        conn.execute(update(state).where(state.c.kind == "roster").values(token=b"eyJ9.e30.AA"))
    with pytest.raises(CentreError, match="cannot be read back"):
        ids(desk)


def test_many_who_look_while_a_list_changes_see_one_or_the_other(desk: Desk) -> None:
    desk.unit("b1-u1", "yard/y01")
    put(desk, "li,0000000111", desk.now)
    seen: list[set[str]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(ids(desk))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for each in threads:
        each.start()
    for n in range(10):
        put(desk, "mei,0000000222" if n % 2 == 0 else "li,0000000111", desk.now + n + 1)
    done.set()
    for each in threads:
        each.join()
    assert len(seen) > 4
    assert {frozenset(each) for each in seen} <= {frozenset({"li"}), frozenset({"mei"})}
    assert ids(desk) == {"li"}
