"""Devices, inputs, clock and the unit's own course: the facts about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import care, desired_state, limits, status, timekeeping
from agent.core.effects import Connect, Purge, SendStatus, Stop
from agent.core.events.door import DeviceGone, LineAttacked, TamperRead
from agent.core.events.life import CalendarFired, ClockStepped, Started
from agent.core.state import State
from agent.core.state.health import DeviceHealth, LinkState, Tamper
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract import facts
from contract.facts import AgentStarted, AgentStopping, DeviceFound, InputChanged


def started(step: StepBuilder, event: Started) -> None:
    until = step.now.mono + limits.DOOR_ONLY_S if event.door_only else None
    step.state = replace(step.state, session=event.session, door_only_until=until, no_link=event.no_link)
    if event.no_link or event.door_only:
        link(step, "off", event.no_link or "the door only, after three crashes")
    else:
        step.state = replace(step.state, link=replace(step.state.link, since=step.now.mono))
        link(step, "connecting")
    detail = "door only" if event.door_only else None
    step.fact(AgentStarted(event.session, step.state.plan.version, detail, event.host or None))


def thread_died(step: StepBuilder) -> None:
    """Without store or link facts stay here: start anew. Where that has not helped three times, the door goes on without, until its ten minutes are over."""
    if step.state.door_only:
        step.state = replace(step.state, thread_lost=True)
    else:
        step.emit(Stop(fault=True))


def _door_only_ends(step: StepBuilder) -> None:
    unread = step.state.unread
    step.state = replace(step.state, door_only_until=None, unread=())
    if step.state.thread_lost:
        step.emit(Stop(fault=True))
        return
    if not step.state.no_link:
        link(step, "connecting")
    step.changed()
    connect(step)
    for event in unread:
        desired_state.loaded(step, event)


def connect(step: StepBuilder) -> None:
    """Start the link once it is known which revisions were seen, or that this cannot be known; not in door-only mode (D11)."""
    if not step.state.connected and not step.state.door_only and step.state.health.storage != "opening":
        step.state = replace(step.state, connected=True)
        step.emit(Connect())


def link(step: StepBuilder, state: str, why: str = "", login: str = "") -> None:
    """`since` is when it came into this state; what keeps it there may change."""
    known = step.state.link
    since = known.since if known.state == state else step.now.mono
    step.state = replace(step.state, link=LinkState(state, since, why, login or known.login))
    step.changed()


def stop(step: StepBuilder, why: str) -> None:
    """A clean stop: says so itself (the will is for the other kind), once."""
    if step.state.stopping:
        return
    step.fact(AgentStopping(why))
    care.keep(step)
    timekeeping.keep(step)
    step.state = replace(step.state, stopping=True)
    step.emit(SendStatus(status.status(step.state)))
    step.emit(Stop())


def clock_changed(step: StepBuilder, event: ClockStepped) -> None:
    step.fact(facts.ClockChanged(str(event.trust), round(event.step_s, 3)))
    step.changed()


def calendar(step: StepBuilder, event: CalendarFired) -> None:
    """Nothing is dropped by a clock that is not certain."""
    if event.job == "purge" and timekeeping.certain(step.state):
        step.emit(Purge(step.now.utc))


def input_changed(step: StepBuilder, name: str, active: bool) -> None:
    health = step.state.health
    was = health.inputs.get(name)
    if was is active:
        return
    step.state = replace(step.state, health=replace(health, inputs={**health.inputs, name: active}))
    step.changed()
    if was is not None or active:
        step.fact(InputChanged(name, active))


# --- devices


def device_found(step: StepBuilder, name: str, detail: str) -> None:
    known = step.state.health.devices.get(name, DeviceHealth())
    device = replace(known, found=True, lost=False, since_utc=step.now.utc, reason="", detail=detail)
    _keep(step, name, _tell_found(step, name, device))
    _screens(step, name, lost=False)


def device_lost(step: StepBuilder, event: DeviceGone) -> None:
    known = step.state.health.devices.get(event.device, DeviceHealth())
    if known.lost and known.reason == event.reason:
        return
    since = known.since_utc if known.lost else step.now.utc
    device = replace(known, lost=True, since_utc=since, reason=event.reason, detail=event.detail)
    device = replace(device, suppressed=device.suppressed + 1)
    _keep(step, event.device, _tell_lost(step, event.device, device))
    _screens(step, event.device, lost=True)


def _tell_lost(step: StepBuilder, name: str, device: DeviceHealth) -> DeviceHealth:
    """A loose plug must not fill the journal: the losses of one device are written at most once a minute, the rest is counted in the next.
    One that lasts is told when the minute is over.
    """
    if _lately(device.reported_at, step.now.mono):
        return device
    suppressed = device.suppressed - 1 or None
    step.fact(facts.DeviceLost(name, device.reason, device.detail, device.since_utc, suppressed))
    return replace(device, suppressed=0, reported=device.reason, reported_at=step.now.mono)


def _tell_found(step: StepBuilder, name: str, device: DeviceHealth) -> DeviceHealth:
    """Only where a loss was told: else what was told last is true."""
    if device.reported is None:
        return device
    step.fact(DeviceFound(name, device.detail, device.suppressed or None))
    return replace(device, suppressed=0, reported=None)


def tamper(step: StepBuilder, event: TamperRead) -> None:
    """An alarm when it begins, a fact when it ends; a switch that rattles is written down at most once a minute, the rest is counted.
    What lasts is told when the minute is over.
    """
    key = f"{event.device} {event.what}"
    known = step.state.health.tampers.get(key, Tamper())
    if known.active is event.active:
        return
    known = replace(known, active=event.active, since_utc=step.now.utc)
    if event.active:
        known = _tell_tamper(step, key, replace(known, suppressed=known.suppressed + 1))
    elif known.reported:
        known = _tell_untampered(step, key, known)
    _keep_tamper(step, key, known)
    step.changed()


def _tell_tamper(step: StepBuilder, key: str, known: Tamper) -> Tamper:
    if _lately(known.reported_at, step.now.mono):
        return known
    device, what = key.rsplit(" ", 1)
    since = known.since_utc if known.since_utc != step.now.utc else None
    step.fact(facts.DeviceTamper(device, what, value=True, untold=known.suppressed - 1 or None, since=since))
    return replace(known, reported=True, suppressed=0, reported_at=step.now.mono)


def _tell_untampered(step: StepBuilder, key: str, known: Tamper) -> Tamper:
    device, what = key.rsplit(" ", 1)
    step.fact(facts.DeviceTamper(device, what, value=False))
    return replace(known, reported=False)


def timers(state: State) -> Iterator[Timer]:
    """The end of the door alone; what began while its device had been told of already, and still is so."""
    if state.door_only_until is not None:
        yield state.door_only_until, _door_only_ends
    for name, device in state.health.devices.items():
        if device.lost and device.reported != device.reason and device.reported_at is not None:
            yield device.reported_at + limits.DEVICE_FACTS_S, partial(_still_lost, name=name)
    for key, known in state.health.tampers.items():
        if known.active and not known.reported and known.reported_at is not None:
            yield known.reported_at + limits.DEVICE_FACTS_S, partial(_still_tampered, key=key)


def _still_lost(step: StepBuilder, name: str) -> None:
    _keep(step, name, _tell_lost(step, name, step.state.health.devices[name]))


def _still_tampered(step: StepBuilder, key: str) -> None:
    _keep_tamper(step, key, _tell_tamper(step, key, step.state.health.tampers[key]))


def _lately(reported_at: float | None, now: float) -> bool:
    return reported_at is not None and reported_at + limits.DEVICE_FACTS_S > now


def attacked(step: StepBuilder, event: LineAttacked) -> None:
    """The driver tells each kind at most once a minute."""
    step.fact(facts.DeviceTamper(event.device, f"line: {event.what}", count=event.count))


def _keep(step: StepBuilder, name: str, device: DeviceHealth) -> None:
    health = step.state.health
    step.state = replace(step.state, health=replace(health, devices={**health.devices, name: device}))
    step.changed()


def _keep_tamper(step: StepBuilder, key: str, known: Tamper) -> None:
    health = step.state.health
    step.state = replace(step.state, health=replace(health, tampers={**health.tampers, key: known}))


def _screens(step: StepBuilder, name: str, *, lost: bool) -> None:
    """A display that came back gets its page again."""
    step.state = replace(
        step.state,
        screens=tuple(
            replace(s, lost=lost, page=s.page if lost else None, begun=frozenset()) if s.plan.name == name else s
            for s in step.state.screens
        ),
    )
