"""What a unit of the fleet does with a version it should run: it has the bundle at once, installs it a little later, and comes back as it is told to. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from contract.facts import Fact, SoftwareFetched, SoftwareInstalled, SoftwareRefused, SoftwareReturned
from contract.software import Software, is_newer

FETCH_S, INSTALL_S = 0.1, 0.5
FIRST = "0.1.0"
"""What all run at the beginning."""


class Conduct(Enum):
    """What comes of a version there."""

    GOOD = "good"
    RETURNS = "returns"
    """It goes back by itself."""
    LOCK_LOST = "lock lost"
    """It runs, and a lock does not do what it is told."""
    DIES = "dies"
    """It is never heard of again: whoever looks for `died` takes its line away."""
    WAITS = "waits"
    """A door stands open."""
    REFUSES = "refuses"


class _Box(Protocol):
    """What a version is installed on."""

    def write(self, *facts: Fact) -> None: ...
    def send_status(self) -> None: ...


class Installed:
    """Of one unit."""

    def __init__(self, box: _Box, later: Callable[[float, Callable[[], None]], None]) -> None:
        self._box, self._later = box, later
        self.version = FIRST
        self.lock = "ok"
        self.conduct = Conduct.GOOD
        self.died = False
        self._wanted: Software | None = None

    def take(self, message: Software) -> None:
        """Desired state, checked and newer than what was there."""
        self._wanted = message
        if message.withdrawn or message.version == self.version:
            return
        if self.conduct is Conduct.REFUSES or not is_newer(message.version, self.version):
            self._box.write(SoftwareRefused(message.version, "no_room" if self.conduct is Conduct.REFUSES else "older"))
            return
        self._later(FETCH_S, lambda: self._fetched(message))

    def _fetched(self, message: Software) -> None:
        if self._wanted is message:
            self._box.write(SoftwareFetched(message.version))
            self._later(INSTALL_S, lambda: self._install(message))

    def door_closed(self) -> None:
        """What waited for it is installed, unless it was withdrawn meanwhile."""
        if self._wanted is not None and not self._wanted.withdrawn and self._wanted.version != self.version:
            self._install(self._wanted)

    def _install(self, message: Software) -> None:
        if self._wanted is not message or self.conduct is Conduct.WAITS or self.died:
            return
        before = self.version
        match self.conduct:
            case Conduct.RETURNS:
                self._box.write(SoftwareReturned(message.version, before, "door"))
                return
            case Conduct.DIES:
                self.died = True
                return
            case Conduct.LOCK_LOST:
                self.lock = "lost"
        self.version = message.version
        self._box.send_status()
        self._box.write(SoftwareInstalled(message.version, before))
