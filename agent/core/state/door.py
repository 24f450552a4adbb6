"""A door and its lock: what was ordered, what was read, what is awaited; and which rule is in force at it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from agent.core.effects.kept import UsedVisitor
from agent.core.plan import DoorPlan
from contract.commands import Mode
from contract.frozen import frozen


class Phase(StrEnum):
    """What rules a door now; RULES says which of them wins."""

    FIRE = "fire"
    LOCKDOWN = "lockdown"
    HELD = "held"
    STARTING = "starting"
    NORMAL = "normal"


@frozen
class Lock:
    """A door's lock: what was ordered and what was read back. Times are monotonic."""

    order: int | None = None
    """The order that was not answered yet."""
    order_pulse: bool = False
    order_s: float = 0.0
    order_at: float = 0.0
    """When it was given: a pulse cannot have begun before."""
    doubt: int | None = None
    """A pulse that was given up and may have been heard: its answer may still come, or what is read back say so."""
    failing: bool = False
    """Somebody was let in and it did not unlock, and nobody since for whom it did."""
    lied: float | None = None
    """The `order_at` of a pulse that it took and did not carry out, as read back; until one reads unlocked."""
    pulse_end: float | None = None
    """When the running pulse ends in the device."""
    read: bool | None = None
    """Unlocked as last read back."""
    first_read: bool | None = None
    """As read first in this run: what the run before left."""
    renew_until: float | None = None
    """How long somebody who asked while a pulse ran may pass: the pulse is renewed shortly before its end."""
    runs_until: float | None = None
    """Until when a pulse of ours may run, whatever became of its order."""
    left: bool | None = None
    """As read last before the device was lost, where nothing was on its way."""
    returned: bool = False
    """Back from a loss, and not read since."""
    strayed: str = ""
    """What somebody else did to the output, in words, until it reads right again."""
    misreads: int = 0
    faulted: bool = False
    reported_at: float | None = None
    """When the last `lock.fault` was told; `suppressed` came since, the last of them is `suppressed_detail`."""
    suppressed: int = 0
    suppressed_detail: str = ""
    check_at: float | None = None
    """When the last read-back is compared again (a pulse should have ended, or a misread is looked at again)."""
    retry_at: float | None = None
    """When a lasting level that failed is ordered again."""


@frozen
class AskedUnlock:
    """Somebody who was let in, and of whose unlock nothing was heard yet. `says`: what they are told once the lock has taken it (see unlocking.py)."""

    order: int
    until: float
    """An answer is waited for no longer (monotonic)."""
    by: str | None = None
    says: str = ""
    visitor: UsedVisitor | None = None
    told: bool = False


@frozen
class Door:
    plan: DoorPlan
    lock: Lock = Lock()
    ready: bool = False
    """Cards can be decided: holders are loaded."""
    latched: bool = False
    """Released by fire until reset."""
    unsure: bool = False
    """Whether fire had released it before the start is not known: its lasting level is left as it is."""
    found_locked: bool = False
    """While unsure the lock has read locked: fire had not released it, and what reads released since is a pulse of ours."""
    reset: bool = False
    """Somebody has reset it since the start: what the latch file says of the time before is over."""
    exit_asked: float | None = None
    """Somebody pressed the exit button while neither latch nor lock were read yet."""
    fire_input: bool | None = None
    mode: Mode = Mode.NORMAL
    mode_until: float | None = None
    mode_utc: float | None = None
    """When a mode from before the start ends, as long as the clock could not say how soon that is."""
    kept: bool = False
    """The lockdown is of before the start, by its own file: what the journal says of it counts, once that is open."""
    span_until: float | None = None
    """Until when its schedule holds it open."""
    spent: str = ""
    """The span of its schedule that runs and does not hold it open: ended by a command, or begun before the start."""
    lease_due: float | None = None
    """When the next pulse of a `hold_open` chain is due."""
    exit_since: float | None = None
    """Since when the exit button is pressed."""
    exit_stuck: bool = False
    open: bool | None = None
    opened_at: float | None = None
    granted_at: float | None = None
    grant_until: float | None = None
    """An opening up to then is not forced."""
    awaited: str | None = None
    """Whose entry is awaited (a holder or a command's actor); None after it, and for exits."""
    awaited_until: float | None = None
    asked: tuple[AskedUnlock, ...] = ()
    """Who waits for the lock, the longest first."""
    doubted: AskedUnlock | None = None
    """Who was told that it did not open, while it may have: up to its `until`."""
    exit_again: float | None = None
    """When the unlock is ordered again for somebody who goes on pressing the exit button."""
    warn_at: float | None = None
    held_at: float | None = None
    held_reported: bool = False

    @property
    def id(self) -> str:
        return self.plan.id

    @property
    def rule(self) -> Rule:
        """The first of RULES that applies."""
        for rule, _, applies in RULES:
            if applies(self):
                return rule
        raise AssertionError("the last rule always applies")

    @property
    def phase(self) -> Phase:
        for _, phase, applies in RULES:
            if applies(self):
                return phase
        raise AssertionError("the last rule always applies")

    @property
    def in_force(self) -> Mode:
        """The mode, also where a schedule sets it."""
        return Mode.HOLD_OPEN if self.mode is Mode.NORMAL and self.span_until is not None else self.mode

    @property
    def held_until(self) -> float | None:
        """When it is no longer held open, by command or schedule, whichever is later; None: no end is known."""
        if self.mode is not Mode.HOLD_OPEN:
            return self.span_until
        return None if self.mode_until is None else max(self.mode_until, self.span_until or 0.0)

    @property
    def blind(self) -> bool:
        """Neither latch nor lock are read yet: a pulse could end a release by fire. A fraction of a second at a start, longer where the lock is silent."""
        return self.unsure and self.lock.read is None and not self.found_locked

    @property
    def rests_unlocked(self) -> bool:
        """The lasting level of the lock in this phase."""
        phase = self.phase
        if self.unsure:
            return self.lock.read is True and not self.found_locked
        return phase is Phase.FIRE or (phase is Phase.STARTING and self.plan.safe_state == "unlocked")


class Rule(StrEnum):
    """Why a door is in its phase; as docs/door-rules.md names it."""

    FIRE = "Fire"
    LOCKDOWN = "Lockdown"
    COMMAND = "Held open by command"
    SCHEDULE = "Held open by schedule"
    STARTING = "Starting"
    NORMAL = "Normal"


RULES: Final[tuple[tuple[Rule, Phase, Callable[[Door], bool]], ...]] = (
    (Rule.FIRE, Phase.FIRE, lambda door: door.latched),
    (Rule.LOCKDOWN, Phase.LOCKDOWN, lambda door: door.mode is Mode.LOCKDOWN),
    (Rule.COMMAND, Phase.HELD, lambda door: door.mode is Mode.HOLD_OPEN),
    (Rule.SCHEDULE, Phase.HELD, lambda door: door.span_until is not None),
    (Rule.STARTING, Phase.STARTING, lambda door: not door.ready),
    (Rule.NORMAL, Phase.NORMAL, lambda door: True),
)
"""Which rule is in force at a door, the strongest first: the first that applies, and the phase it puts the door in."""
