"""Whether the new agent proves itself: ready, steady, and its facts confirmed by the centre, each in its time. Looks from outside, and changes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from agent.update import doors
from agent.update.machine import ToolError, service
from agent.update.progress import Progress
from contract.frozen import frozen
from contract.software import Form

log = logging.getLogger("update")

MOST_RESTARTS: Final = 4
"""By itself, without getting ready: it will not. With the steps of doorward.service these are seconds, in which the door has no agent."""


@frozen
class WatchTimes:
    """How long is waited, in seconds."""

    look_s: float = 1.0
    door_s: float = 60.0
    """From the start of the new agent to "door ready"."""
    centre_s: float = 600.0
    """To the centre's confirm of facts of its run. It does not run while nothing answers at the broker's address, and begins anew after that: unit and
    centre take their time to connect again.
    """
    settled_s: float = 30.0
    """It has run for so long without a restart."""
    reach_s: float = 30.0
    """From one look at the broker's address to the next."""
    away_s: float = 24 * 3600.0
    """The whole of it, with all outages, is no longer than this."""
    away_image_s: float = 2 * 3600.0
    """Likewise for an image: its own kernel may be why nothing answers, and then nobody at the centre hears a call for help."""


@frozen
class Failing:
    """`reason`: as in the fact `software.returned`."""

    reason: str
    detail: str


NOT_READY: Final = Failing("door", "the agent did not get ready")
NOT_CONFIRMED: Final = Failing("centre", "the centre did not confirm its facts in time")
NO_BROKER: Final = Failing("centre", "nothing answered at the broker's address for too long")


class BrokerWatch:
    """Since when something answers at the broker's address, by our own looks. The agent's word on it counts for nothing."""

    def __init__(self, answers: Callable[[], bool], every_s: float, begun: float) -> None:
        self._answers = answers
        self._every_s = every_s
        self._next = begun
        self._since: float | None = begun

    def since(self) -> float | None:
        """None while nothing does. Looks anew where that is due, which may take a while."""
        if time.monotonic() >= self._next:
            self._look()
        return self._since

    def _look(self) -> None:
        here = self._answers()
        self._next = time.monotonic() + self._every_s
        if here and self._since is None:
            log.info("the broker's address answers again")
            self._since = time.monotonic()
        elif not here and self._since is not None:
            log.info("the broker's address does not answer: the centre is waited for")
            self._since = None


class Watch:
    """`answers`: whether anything answers at the broker's address."""

    def __init__(self, progress: Progress, status: Path, times: WatchTimes, answers: Callable[[], bool]) -> None:
        self._progress = progress
        self._status = status
        self._times = times
        self._answers = answers
        self._most_away_s = times.away_image_s if progress.form is Form.RAUC else times.away_s

    def runs(self) -> bool:
        return self._ready(doors.read(self._status)) != "0"

    def failing(self) -> Failing | None:
        """What the new agent did not do in time; None once it has proved itself."""
        times = self._times
        begun = time.monotonic()
        broker = BrokerWatch(self._answers, times.reach_s, begun)
        pid, since = "0", begun
        while True:
            now, status = time.monotonic(), doors.read(self._status)
            here = self._ready(status)
            if here != pid:
                pid, since = here, now
            if pid == "0" and (now - begun >= times.door_s or _restarts() >= MOST_RESTARTS):
                return NOT_READY
            steady = pid != "0" and now - since >= times.settled_s
            if steady and (not self._progress.centre or doors.confirmed(status)):
                return None
            if not steady and now - begun >= times.centre_s:
                return NOT_READY
            if steady and (why := self._too_long(begun, broker)):
                return why
            time.sleep(times.look_s)

    def _too_long(self, begun: float, broker: BrokerWatch) -> Failing | None:
        """Its door works, and the centre has not been heard yet."""
        since = broker.since()
        if since is not None and time.monotonic() - since >= self._times.centre_s:
            return NOT_CONFIRMED
        return NO_BROKER if time.monotonic() - begun >= self._most_away_s else None

    def _ready(self, status: Mapping[str, Any]) -> str:
        """The process of the service where it is active, of the new version and the one whose status this is; else 0."""
        try:
            told = service()
        except ToolError:
            return "0"
        pid = told.get("MainPID", "0")
        mine = str(status.get("pid")) == pid and doors.runs(status, self._progress.version)
        return pid if told.get("ActiveState") == "active" and mine else "0"


def _restarts() -> int:
    """How often the agent's service has begun anew by itself."""
    try:
        told = service().get("NRestarts", "")
    except ToolError:
        return 0
    return int(told) if told.isdigit() else 0
