"""Who is in the rosters in place: kept between looks, and never older than the books."""

from __future__ import annotations

import json
import threading
import time
import tracemalloc

import pytest
from sqlalchemy import insert, select, update

from centre import people, rosters, rotations
from centre.errors import CentreError
from centre.roster_csv import read_csv
from centre.schema import state
from contract.base64url import b64url
from contract.envelope import unverified_payload
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


ODD = r'''id,card,room,until,org,role,flags
a-1,0000000001,"7""-1",2027-01-01,,,care
a-2,0000000002,"{""id"":""a-9""",2026-12-01,,,
a-3,0000000003,"x"",""until"":1",,,,
a-31,0000000031,Ä座1201,2026-12-01,sf,service,
a-4,0000000004,2\n1,2027-06-01,sf-2,service,
a-3,0000000033,"x"",""until"":1",2025-01-01,,,
a-5,0000000005,B1-7,,,,
'''


def looked(desk: Desk) -> list[people.PlacedPart]:
    with desk.books.reading() as conn:
        return people.parts(conn, SITE)


def test_rooms_that_look_like_the_message_itself_lead_nobody_astray(desk: Desk) -> None:
    """Lines are found in the text that was signed: a room may hold what that text is made of."""
    desk.unit("b1-u1", "yard/y01")
    rosters.put(desk.office, YARD, "residents", ODD.encode(), desk.now)
    there = looked(desk)
    assert [each.id for each in there[0].people] == ["a-1", "a-2", "a-3", "a-31", "a-4", "a-3", "a-5"]
    assert people.ids(there) == {"a-1", "a-2", "a-3", "a-31", "a-4", "a-5"}
    assert people.person(there, "a-9") is None
    found = people.person(there, "a-3")
    assert found is not None
    assert found.rooms == ['x","until":1']
    rooms = {'7"-1': "a-1", '{"id":"a-9"': "a-2", 'x","until":1': "a-3", "ä座12": "a-31", "2\\n1": "a-4", "b1-7": "a-5"}
    for typed, name in rooms.items():
        assert [each.id for each in people.search(desk.office, there, typed, 5)] == [name], typed
    assert [each.id for each in people.search(desk.office, there, "a-3", 5)] == ["a-3", "a-31"]
    assert [each.id for each in people.search(desk.office, there, "0000000033", 5)] == ["a-3"]


def test_those_that_end_come_in_their_order_a_page_at_a_time(desk: Desk) -> None:
    desk.unit("b1-u1", "yard/y01")
    rosters.put(desk.office, YARD, "residents", ODD.encode(), desk.now)
    there = looked(desk)
    every = [each.id for each in people.ending(there, 1_798_000_000.0, 0, 9)]
    assert every == ["a-3", "a-2", "a-31"]
    assert [each.id for each in people.ending(there, 1_798_000_000.0, 1, 1)] == every[1:2]
    (first,) = people.ending(there, 1_798_000_000.0, 0, 1)
    assert len(first.entries) == 1, "the entry without an end is not among them"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (people.LinesWanted(org="sf"), ["a-31"]),
        (people.LinesWanted(with_org=True), ["a-31", "a-4"]),
        (people.LinesWanted(ids=frozenset(f"a-{n}" for n in range(20))), ["a-1", "a-2", "a-3", "a-4", "a-3", "a-5"]),
        (people.LinesWanted(before_utc=1_700_000_000.0), []),
        (people.LinesWanted(ids=frozenset({'a-1","role'})), []),
        (people.LinesWanted(org='sf","x'), []),
        (people.LinesWanted(), []),
    ],
)
def test_only_the_lines_that_are_meant_are_found(desk: Desk, wanted: people.LinesWanted, found: list[str]) -> None:
    desk.unit("b1-u1", "yard/y01")
    rosters.put(desk.office, YARD, "residents", ODD.encode(), desk.now)
    assert [each.holder.id for each in people.entries(looked(desk), wanted)] == found


def test_a_roster_written_in_another_form_is_found_in_too(desk: Desk) -> None:
    """Taken back from a broker, say, as another program wrote it."""
    desk.unit("b1-u1", "yard/y01")
    put(desk, "li,0000000111\nmei,0000000222", desk.now)
    with desk.books.changing() as conn:
        row = conn.execute(select(state.c.token).where(state.c.kind == "roster")).one()
        value = unverified_payload(row.token)
        value["holders"] = [dict(reversed(each.items())) for each in value["holders"]]
        head, _body, sig = row.token.split(b".")
        other = b".".join((head, b64url(json.dumps(value, indent=1).encode()).encode(), sig))
        conn.execute(update(state).where(state.c.kind == "roster").values(token=other, rev=9_999_999_999))
    there = looked(desk)
    assert people.ids(there) == {"li", "mei"}
    assert people.person(there, "mei") is not None
    assert [each.id for each in people.search(desk.office, there, "0000000222", 5)] == ["mei"]


def test_two_hundred_thousand_are_looked_up_in_a_second_and_a_few_megabytes(desk: Desk) -> None:
    """Each part as it was signed, a hundred times over: what the first look after a start costs."""
    desk.unit("b1-u1", "yard/y01")
    lines = "\n".join(f"h-{n:04d},{n + 1},{n // 40}-{n % 40:02d}" for n in range(2000))
    rosters.put(desk.office, YARD, "residents", f"id,card,room\n{lines}\n".encode(), desk.now)
    with desk.books.changing() as conn:
        rows = [row._asdict() for row in conn.execute(select(state).where(state.c.kind == "roster"))]
        for number in range(1, 100):
            conn.execute(insert(state), [{**row, "scope": f"yard/y{number + 1:03d}"} for row in rows])
    tracemalloc.start()
    began = time.process_time()
    there = looked(desk)
    assert people.person(there, "h-1999") is not None
    spent_s, (_now, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(each.read.count for each in there) == 200_000
    assert spent_s < 5, "traced; without that it is a fifth of it"
    assert peak < 60_000_000
