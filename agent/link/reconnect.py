"""When to connect again, and with which protocol version. Pure: endings and random numbers come in, waits go out.

Endings of connections are told apart here because each wants another patience; the client only reports them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from contract.frozen import frozen

BASE_S = 5.0
"""First wait is between MIN_S and this: 200 units that lose one broker come back at no more than 50 a second."""
CAP_S = 120.0
MIN_S = 1.0
"""Never more than one connection a second."""
TAKEN_S = 60.0
"""A client that uses our id gets at least this long, so that two do not fight (rows 16 and 22 of the fault list)."""
ANSWER_S = 10.0
"""A broker that has not let us in and subscribed us by then is taken for dead."""
STABLE_S = 30.0
"""A connection that lasted so long starts the waits anew: one keepalive."""
SILENT_LIVES = 3
"""So many attempts in a row without an answer, and a version that had worked is in doubt as well: the broker may be another."""
NEWER_S = 24 * 3600.0
"""Connected so long by the older version (in sum), MQTT 5 is tried again with the next connection: the broker may have learnt it."""
SHORT_S = 10.0
SHORT_LIVES = 3
"""So many connections in a row, each accepted and closed by the broker within SHORT_S, look like another client with our id."""

Version = Literal["5", "3.1.1"]
How = Literal[
    "unreachable", "version", "unanswered", "silent", "refused", "closed", "rejected", "lost", "taken", "ours"
]


@frozen
class Ending:
    """How a connection, or the attempt at one, ended.

    `how`: unreachable (no connection, or TLS refused), version (the broker does not speak this version), unanswered
    (closed before it said yes or no), silent (neither, in time), refused (it said no), closed (by the broker, after it
    said yes), rejected (closed, and a message of ours was not acknowledged), lost (the line went dead), taken (the broker says so: MQTT 5 reason 0x8E), ours (we ended it). `lasted_s` from the broker's yes.
    """

    how: How
    lasted_s: float = 0.0


@frozen
class Pace:
    """The bounds of the waits; tests shorten them."""

    min_s: float = MIN_S
    base_s: float = BASE_S
    cap_s: float = CAP_S
    taken_s: float = TAKEN_S
    answer_s: float = ANSWER_S


@frozen
class Next:
    """Wait so long, then connect with this version.

    `taken_over`: another client seems to use our id. `switching`: only the version was wrong, the broker is there.
    """

    wait_s: float
    version: Version
    taken_over: bool = False
    switching: bool = False


class Reconnect:
    """Remembers what the waits and the version depend on. `uniform(a, b)` draws the jitter."""

    def __init__(self, protocol: str, uniform: Callable[[float, float], float], pace: Pace | None = None) -> None:
        self._auto = protocol == "auto"
        self._version: Version = "3.1.1" if protocol == "3.1.1" else "5"
        self._proven = False
        self._uniform = uniform
        self._pace = pace or Pace()
        self._failures = 0
        self._short_lives = 0
        self._switched = False
        self._unheard = 0
        self._older_s = 0.0

    @property
    def version(self) -> Version:
        return self._version

    def after(self, ending: Ending) -> Next:
        """What to do after a connection ended so."""
        accepted = ending.how in ("closed", "rejected", "lost", "taken", "ours")
        self._proven = self._proven or accepted
        if ending.lasted_s >= STABLE_S:
            self._failures = 0
        short = ending.how == "closed" and ending.lasted_s < SHORT_S
        self._short_lives = self._short_lives + 1 if short else 0
        if ending.how == "taken" or self._short_lives >= SHORT_LIVES:
            self._short_lives = 0
            return Next(self._uniform(self._pace.taken_s, 2 * self._pace.taken_s), self._version, taken_over=True)
        if self._switch_version(ending):
            return Next(self._pace.min_s, self._version, switching=True)
        return Next(self._wait(), self._version)

    def _switch_version(self, ending: Ending) -> bool:
        """The other version, at once the first time. A version that has worked is left only when the broker says so, or has long been
        silent; some brokers say nothing at all to MQTT 5.
        """
        unheard = ending.how in ("unanswered", "silent")
        self._unheard = self._unheard + 1 if unheard else 0
        wrong = ending.how == "version" or (unheard and (not self._proven or self._unheard >= SILENT_LIVES))
        if not self._auto or not wrong:
            self._switched = False
            self._try_newer(ending)
            return False
        self._change_version()
        first, self._switched = not self._switched, True
        return first

    def _try_newer(self, ending: Ending) -> None:
        if not self._auto or self._version == "5":
            return
        self._older_s += ending.lasted_s
        if self._older_s >= NEWER_S:
            self._change_version()

    def _change_version(self) -> None:
        self._version = "3.1.1" if self._version == "5" else "5"
        self._proven = False
        self._unheard = 0
        self._older_s = 0.0

    def _wait(self) -> float:
        """Full jitter above the floor of one connection a second."""
        limit = min(self._pace.cap_s, self._pace.base_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return self._uniform(self._pace.min_s, max(self._pace.min_s, limit))
