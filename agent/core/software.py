"""The unit's own software: fetches what should run, waits until the door allows it, orders it once, tells what became of it. One at a time.

What is older is never installed from here. While the updater is at work nothing is begun. Whoever installs judges all of it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agent.core import limits
from agent.core.effects.software import DropBundle, FetchBundle, KeepTold, OrderUpdate, ReadUpdate, StopFetching
from agent.core.events.link import MessageReceived
from agent.core.events.software import BundleFailed, BundleFetched, UpdateOutcome, UpdateRead
from agent.core.state import State
from agent.core.state.door import Door
from agent.core.state.software import HeardMessage, Piece, SoftwareState
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.commands import Mode
from contract.facts import Fact, SoftwareFetched, SoftwareInstalled, SoftwareRefused, SoftwareReturned
from contract.messages import Keys
from contract.scopes import LEVELS
from contract.software import Software, order

_KEYS = "keys"


def started(step: StepBuilder) -> None:
    _put(step, read_at=step.now.mono)


def heard(step: StepBuilder, event: MessageReceived) -> None:
    """The bytes as they were signed: the updater judges by them alone. The broker gives them again in each run."""
    message = event.message
    if isinstance(message, Software | Keys):
        name = _KEYS if isinstance(message, Keys) else str(message.scope)
        known = _of(step).heard
        if name not in known or known[name].rev <= message.rev:
            _put(step, heard={**known, name: HeardMessage(message.rev, event.signed)})


def read(step: StepBuilder, event: UpdateRead) -> None:
    """How it stands on the disk."""
    mine, outcome = _of(step), event.outcome
    lost = (mine.ordered or mine.busy) and not event.ordered and not event.busy  # over, or gone
    _put(
        step,
        read=True,
        outcome=outcome,
        told=mine.told or event.told,
        busy=event.busy,
        ordered=event.ordered,
        forms=event.forms,
        fetched=mine.fetched and not lost,
        read_at=step.now.mono + limits.UPDATE_READ_S if event.busy or event.ordered else None,
    )
    if outcome is not None and outcome.id != _of(step).told:
        token = step.record((step.dated(_fact(outcome)),))
        _put(step, told=outcome.id, telling=(token, outcome.id))
    if not lost:
        return
    if outcome is not None and (outcome.scope, outcome.rev) == mine.target:
        _put(step, target=None)  # judged anew, by what became of it
    else:  # the disk did not take it, or the updater did not find it signed
        _again(step)


def recorded(step: StepBuilder, token: int) -> None:
    telling = _of(step).telling
    if telling is not None and telling[0] == token:
        _put(step, telling=None)
        step.emit(KeepTold(telling[1]))


def fetched(step: StepBuilder, event: BundleFetched) -> None:
    wanted = _wanted(step.state)
    if not _of(step).fetching or wanted is None or _piece(wanted) != (event.scope, event.rev):
        return
    _put(step, fetching=False, fetched=True, due=None)
    if event.fresh:
        step.fact(SoftwareFetched(wanted.version))


def failed(step: StepBuilder, event: BundleFailed) -> None:
    """Again later, each time after twice as long; what is not what was signed is fetched anew once."""
    mine, wanted = _of(step), _wanted(step.state)
    if not mine.fetching or wanted is None or _piece(wanted) != (event.scope, event.rev):
        return
    wrong = mine.wrong + (event.reason == "wrong")
    if wrong >= limits.BUNDLE_WRONG_MAX:
        _refuse(step, wanted, "wrong", event.detail)
        return
    if event.reason == "no_room" and not mine.roomless:
        _put(step, roomless=True)
        step.fact(SoftwareRefused(wanted.version, "no_room", event.detail))
    _put(step, wrong=wrong)
    _again(step)


def _again(step: StepBuilder) -> None:
    """From the fetch on, each time after twice as long."""
    failures = _of(step).failures
    wait = min(limits.FETCH_RETRY_S * 2**failures, limits.FETCH_RETRY_MAX_S)
    spread = 0.5 + _share(step.state, _of(step).target, failures)
    due = step.now.mono + wait * spread
    _put(step, fetching=False, fetched=False, failures=min(failures + 1, 16), due=due)


def hindrance(doors: tuple[Door, ...], now: float) -> str:
    """What forbids that the agent is stopped now, by door; empty where nothing does."""
    for door in doors:
        why = _hindrance(door, now)
        if why:
            return f"{door.id}: {why}"
    return ""


def _hindrance(door: Door, now: float) -> str:
    if door.latched or door.unsure:
        return "released by fire"
    if door.in_force is not Mode.NORMAL:
        return str(door.in_force)
    if door.open:
        return "open"
    busy = door.lock.order is not None or (door.lock.runs_until or 0.0) > now
    return "in use" if busy else "" if door.ready else "starting"


def timers(state: State) -> Iterator[Timer]:
    mine = state.software
    if not state.session or state.door_only or state.stopping:
        return
    if mine.read_at is not None:
        yield mine.read_at, _read
    if not mine.read or mine.busy:
        return
    wanted = _wanted(state)
    if mine.target != (None if wanted is None else _piece(wanted)):
        yield state.now.mono, _aim
    elif wanted is None or mine.over:
        return
    elif mine.fetching:
        if mine.due is not None:
            yield mine.due, _too_slow
    elif mine.fetched:
        if not mine.ordered and _signed(state, wanted) is not None and not hindrance(state.doors, state.now.mono):
            yield state.now.mono, _order
    elif state.sync.link_up and mine.due is not None:
        yield mine.due, _fetch


def _read(step: StepBuilder) -> None:
    _put(step, read_at=step.now.mono + limits.UPDATE_READ_S)  # a disk that does not answer is asked again
    step.emit(ReadUpdate())


def _aim(step: StepBuilder) -> None:
    """Something else is wanted, or nothing any more. What was fetched for the former and is not begun goes."""
    mine, wanted = _of(step), _wanted(step.state)
    if mine.fetching or mine.fetched or mine.ordered:
        step.emit(DropBundle())
    piece = None if wanted is None else _piece(wanted)
    fresh = SoftwareState(mine.read, mine.read_at, mine.outcome, mine.told, mine.telling, False, False, mine.forms)
    step.state = replace(step.state, software=replace(fresh, heard=mine.heard, target=piece))
    if wanted is None or piece is None:
        return
    tried = mine.outcome is not None and (mine.outcome.scope, mine.outcome.rev) == piece
    if tried or order(wanted.version) == order(step.state.plan.version):
        _put(step, over=True)
    elif order(wanted.version) < order(step.state.plan.version):
        _refuse(step, wanted, "older")
    elif wanted.form.value not in mine.forms:
        _refuse(step, wanted, "form")
    else:
        _put(step, due=step.now.mono + limits.FETCH_SPREAD_S * _share(step.state, piece, 0))


def _fetch(step: StepBuilder) -> None:
    wanted = _wanted(step.state)
    if wanted is not None:
        _put(step, fetching=True, due=step.now.mono + limits.FETCH_MAX_S)
        step.emit(FetchBundle(wanted))


def _too_slow(step: StepBuilder) -> None:
    """Broken off; what has come is kept, and gone on with."""
    wanted = _wanted(step.state)
    if wanted is not None:
        step.emit(StopFetching())
        failed(step, BundleFailed(*_piece(wanted), "away", "too slow"))


def _order(step: StepBuilder) -> None:
    wanted = _wanted(step.state)
    signed = None if wanted is None else _signed(step.state, wanted)
    if wanted is not None and signed is not None:
        _put(step, ordered=True, read_at=step.now.mono + limits.UPDATE_READ_S)
        step.emit(OrderUpdate(wanted, *signed))


def _signed(state: State, wanted: Software) -> tuple[bytes, bytes] | None:
    """The message and the keys it is judged by, as they came in this run; None as long as one has not come."""
    heard, keys_rev = state.software.heard, state.desired.keys_rev
    message, keys = heard.get(str(wanted.scope)), heard.get(_KEYS)
    if message is None or message.rev != wanted.rev:
        return None
    if not keys_rev:
        return message.signed, b""
    return None if keys is None or keys.rev != keys_rev else (message.signed, keys.signed)


def _wanted(state: State) -> Software | None:
    """Of several scopes the most specific one's."""
    return max(state.desired.of(Software), key=lambda each: LEVELS.index(each.scope.level), default=None)


def _piece(software: Software) -> Piece:
    return str(software.scope), software.rev


def _share(state: State, piece: Piece | None, failures: int) -> float:
    """Between 0 and 1, another for each unit, revision and try: not all come at once."""
    text = f"{state.plan.unit} {piece} {failures} {state.session}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32


def _refuse(step: StepBuilder, wanted: Software, reason: str, detail: str = "") -> None:
    _put(step, over=True, fetching=False, fetched=False, due=None)
    step.fact(SoftwareRefused(wanted.version, reason, detail or None))


def _fact(outcome: UpdateOutcome) -> Fact:
    match outcome.result:
        case "installed":
            return SoftwareInstalled(outcome.version, outcome.before)
        case "returned":
            return SoftwareReturned(outcome.version, outcome.before, outcome.reason, outcome.detail or None)
        case _:
            return SoftwareRefused(outcome.version, outcome.reason, outcome.detail or None)


def _of(step: StepBuilder) -> SoftwareState:
    return step.state.software


def _put(step: StepBuilder, **changes: Any) -> None:
    step.state = replace(step.state, software=replace(step.state.software, **changes))
