"""Calendar work only: things due by the wall clock (nightly purge, the new date on the screen). Deadlines of doors are the core's, on monotonic time.

The agent's clock may differ from the system's, which APScheduler waits by: due times are carried over, and anew whenever the clock was set.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, timezone

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from agent.clock import Clock
from agent.core.events import Event
from agent.core.events.life import CalendarFired

log = logging.getLogger("calendar")

_DAILY = {"purge": time(3, 20), "midnight": time(0, 0)}
"""Local times. The purge waits for the quietest hour."""
DAY_S = 86_400.0


class Calendar:
    """APScheduler with one worker. `rearm` and `stop` are called on the loop's thread."""

    def __init__(self, clock: Clock, post: Callable[[Event], bool]) -> None:
        self._clock = clock
        self._post = post
        self._scheduler: BackgroundScheduler | None = None

    def start(self) -> None:
        if self._scheduler is None:
            self._scheduler = BackgroundScheduler(
                timezone=UTC,
                executors={
                    "default": ThreadPoolExecutor(max_workers=1, pool_kwargs={"thread_name_prefix": "calendar"})
                },
                job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
            )
            self._scheduler.start()
        self.rearm()

    def rearm(self) -> None:
        """Work out every due time again, by the clock as it is now."""
        if self._scheduler is None:
            return
        now = self._clock.now()
        ahead = self._clock.system_ahead_s()
        for job, at in _DAILY.items():
            due = next_due(now.utc, now.offset_s, at)
            when = datetime.fromtimestamp(due + ahead, UTC)
            self._scheduler.add_job(
                self._fire, "interval", seconds=DAY_S, start_date=when, args=(job,), id=job, replace_existing=True
            )

    def stop(self) -> None:
        if self._scheduler is not None:
            # It fails over a job that is just firing when it is shut down; this waits for that and leaves it none.
            self._scheduler.remove_all_jobs()
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def _fire(self, job: str) -> None:
        self._post(CalendarFired(job))


def next_due(utc: float, offset_s: int, at: time) -> float:
    """Seconds since 1970 of the next local `at` after `utc`, with the offset of now (a day of summer time change is an hour off, once)."""
    zone = timezone(timedelta(seconds=offset_s))
    local = datetime.fromtimestamp(utc, zone)
    due = datetime.combine(local.date(), at, zone)
    if due <= local:
        due += timedelta(days=1)
    return due.timestamp()
