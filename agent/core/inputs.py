"""A wired input of the unit changed: what that says, beside the fact of it, by the input's name, its configuration and the settings.

An input with `alarm` or `urgent` is told at once, and so is that nobody would hear of it, because what reads it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import care, helping, limits, pages, supervise
from agent.core.plan import InputPlan
from agent.core.state import State
from agent.core.state.health import Watched
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import HelpVia, InputAlarm, InputBlind


def changed(step: StepBuilder, name: str, *, active: bool) -> None:
    """An input that stays as it is, also for a day, says nothing more."""
    was = step.state.health.inputs.get(name)
    if was is active:
        return
    supervise.input_changed(step, name, active)
    if name == pages.HELP_INPUT and active:
        helping.called(step, HelpVia.INPUT, None)
    if active and name in {plan.name for plan in _watched(step.state)}:
        known = step.state.health.watched.get(name, Watched())
        _put(step, name, replace(known, count=known.count + 1))
    if was is not None:
        care.input_changed(step, name)


def timers(state: State) -> Iterator[Timer]:
    """Alarms that are to be told, and inputs that nobody reads."""
    for plan in _watched(state):
        known = state.health.watched.get(plan.name, Watched())
        if known.count and (known.told_mono is None or state.health.inputs.get(plan.name)):
            begun = state.now.mono if known.told_mono is None else known.told_mono + limits.ALARM_FACTS_S
            yield begun, partial(_tell, name=plan.name)
        if plan.device is None:
            continue
        lost = state.health.lost(plan.device)
        if lost and known.lost_mono is None:
            yield state.now.mono, partial(_lost, plan=plan)
        elif lost and known.lost_mono is not None and not known.blind:
            yield known.lost_mono + limits.BLIND_S, partial(_blind, plan=plan)
        elif not lost and known.lost_mono is not None:
            yield state.now.mono, partial(_back, name=plan.name)


def _watched(state: State) -> Iterator[InputPlan]:
    """A call for help is an alarm of its own."""
    return (plan for plan in state.plan.inputs if (plan.alarm or plan.urgent) and plan.name != pages.HELP_INPUT)


def _tell(step: StepBuilder, name: str) -> None:
    known = step.state.health.watched[name]
    step.fact(InputAlarm(name, known.count - 1 or None))
    _put(step, name, replace(known, count=0, told_mono=step.now.mono))


def _lost(step: StepBuilder, plan: InputPlan) -> None:
    _put(step, plan.name, replace(step.state.health.watched.get(plan.name, Watched()), lost_mono=step.now.mono))


def _blind(step: StepBuilder, plan: InputPlan) -> None:
    known, device = step.state.health.watched[plan.name], plan.device or ""
    step.fact(InputBlind(plan.name, device, step.state.health.devices[device].since_utc))
    _put(step, plan.name, replace(known, blind=True))


def _back(step: StepBuilder, name: str) -> None:
    _put(step, name, replace(step.state.health.watched[name], lost_mono=None, blind=False))


def _put(step: StepBuilder, name: str, known: Watched) -> None:
    health = step.state.health
    step.state = replace(step.state, health=replace(health, watched={**health.watched, name: known}))
