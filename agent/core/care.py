"""Watched households: without a sign of life for so long the centre is told, and again at the next sign. Nothing is to be seen or heard at the door.

Time is counted on the monotonic clock, so that no clock that is set makes anybody silent. Quiet hours are left out where the local time can be
judged (as `hours` of a roster), and count where it cannot: rather a word too early than none. Time without power counts too, once it is known how long it
was, but by it nobody comes nearer to the limit than halfway: there was no unit to see a sign, and no start tells of everybody at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from agent.core import limits, settings
from agent.core.effects import KeptHome
from agent.core.events.store import WatchedHome
from agent.core.plan import MeterPlan
from agent.core.state import State
from agent.core.state.care import Home
from agent.core.step_builder import StepBuilder
from agent.core.time import Now
from agent.core.timer import Timer
from agent.core.validity import Judgement, Limit, judge
from contract.care import LITRES, CareRule
from contract.facts import CareSeen, CareSilent
from contract.hours import Span
from contract.messages import Holder

HOUR_S, DAY_S = 3600.0, 86_400.0


def store_opened(step: StepBuilder, kept: Iterable[KeptHome]) -> None:
    care = step.state.care
    known = {each.name: each for each in kept}
    step.state = replace(step.state, care=replace(care, kept=known, opened_at=step.now.mono))
    for name, home in care.homes.items():
        _put(step, name, _as_kept(step, name, home))


def watch(step: StepBuilder, watched: Sequence[WatchedHome]) -> None:
    """These households from now on. One that was here before goes on, a new one begins now, one that is no longer named is forgotten within the hour."""
    care, homes = step.state.care, dict[str, Home]()
    by_holder: dict[str, frozenset[str]] = {}
    for each in watched:
        name = f"holder {each.holder}" if each.room is None else f"room {each.room}"
        fresh = Home(each.holder, each.room, mark=care.counted_s)
        here = care.homes.get(name)
        homes[name] = _as_kept(step, name, fresh) if here is None else replace(here, holder=each.holder)
        for holder in each.living:
            by_holder[holder] = by_holder.get(holder, frozenset()) | {name}
    left = {name: _kept(step, name) for name in care.homes if name not in homes}
    kept = {**step.state.care.kept, **left}
    step.state = replace(step.state, care=replace(step.state.care, homes=homes, by_holder=by_holder, kept=kept))


def _as_kept(step: StepBuilder, name: str, home: Home) -> Home:
    """With what the journal has of it, where this run has seen no sign yet."""
    care = step.state.care
    kept = care.kept.get(name)
    if kept is None:
        return home
    rest = {each: value for each, value in care.kept.items() if each != name}
    step.state = replace(step.state, care=replace(care, kept=rest))
    if home.seen:
        if kept.silent:
            step.fact(CareSeen(home.holder, home.seen))
        return home
    return replace(
        home, mark=care.counted_s - kept.counted_s, silent=kept.silent, saved_s=kept.counted_s, off_from=kept.at_utc
    )


# --- signs of life


def sign(step: StepBuilder, holder: str, source: str) -> None:
    """`source`: card, pin, or `input:` or `meter:` and its name."""
    for name in step.state.care.by_holder.get(holder, frozenset()):
        _seen(step, name, source)


def passed(step: StepBuilder, door_id: str, entries: Sequence[Holder], source: str) -> None:
    """Somebody showed one of these cards or PINs at the door, whatever was answered."""
    if not step.state.care.by_holder:
        return
    rule = settings.merged(step.state).care
    if rule is not None and rule.doors is not None and door_id not in rule.doors:
        return
    for holder in dict.fromkeys(entry.id for entry in entries):
        sign(step, holder, source)


def input_changed(step: StepBuilder, name: str) -> None:
    """A meter or a motion sensor: the settings say of whose room."""
    if not step.state.care.homes:
        return
    rule = settings.merged(step.state).care
    room = None if rule is None or rule.inputs is None else rule.inputs.get(name)
    if room is not None and f"room {room}" in step.state.care.homes:
        _seen(step, f"room {room}", f"input:{name}"[:100])


def water_used(step: StepBuilder, plan: MeterPlan, used: float, counts_by: int, within_s: float | None) -> None:
    """So many litres, beyond what always runs, since the reading `within_s` ago: a sign, once they are more than the meter's own steps can make up.

    It may have been just after that reading, so it counts from there, but takes nobody nearer to the limit than halfway.
    """
    rule = settings.merged(step.state).care
    name = f"room {plan.room}"
    if rule is None or name not in step.state.care.homes or not backs(plan, rule):
        return
    if used >= max(rule.litres or LITRES, 2.0 * counts_by):
        half_s = rule.silent_h * HOUR_S / 2
        ago_s = half_s if within_s is None else min(half_s, counted_s(step.now, step.now.utc, within_s, rule))
        _seen(step, name, f"meter:{plan.name}"[:100], ago_s)


def backs(plan: MeterPlan, rule: CareRule) -> bool:
    """It is read often enough to say anything within the limit."""
    return 2 * plan.every_s <= rule.silent_h * HOUR_S


def _seen(step: StepBuilder, name: str, source: str, ago_s: float = 0.0) -> None:
    home = step.state.care.homes[name]
    mark = step.state.care.counted_s + _since_tick(step) - ago_s
    if home.off_from is None and not home.silent:
        mark = max(home.mark, mark)
    fresh = replace(home, mark=mark, silent=False, off_from=None, new=True, seen=home.seen or source)
    if not home.silent:
        _put(step, name, fresh)
        return
    _put(step, name, replace(fresh, saved_s=0.0, new=False))
    fact = step.dated(CareSeen(home.holder, source))
    step.record((fact,), homes=(_kept(step, name),))


# --- time


def timers(state: State) -> Iterator[Timer]:
    care = state.care
    if care.homes or care.kept:
        yield state.now.mono if care.ticked_at is None else care.ticked_at + limits.CARE_TICK_S, _tick


def _tick(step: StepBuilder) -> None:
    """Once a minute: what has passed is counted, who is silent is told, what is new is written down now and then."""
    _settle(step)
    counted = step.state.care.counted_s + _since_tick(step)
    step.state = replace(step.state, care=replace(step.state.care, counted_s=counted, ticked_at=step.now.mono))
    rule = settings.merged(step.state).care
    if rule is not None:
        for name, home in step.state.care.homes.items():
            if not home.silent and counted - home.mark >= rule.silent_h * HOUR_S:
                _silent(step, name)
    _save(step)


def _since_tick(step: StepBuilder) -> float:
    """What counts of the time since the last look. Without a rule nothing does, nor does much of a time in which the agent did not run."""
    since = step.state.care.ticked_at
    rule = settings.merged(step.state).care
    if since is None or rule is None:
        return 0.0
    passed = min(step.now.mono - since, limits.CARE_GAP_S)
    return counted_s(step.now, step.now.utc, passed, rule)


def _silent(step: StepBuilder, name: str) -> None:
    home = replace(step.state.care.homes[name], silent=True, off_from=None)
    _put(step, name, replace(home, saved_s=step.state.care.counted_s - home.mark))
    fact = step.dated(CareSilent(home.holder, home.room, _still(step.state, home)))
    step.record((fact,), homes=(_kept(step, name),))


def _still(state: State, home: Home) -> tuple[str, ...] | None:
    """The meters of theirs that say so too: read lately, and compared with readings of before."""
    rule = settings.merged(state).care
    found = []
    for plan in state.plan.meters:
        meter = state.meters.get(plan.name)
        if home.room is None or plan.room != home.room or meter is None or rule is None or not backs(plan, rule):
            continue
        if meter.quiet and meter.read_mono is not None and state.now.mono - meter.read_mono <= 2 * plan.every_s:
            found.append(plan.name)
    return tuple(found[: limits.CARE_METERS_MAX]) or None


def _settle(step: StepBuilder) -> None:
    """How long the unit was off, once the time is known. Whoever showed a sign since is not asked."""
    care, now = step.state.care, step.now
    rule = settings.merged(step.state).care
    if rule is None or care.opened_at is None or not now.trusted:
        return
    for name, home in care.homes.items():
        if home.off_from is None:
            continue
        began = now.utc - (now.mono - care.opened_at)
        off = min(max(0.0, began - home.off_from), limits.CARE_OFF_S)
        before = 0.0 if home.saved_s is None else home.saved_s
        most = max(before, rule.silent_h * HOUR_S / 2)
        more = min(before + counted_s(now, began, off, rule), most) - before
        _put(step, name, replace(home, mark=home.mark - more, off_from=None))


def counted_s(now: Now, until_utc: float, seconds: float, rule: CareRule) -> float:
    """What counts of the `seconds` before `until_utc`: those outside the quiet hours."""
    seconds = max(0.0, seconds)
    spans = _merged(rule.quiet)
    if sum(end - start for start, end in spans) * 60 >= DAY_S or judge(Limit.HOURS, now) is not Judgement.TIME:
        return seconds
    end = until_utc + now.offset_s
    start, quiet = end - seconds, 0.0
    day = start // DAY_S * DAY_S
    while day < end:
        for first, last in spans:
            quiet += max(0.0, min(end, day + last * 60) - max(start, day + first * 60))
        day += DAY_S
    return seconds - quiet


def _merged(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """As minutes, in order, none overlapping another."""
    found: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda each: each.start):
        if found and span.start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], span.end))
        else:
            found.append((span.start, span.end))
    return found


# --- what is kept


def keep(step: StepBuilder) -> None:
    """At a clean end: all that is not written down."""
    care = step.state.care
    if care.homes and care.opened_at is not None:
        counted = care.counted_s + _since_tick(step)
        step.state = replace(step.state, care=replace(care, counted_s=counted, ticked_at=step.now.mono))
        _write(step, grown=True)


def erased(step: StepBuilder, holder: str) -> None:
    """Nothing of this holder stays."""
    care = step.state.care
    known = [(name, each.holder) for name, each in care.kept.items()]
    known += [(name, each.holder) for name, each in care.homes.items()]
    mine = list(dict.fromkeys(name for name, who in known if who == holder))
    if mine:
        kept = {name: each for name, each in care.kept.items() if name not in mine}
        homes = {name: each for name, each in care.homes.items() if name not in mine}
        step.state = replace(step.state, care=replace(care, kept=kept, homes=homes))
        step.record((), homes=tuple(KeptHome(name, holder, None, 0.0, None, silent=False, gone=True) for name in mine))


def _save(step: StepBuilder) -> None:
    """Signs at most every ten minutes, the counts of all every hour: what a power cut takes is less than that."""
    care, now = step.state.care, step.now.mono
    if care.opened_at is None or step.state.door_only:
        return
    if care.grown_at is None or now - care.grown_at >= limits.CARE_KEEP_ALL_S:
        _write(step, grown=True)
    elif care.saved_at is None or now - care.saved_at >= limits.CARE_KEEP_S:
        _write(step, grown=False)


def _write(step: StepBuilder, *, grown: bool) -> None:
    """`grown`: also of whom nothing but time is new; and households that are no longer watched go."""
    care, now = step.state.care, step.now.mono
    due = [name for name, home in care.homes.items() if _is_new(home, care.counted_s, grown=grown)]
    gone: dict[str, KeptHome] = dict(care.kept) if grown and step.state.access.loaded else {}
    step.state = replace(step.state, care=replace(care, grown_at=now if grown else care.grown_at))
    if not due and not gone:
        return
    for name in due:
        home = step.state.care.homes[name]
        _put(step, name, replace(home, saved_s=care.counted_s - home.mark, new=False))
    rows = [_kept(step, name) for name in due] + [replace(each, gone=True) for each in gone.values()]
    step.state = replace(
        step.state, care=replace(step.state.care, saved_at=now, kept={} if gone else step.state.care.kept)
    )
    step.record((), homes=tuple(rows))


def _is_new(home: Home, counted: float, *, grown: bool) -> bool:
    if home.off_from is not None:
        return False  # what the journal has of it is still needed as it is
    if home.saved_s is None or home.new:
        return True
    return grown and not home.silent and counted - home.mark - home.saved_s >= limits.CARE_TICK_S


def _kept(step: StepBuilder, name: str) -> KeptHome:
    home = step.state.care.homes[name]
    counted = max(0.0, step.state.care.counted_s - home.mark)
    return KeptHome(name, home.holder, home.room, round(counted, 1), step.now.sure_utc, silent=home.silent)


def _put(step: StepBuilder, name: str, home: Home) -> None:
    care = step.state.care
    step.state = replace(step.state, care=replace(care, homes={**care.homes, name: home}))
