"""When to connect again: the waits and the version, without a network."""

from __future__ import annotations

import random

import pytest

from agent.link.reconnect import MIN_S, NEWER_S, STABLE_S, TAKEN_S, Ending, Reconnect


def reconnect(protocol: str = "auto", seed: int = 1) -> Reconnect:
    return Reconnect(protocol, random.Random(seed).uniform)


@pytest.mark.claim("F16")
def test_waits_grow_with_full_jitter_up_to_two_minutes(record_property: pytest.RecordProperty) -> None:
    runs = []
    for seed in range(500):
        machine = reconnect("5", seed)
        runs.append([machine.after(Ending("unreachable")).wait_s for _ in range(12)])
    for number, limit in enumerate([5, 10, 20, 40, 80, 120, 120]):
        waits = sorted(run[number] for run in runs)
        assert waits[0] >= MIN_S
        assert waits[-1] <= limit
        # Full jitter: the quartiles of an even spread between the floor and the limit.
        for share in (0.25, 0.5, 0.75):
            assert waits[int(share * 500)] == pytest.approx(MIN_S + share * (limit - MIN_S), abs=0.1 * limit)
    busiest = max(sum(second <= run[0] < second + 1 for run in runs) for second in range(1, 5))
    assert busiest * 200 / 500 < 75
    record_property("figure", f"200 units that lost one broker: {busiest * 200 // 500} in the busiest second")


def test_a_stable_connection_starts_the_waits_anew_and_a_short_one_does_not() -> None:
    machine = Reconnect("5", lambda low, high: high)
    assert [machine.after(Ending("lost", 1.0)).wait_s for _ in range(4)] == [5, 10, 20, 40]
    assert machine.after(Ending("lost", STABLE_S)).wait_s == 5


def test_never_more_than_one_connection_a_second() -> None:
    machine = Reconnect("auto", lambda low, high: low)
    for how in ("version", "unanswered", "silent", "closed", "lost", "refused", "unreachable", "taken", "ours"):
        assert machine.after(Ending(how)).wait_s >= MIN_S


@pytest.mark.claim("F22")
def test_a_client_with_our_id_gets_a_minute() -> None:
    for seed in range(50):
        following = reconnect("5", seed).after(Ending("taken", 100.0))
        assert following.taken_over
        assert TAKEN_S <= following.wait_s <= 2 * TAKEN_S


@pytest.mark.claim("F22")
def test_on_3_1_1_three_short_lives_in_a_row_look_like_a_clone() -> None:
    machine = reconnect("3.1.1")
    assert [machine.after(Ending("closed", 2.0)).taken_over for _ in range(6)] == [False, False, True] * 2
    machine = reconnect("3.1.1")
    lives = [2.0, 2.0, 60.0, 2.0, 2.0]
    assert not any(machine.after(Ending("closed", lasted)).taken_over for lasted in lives)
    machine = reconnect("3.1.1")
    endings = ["closed", "closed", "unreachable", "closed", "closed"]
    assert not any(machine.after(Ending(how)).taken_over for how in endings)


def test_auto_tries_the_other_version_at_once_then_with_patience() -> None:
    machine = reconnect()
    assert machine.version == "5"
    first = machine.after(Ending("version"))
    assert (first.version, first.switching, first.wait_s) == ("3.1.1", True, MIN_S)
    second = machine.after(Ending("version"))
    assert (second.version, second.switching) == ("5", False)
    assert machine.after(Ending("unreachable")).version == "5"
    assert machine.after(Ending("unanswered")).version == "3.1.1"


def test_a_version_that_worked_is_left_only_when_the_broker_says_so() -> None:
    machine = reconnect()
    machine.after(Ending("closed", 100.0))
    assert machine.after(Ending("unanswered")).version == "5"
    assert machine.after(Ending("version")).version == "3.1.1"


def test_a_broker_silent_to_one_version_is_asked_in_the_other_which_then_stays() -> None:
    machine = reconnect()
    first = machine.after(Ending("silent"))
    assert (first.version, first.switching) == ("3.1.1", True)
    for lasted in (5.0, 100.0, 5000.0):
        for how in ("lost", "closed", "unreachable", "refused", "silent"):
            assert machine.after(Ending(how, lasted)).version == "3.1.1"


def test_a_version_that_worked_is_left_when_the_broker_has_long_been_silent() -> None:
    machine = reconnect()
    machine.after(Ending("closed", 100.0))
    assert [machine.after(Ending("silent")).version for _ in range(4)] == ["5", "5", "3.1.1", "5"]


def test_a_black_hole_is_not_asked_more_often_for_having_two_versions() -> None:
    machine = Reconnect("auto", lambda low, high: high)
    waits = [machine.after(Ending("silent")).wait_s for _ in range(6)]
    assert waits == [MIN_S, 5, 10, 20, 40, 80]


def test_the_newer_version_is_tried_again_after_a_day() -> None:
    machine = reconnect()
    machine.after(Ending("silent"))
    assert machine.after(Ending("lost", NEWER_S / 2)).version == "3.1.1"
    assert machine.after(Ending("lost", NEWER_S / 2)).version == "5"
    back = machine.after(Ending("silent"))
    assert (back.version, back.switching) == ("3.1.1", True)
    assert machine.after(Ending("lost", 60.0)).version == "3.1.1"
    old = reconnect("3.1.1")
    assert old.after(Ending("lost", 2 * NEWER_S)).version == "3.1.1"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_configured_version_is_kept(protocol: str) -> None:
    machine = reconnect(protocol)
    for how in ("version", "unanswered", "silent", "refused"):
        assert machine.after(Ending(how)).version == protocol
