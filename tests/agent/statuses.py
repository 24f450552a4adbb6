"""A unit's status as the core makes it."""

from __future__ import annotations

from contract.plain import DeviceStatus, DoorStatus, LinkStatus, Status, UnitState

UTC = 1_795_000_000.25
STATUS = Status(
    state=UnitState.ONLINE,
    session="s1",
    link=LinkStatus("up", UTC, None),
    door_only=None,
    boot=3,
    version="0.1.0",
    unit="b12-u2",
    name="12号楼2单元",
    scopes=("site/badahu",),
    clock="synced",
    stale=False,
    storage="ok",
    taken_over=False,
    doors={"main": DoorStatus("normal", None, False, "ok", held=False)},
    devices={"relay": DeviceStatus("ok"), "panel": DeviceStatus("lost", "silent", UTC)},
    inputs={},
    backlog=17,
    oldest=None,
    digest="ab" * 32,
    counts={},
    refused=0,
    centre_since=None,
    at=UTC,
    login="b12-u2",
)
