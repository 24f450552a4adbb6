"""What a unit says it has, against what it should have; and how many notices a centre publishes."""

from __future__ import annotations

import pytest

from centre import state
from contract.messages import EMERGENCIES_PER_SCOPE, NOTICES_PER_SCOPE, Kind
from contract.revs import build_revs
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.site import Site
from tests.centre.unit import SITE, FakeUnit
from tests.waiting import eventually


def put(desk: Desk, name: str, *more: str, code: int = 0) -> str:
    words = ("notice", "put", "--yes", "--scope", "yard/y07", "--title", "t", "--text", "x", "--id", name)
    return desk.run(*words, *more, code=code).output


@ONE_ENGINE
@pytest.mark.claim("F48")
def test_no_more_notices_are_published_than_a_unit_takes(desk: Desk) -> None:
    desk.unit("b12-u2", "yard/y07")
    for number in range(NOTICES_PER_SCOPE):
        put(desk, f"n{number}")
    assert "takes no more" in put(desk, "one-more", code=2)
    put(desk, "n0")  # a new revision of one that is up
    for number in range(EMERGENCIES_PER_SCOPE):
        put(desk, f"e{number}", "--category", "emergency")
    assert "takes no more" in put(desk, "e-more", "--category", "emergency", code=2)
    desk.run("notice", "withdraw", "n1")
    put(desk, "one-more")


def test_nor_over_all_scopes_of_a_unit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "NOTICES_PER_UNIT", 9)
    desk.unit("b12-u2", *(f"yard/y{n}" for n in range(4)))
    for number in range(9):
        put(desk, f"n{number}", "--scope", f"yard/y{number % 3}")
    assert "b12-u2" in put(desk, "one-more", "--scope", "yard/y3", code=2)
    put(desk, "elsewhere", "--scope", "yard/y9")


KEYS = ("keys", "site/badahu", "", 1)
"""Of every new site."""


def listed(unit: FakeUnit, have: list[tuple[str, str, str, int]], refused: list[tuple[str, str, str, int]]) -> bytes:
    (page,) = build_revs(unit.key, SITE, unit.name, "c1", have, refused)
    return page


def test_differences_are_told_from_a_signed_list_only(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    put(desk, "n1", "--until", "9d")
    put(desk, "n2", "--until", "9d")
    one, two = (desk.rev(Kind.NOTICE, "yard/y07", name) for name in ("n1", "n2"))
    have, refused = [KEYS, ("notice", "yard/y08", "old", 3)], [("notice", "yard/y07", "n2", two)]
    said = desk.take(unit.message("revs", listed(unit, have, refused))).lines
    assert said == [
        f"b12-u2: lacks notice yard/y07 n1 revision {one}",
        f"b12-u2: refuses notice yard/y07 n2 revision {two}",
        "b12-u2: has, and should not, notice yard/y08 old revision 3",
    ]
    stranger = FakeUnit("b12-u2")
    outcome = desk.take(unit.message("revs", listed(stranger, have, refused)))
    assert outcome.refused == 1
    right = [KEYS, *(("notice", "yard/y07", name, rev) for name, rev in (("n1", one), ("n2", two)))]
    assert desk.take(unit.message("revs", listed(unit, right, []))).lines == [
        "b12-u2: has what it should have, 3 in all"
    ]


def test_a_list_of_several_pages_is_judged_when_it_is_whole(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    many = [KEYS, *(("notice", "yard/y08", f"n{n}" + "x" * 40, 1) for n in range(2000))]
    pages = build_revs(unit.key, SITE, unit.name, "c1", many, [])
    assert len(pages) > 1
    said = [desk.take(unit.message("revs", page)).lines for page in pages]
    assert not any(said[:-1])
    assert len(said[-1]) == 21
    assert said[-1][-1] == "b12-u2: and 1980 more"


def test_a_unit_that_says_it_is_stale_is_asked_for_its_list_once(site: Site) -> None:
    site.serve()
    unit, wire = site.unit()
    eventually(lambda: any("enrolled" in line for line in site.said))
    for _ in range(3):
        wire.send(unit.status(stale=True))
    eventually(lambda: wire.payloads("/command"))
    assert len(wire.payloads("/command")) == 1
