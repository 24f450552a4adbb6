"""Facts on their way up, and the centre's confirms: live sending, the backlog within the centre's window, alarms and receipts ahead, time samples, the digest.

A fact is sent again until the centre confirms it; it counts there once, by (epoch, seq). Nothing is sent while the centre is offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits, status, timekeeping
from agent.core.effects import ConfirmFacts, LoadBatch, SendAhead, SendBatch
from agent.core.events.link import CentrePresence
from agent.core.events.store import BatchLoaded, HistoryDiffers, Recorded, StoreOpened
from agent.core.state import State
from agent.core.state.sync import InFlightBatch, Sync
from agent.core.step_builder import StepBuilder
from agent.core.time import Trust
from agent.core.timer import Timer
from agent.core.witness import witness
from contract.digest import digest
from contract.facts import JournalRecovered
from contract.messages import Confirm


def store_opened(step: StepBuilder, event: StoreOpened) -> None:
    step.state = replace(
        step.state,
        sync=replace(
            step.state.sync,
            epoch=event.epoch,
            epoch_utc=event.epoch_utc,
            opened_at=step.now.mono,
            is_new=event.next_seq == 1 or any(each.startswith("journal") for each in event.recovered),
            next_seq=event.next_seq,
            head=event.head,
            confirmed=event.confirmed,
            cursor=event.confirmed + 1,
            flights=(),
            loading=None,
        ),
    )


def clock_changed(step: StepBuilder) -> None:
    if step.now.clock is Trust.SYNCED:
        _date_epoch(step, step.now.utc - (step.now.mono - step.state.sync.opened_at))


def history_differs(step: StepBuilder, event: HistoryDiffers) -> None:
    """A new epoch: what was not confirmed is in it under new numbers."""
    step.fact(JournalRecovered(f"new epoch: {event.detail}"))
    step.changed()
    sync = replace(step.state.sync, epoch=event.epoch, next_seq=event.next_seq, head=event.head, confirmed=0, alarms=())
    step.state = replace(step.state, sync=sync)  # the commands seen are known here as before
    _begin(step)


def recorded(step: StepBuilder, event: Recorded) -> None:
    """Durable: the new facts go at once when nothing is before them; else alarms and receipts of notices go ahead. Alarms always do."""
    sync = step.state.sync
    nothing_before = sync.centre_online and sync.epoch and sync.cursor == event.first and sync.loading is None
    small = len(event.lines) <= limits.BATCH_FACTS and sum(map(len, event.lines)) < limits.BATCH_BYTES
    live = nothing_before and small and event.lines and len(sync.flights) < limits.FLIGHT_MAX
    _ahead(step, event, receipts=sync.centre_online and not live)
    step.state = replace(
        step.state,
        sync=replace(
            step.state.sync,
            next_seq=max(sync.next_seq, event.first + len(event.lines)),
            head=event.head,
            unsaved=max(0, sync.unsaved - len(event.lines)),
        ),
    )
    if live:
        last = event.first + len(event.lines) - 1
        _send(step, event.first, last, event.prev, event.head, event.lines)


def not_recorded(step: StepBuilder, token: int, facts: int) -> None:
    _forget(step, token)
    dropped(step, facts)


def dropped(step: StepBuilder, facts: int) -> None:
    """So many facts were handed to the store and will never be on disk."""
    step.state = replace(step.state, sync=replace(step.state.sync, unsaved=max(0, step.state.sync.unsaved - facts)))


def _ahead(step: StepBuilder, event: Recorded, *, receipts: bool) -> None:
    which = step.state.sync.ahead_tokens.get(event.token, ())
    if not which:
        return
    _forget(step, event.token)
    for i, leaf in which:
        if i >= len(event.lines):
            continue
        copy = SendAhead(leaf, step.state.sync.epoch, event.first + i, event.lines[i])
        if leaf == "receipt":
            if receipts and _may_go_ahead(step):
                step.emit(copy)
        elif step.state.sync.link_up:
            step.emit(copy)
        else:
            alarms = (*step.state.sync.alarms, (copy.epoch, copy.seq, copy.line))[-limits.ALARMS_MAX :]
            step.state = replace(step.state, sync=replace(step.state.sync, alarms=alarms))


def _may_go_ahead(step: StepBuilder) -> bool:
    """Another receipt; counted."""
    now = step.now.mono
    lately = tuple(at for at in step.state.sync.receipts_at if now - at < limits.RECEIPTS_AHEAD_S)
    if len(lately) >= limits.RECEIPTS_AHEAD:
        return False
    step.state = replace(step.state, sync=replace(step.state.sync, receipts_at=(*lately, now)))
    return True


def _forget(step: StepBuilder, token: int) -> None:
    tokens = step.state.sync.ahead_tokens
    if token in tokens:
        step.state = replace(
            step.state,
            sync=replace(step.state.sync, ahead_tokens={t: which for t, which in tokens.items() if t != token}),
        )


# --- the link


def link_up(step: StepBuilder) -> None:
    """The centre's presence follows on its retained topic; alarms do not wait for it, the broker keeps them for the centre."""
    for epoch, seq, line in step.state.sync.alarms:
        step.emit(SendAhead("alarm", epoch, seq, line))
    step.state = replace(step.state, sync=replace(step.state.sync, link_up=True, centre_online=False, alarms=()))
    step.state = replace(step.state, health=replace(step.state.health, sent_at=None, taken_over=False))


