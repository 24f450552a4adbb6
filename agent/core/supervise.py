"""Devices, inputs, storage, clock and the unit's own course: the facts about them and the status the centre sees."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from agent.core import limits
from agent.core.effects import Connect, Purge, RaiseFloor, Resubscribe, SendStatus, Stop
from agent.core.events import (
    CalendarFired,
    ClockChanged,
    DeviceLost,
    DeviceTamper,
    LineAttacked,
    Started,
    StoreFailed,
    StoreMended,
    StoreOpened,
)
from agent.core.local import rfc3339
from agent.core.state import Device, Door, Health, State, Tamper
from agent.core.time import Trust
from agent.core.turn import Turn
from contract.digest import digest
from contract.messages import MAX_STATUS_BYTES


def started(turn: Turn, event: Started) -> None:
    turn.change(session=event.session, door_only=event.door_only)
    data: dict[str, Any] = {"session": event.session, "version": turn.state.plan.version}
    if event.door_only:
        data["detail"] = "door only"
    turn.fact("agent.started", **data)


def door_only_ended(turn: Turn) -> None:
    turn.change(door_only=False)
    turn.changed()
    _connect(turn)


def stop(turn: Turn, why: str, *, restart: bool = False) -> None:
    """A clean stop: says so itself (the will is for the other kind), once."""
    if turn.state.stopping:
        return
    turn.fact("agent.stopping", detail=why)
    turn.change(stopping=True)
    turn.emit(SendStatus(status(turn.state)))
    turn.emit(Stop(restart))


def clock_changed(turn: Turn, event: ClockChanged) -> None:
    turn.fact("clock.changed", trust=str(event.trust), step_s=round(event.step_s, 3))
    turn.changed()


def calendar(turn: Turn, event: CalendarFired) -> None:
    """Nothing is dropped by a clock that is not known."""
    if event.job == "purge" and turn.now.clock in {Trust.SYNCED, Trust.HOLDOVER}:
        turn.emit(Purge(turn.now.utc))


def input_changed(turn: Turn, name: str, active: bool) -> None:
    health = turn.state.health
    was = health.inputs.get(name)
    if was is active:
        return
    turn.change(health=replace(health, inputs={**health.inputs, name: active}))
    turn.changed()
    if was is not None or active:
        turn.fact("input.changed", input=name, value=active)


# --- devices


def device_found(turn: Turn, name: str, detail: str) -> None:
    known = turn.state.health.devices.get(name, Device())
    device = replace(known, found=True, lost=False, since_utc=turn.now.utc, reason="")
    if known.lost:
        device = _tell(turn, device, "device.found", name, detail=detail)
    _keep(turn, name, device)
    _screens(turn, name, lost=False)


def device_lost(turn: Turn, event: DeviceLost) -> None:
    known = turn.state.health.devices.get(event.device, Device())
    if known.lost and known.reason == event.reason:
        return
    device = replace(known, lost=True, since_utc=turn.now.utc, reason=event.reason)
    since = rfc3339(known.since_utc if known.lost else turn.now.utc)
    device = _tell(turn, device, "device.lost", event.device, reason=event.reason, detail=event.detail, since=since)
    _keep(turn, event.device, device)
    _screens(turn, event.device, lost=True)


def _tell(turn: Turn, device: Device, kind: str, name: str, **data: Any) -> Device:
    """A loose plug must not fill the journal: the coming and going of one device is written at most once a minute, the rest is counted in the next."""
    now = turn.now.mono
    if kind == "device.lost" and device.told_at is not None and now - device.told_at < limits.DEVICE_FACTS_S:
        return replace(device, untold=device.untold + 1)
    if kind == "device.found" and device.untold:
        return device
    if device.untold:
        data["untold"] = device.untold
    turn.fact(kind, device=name, **data)
    return replace(device, untold=0, told_at=now if kind == "device.lost" else device.told_at)


def tamper(turn: Turn, event: DeviceTamper) -> None:
    """An alarm when it begins, a fact when it ends; a switch that rattles is written down at most once a minute, the rest is counted."""
    key, health, now = f"{event.device} {event.what}", turn.state.health, turn.now.mono
    known = health.tampers.get(key, Tamper())
    if known.active is event.active:
        return
    known = replace(known, active=event.active)
    lately = known.told_at is not None and now - known.told_at < limits.DEVICE_FACTS_S
    if event.active and lately:
        known = replace(known, untold=known.untold + 1)
    elif event.active or known.told:
        counted = {"untold": known.untold} if known.untold else {}
        turn.fact("device.tamper", device=event.device, detail=event.what, value=event.active, **counted)
        known = replace(known, told=event.active, untold=0, told_at=now if event.active else known.told_at)
    turn.change(health=replace(health, tampers={**health.tampers, key: known}))
    turn.changed()


def attacked(turn: Turn, event: LineAttacked) -> None:
    """The driver tells each kind at most once a minute."""
    turn.fact("device.tamper", device=event.device, detail=f"line: {event.what}", count=event.count)


def _keep(turn: Turn, name: str, device: Device) -> None:
    health = turn.state.health
    turn.change(health=replace(health, devices={**health.devices, name: device}))
    turn.changed()


def _screens(turn: Turn, name: str, *, lost: bool) -> None:
    """A display that came back gets its page again."""
    turn.change(
        screens=tuple(
            replace(s, lost=lost, page=None if not lost else s.page) if s.plan.name == name else s
            for s in turn.state.screens
        )
    )


# --- storage


def store_opened(turn: Turn, event: StoreOpened) -> None:
    turn.change(health=replace(turn.state.health, storage="ok", boot=event.boot))
    turn.changed()
    if event.recovered:
        turn.fact("journal.recovered", detail=", ".join(event.recovered))
    if event.floor_utc is not None:
        turn.emit(RaiseFloor(event.floor_utc))
    if turn.state.connected:
        turn.emit(Resubscribe())  # what came while the store was closed is read again, to be saved
    _connect(turn)


def _connect(turn: Turn) -> None:
    """Start the link once it is known which revisions were seen, or that this cannot be known; not in door-only mode (D11)."""
    if not turn.state.connected and not turn.state.door_only and turn.state.health.storage != "opening":
        turn.change(connected=True)
        turn.emit(Connect())


def store_failed(turn: Turn, event: StoreFailed) -> None:
    turn.change(health=replace(turn.state.health, storage=event.mode))
    turn.changed()
    _connect(turn)


def store_mended(turn: Turn, event: StoreMended) -> None:
    turn.change(health=replace(turn.state.health, storage="ok"))
    turn.changed()
    if event.dropped:
        turn.fact("journal.recovered", detail="facts dropped while storage failed", dropped=event.dropped)


# --- status


def status(state: State) -> dict[str, Any]:
    """The status of contract.md, as JSON-ready values."""
    health, sync = state.health, state.sync
    values = {
        "state": "offline" if state.stopping else "online",
        "session": state.session,
        "boot": health.boot,
        "version": state.plan.version,
        "unit": state.plan.unit,
        "name": state.plan.name,
        "scopes": [str(scope) for scope in state.plan.scopes],
        "clock": str(state.now.clock),
        "stale": sync.stale,
        "storage": health.storage,
        "taken_over": health.taken_over,
        "doors": {door.id: _door(door) for door in state.doors},
        "devices": {name: _device(health, name) for name in sorted(health.devices)},
        "inputs": dict(sorted(health.inputs.items())),
        "backlog": backlog(state),
        "oldest": sync.confirmed + 1 if sync.next_seq - 1 > sync.confirmed else None,
        **_revisions(state),
        "centre_since": sync.centre_since,
        "at": rfc3339(state.now.utc),
    }
    return bounded(values)


def _revisions(state: State) -> dict[str, Any]:
    """What the digest is over, in numbers: the list itself is sent on request (`resync`)."""
    have = standing_entries(state)
    kinds = [entry[0] for entry in have]
    counts = {kind: kinds.count(kind) for kind in ("notice", "roster", "settings", "keys")}
    return {"digest": digest(have), "counts": counts, "refused": len(state.standing.refused.entries)}


def revisions(state: State) -> tuple[tuple[tuple[str, str, str, int], ...], tuple[tuple[str, str, str, int], ...]]:
    """In force, and refused."""
    refused = sorted((*name, left.rev) for name, left in state.standing.refused.entries.items())
    return tuple(standing_entries(state)), tuple(refused)


_CUT = ("inputs", "devices", "doors", "scopes")
"""What gives way where a status would be too long, in this order."""
_NAME_CHARS = 64


def bounded(values: dict[str, Any]) -> dict[str, Any]:
    """At most the contract's bytes: first what is well is left out of inputs and devices, then maps and lists become the number of their entries."""
    if _size(values) <= MAX_STATUS_BYTES:
        return values
    short = values | {
        "name": str(values["name"])[:_NAME_CHARS],
        "inputs": {name: active for name, active in values["inputs"].items() if active},
        "devices": {name: device for name, device in values["devices"].items() if device != {"state": "ok"}},
    }
    for key in _CUT:
        if _size(short) <= MAX_STATUS_BYTES:
            break
        short[key] = len(values[key])
    return short


