"""How the unit itself is: devices, tampers, storage, link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from contract.frozen import frozen


@frozen
class DeviceHealth:
    found: bool = False
    lost: bool = False
    since_utc: float = 0.0
    reason: str = ""
    detail: str = ""
    reported: str | None = None
    """The reason of the loss that was told last; None once its return was."""
    reported_at: float | None = None
    """When a loss was told last, monotonic."""
    suppressed: int = 0


@frozen
class Tamper:
    """One thing that a device says of itself (its case is open, its power fails)."""

    active: bool = False
    since_utc: float = 0.0
    reported: bool = False
    """As told last: an end is told only where its beginning was."""
    reported_at: float | None = None
    suppressed: int = 0


@frozen
class Watched:
    """An input whose activity is an alarm. `count`: of those not told yet; `told_mono`: of the last that was. `lost_mono`: what reads it is gone since;
    `blind`: that was told.
    """

    count: int = 0
    told_mono: float | None = None
    lost_mono: float | None = None
    blind: bool = False


@frozen
class StorageTrouble:
    """Of storage: what it is by now, since when it is in trouble, and whether a fact said that it began."""

    mode: str
    since_utc: float
    detail: str
    reported: bool


@frozen
class Health:
    devices: Mapping[str, DeviceHealth] = field(default_factory=dict)
    tampers: Mapping[str, Tamper] = field(default_factory=dict)
    """By "device what"."""
    inputs: Mapping[str, bool] = field(default_factory=dict)
    watched: Mapping[str, Watched] = field(default_factory=dict)
    """By input, of those with an alarm."""
    storage: str = "opening"
    """opening, ok, full, read_only, failed or hung (it does not answer)."""
    storage_before: str = "opening"
    """What it was when it stopped answering."""
    trouble: StorageTrouble | None = None
    """Of storage, as long as it lasts."""
    trouble_reported_at: float | None = None
    troubles_suppressed: int = 0
    latch_unsaved: bool = False
    """The fire latch is kept in memory: the disk takes none."""
    dropped_reported_at: float | None = None
    dropped_suppressed: int = 0
    boot: int | None = None
    sent_at: float | None = None
    dirty: bool = True
    reported_backlog: int = 0
    """The backlog of the last status."""
    taken_over: bool = False

    @property
    def reported_storage(self) -> str:
        """As the status says it: `latch` where nothing but the fire latch is in trouble."""
        return "latch" if self.latch_unsaved and self.storage == "ok" else self.storage

    def lost(self, device: str) -> bool:
        """Whether this device is away, and with it the locks and contacts on it."""
        known = self.devices.get(device)
        return known is not None and known.lost


@frozen
class LinkState:
    """The link to the broker: `state` is off, connecting, up or down; `why` in plain words, empty where nothing is wrong."""

    state: str = "connecting"
    since: float = 0.0
    """Monotonic."""
    why: str = ""
    login: str = ""
    """The user name it is, or was last, at the broker by."""