def link_down(step: StepBuilder, *, taken_over: bool) -> None:
    step.state = replace(
        step.state, sync=replace(step.state.sync, link_up=False, centre_online=False, flights=(), loading=None)
    )
    step.state = replace(step.state, health=replace(step.state.health, taken_over=taken_over))
    step.changed()


def presence(step: StepBuilder, event: CentrePresence) -> None:
    sync = step.state.sync
    news = event.since != sync.centre_since or event.online != sync.centre_online
    step.state = replace(
        step.state, sync=replace(step.state.sync, centre_online=event.online, centre_since=event.since)
    )
    if not news:
        return
    step.state = replace(step.state, health=replace(step.state.health, sent_at=None))  # status again
    if event.online:
        _begin(step)
    else:
        step.state = replace(step.state, sync=replace(step.state.sync, flights=(), loading=None))


def _begin(step: StepBuilder) -> None:
    """From the first unconfirmed fact on; with nothing to send, ask for a confirm (it sets the clock)."""
    now = step.now.mono
    step.state = replace(
        step.state,
        sync=replace(
            step.state.sync,
            cursor=step.state.sync.confirmed + 1,
            flights=(),
            loading=None,
            load_at=None,
            retry_s=limits.UNCONFIRMED_S,
            window=limits.FIRST_FACTS,
            ask_at=now,
        ),
    )


# --- sending


def batch_loaded(step: StepBuilder, event: BatchLoaded) -> None:
    sync = step.state.sync
    if sync.loading is None:
        return
    asked = event.first == sync.loading
    step.state = replace(step.state, sync=replace(step.state.sync, loading=None))
    if not sync.centre_online or sync.loading != sync.cursor:
        return
    if not asked or not event.lines or event.last < event.first:
        step.state = replace(step.state, sync=replace(step.state.sync, load_at=step.now.mono + limits.LOAD_RETRY_S))
        return
    rate = step.state.plan.drain_facts_s
    if rate > 0:
        step.state = replace(
            step.state,
            sync=replace(
                step.state.sync, level=_level(sync, rate, step.now.mono) - len(event.lines), level_at=step.now.mono
            ),
        )
    _send(step, event.first, event.last, event.prev, event.head, event.lines)