def _size(values: Mapping[str, Any]) -> int:
    """Bytes on the wire."""
    return len(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode())


def standing_entries(state: State) -> list[tuple[str, str, str, int]]:
    """(kind, scope, id, rev) of all state in force: what the digest is over. Withdrawn and ended notices are not."""
    notices = [("notice", scope, id_, n.rev) for (scope, id_), n in state.board.notices.items() if not n.withdrawn]
    settings = [("settings", scope, "", s.rev) for scope, s in state.standing.settings.items()]
    keys = [("keys", f"site/{state.plan.site}", "", state.standing.keys_rev)] if state.standing.keys_rev else []
    return sorted([*notices, *settings, *keys, *state.access.have])


def standing_ways(state: State) -> Iterator[list[tuple[str, str, str, int]]]:
    """What is in force, and what would be with all that is refused: a unit that has either lacks nothing that it would take."""
    have = standing_entries(state)
    yield have
    refused = state.standing.refused.entries
    if refused:
        by_name = {entry[:3]: entry[3] for entry in have} | {name: left.rev for name, left in refused.items()}
        yield sorted((*name, rev) for name, rev in by_name.items())


def _door(door: Door) -> dict[str, Any]:
    return {
        "mode": "fire" if door.latched else str(door.mode),
        "open": door.open,
        "unlocked": door.lock.read,
        "lock": "lost" if door.lock.lost else "fault" if door.lock.faulted else "ok",
        "held": door.held_told,
    }


