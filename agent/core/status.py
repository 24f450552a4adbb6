"""The status the centre sees, and what is in force: made from the state alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits
from agent.core.effects import SendStatus
from agent.core.plan import ONE_SIZE, cannot_enlarge
from agent.core.state import State
from agent.core.state.door import Door
from agent.core.state.health import Health, Tamper
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract import codec
from contract.digest import digest
from contract.kinds import KINDS
from contract.messages import MAX_STATUS_BYTES, StateMessage
from contract.plain import DeviceStatus, DoorStatus, LinkStatus, Status, UnitState
from contract.strict_json import dumps

_STATE_KINDS = tuple(kind.value for kind, declared in KINDS.items() if issubclass(declared, StateMessage))
_NAME_CHARS = 64
_WHY_CHARS = 200


def status(state: State) -> Status:
    """As it is now, at most so long as the contract allows."""
    health, sync, applied_revisions = state.health, state.sync, applied_entries(state)
    kinds = [entry[0] for entry in applied_revisions]
    return bounded(
        Status(
            state=UnitState.OFFLINE if state.stopping else UnitState.ONLINE,
            session=state.session,
            link=_link(state),
            door_only=None if state.door_only_until is None else _time_of(state, state.door_only_until),
            boot=health.boot,
            version=state.plan.version,
            unit=state.plan.unit,
            name=state.plan.name[:_NAME_CHARS],
            scopes=tuple(str(scope) for scope in state.plan.scopes),
            clock=str(state.now.clock),
            stale=sync.stale,
            storage=health.reported_storage,
            taken_over=health.taken_over,
            doors={door.id: _door(health, door) for door in state.doors},
            devices={name: _device(state, name) for name in sorted(health.devices)},
            inputs=dict(sorted(health.inputs.items())),
            backlog=backlog(state),
            oldest=sync.confirmed + 1 if sync.next_seq - 1 > sync.confirmed else None,
            digest=digest(applied_revisions),
            counts={kind: kinds.count(kind) for kind in _STATE_KINDS},
            refused=len(state.desired.refused.entries),
            centre_since=sync.centre_since,
            at=state.now.utc,
            login=state.link.login or None,
            checkpoint=sync.checkpoint,
        )
    )


def bounded(whole: Status) -> Status:
    """At most the contract's bytes: first what is well is left out of inputs and devices, then maps and lists become the number of their entries."""
    if _size(whole) <= MAX_STATUS_BYTES:
        return whole
    inputs, devices, doors, scopes = whole.inputs or {}, whole.devices or {}, whole.doors or {}, whole.scopes or ()
    if isinstance(inputs, int) or isinstance(devices, int) or isinstance(doors, int) or isinstance(scopes, int):
        return whole
    short = replace(
        whole,
        inputs={name: active for name, active in inputs.items() if active},
        devices={
            name: device
            for name, device in devices.items()
            if replace(device, panel=None, door=None) != DeviceStatus("ok")
        },
    )
    for shorter in (
        replace(short, inputs=len(inputs)),
        replace(short, inputs=len(inputs), devices=len(devices)),
        replace(short, inputs=len(inputs), devices=len(devices), doors=len(doors)),
    ):
        if _size(short) <= MAX_STATUS_BYTES:
            return short
        short = shorter
    return short if _size(short) <= MAX_STATUS_BYTES else replace(short, scopes=len(scopes))


def _size(made: Status) -> int:
    """Bytes on the wire."""
    return len(dumps(codec.write(made)))


def revisions(state: State) -> tuple[tuple[tuple[str, str, str, int], ...], tuple[tuple[str, str, str, int], ...]]:
    """In force, and refused."""
    refused = sorted((*name, left.rev) for name, left in state.desired.refused.entries.items())
    return tuple(applied_entries(state)), tuple(refused)


def applied_entries(state: State) -> list[tuple[str, str, str, int]]:
    """(kind, scope, id, rev) of all state in force: what the digest is over. Withdrawn and ended notices are not."""
    notices = [("notice", scope, id_, n.rev) for (scope, id_), n in state.board.notices.items() if not n.withdrawn]
    kept = [(*name, message.rev) for name, message in state.desired.kept.items()]
    keys = [("keys", f"site/{state.plan.site}", "", state.desired.keys_rev)] if state.desired.keys_rev else []
    sealed = state.desired.sealed.rev
    secrets = [("secrets", f"unit/{state.plan.unit}", "", sealed)] if sealed else []
    return sorted([*notices, *kept, *keys, *secrets, *state.access.applied_revisions])


def acceptable_entries(state: State) -> Iterator[list[tuple[str, str, str, int]]]:
    """What is in force, and what would be with all that is refused: a unit that has either lacks nothing that it would take."""
    applied_revisions = applied_entries(state)
    yield applied_revisions
    refused = state.desired.refused.entries
    if refused:
        by_name = {entry[:3]: entry[3] for entry in applied_revisions} | {
            name: left.rev for name, left in refused.items()
        }
        yield sorted((*name, rev) for name, rev in by_name.items())


def _link(state: State) -> LinkStatus:
    known = state.link
    waits = "waits for the store" if known.state == "connecting" and not state.connected else None
    why = known.why or waits
    return LinkStatus(known.state, _time_of(state, known.since), why and why[:_WHY_CHARS])


def _time_of(state: State, mono: float) -> float:
    """By the clock as it is now: it may have been set since."""
    return state.now.utc + mono - state.now.mono


def _door(health: Health, door: Door) -> DoorStatus:
    lost = health.lost(door.plan.lock_device)
    return DoorStatus(
        mode="fire" if door.latched else str(door.in_force),
        open=door.open,
        unlocked=door.lock.read,
        lock="lost" if lost else "fault" if door.lock.faulted else "ok",
        held=door.held_reported,
    )


def _device(state: State, name: str) -> DeviceStatus:
    health, device = state.health, state.health.devices[name]
    door = next((each.id for each in state.plan.doors if name in each.card_readers), None)
    panel = next((each.form for each in state.plan.displays if each.name == name), None)
    if device.lost:
        return DeviceStatus("lost", device.reason, device.since_utc, panel=panel, door=door)
    active = (what for what in ("tamper", "power") if health.tampers.get(f"{name} {what}", Tamper()).active)
    cannot = any(each.name == name and cannot_enlarge(each) for each in state.plan.displays)
    note = ONE_SIZE if state.enlarged and cannot else None
    return DeviceStatus("ok", tamper=tuple(active), note=note, panel=panel, door=door)


def timers(state: State) -> Iterator[Timer]:
    """On change at most once a second, and every five minutes; also with the link down, for whoever asks on the unit itself."""
    health = state.health
    if state.session and not state.stopping:
        wait = limits.STATUS_MIN_S if health.dirty else limits.STATUS_EVERY_S
        yield state.now.mono if health.sent_at is None else health.sent_at + wait, _send


def _send(step: StepBuilder) -> None:
    reported = replace(step.state.health, sent_at=step.now.mono, dirty=False, reported_backlog=backlog(step.state))
    step.state = replace(step.state, health=reported)
    step.emit(SendStatus(status(step.state)))


def backlog(state: State) -> int:
    """Facts the centre has not confirmed, those that are not on disk yet among them."""
    return max(0, state.sync.next_seq - 1 - state.sync.confirmed) + state.sync.unsaved


def drained(step: StepBuilder) -> None:
    """The last status told of a backlog that is gone now: that is news too."""
    if step.state.health.reported_backlog and not backlog(step.state):
        step.changed()
