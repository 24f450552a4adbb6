"""Whether a unit has the newest of all that it should have, as far as it told."""

from __future__ import annotations

from centre import lacks, rosters, state, units
from centre.lacks import Holdings
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.unit import SITE, FakeUnit

YARD = Scope("yard", "y07")


def of(desk: Desk, digest: object = None) -> Holdings:
    with desk.books.reading() as conn:
        return lacks.of_unit(conn, units.one(conn, SITE, "b1"), digest, desk.now)


def due_digest(desk: Desk) -> str:
    with desk.books.reading() as conn:
        scopes = units.one(conn, SITE, "b1").scopes
        return state.digest_of(state.due(conn), scopes, desk.now)[0]


def put(desk: Desk, unit: FakeUnit, *, tells: bool) -> None:
    rev = rosters.put(desk.office, YARD, "yard", b"id,card\nli,0012345678\n", desk.now).rev
    if tells:
        unit.fact("roster.applied", scope=str(YARD), id="yard", rev=rev)
        desk.take(unit.batch(len(unit.lines)))


def test_by_its_digest_it_has_all_of_it(desk: Desk) -> None:
    unit = desk.unit("b1", "yard/y07")
    put(desk, unit, tells=False)
    found = of(desk, due_digest(desk))
    assert (found.whole, found.lacking, found.count) == (True, (), 2)
    with desk.books.reading() as conn:
        mine = [str(scope) for scope in units.one(conn, SITE, "b1").scopes]
        assert state.due(conn, mine) == {scope: each for scope, each in state.due(conn).items() if scope in mine}


def test_what_it_lacks_is_named_until_it_tells_that_it_has_it(desk: Desk) -> None:
    unit = desk.unit("b1", "yard/y07")
    put(desk, unit, tells=False)
    found = of(desk, "0" * 64)
    assert found.whole is False
    assert [(each.kind, each.id) for each in found.lacking] == [("keys", ""), ("roster", "yard")]
    put(desk, unit, tells=True)
    assert [(each.kind, each.id) for each in of(desk, "0" * 64).lacking] == [("keys", "")]
    desk.now += 100
    put(desk, unit, tells=False)
    assert [each.id for each in of(desk, "0" * 64).lacking] == ["", "yard"]


def test_a_unit_that_told_no_digest_is_not_said_to_have_it_all(desk: Desk) -> None:
    desk.unit("b1", "yard/y07")
    for digest in (None, 7, {"a": 1}):
        assert of(desk, digest).whole is None
