"""How check-ins count for the stops of a round: windows at their edges, over midnight, in order, too early, too late, again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import codec
from contract.facts import Timing
from contract.messages import Notice
from contract.rounds import DueStop, Round, RoundStop, Visit, Weekday, around, day_of, dues, midnight, walk
from contract.scopes import Scope

TUESDAY = date(2026, 11, 24)
START = midnight(TUESDAY)
GRID = Scope("grid", "g07")


def at(text: str, day: int = 0) -> float:
    """Local seconds of `09:30` or `09:30:30` on Tuesday, or so many days later."""
    hour, minute, second = (*map(int, text.split(":")), 0)[:3]
    return START + day * 86_400 + hour * 3600 + minute * 60 + second


def stop(span: str, unit: str = "u1", door: str = "main") -> RoundStop:
    begins, ends = (int(each[:2]) * 60 + int(each[3:]) for each in span.split("-"))
    return RoundStop(unit, door, begins, ends)


def a_round(*stops: RoundStop, **changes: Any) -> Round:
    return replace(Round(GRID, "r1", 1, 0.0, "夜巡", stops=stops, grace_s=600), **changes)


def walked(its: Round, *times: str | tuple[str, str], day: int = 0) -> list[tuple[str | None, int]]:
    """Timing, and the number of strays, of each stop of Tuesday, after check-ins at these times (and units)."""
    found = dues(its, day_of(at("12:00", day)))
    visits = [
        Visit("u1", "main", at(each), n) if isinstance(each, str) else Visit(each[1], "main", at(each[0]), n)
        for n, each in enumerate(times)
    ]
    done = walk(found, visits, its.grace_s, ordered=its.ordered)
    return [(None if one.timing is None else one.timing.value, len(one.strays)) for one in done]


@pytest.mark.parametrize(
    ("time", "timing", "strays"),
    [
        ("08:49:59", None, 1),
        ("08:50:00", "early", 0),
        ("08:59:59", "early", 0),
        ("09:00:00", "on_time", 0),
        ("09:59:59", "on_time", 0),
        ("10:00:00", "late", 0),
        ("10:09:59", "late", 0),
        ("10:10:00", None, 1),
        ("00:00:00", None, 1),
        ("23:59:59", None, 1),
    ],
)
def test_a_window_at_its_edge_minutes(time: str, timing: str | None, strays: int) -> None:
    assert walked(a_round(stop("09:00-10:00")), time) == [(timing, strays)]


def test_the_same_stop_again_is_one_stop() -> None:
    fifty = [f"09:{minute:02d}" for minute in range(50)]
    assert walked(a_round(stop("09:00-10:00"), stop("14:00-15:00")), *fifty) == [("on_time", 0), (None, 0)]


def test_each_check_in_does_one_stop_the_one_that_ends_first() -> None:
    both = a_round(stop("09:00-11:00"), stop("09:00-10:00"))
    assert walked(both, "09:30") == [(None, 0), ("on_time", 0)]
    assert walked(both, "09:30", "09:40") == [("on_time", 0), ("on_time", 0)]


def test_another_unit_or_door_does_nothing_here() -> None:
    its = a_round(stop("09:00-10:00"), stop("09:00-10:00", "u2"))
    assert walked(its, ("09:30", "u2")) == [(None, 0), ("on_time", 0)]
    assert walked(a_round(stop("09:00-10:00", door="back")), "09:30") == [(None, 0)]


def test_a_window_over_midnight_is_of_the_day_on_which_it_begins() -> None:
    night = a_round(stop("23:00-01:00"), week=frozenset({Weekday.TUE}))
    (due,) = dues(night, TUESDAY)
    assert (due.begins, due.ends, due.day) == (at("23:00"), at("01:00", 1), "2026-11-24")
    assert dues(night, day_of(at("12:00", 1))) == ()
    assert [each.day for each in around(night, at("00:30", 1), "u1")] == ["2026-11-24"]
    done = walk((due,), [Visit("u1", "main", at("00:59:59", 1))], 600)
    assert done[0].timing is Timing.ON_TIME
    assert walk((due,), [Visit("u1", "main", at("01:10", 1))], 600)[0].visit is None


def test_until_24_00_ends_with_the_day() -> None:
    its = a_round(stop("22:00-24:00"))
    assert walked(its, "23:59:59") == [("on_time", 0)]
    assert walk(dues(its, TUESDAY), [Visit("u1", "main", at("00:05", 1))], 600)[0].timing is Timing.LATE


def test_weekdays_and_holidays() -> None:
    workdays = frozenset(Weekday) - {Weekday.SAT, Weekday.SUN}
    its = a_round(stop("09:00-10:00"), week=workdays, holidays=frozenset({"2026-11-25"}))
    days = [bool(dues(its, day_of(at("12:00", n)))) for n in range(7)]
    assert days == [True, False, True, True, False, False, True]
    assert dues(replace(its, withdrawn=True), TUESDAY) == ()


def test_in_order_and_out_of_order() -> None:
    its = a_round(stop("09:00-11:00"), stop("09:00-11:00", "u2"), stop("09:00-11:00", "u3"), ordered=True)
    assert walked(its, "09:10", ("09:20", "u2"), ("09:30", "u3")) == [("on_time", 0)] * 3
    assert walked(its, "09:10", ("09:20", "u3"), ("09:30", "u2")) == [
        ("on_time", 0),
        ("on_time", 0),
        ("out_of_order", 0),
    ]
    free = replace(its, ordered=False)
    assert walked(free, ("09:20", "u3"), "09:30") == [("on_time", 0), (None, 0), ("on_time", 0)]


def test_a_stop_that_is_over_is_missed_and_puts_nothing_out_of_order() -> None:
    its = a_round(stop("09:00-09:30"), stop("09:00-11:00", "u2"), ordered=True)
    assert walked(its, ("09:39:59", "u2")) == [(None, 0), ("out_of_order", 0)]
    assert walked(its, ("09:40:00", "u2")) == [(None, 0), ("on_time", 0)]


@given(st.lists(st.tuples(st.floats(-90_000, 180_000), st.sampled_from(["u1", "u2"])), max_size=12))
def test_no_check_in_does_two_stops_and_none_is_done_from_afar(times: list[tuple[float, str]]) -> None:
    its = a_round(stop("09:00-10:00"), stop("09:30-10:30"), stop("23:00-01:00", "u2"), stop("00:00-24:00", "u2"))
    found: tuple[DueStop, ...] = dues(its, TUESDAY)
    visits = [Visit(unit, "main", START + after, n) for n, (after, unit) in enumerate(times)]
    done = [one for one in walk(found, visits, 600) if one.visit is not None]
    assert len({one.visit for one in done}) == len(done)
    for one in done:
        assert one.visit is not None
        assert one.due.begins - 600 <= one.visit.at < one.due.ends + 600
        assert one.visit.unit == one.due.unit
    assert walk(found, reversed(visits), 600) == walk(found, visits, 600)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": ""}, "title"),
        ({"stops": []}, "stops: none"),
        ({"stops": [{"unit": "u1", "door": "main", "from": "09:00", "until": "09:00"}]}, "window"),
        ({"stops": [{"unit": "u1", "door": "main", "from": "24:00", "until": "09:00"}]}, "window"),
        ({"stops": [{"unit": "u1", "door": "main", "from": "9:00", "until": "10:00"}]}, "time of day"),
        ({"stops": [{"unit": "u1", "door": "main", "from": "09:00", "until": "25:00"}]}, "time of day"),
        (
            {"stops": [{"unit": "u1", "door": "main", "from": f"0{n}:00", "until": "10:00"} for n in range(9)]},
            "one door",
        ),
        ({"stops": [{"unit": f"u{n}", "door": "main", "from": "09:00", "until": "10:00"} for n in range(65)]}, "stops"),
        (
            {"stops": [{"unit": "u1", "door": "main", "from": "09:00", "until": f"1{n}:00"} for n in range(2)]},
            "begin together",
        ),
        ({"week": ["someday"]}, "week"),
        ({"holidays": ["2026-02-30"]}, "holidays"),
        ({"grace_s": 14_401}, "grace_s"),
        ({"grace_s": -1}, "grace_s"),
        ({"staff": []}, "staff"),
    ],
)
def test_what_is_no_round(change: dict[str, Any], fault: str) -> None:
    good = {
        "scope": "grid/g07", "id": "r1", "rev": 1, "iat": 0, "title": "夜巡",
        "stops": [{"unit": "u1", "door": "main", "from": "23:00", "until": "01:00"}],
    }  # fmt: skip
    assert codec.read(Round, good).stops == (stop("23:00-01:00"),)
    with pytest.raises(codec.FieldError, match=fault):
        codec.read(Round, good | change)


def test_a_tombstone_needs_no_stops() -> None:
    made = codec.read(Round, {"scope": "grid/g07", "id": "r1", "rev": 2, "iat": 0, "withdrawn": True})
    assert made.withdrawn
    assert not made.walked_by("wang")
    assert not isinstance(made, Notice)
