"""Why a card did not open: by what the unit told of it, what the lists say, and the door as it is; never more than the centre knows."""

from __future__ import annotations

from typing import Any

import pytest

from centre import rosters
from centre.explain import Explained, Weight, explain
from contract.plain import DoorStatus, build_will
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.unit import FakeUnit, door

YARD = Scope("yard", "y07")
CARD = "0012345678"
AGAINST, DOUBT, FOR = Weight.AGAINST, Weight.DOUBT, Weight.FOR


def put(desk: Desk, text: str, scope: Scope = YARD, name: str = "yard") -> int:
    return rosters.put(desk.office, scope, name, text.encode(), desk.now).rev


def there(desk: Desk, **status: Any) -> FakeUnit:
    unit = desk.unit("b1", "yard/y07", "building/b1")
    desk.take(unit.status(**{"doors": {"main": door(), "back": door()}, **status}))
    return unit


def has(desk: Desk, unit: FakeUnit, rev: int, scope: Scope = YARD, name: str = "yard") -> None:
    """The unit tells that it has the list."""
    unit.fact("roster.applied", scope=str(scope), id=name, rev=rev)
    desk.take(unit.batch(len(unit.lines)))


def why(desk: Desk, text: str = CARD, where: str = "main", later: float = 0.0) -> Explained:
    return explain(desk.office, "b1", where, text, desk.now + later)


def told(found: Explained) -> list[tuple[Weight, str]]:
    return [(each.weight, each.words) for each in found.reasons]


def test_a_card_that_opens(desk: Desk) -> None:
    unit = there(desk)
    has(desk, unit, put(desk, f"id,card\nli,{CARD}\n"))
    found = why(desk)
    assert found.verdict == "By what the centre knows this card opens this door now."
    assert [weight for weight, _words in told(found)] == [FOR]
    assert found.holders == ("li",)
    assert why(desk, "li").holders == ("li",)


def test_a_card_of_nobody(desk: Desk) -> None:
    there(desk)
    put(desk, f"id,card\nli,{CARD}\n")
    found = why(desk, "0000000999")
    assert found.verdict.startswith("The card is in none of the 1 lists of people")
    assert found.holders == ()


def test_a_card_of_another_yard_is_not_known_here(desk: Desk) -> None:
    """What another yard's list says of it is not told at this door."""
    there(desk)
    desk.unit("c1", "yard/y08")
    put(desk, f"id,card\nmei,{CARD}\n", Scope("yard", "y08"), "other")
    found = why(desk)
    assert "none of the 0 lists" in found.verdict
    assert "mei" not in repr(found)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("doors\nli,{card},back", "The card is not for this door; it is for back."),
        ("from\nli,{card},2027-01-31", "Its time has not come: it begins 2027-01-31 00:00."),
        ("until\nli,{card},2026-01-31", "Its time is over: it ended 2026-02-01 00:00."),
    ],
)
def test_what_stands_against_a_card_is_told_by_its_rule(desk: Desk, line: str, words: str) -> None:
    unit = there(desk)
    has(desk, unit, put(desk, "id,card," + line.format(card=CARD) + "\n"))
    found = why(desk)
    assert found.verdict == words
    assert (AGAINST, words) in told(found)


def test_any_entry_may_open(desk: Desk) -> None:
    unit = there(desk)
    has(desk, unit, put(desk, f"id,card,doors\nli,{CARD},back\n"))
    has(desk, unit, put(desk, f"id,card\nli,{CARD}\n", Scope("building", "b1"), "b"), Scope("building", "b1"), "b")
    assert [weight for weight, _words in told(why(desk))] == [FOR]


def test_a_list_that_the_unit_has_not_taken_yet_is_a_doubt(desk: Desk) -> None:
    unit = there(desk)
    has(desk, unit, put(desk, "id,card\nmei,0000000111\n"))
    desk.now += 100
    rev = put(desk, f"id,card\nmei,0000000111\nli,{CARD}\n")
    assert [weight for weight, _words in told(why(desk))] == [DOUBT]
    assert "has not told yet that it has list yard" in why(desk).verdict
    has(desk, unit, rev)
    assert [weight for weight, _words in told(why(desk))] == [FOR]


