"""By which login the link goes to the broker: a second one ahead of the enrolment's, then the one that worked last. Pure."""

from __future__ import annotations

from dataclasses import replace

from agent.link.access import BrokerAccess, Login


class Logins:
    """`second` may be given on another thread than the rest (one reference is exchanged)."""

    def __init__(self, unit: str, access: BrokerAccess) -> None:
        self._unit = unit
        self._access = access
        self._trust = 0
        self._second: Login | None = None
        self._first_ahead: Login | None = None  # of this second one the broker let the first in instead
        self._refused = False  # the one that was ahead, since one was let in

    def use(self, second: Login) -> None:
        """From the next connection on, ahead of the enrolment's. The same once more changes nothing."""
        if second != self._second:
            self._second, self._refused = second, False

    def now(self) -> tuple[str, str | None, Login | None]:
        """User name and password to try, and the second login they are of (None: the enrolment's)."""
        second = self._second
        if second is None or second.password is None:
            return self._unit, self._access.password, None
        first_ahead = self._first_ahead is second
        if first_ahead is not self._refused:
            return self._unit, self._access.password, None
        return second.login or self._unit, second.password, second

    def worked(self, tried: Login | None) -> None:
        """The broker let us in: that one is ahead from here on."""
        if tried is None and self._refused:
            self._first_ahead = self._second
        elif tried is not None:
            self._first_ahead = None
        self._refused = False

    def refused(self) -> bool:
        """The broker refused. Whether the other one is worth a try at once: each is tried once before the waits grow."""
        if self._second is None or self._second.password is None:
            return False
        self._refused = not self._refused
        return self._refused

    def trusted(self) -> tuple[BrokerAccess, str | None]:
        """The access with its CA, and a further one to trust beside it.

        Both together; where the broker is not believed so, each alone in turn: of two CAs of one name OpenSSL may look at the wrong one only.
        """
        ca = None if self._second is None else self._second.ca
        if ca is None:
            return self._access, None
        return ((self._access, ca), (replace(self._access, ca=ca), None), (self._access, None))[self._trust]

    def not_believed(self) -> None:
        """The broker's certificate is not of what was trusted."""
        self._trust = (self._trust + 1) % 3
