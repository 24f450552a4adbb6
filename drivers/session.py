"""What a port's worker asks of a protocol session. Sessions do no I/O and read no clock: bytes, orders and time are passed in."""

from __future__ import annotations

from typing import Protocol

from drivers.reports import UNKNOWN, Fact, Order


class Session(Protocol):
    """One serial line's protocol state, touched by one thread only. `now` is `time.monotonic`, in seconds.

    A session never raises on what the far end sends. Every buffer and queue in it is bounded.
    """

    unasked: bool
    """Its devices tell what people do without being asked: the port looks at the line often, so that `not_before` of `receive` is near."""

    def opened(self, now: float) -> None:
        """The line is open (again); nothing is known of the far ends."""

    def closed(self, now: float, why: str) -> None:
        """The line cannot be opened or went away. Called once a loss, and once when the first open fails."""

    def order(self, order: Order, now: float) -> None:
        """Take an order. Its outcome comes as a fact."""

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        """Bytes from the line, in any portions. They came at some time from `not_before` on: long before `now` where the line was not
        served. A session whose devices speak unasked tells it with what people do; one that asks knows by its questions.
        """

    def send(self, now: float) -> bytes | None:
        """The next frame to write at once, whole. Checks `not_after` against `now`: what is late is never returned."""

    def wait(self, now: float) -> float:
        """Seconds until `send` wants to be asked again if nothing arrives before; 0 is at once."""

    def facts(self) -> list[Fact]:
        """What became known since the last call, in order."""

    def pending(self) -> int:
        """Orders to outputs whose outcome is not known yet: a stopping port lets them finish."""