def test_a_door_that_is_locked_down_or_whose_lock_is_lost(desk: Desk) -> None:
    unit = there(desk, doors={"main": DoorStatus("lockdown", False, False, "lost", held=False)})
    has(desk, unit, put(desk, f"id,card\nli,{CARD}\n"))
    assert [weight for weight, _words in told(why(desk))] == [AGAINST, AGAINST, FOR]
    assert why(desk).verdict == "The door is locked down: only emergency cards open it."
    assert why(desk, where="back").verdict == "By what the centre knows this card opens this door now."


def test_an_emergency_card_passes_a_lockdown(desk: Desk) -> None:
    unit = there(desk, doors={"main": DoorStatus("lockdown", False, False, "ok", held=False)})
    has(desk, unit, put(desk, f"id,card,role\nli,{CARD},emergency\n"))
    assert why(desk).verdict == "By what the centre knows this card opens this door now."


def test_a_clock_that_is_not_right_is_a_doubt_for_cards_with_limits_alone(desk: Desk) -> None:
    unit = there(desk, clock="unknown")
    has(desk, unit, put(desk, f"id,card,until\nli,{CARD},2027-01-31\nmei,0000000111,\n"))
    assert [weight for weight, _words in told(why(desk))] == [DOUBT, FOR]
    assert [weight for weight, _words in told(why(desk, "0000000111"))] == [FOR]


def test_a_unit_that_is_offline_is_said_to_be(desk: Desk) -> None:
    unit = there(desk)
    has(desk, unit, put(desk, f"id,card\nli,{CARD}\n"))
    desk.take(unit.message("status", build_will("s1")))
    assert "The unit is offline" in why(desk).verdict


def test_what_the_unit_told_decides_and_of_an_unknown_card_nobody_can_say(desk: Desk) -> None:
    unit = there(desk)
    has(desk, unit, put(desk, f"id,card\nli,{CARD}\nmei,0000000111\n"))
    for by, reason in (("li", "hours"), ("mei", "lockdown"), (None, "unknown")):
        unit.fact("access.denied", door="main", by=by, via="card", reason=reason)
    unit.fact("access.denied", door="back", by="li", via="card", reason="door")
    desk.take(unit.batch(len(unit.lines) - 3))
    found = why(desk)
    assert [(each.mine, each.opened) for each in found.shown] == [(None, False), (True, False)]
    assert found.verdict == "The door told the reason: outside its hours, or the door's."
    assert why(desk, later=90_000).shown == ()


def test_what_it_opened_since_is_told_too(desk: Desk) -> None:
    unit = there(desk)
    has(desk, unit, put(desk, f"id,card\nli,{CARD}\n"))
    unit.fact("access.denied", door="main", by="li", via="card", reason="pin")
    unit.fact("access.granted", door="main", by="li", via="card")
    unit.fact("access.late", device="reader", detail="1 s")
    desk.take(unit.batch(len(unit.lines) - 2))
    found = why(desk)
    assert [each.opened for each in found.shown] == [False, True, False]
    assert found.verdict == "By what the centre knows this card opens this door now."


def test_the_doors_own_hours_are_for_residents(desk: Desk, tmp_path: Any) -> None:
    unit = there(desk)
    hours = tmp_path / "hours.csv"
    hours.write_text("profile,days,hours\nday,mon-sun,00:00-00:01\n", encoding="utf-8")
    desk.run("settings", "put", "--yes", "--scope", "yard/y07", "--hours", str(hours), "--door-hours", "main=day")
    has(desk, unit, put(desk, f"id,card,role\nli,{CARD},\nwang,0000000111,staff\n"))
    assert why(desk).verdict == "It is outside the hours that this door has for residents."
    assert why(desk, where="back").verdict.startswith("By what the centre knows")
    assert why(desk, "0000000111").verdict.startswith("By what the centre knows")
