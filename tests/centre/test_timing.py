"""Facts from before a unit's clock was set, with the times worked out afterwards."""

from __future__ import annotations

import json

import pytest

from centre.timing import Dated, Times, true_times
from contract import chain
from contract.bounds import parse_rfc3339
from tests.centre.conftest import Desk
from tests.centre.unit import FakeUnit

TRUE = 1_795_500_000.0
DAY = 86_400.0


def at(seq: int, mono: float, clock: str = "unknown", *, utc: float | None = None, boot: int = 1) -> Dated:
    """A fact of a run whose monotonic clock began at `TRUE`; without a clock it says 1970."""
    return Dated(seq, utc if utc is not None else (TRUE + mono if clock == "synced" else mono), clock, boot, mono)


def start(seq: int, mono: float, boot: int, host: str | None) -> Dated:
    return Dated(seq, mono, "unknown", boot, mono, host, starts=True)


def test_a_week_without_a_clock_is_dated_once_it_is_set() -> None:
    week = [at(n, n * 3600.0) for n in range(1, 24 * 7)]
    times = true_times(None, week, at(200, 7 * DAY, "synced"))
    assert max(abs(time.utc - (TRUE + each.mono)) for time, each in zip(times, week, strict=True)) < 2.0
    bounds = [time.within_s for time in times if time.within_s is not None]
    assert len(bounds) == len(week)
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] < 2.0 < bounds[0] < 40.0  # the longer ago, the less is known


def test_between_two_times_that_are_known_the_drift_is_shared_out() -> None:
    """Three days away from the centre after which the clock counts as a floor; its crystal is 40 ppm fast."""
    drift = 1 + 40e-6
    before, after = at(1, 0.0, "synced"), Dated(9, TRUE + 10 * DAY, "synced", 1, 10 * DAY * drift)
    (time,) = true_times(before, [at(5, 5 * DAY * drift, "floor")], after)
    assert time.utc == pytest.approx(TRUE + 5 * DAY, abs=0.1)


def test_a_start_of_the_same_host_does_not_stop_its_clock() -> None:
    run = [start(1, 10.0, 1, "h1"), at(2, 100.0), start(3, 200.0, 2, "h1"), at(4, 300.0, boot=2)]
    times = true_times(None, run, at(5, 400.0, "synced", boot=2))
    assert [round(time.utc - TRUE) for time in times] == [10, 100, 200, 300]


@pytest.mark.parametrize("host", ["h2", None])
def test_what_a_cut_of_the_power_lies_between_is_only_known_to_lie_between(host: str | None) -> None:
    """The monotonic clock of another boot says nothing of this one."""
    before = at(1, 0.0, "synced")
    run = [start(2, 10.0, 2, "h1"), at(3, 100.0, boot=2), start(4, 20.0, 3, host)]
    after = Dated(5, TRUE + 5000.0, "synced", 3, 60.0)
    times = true_times(before, run, after, host_before="h0")
    for time in times[:2]:
        assert TRUE <= time.utc <= after.at_utc
        assert time.within_s == pytest.approx(5000.0)
    assert times[2].utc == pytest.approx(TRUE + 4960.0)
    assert [time.within_s for time in true_times(None, run[:2], None)] == [None, None]


def test_a_date_of_its_own_that_is_possible_is_the_best_guess() -> None:
    """A host with a battery clock that nobody signed."""
    possible = at(2, 100.0, utc=TRUE + 2000.0, boot=2)
    (time,) = true_times(at(1, 0.0, "synced"), [possible], Dated(3, TRUE + 5000.0, "synced", 3, 60.0))
    assert (time.utc, time.worked_out) == (TRUE + 2000.0, False)
    assert time.within_s == 3000.0


def unsynced(box: FakeUnit, kind: str, mono: float, *, clock: str = "unknown", boot: int = 1, **data: object) -> None:
    utc = TRUE + mono if clock == "synced" else mono
    line = chain.line(len(box.lines) + 1, utc, clock, boot, mono, kind, data)
    box.lines.append(line)
    box.h.append(chain.next_hash(box.h[-1], line))


def test_the_books_tell_when_it_was_and_what_was_signed_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.timing.PAGE", 3)
    box = desk.unit("b12-u2", "yard/y07")
    for n in range(8):
        unsynced(box, "patrol.checkin", 60.0 * n, round=None, stop="main", by="wang")
    desk.take(box.batch())
    assert "1970-01-01" in desk.run("facts").stdout
    assert "clock not set" in desk.run("facts").stdout
    unsynced(box, "clock.changed", 600.0, clock="synced", trust="synced", step_s=1.0)
    desk.take(box.batch(9))
    lines = [json.loads(line) for line in desk.run("facts", "--json").stdout.splitlines()]
    assert [round(parse_rfc3339(each["true"]["at"]) - TRUE) for each in lines[:-1]] == [60 * n for n in range(8)]
    assert all(each["true"]["within_s"] < 2.0 for each in lines[:-1])
    assert "true" not in lines[-1]
    assert all(each["fact"]["at"].startswith("1970") for each in lines[:-1])
    assert "2026-11-24 14:07:00  b12-u2  8" in desk.run("facts").stdout
    with desk.books.reading() as conn:
        time = Times().of(conn, "b12-u2", "e1", box.lines[3])
    assert time.utc == pytest.approx(TRUE + 180.0, abs=2.0)
