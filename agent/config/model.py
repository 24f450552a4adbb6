"""What a unit's configuration can say: frozen values, made once at start and passed by constructor. Bounds stand beside the fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from agent.words import N_
from contract.frozen import frozen
from contract.messages import MAX_UNLOCK_S
from contract.scopes import LEVELS
from drivers.wire import Parity

IDENTITY = Path("/etc/doorward/identity")
STATE = Path("/var/lib/doorward")
"""Where a unit keeps its identity and its databases when the configuration does not say."""

SCOPE_LEVELS = LEVELS[1:-1]
"""Levels a unit may list; its site and itself are implied."""


def within(low: float, high: float, unit: str = "", default: Any = ...) -> Any:
    """A number field with its bounds, both included."""
    bounds = {"low": low, "high": high, "unit": unit}
    return field(metadata=bounds) if default is ... else field(default=default, metadata=bounds)


def required(why: str) -> Any:
    """A field without default, with the reason for it."""
    return field(metadata={"why": why})


@frozen
class UnitConfig:
    id: str
    site: str
    name: str
    scopes: tuple[str, ...] = ()
    timezone: str = "Asia/Shanghai"
    language: Literal["zh-CN", "en"] = "zh-CN"


@frozen
class LinkConfig:
    """`broker` None: the one of the enrolment. `certificate` and `certificate_key`: a client certificate for TLS, both or neither;
    the key may be `credential:NAME` (systemd's LoadCredential). `drain_facts_s`: backlog facts a second, 0 is no limit.
    """

    broker: str | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    insecure: bool = False
    certificate: Path | None = None
    certificate_key: str | None = None
    drain_facts_s: float = within(0, 1_000_000, N_("facts a second"), default=5000.0)


@frozen
class PortConfig:
    """A serial line: a device path or a pyserial URL."""

    device: str
    baud: int = within(300, 4_000_000, "baud", default=9600)
    parity: Parity = "none"


@frozen
class DeviceConfig:
    """A device on a port. `options` is an instance of its driver's options."""

    driver: str
    port: str
    options: Any


@frozen
class LockConfig:
    """`energised`: what the lock does while the relay's output is on."""

    device: str
    output: int
    kind: Literal["fail-secure", "fail-safe"] = required(N_("fail-safe is unlocked without power"))
    energised: Literal["unlocks", "locks"] = required(N_("what the lock does while the relay is on"))
    safe_state: Literal["locked", "unlocked"] = required(
        N_(
            "what it has from the start until cards can be decided; there is no default for a door people escape through"
        )
    )
    pulse_s: float = within(0.2, MAX_UNLOCK_S, "s", default=5.0)
    lease_s: float = within(2, MAX_UNLOCK_S, "s", default=10.0)


@frozen
class ContactConfig:
    """A wired input. `normally`: the contact's state at rest; an open wire then reads as the other state."""

    device: str
    input: int
    normally: Literal["open", "closed"]


@frozen
class DoorConfig:
    """`camera`: as the recorder names the camera that sees the door; facts carry it, and nothing else reads it."""

    lock: LockConfig
    exit: Literal["button", "mechanical", "none"] = required(N_("how people get out"))
    on_fire: Literal["release", "nothing"] = required(N_("what happens on fire has no default"))
    contact: ContactConfig | None = None
    exit_button: ContactConfig | None = None
    fire: ContactConfig | None = None
    egress: bool = True
    readers: tuple[str, ...] = ()
    held_open_s: float = within(1, 3600, "s", default=30.0)
    camera: str | None = None


@frozen
class InputConfig:
    """A further wired input; while it is not at rest, `alarm` shows an emergency page and tells the centre at once, `urgent` does the latter alone."""

    device: str
    input: int
    normally: Literal["open", "closed"]
    alarm: bool = False
    urgent: bool = False


@frozen
class RetentionConfig:
    """How long confirmed facts stay on the unit, and how large the journal may grow."""

    days: int = within(1, 3650, N_("days"), default=180)
    journal_mb: int = within(4, 4096, "MB", default=64)


@frozen
class ClockConfig:
    """What works while the clock is unknown, beside plain cards (rule D9): cards with hours, cards with dates."""

    unknown_allows: tuple[Literal["hours", "dates"], ...] = ()


@frozen
class Config:
    """The whole configuration, checked. `path` is the file it came from; `link` None: a door without network."""

    path: Path
    unit: UnitConfig
    ports: Mapping[str, PortConfig]
    devices: Mapping[str, DeviceConfig]
    doors: Mapping[str, DoorConfig]
    link: LinkConfig | None = None
    identity: Path = IDENTITY
    state: Path = STATE
    displays: tuple[str, ...] = ()
    inputs: Mapping[str, InputConfig] = field(default_factory=dict)
    retention: RetentionConfig = RetentionConfig()
    clock: ClockConfig = ClockConfig()
    notes: tuple[tuple[str, str], ...] = ()
    """Keys that are passed over, and why."""


GONE: Mapping[str, str] = {
    "on_bus_loss": N_(
        "has no meaning any more, delete it: when the line is back, a lock always gets what should be true now"
    ),
}
"""Keys of earlier versions: passed over, and noted by `doorward check`."""

NOT_HERE: Mapping[str, str] = {
    "on_master_silence": (
        N_(
            "no relay board known here falls back by itself when its master is silent: delete it, a pulse ends by the board's own timer"
        )
    ),
}
"""Keys somebody may look for in vain."""
