"""Facts that go on from a history the books do not have: not entered, however well they are signed."""

from __future__ import annotations

import pytest

from centre import schema
from tests.centre.conftest import Desk
from tests.centre.test_intake import alarms, only_answer
from tests.centre.unit import FakeUnit


@pytest.mark.claim("F5")
def test_the_next_number_of_another_history_is_not_entered(desk: Desk) -> None:
    """The same numbers were told twice, and the second telling goes on where the books end: only the chain tells them apart."""
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch())
    again = FakeUnit(unit.name)
    again.key = unit.key
    again.fact("door.opened", 11)
    assert only_answer(desk.take(again.batch(11, 11))).head == unit.head
    assert alarms(desk) == ["history.fork"]
    assert desk.count(schema.facts) == 10
    unit.fact()
    assert only_answer(desk.take(unit.batch(11, 11))).seq == 11
    desk.run("verify")
