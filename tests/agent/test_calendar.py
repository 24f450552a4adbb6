"""Calendar work: due times by the agent's clock, also where the system's clock is wrong."""

from __future__ import annotations

from datetime import time
from queue import SimpleQueue

import pytest

from agent import calendar as calendar_module
from agent.calendar import Calendar, next_due
from agent.clock import Clock
from agent.core.events import Event
from agent.core.events.life import CalendarFired

MIDNIGHT_SHANGHAI = 1_795_449_600.0 - 1_795_449_600.0 % 86400 - 8 * 3600


def test_next_due_is_today_or_tomorrow_in_local_time() -> None:
    assert next_due(MIDNIGHT_SHANGHAI + 10, 8 * 3600, time(3, 20)) == MIDNIGHT_SHANGHAI + 12000
    assert next_due(MIDNIGHT_SHANGHAI + 12000, 8 * 3600, time(3, 20)) == MIDNIGHT_SHANGHAI + 86400 + 12000


@pytest.mark.claim("F32")
def test_fires_by_the_agents_clock_while_the_systems_is_years_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_module, "_DAILY", {"purge": time(3, 20)})
    fired: SimpleQueue[Event] = SimpleQueue()

    def post(event: Event) -> bool:
        fired.put(event)
        return True

    clock = Clock("Asia/Shanghai")
    calendar = Calendar(clock, post)
    calendar.start()
    try:
        now = clock.now()
        clock.set(MIDNIGHT_SHANGHAI + 12000 - 0.3, now.mono)
        calendar.rearm()
        assert fired.get(timeout=5) == CalendarFired("purge")
        assert clock.now().utc >= MIDNIGHT_SHANGHAI + 12000
    finally:
        calendar.stop()


@pytest.mark.slow
def test_every_day_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody arms it again: a clock that is right is never set by much."""
    monkeypatch.setattr(calendar_module, "_DAILY", {"purge": time(3, 20)})
    monkeypatch.setattr(calendar_module, "DAY_S", 0.4)
    fired: SimpleQueue[Event] = SimpleQueue()
    clock = Clock("Asia/Shanghai")
    calendar = Calendar(clock, lambda event: fired.put(event) is None)
    clock.set(MIDNIGHT_SHANGHAI + 12000 - 0.2, clock.now().mono)
    calendar.start()
    try:
        assert [fired.get(timeout=5) for _ in range(3)] == [CalendarFired("purge")] * 3
    finally:
        calendar.stop()