def _send(step: StepBuilder, first: int, last: int, prev: str, head: str, lines: tuple[bytes, ...]) -> None:
    sync = step.state.sync
    number = sync.batches + 1
    batch = f"{step.state.session}-{number}"
    step.emit(SendBatch(batch, sync.epoch, first, last, prev, head, lines))
    flights = (*sync.flights, InFlightBatch(batch, first, last, step.now.mono))
    step.state = replace(
        step.state,
        sync=replace(
            step.state.sync,
            batches=number,
            cursor=last + 1,
            flights=flights,
            ask_at=step.now.mono + limits.ASK_CONFIRM_S,
        ),
    )


def timers(state: State) -> Iterator[Timer]:
    """Send again what is unconfirmed for too long, fetch more of the backlog, ask for a confirm when there is nothing to send."""
    sync = state.sync
    if not sync.centre_online:
        return
    if sync.differs_since is not None and not sync.stale:
        yield sync.differs_since + limits.STALE_S, judge
    if sync.flights:
        yield sync.flights[0].sent + sync.retry_s, _send_again
    load_at = _load_at(state)
    if load_at is not None:
        yield load_at, _load
    idle = sync.cursor >= sync.next_seq and not sync.flights and sync.epoch
    if idle and sync.ask_at is not None:
        yield sync.ask_at, _ask


def _send_again(step: StepBuilder) -> None:
    sync = step.state.sync
    retry = min(2 * sync.retry_s, limits.UNCONFIRMED_MAX_S)
    again = replace(sync, cursor=sync.confirmed + 1, flights=(), retry_s=retry, ask_at=step.now.mono)
    step.state = replace(step.state, sync=again)


def _load(step: StepBuilder) -> None:
    sync = step.state.sync
    step.state = replace(step.state, sync=replace(sync, loading=sync.cursor, load_at=None))
    step.emit(LoadBatch(sync.cursor, min(limits.BATCH_FACTS, _room(sync))))


def _ask(step: StepBuilder) -> None:
    sync = step.state.sync
    _send(step, sync.next_seq, sync.next_seq - 1, sync.head, sync.head, ())


def _load_at(state: State) -> float | None:
    """When the next batch of the backlog is to be loaded."""
    sync = state.sync
    waiting = sync.epoch and sync.cursor < sync.next_seq and sync.loading is None
    if not waiting or len(sync.flights) >= limits.FLIGHT_MAX:
        return None
    if sync.flights and _room(sync) < limits.BATCH_FACTS:
        return None  # a full batch, or one at a time
    due = state.now.mono if sync.load_at is None else sync.load_at
    rate = state.plan.drain_facts_s
    if rate <= 0:
        return due
    level = _level(sync, rate, state.now.mono)
    return max(due, state.now.mono + (1.0 - level) / rate) if level < 1.0 else due


def _room(sync: Sync) -> int:
    """Facts that the centre's window leaves; at least one, so that nothing stands still."""
    if sync.window is None:
        return limits.BATCH_FACTS
    return max(1, sync.window - sum(f.last + 1 - f.first for f in sync.flights))


def _level(sync: Sync, rate: float, now: float) -> float:
    """Facts the token bucket allows now: one second's worth at most."""
    return rate if sync.level_at is None else min(rate, sync.level + (now - sync.level_at) * rate)


# --- confirms


def confirm(step: StepBuilder, message: Confirm) -> None:
    sync, now = step.state.sync, step.now.mono
    if message.unit != step.state.plan.unit:
        return
    flight = next((f for f in sync.flights if f.batch == message.batch), None)
    if flight is not None:
        if now - flight.sent <= limits.SAMPLE_S:
            _sample(step, message, flight)
        step.state = replace(
            step.state,
            sync=replace(
                step.state.sync, flights=tuple(f for f in step.state.sync.flights if f.batch != message.batch)
            ),
        )
        witness(step, message.checkpoint)
    _take(step, message, flight)
    if (
        flight is not None or message.now_utc >= sync.digest_utc
    ):  # else a replay would say of an old state that it is right
        news = replace(step.state.sync, digest=message.digest, digest_utc=message.now_utc, window=message.window)
        step.state = replace(step.state, sync=news)
        judge(step)


