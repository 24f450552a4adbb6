"""Every kind of fact is a sentence for a clerk; whatever else is kept in the books is told as it came."""

from __future__ import annotations

import json

import pytest

from centre import lately
from centre.conditions import About
from centre.fact_words import of_line
from centre.needs import OF_KIND, TITLES
from centre.scope_tree import Node, PlacedUnit, PlaceRoll, natural
from centre.sentences import SAYS
from contract import chain
from contract.facts import ALARMS, KINDS
from tests.centre.conftest import Desk


def line(kind: str, **data: object) -> bytes:
    return chain.line(1, 1_790_000_000.0, "synced", 1, 1.5, kind, data)


def test_every_kind_has_a_sentence_and_every_need_a_title() -> None:
    assert {each.type for each in KINDS.values()} <= SAYS.keys()
    assert set(TITLES) == set(About)
    assert OF_KIND.keys() <= ALARMS


@pytest.mark.parametrize(
    ("kind", "data", "words", "sign"),
    [
        ("access.granted", {"door": "main", "by": "h1", "via": "card"}, "door main: opened by card (h1)", ""),
        (
            "access.denied",
            {"door": "main", "by": None, "via": "pin", "reason": "locked_out"},
            "door main: not opened by PIN: too many wrong codes: codes wait for a while",
            "look",
        ),
        ("door.closed", {"door": "main", "open_s": 4.26}, "door main: closed after 4 s", ""),
        ("command.refused", {"id": "c1", "reason": "clock", "action": "open"}, "order not done: open: clock", "look"),
        (
            "care.silent",
            {"holder": "h1", "room": None},
            "a watched household has shown no sign for long (h1)",
            "urgent",
        ),
    ],
)
def test_what_a_clerk_reads(kind: str, data: dict[str, object], words: str, sign: str) -> None:
    told = of_line(kind, line(kind, **data))
    assert (told.words, told.sign) == (words, sign)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("door.of_a_later_version", {"door": "main", "note": "x y"}),
        ("access.granted", {"door": 7}),
        ("access.denied", {"door": "main", "by": "h1", "via": "card", "reason": "of_a_later_version"}),
    ],
)
def test_what_this_version_does_not_know_is_told_as_it_came(kind: str, data: dict[str, object]) -> None:
    assert kind in of_line(kind, line(kind, **data)).words


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "\u202e"])
def test_nothing_in_a_sentence_is_obeyed_by_a_terminal(text: str) -> None:
    for kind, data in (
        ("device.lost", {"device": text, "reason": "x", "detail": text, "since": "2026-09-21T10:00:00.000Z"}),
        ("door.opened", {"door": "main", "detail": text}),
        ("later", {"note": text}),
    ):
        assert of_line(kind, line(kind, **data)).words.isprintable()
    assert of_line("x", b"no json").words == "x"


# --- the last facts of one unit


def test_the_last_facts_of_a_unit_over_its_epochs_newest_first(desk: Desk) -> None:
    unit, other = desk.unit("a1"), desk.unit("a2")
    unit.fact("door.opened", 3, door="main")
    other.fact("door.forced", 5, door="main")
    desk.take(unit.batch(), other.batch())
    unit.begin("e2", ("e1", unit.head))
    unit.fact("door.closed", 2, door="main")
    desk.take(unit.batch())
    with desk.books.reading() as conn:
        found = lately.of_unit(conn, "a1", 10)
        assert [(each.epoch, each.seq) for each in found] == [("e2", 2), ("e2", 1), ("e1", 3), ("e1", 2), ("e1", 1)]
        assert [each.seq for each in lately.of_unit(conn, "a1", 2, before=("e2", 1))] == [3, 2]
        assert [each.seq for each in lately.of_unit(conn, "a1", 1, kinds={"door.opened"})] == [3]
        assert lately.of_unit(conn, "a1", 9, kinds={"door.opened"}, looked=2) == []


# --- places


def test_places_stand_as_people_count_and_lie_within_each_other() -> None:
    yards = {"b2": "yard/y2", "b10": "yard/y10", "b1": "yard/y2"}
    placed = [PlacedUnit(unit, "", ("site/s", "community/c1", yard, f"unit/{unit}")) for unit, yard in yards.items()]
    known = PlaceRoll(placed, {"yard/y2": "2号院"})

    def below(node: Node) -> object:
        return [(known.words(each.scope), below(each)) for each in node.children]

    (site,) = known.tree(known.units)
    assert below(site) == [
        ("community c1", [("2号院", [("b1", []), ("b2", [])]), ("yard y10", [("b10", [])])]),
    ]
    assert sorted(["b12-u2", "b2-u10", "b2-u9", "a"], key=natural) == ["a", "b2-u9", "b2-u10", "b12-u2"]
    assert natural("9" * 40)
    assert json.dumps(natural(""))
