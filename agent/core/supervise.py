"""Devices, inputs, storage, clock and the unit's own course: the facts about them and the status the centre sees."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from agent.core import limits, timekeeping
from agent.core.effects import Connect, Purge, SendStatus, Stop
from agent.core.events import (
    CalendarFired,
    ClockChanged,
    DeviceLost,
    DeviceTamper,
    LineAttacked,
    Started,
)
from agent.core.local import rfc3339
from agent.core.state import Device, Door, Health, LinkState, State, Tamper
from agent.core.turn import Turn
from contract.digest import digest
from contract.messages import MAX_STATUS_BYTES


def started(turn: Turn, event: Started) -> None:
    until = turn.now.mono + event.door_only_s if event.door_only else None
    turn.change(session=event.session, door_only=event.door_only, door_only_until=until, no_link=event.no_link)
    if event.no_link or event.door_only:
        link(turn, "off", event.no_link or "the door only, after three crashes")
    else:
        link(turn, "connecting")
    data: dict[str, Any] = {"session": event.session, "version": turn.state.plan.version}
    if event.door_only:
        data["detail"] = "door only"
    turn.fact("agent.started", **data)


def door_only_ended(turn: Turn) -> None:
    turn.change(door_only=False, door_only_until=None)
    if not turn.state.no_link:
        link(turn, "connecting")
    turn.changed()
    connect(turn)


def connect(turn: Turn) -> None:
    """Start the link once it is known which revisions were seen, or that this cannot be known; not in door-only mode (D11)."""
    if not turn.state.connected and not turn.state.door_only and turn.state.health.storage != "opening":
        turn.change(connected=True)
        turn.emit(Connect())


def link(turn: Turn, state: str, why: str = "") -> None:
    """`since` is when it came into this state; what keeps it there may change."""
    known = turn.state.link
    since = known.since if known.state == state else turn.now.mono
    turn.change(link=LinkState(state, since, why))
    turn.changed()


def stop(turn: Turn, why: str, *, restart: bool = False) -> None:
    """A clean stop: says so itself (the will is for the other kind), once."""
    if turn.state.stopping:
        return
    turn.fact("agent.stopping", detail=why)
    timekeeping.keep(turn)
    turn.change(stopping=True)
    turn.emit(SendStatus(status(turn.state)))
    turn.emit(Stop(restart))


def clock_changed(turn: Turn, event: ClockChanged) -> None:
    turn.fact("clock.changed", trust=str(event.trust), step_s=round(event.step_s, 3))
    turn.changed()


def calendar(turn: Turn, event: CalendarFired) -> None:
    """Nothing is dropped by a clock that is not certain."""
    if event.job == "purge" and timekeeping.certain(turn.state):
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
    device = replace(known, found=True, lost=False, since_utc=turn.now.utc, reason="", detail=detail)
    _keep(turn, name, _tell_found(turn, name, device))
    _screens(turn, name, lost=False)


def device_lost(turn: Turn, event: DeviceLost) -> None:
    known = turn.state.health.devices.get(event.device, Device())
    if known.lost and known.reason == event.reason:
        return
    since = known.since_utc if known.lost else turn.now.utc
    device = replace(known, lost=True, since_utc=since, reason=event.reason, detail=event.detail)
    device = replace(device, untold=device.untold + 1)
    _keep(turn, event.device, _tell_lost(turn, event.device, device))
    _screens(turn, event.device, lost=True)


def _tell_lost(turn: Turn, name: str, device: Device) -> Device:
    """A loose plug must not fill the journal: the losses of one device are written at most once a minute, the rest is counted in the next.
    One that lasts is told when the minute is over.
    """
    if _lately(device.told_at, turn.now.mono):
        return device
    counted = {"untold": device.untold - 1} if device.untold > 1 else {}
    since = rfc3339(device.since_utc)
    turn.fact("device.lost", device=name, reason=device.reason, detail=device.detail, since=since, **counted)
    return replace(device, untold=0, told=device.reason, told_at=turn.now.mono)


def _tell_found(turn: Turn, name: str, device: Device) -> Device:
    """Only where a loss was told: else what was told last is true."""
    if device.told is None:
        return device
    counted = {"untold": device.untold} if device.untold else {}
    turn.fact("device.found", device=name, detail=device.detail, **counted)
    return replace(device, untold=0, told=None)


def tamper(turn: Turn, event: DeviceTamper) -> None:
    """An alarm when it begins, a fact when it ends; a switch that rattles is written down at most once a minute, the rest is counted.
    What lasts is told when the minute is over.
    """
    key = f"{event.device} {event.what}"
    known = turn.state.health.tampers.get(key, Tamper())
    if known.active is event.active:
        return
    known = replace(known, active=event.active, since_utc=turn.now.utc)
    if event.active:
        known = _tell_tamper(turn, key, replace(known, untold=known.untold + 1))
    elif known.told:
        known = _tell_untampered(turn, key, known)
    _keep_tamper(turn, key, known)
    turn.changed()


def _tell_tamper(turn: Turn, key: str, known: Tamper) -> Tamper:
    if _lately(known.told_at, turn.now.mono):
        return known
    device, what = key.rsplit(" ", 1)
    more: dict[str, Any] = {"untold": known.untold - 1} if known.untold > 1 else {}
    if known.since_utc != turn.now.utc:
        more["since"] = rfc3339(known.since_utc)
    turn.fact("device.tamper", device=device, detail=what, value=True, **more)
    return replace(known, told=True, untold=0, told_at=turn.now.mono)


def _tell_untampered(turn: Turn, key: str, known: Tamper) -> Tamper:
    device, what = key.rsplit(" ", 1)
    turn.fact("device.tamper", device=device, detail=what, value=False)
    return replace(known, told=False)


def tick(turn: Turn) -> None:
    """Tell what began while its device had been told of already, and still is so."""
    for name, device in turn.state.health.devices.items():
        if _untold(device) and not _lately(device.told_at, turn.now.mono):
            _keep(turn, name, _tell_lost(turn, name, device))
    for key, known in turn.state.health.tampers.items():
        if known.active and not known.told and not _lately(known.told_at, turn.now.mono):
            _keep_tamper(turn, key, _tell_tamper(turn, key, known))


def _untold(device: Device) -> bool:
    return device.lost and device.told != device.reason


def _lately(told_at: float | None, now: float) -> bool:
    return told_at is not None and told_at + limits.DEVICE_FACTS_S > now


def attacked(turn: Turn, event: LineAttacked) -> None:
    """The driver tells each kind at most once a minute."""
    turn.fact("device.tamper", device=event.device, detail=f"line: {event.what}", count=event.count)


def _keep(turn: Turn, name: str, device: Device) -> None:
    health = turn.state.health
    turn.change(health=replace(health, devices={**health.devices, name: device}))
    turn.changed()


def _keep_tamper(turn: Turn, key: str, known: Tamper) -> None:
    health = turn.state.health
    turn.change(health=replace(health, tampers={**health.tampers, key: known}))


def _screens(turn: Turn, name: str, *, lost: bool) -> None:
    """A display that came back gets its page again."""
    turn.change(
        screens=tuple(
            replace(s, lost=lost, page=s.page if lost else None, begun=frozenset()) if s.plan.name == name else s
            for s in turn.state.screens
        )
    )


# --- status


def status(state: State) -> dict[str, Any]:
    """The status of contract.md, as JSON-ready values."""
    health, sync = state.health, state.sync
    values = {
        "state": "offline" if state.stopping else "online",
        "link": _link(state),
        "door_only": None if state.door_only_until is None else _time_of(state, state.door_only_until),
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
_WHY_CHARS = 200


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


def _link(state: State) -> dict[str, Any]:
    known = state.link
    waits = "waits for the store" if known.state == "connecting" and not state.connected else None
    why = known.why or waits
    return {"state": known.state, "since": _time_of(state, known.since), "why": why and why[:_WHY_CHARS]}


def _time_of(state: State, mono: float) -> str:
    """By the clock as it is now: it may have been set since."""
    return rfc3339(state.now.utc + mono - state.now.mono)


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
    """Facts the centre has not confirmed, those that are not on disk yet among them."""
    return max(0, state.sync.next_seq - 1 - state.sync.confirmed) + state.sync.unsaved


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
    untold = [each.told_at for each in state.health.devices.values() if _untold(each)]
    untold += [each.told_at for each in state.health.tampers.values() if each.active and not each.told]
    yield from (None if at is None else at + limits.DEVICE_FACTS_S for at in untold)
