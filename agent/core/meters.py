"""Readings of water meters: one a day is told, an odd one at once, and what ran beyond what always runs is a sign of life of the household.

A tap that drips or a cistern that leaks runs at every hour. So use is what ran more than in the quietest of the last readings' hours: water that
runs without end is a sign for as many readings as are looked back at, and then none any more. Time is counted as care counts it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agent.core import care, limits
from agent.core.effects import KeptMeter
from agent.core.events.door import MeterCounted
from agent.core.events.store import StoreOpened
from agent.core.local import local_time
from agent.core.plan import MeterPlan
from agent.core.state import State
from agent.core.state.meters import Meter
from agent.core.step_builder import StepBuilder
from agent.core.time import Now
from agent.core.validity import Judgement, Limit, judge
from contract import facts
from contract.facts import Doubt, Fact

HOUR_S, DAY_S = 3600.0, 86_400.0
NO_DAY = "-"
"""In place of the day told last, where no day was known: a start tells nothing anew for that."""


def store_opened(step: StepBuilder, event: StoreOpened) -> None:
    """What is kept of meters that are not there any more goes. One that was read before the store was open has a beginning of its own."""
    here = {plan.name for plan in step.state.plan.meters}
    meters, gone = dict(step.state.meters), []
    for kept in event.meters:
        if kept.name not in here:
            gone.append(replace(kept, gone=True))
        elif meters.get(kept.name, Meter()).litres is None:
            quiet = () if kept.quiet is None else (kept.quiet,)
            meters[kept.name] = Meter(kept.litres, at_utc=kept.at_utc, quiet=quiet, told=kept.told, holder=kept.holder)
        else:
            meters[kept.name] = replace(meters[kept.name], told=meters[kept.name].told or kept.told)
    step.state = replace(step.state, meters=meters)
    if gone:
        step.record((), meters=tuple(gone))


def read(step: StepBuilder, event: MeterCounted) -> None:
    """The meter answered."""
    plan = _plan(step.state, event.device)
    if plan is None:
        return
    known = replace(step.state.meters.get(plan.name, Meter()), read_mono=step.now.mono)
    home = step.state.care.homes.get(f"room {plan.room}")
    known = known if home is None else replace(known, holder=home.holder)
    told: list[Fact] = []
    hours = _hours(step.now, known)
    doubt = _doubt(known, event.litres, hours)
    if doubt is not None and known.litres is not None:
        told.append(facts.MeterDoubt(plan.name, plan.room, doubt, event.litres, known.litres))
    if known.litres is None or doubt is not None:
        known = _begun(step.now, known, event.litres)
    elif hours is None or 2 * hours * HOUR_S >= plan.every_s:
        known = _followed(step, plan, known, event, hours)
    known = known if known.told_mono is not None else replace(known, told_mono=step.now.mono)
    day = _due(step.now, plan, known)
    if day is not None:
        told.append(facts.MeterRead(plan.name, plan.room, event.litres))
        known = replace(known, told=day, told_mono=step.now.mono)
    changed = known != replace(step.state.meters.get(plan.name, Meter()), read_mono=known.read_mono)
    step.state = replace(step.state, meters={**step.state.meters, plan.name: known})
    if changed:
        step.record(tuple(step.dated(each) for each in told), meters=(_kept(plan.name, known),))


def forget(step: StepBuilder, holder: str) -> None:
    """Nothing of this household's water stays; its meters begin anew."""
    mine = [name for name, meter in step.state.meters.items() if meter.holder == holder]
    if mine:
        left = {name: meter for name, meter in step.state.meters.items() if name not in mine}
        step.state = replace(step.state, meters=left)
        step.record((), meters=tuple(KeptMeter(name, 0, gone=True) for name in mine))


def _plan(state: State, device: str) -> MeterPlan | None:
    return next((plan for plan in state.plan.meters if plan.name == device), None)


# --- one reading after another


def _hours(now: Now, known: Meter) -> float | None:
    """Since the reading that is compared with; None where that is not known."""
    if known.at_mono is not None:
        return (now.mono - known.at_mono) / HOUR_S
    if known.at_utc is None or now.sure_utc is None or now.sure_utc < known.at_utc:
        return None
    return (now.sure_utc - known.at_utc) / HOUR_S


def _doubt(known: Meter, litres: int, hours: float | None) -> Doubt | None:
    if known.litres is None:
        return None
    if litres < known.litres:
        return Doubt.LOWER
    longest = limits.CARE_OFF_S / HOUR_S if hours is None else hours
    most = limits.METER_SPARE_LITRES + limits.METER_LITRES_H * longest
    return Doubt.JUMP if litres - known.litres > most else None


def _begun(now: Now, known: Meter, litres: int) -> Meter:
    return replace(known, litres=litres, at_mono=now.mono, at_utc=now.sure_utc, quiet=())


def _followed(step: StepBuilder, plan: MeterPlan, known: Meter, event: MeterCounted, hours: float | None) -> Meter:
    """Where it is not known how long it took, all of it counts as use, unless water always runs here."""
    ran = event.litres - (known.litres or 0)
    quiet = known.quiet
    if hours is not None:
        quiet = (*quiet, ran / hours)[-limits.METER_LOOK_BACK :]
    always = min(quiet, default=0.0)
    used = ran - always * hours if hours is not None else (0.0 if always else ran)
    if plan.room is not None:
        care.water_used(step, plan, used, event.step, None if hours is None else hours * HOUR_S)
    return replace(known, litres=event.litres, at_mono=step.now.mono, at_utc=step.now.sure_utc, quiet=quiet)


def _kept(name: str, known: Meter) -> KeptMeter:
    quiet = min(known.quiet) if known.quiet else None
    return KeptMeter(name, known.litres or 0, known.at_utc, quiet, known.told, known.holder)


# --- the day's reading


def _due(now: Now, plan: MeterPlan, known: Meter) -> str | None:
    """The day whose reading is to be told now. Where local time cannot be judged, a day is 24 hours since the last."""
    if judge(Limit.HOURS, now) is not Judgement.TIME:
        over = known.told_mono is not None and now.mono - known.told_mono >= DAY_S
        return NO_DAY if over or not known.told else None
    day = (local_time(now) - timedelta(minutes=plan.daily_min)).date().isoformat()
    return day if day != known.told else None
