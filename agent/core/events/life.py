"""Of the process itself: its start and end, time, the calendar."""

from __future__ import annotations

from agent.core.effects import KeptMode
from agent.core.time import Trust
from contract.facts import UnitSheet
from contract.frozen import frozen


@frozen
class Started:
    """First event of a run. `session` is random, new each start; `latched` are the doors the fire latch file names.

    `latch_known`: false where other doors may be latched too, for the file could not be read (yet): LatchRead follows, or does not.
    `lockdown`: the doors that were locked down when the agent ended, by their own file; `lockdown_known` as `latch_known`, with LockdownRead.
    `door_only`: after three crashes in five minutes (rule D11).
    `no_link`: why there is none, in plain words; empty where there is one.
    `card_keys`: ids of those of the enrolment. `enrolment_pending`: its one-time token is there, not spent yet.
    `host`: names the boot of the computer; empty where it has no name.
    `identified`: there is an identity. `acceptance`: the unit's public key, where its enrolment asks that its installation be accepted.
    """

    session: str
    latched: frozenset[str]
    door_only: bool = False
    no_link: str = ""
    latch_known: bool = True
    card_keys: frozenset[str] = frozenset()
    enrolment_pending: bool = False
    host: str = ""
    lockdown: tuple[KeptMode, ...] = ()
    lockdown_known: bool = True
    identified: bool = True
    acceptance: str = ""


@frozen
class LatchRead:
    """What the fire latch file names, read later than the start. `known`: false where it cannot be read for certain."""

    latched: frozenset[str]
    known: bool


@frozen
class LockdownRead:
    """What the lockdown file says, read later than the start. `known`: false where it cannot be read for certain."""

    lockdown: tuple[KeptMode, ...]
    known: bool


@frozen
class SheetRead:
    """The acceptance sheet of a self-test that nobody has been told of yet, in its parts."""

    parts: tuple[UnitSheet, ...]


@frozen
class ThreadDied:
    """The thread `store`, `latch` or `link` tripped over a fault of ours and is gone. One of a port is none: the devices replace it."""

    thread: str


@frozen
class TimePassed:
    """The time that `controller.deadline` named has come (or the loop woke anyway)."""


@frozen
class StopAsked:
    """A signal (SIGTERM, SIGINT) asks for a clean stop."""

    why: str


@frozen
class ClockStepped:
    """Trust in the clock changed, or it was set by `step_s` seconds."""

    trust: Trust
    step_s: float


@frozen
class CalendarFired:
    """`job`: purge (nightly retention), midnight (the date on the screen)."""

    job: str
