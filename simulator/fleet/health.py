"""The status of a unit of the fleet: as long as a real one's, and all is well."""

from __future__ import annotations

from typing import Protocol

from contract.plain import DeviceStatus, DoorStatus, LinkStatus, Status, UnitState
from contract.scopes import Scope
from simulator.fleet.desired import Desired
from simulator.fleet.memory_journal import BOOT, MemoryJournal
from simulator.fleet.updating import Installed

DOOR = "main"
_KINDS = ("notice", "roster", "settings", "keys", "secrets")


class _Who(Protocol):
    """What is told of."""

    @property
    def name(self) -> str: ...
    @property
    def session(self) -> str: ...
    @property
    def login(self) -> tuple[str, str]: ...
    @property
    def stale(self) -> bool: ...
    @property
    def journal(self) -> MemoryJournal: ...
    @property
    def desired(self) -> Desired: ...
    @property
    def software(self) -> Installed: ...
    @property
    def scopes(self) -> tuple[Scope, ...]: ...


def birth(unit: _Who, now: float, centre_since: float | None) -> Status:
    """`now`: the unit's clock, seconds since 1970. `centre_since`: as the centre's presence said."""
    entries = list(unit.desired.entries(now))
    kinds = [entry[0] for entry in entries]
    backlog = unit.journal.backlog
    return Status(
        state=UnitState.ONLINE,
        session=unit.session,
        link=LinkStatus("up", now, None),
        door_only=None,
        boot=BOOT,
        version=unit.software.version,
        unit=unit.name,
        name=unit.name,
        scopes=tuple(str(scope) for scope in unit.scopes),
        clock="synced",
        stale=unit.stale,
        storage="ok",
        taken_over=False,
        doors={DOOR: DoorStatus("normal", open=False, unlocked=False, lock=unit.software.lock, held=False)},
        devices={name: DeviceStatus("ok") for name in ("relay", "reader", "panel")},
        inputs={"exit": False, "fire": False},
        backlog=backlog,
        oldest=unit.journal.confirmed + 1 if backlog else None,
        digest=unit.desired.digest(now),
        counts={kind: kinds.count(kind) for kind in _KINDS},
        refused=0,
        centre_since=centre_since,
        at=now,
        login=unit.login[0],
    )
