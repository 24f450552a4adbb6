"""Confirms wait while there is more to enter, never for long; the newest of a unit stands for those before it."""

from __future__ import annotations

import time

import pytest

from centre.answers import AT_ONCE, LATE_S, Answer, Answers


def answer(unit: str, seq: int, epoch: str = "e1") -> Answer:
    return Answer(unit, epoch, seq, "0" * 64, f"b{seq}")


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mono = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.mono)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_with_nothing_else_to_do_all_go_at_once() -> None:
    owed, said = Answers(), list[Answer]()
    owed.add([answer("u1", 3), answer("u2", 5)])
    owed.send(said.append, lambda: False)
    assert [(each.unit, each.seq) for each in said] == [("u1", 3), ("u2", 5)]
    assert not owed


def test_what_came_meanwhile_goes_first_for_a_quarter_of_a_second(clock: Clock) -> None:
    owed, said = Answers(), list[Answer]()
    owed.add([answer("u1", 3)])
    clock.mono = LATE_S - 0.01
    owed.send(said.append, lambda: True)
    assert said == []
    assert owed
    clock.mono = LATE_S
    owed.send(said.append, lambda: True)
    assert [each.unit for each in said] == ["u1"]


def test_one_that_is_replaced_again_and_again_keeps_its_turn(clock: Clock) -> None:
    owed, said = Answers(), list[Answer]()
    owed.add([answer("u1", 1), answer("u2", 1)])
    for turn in range(2, 7):
        clock.mono += LATE_S / 5
        owed.add([answer("u1", turn)])
    owed.send(said.append, lambda: True)
    assert [(each.unit, each.seq) for each in said] == [("u1", 6), ("u2", 1)]


def test_both_epochs_of_a_unit_are_answered_in_their_order() -> None:
    owed, said = Answers(), list[Answer]()
    owed.add([answer("u1", 9, "e1"), answer("u1", 2, "e2"), answer("u1", 4, "e2")])
    owed.send(said.append, lambda: False)
    assert [(each.epoch, each.seq) for each in said] == [("e1", 9), ("e2", 4)]


def test_it_stops_as_soon_as_there_is_more_to_take() -> None:
    owed, said = Answers(), list[Answer]()
    owed.add(answer(f"u{n}", 1) for n in range(3 * AT_ONCE))
    owed.send(said.append, lambda: len(said) >= AT_ONCE)
    assert len(said) == AT_ONCE
    owed.forget()
    assert not owed