def _take(step: StepBuilder, message: Confirm, flight: InFlightBatch | None) -> None:
    """What the centre has. Whether it is our history is the store's to say; an answer to no batch of ours may be a replay."""
    sync, now = step.state.sync, step.now.mono
    if message.epoch != sync.epoch:
        if flight is not None:
            step.emit(ConfirmFacts(message.epoch, message.seq, message.head))
        return
    behind = flight is not None and message.seq + 1 < flight.first
    if message.seq > sync.confirmed or (flight is not None and (behind or message.seq == sync.confirmed)):
        step.emit(ConfirmFacts(message.epoch, message.seq, message.head))
    still = tuple(f for f in sync.flights if f.last > message.seq or f.last < f.first)
    step.state = replace(step.state, sync=replace(step.state.sync, flights=still))
    if behind and (sync.rewound_at is None or now - sync.rewound_at >= limits.REWIND_S):
        # the centre lacks what came before this batch: it is sent again at once
        step.state = replace(
            step.state,
            sync=replace(
                step.state.sync,
                confirmed=min(sync.confirmed, message.seq),
                cursor=message.seq + 1,
                flights=(),
                loading=None,
            ),
        )
        step.state = replace(step.state, sync=replace(step.state.sync, rewound_at=now))


def facts_confirmed(step: StepBuilder, seq: int) -> None:
    sync = step.state.sync
    if seq <= sync.confirmed:
        return
    flights = tuple(f for f in sync.flights if f.last > seq or f.last < f.first)
    cursor = max(sync.cursor, seq + 1)
    step.state = replace(
        step.state,
        sync=replace(step.state.sync, confirmed=seq, cursor=cursor, flights=flights, retry_s=limits.UNCONFIRMED_S),
    )
    status.drained(step)


def _sample(step: StepBuilder, message: Confirm, flight: InFlightBatch) -> None:
    """The centre's time lies between sending and answer: the middle is taken, the round trip is its error."""
    now = step.now
    trip = now.mono - flight.sent
    middle = flight.sent + trip / 2
    off = abs(message.now_utc - (now.utc - trip / 2))
    sampled = step.state.sync.sampled_at
    old = sampled is None or now.mono - sampled >= limits.SAMPLE_AGAIN_S
    if now.clock is not Trust.SYNCED or old or off > max(1.0, trip):
        step.state = replace(step.state, sync=replace(step.state.sync, sampled_at=now.mono))
        timekeeping.confirmed(step, message.now_utc, middle)
        _date_epoch(step, message.now_utc - (middle - step.state.sync.opened_at))


def _date_epoch(step: StepBuilder, opened_utc: float) -> None:
    """An epoch that began with no signed time, or by one that a later confirm took back, began when its journal was opened at the latest.

    Where that was in an earlier run, its commands are known and its date says nothing more.
    """
    sync = step.state.sync
    if not 0.0 < sync.epoch_utc <= opened_utc:
        step.state = replace(step.state, sync=replace(step.state.sync, epoch_utc=opened_utc if sync.is_new else 0.0))


def judge(step: StepBuilder) -> None:
    """Compare what is here with what should be here; `stale` when that has differed for too long. Asked again while it differs."""
    sync, now = step.state.sync, step.now.mono
    if sync.digest is None:
        return
    same = sync.digest in map(digest, status.acceptable_entries(step.state))
    since = None if same else (now if sync.differs_since is None else sync.differs_since)
    stale = since is not None and since + limits.STALE_S <= now
    if stale != sync.stale:
        step.changed()
    step.state = replace(step.state, sync=replace(step.state.sync, differs_since=since, stale=stale))
    if not same and sync.ask_at is not None:
        again = limits.ASK_STALE_S if stale else limits.STALE_S
        step.state = replace(step.state, sync=replace(step.state.sync, ask_at=min(sync.ask_at, now + again)))


def judge_again(step: StepBuilder) -> None:
    """Standing state changed: what differed may be right now."""
    if step.state.sync.differs_since is not None:
        judge(step)