def _device(health: Health, name: str) -> dict[str, Any]:
    device = health.devices[name]
    if device.lost:
        return {"state": "lost", "reason": device.reason, "since": rfc3339(device.since_utc)}
    active = [what for what in ("tamper", "power") if health.tampers.get(f"{name} {what}", Tamper()).active]
    return {"state": "ok", "tamper": active} if active else {"state": "ok"}


def send_status(turn: Turn) -> None:
    """On change at most once a second, and every five minutes; also with the link down, for whoever asks on the unit itself."""
    health, now = turn.state.health, turn.now.mono
    due = _status_due(turn.state)
    if due is None or due > now:
        return
    turn.change(health=replace(health, sent_at=now, dirty=False, told_backlog=backlog(turn.state)))
    turn.emit(SendStatus(status(turn.state)))


def backlog(state: State) -> int:
    """Facts the centre has not confirmed."""
    return max(0, state.sync.next_seq - 1 - state.sync.confirmed)


def drained(turn: Turn) -> None:
    """The last status told of a backlog that is gone now: that is news too."""
    if turn.state.health.told_backlog and not backlog(turn.state):
        turn.changed()


def _status_due(state: State) -> float | None:
    health = state.health
    if state.stopping or not state.session:
        return None
    if health.sent_at is None:
        return state.now.mono
    return health.sent_at + (limits.STATUS_MIN_S if health.dirty else limits.STATUS_EVERY_S)


def deadlines(state: State) -> Iterator[float | None]:
    yield _status_due(state)
