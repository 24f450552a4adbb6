"""Facts on their way up, and the centre's confirms: live sending, the backlog with several batches in flight, alarms ahead, time samples, the digest.

A fact is sent again until the centre confirms it; it counts there once, by (epoch, seq). Nothing is sent while the centre is offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agent.core import limits, supervise, timekeeping
from agent.core.effects import ConfirmFacts, LoadBatch, SendAlarm, SendBatch
from agent.core.events import BatchLoaded, CentrePresence, HistoryDiffers, Recorded, StoreOpened
from agent.core.state import Flight, State, Sync
from agent.core.time import Trust
from agent.core.turn import Turn
from contract.digest import digest
from contract.messages import Confirm


def store_opened(turn: Turn, event: StoreOpened) -> None:
    _change(
        turn,
        epoch=event.epoch,
        epoch_utc=event.epoch_utc,
        opened_at=turn.now.mono,
        is_new=event.next_seq == 1 or any(each.startswith("journal") for each in event.recovered),
        next_seq=event.next_seq,
        head=event.head,
        confirmed=event.confirmed,
        cursor=event.confirmed + 1,
        flights=(),
        loading=None,
    )


def clock_changed(turn: Turn) -> None:
    if turn.now.clock is Trust.SYNCED:
        _date_epoch(turn, turn.now.utc - (turn.now.mono - turn.state.sync.opened_at))


def history_differs(turn: Turn, event: HistoryDiffers) -> None:
    """A new epoch: what was not confirmed is in it under new numbers."""
    turn.fact("journal.recovered", detail=f"new epoch: {event.detail}")
    turn.changed()
    fields = {"epoch": event.epoch, "next_seq": event.next_seq, "head": event.head}
    _change(turn, **fields, confirmed=0, alarms=())  # the commands seen are known here as before
    _begin(turn)


def recorded(turn: Turn, event: Recorded) -> None:
    """Durable: alarms go ahead at once; the rest too, when nothing is before it."""
    sync = turn.state.sync
    _alarms(turn, event)
    live = sync.centre_online and sync.epoch and sync.cursor == event.first and sync.loading is None
    _change(
        turn,
        next_seq=max(sync.next_seq, event.first + len(event.lines)),
        head=event.head,
        unsaved=max(0, sync.unsaved - len(event.lines)),
    )
    small = len(event.lines) <= limits.BATCH_FACTS and sum(map(len, event.lines)) < limits.BATCH_BYTES
    if live and small and event.lines and len(sync.flights) < limits.FLIGHT_MAX:
        last = event.first + len(event.lines) - 1
        _send(turn, event.first, last, event.prev, event.head, event.lines)


def not_recorded(turn: Turn, token: int, facts: int) -> None:
    _forget(turn, token)
    dropped(turn, facts)


def dropped(turn: Turn, facts: int) -> None:
    """So many facts were handed to the store and will never be on disk."""
    _change(turn, unsaved=max(0, turn.state.sync.unsaved - facts))


def _alarms(turn: Turn, event: Recorded) -> None:
    which = turn.state.sync.alarm_tokens.get(event.token, ())
    if not which:
        return
    _forget(turn, event.token)
    alarms = [(turn.state.sync.epoch, event.first + i, event.lines[i]) for i in which if i < len(event.lines)]
    if turn.state.sync.link_up:
        for epoch, seq, line in alarms:
            turn.emit(SendAlarm(epoch, seq, line))
    else:
        _change(turn, alarms=(*turn.state.sync.alarms, *alarms)[-limits.ALARMS_MAX :])


def _forget(turn: Turn, token: int) -> None:
    tokens = turn.state.sync.alarm_tokens
    if token in tokens:
        _change(turn, alarm_tokens={t: which for t, which in tokens.items() if t != token})


# --- the link


def link_up(turn: Turn) -> None:
    """The centre's presence follows on its retained topic; alarms do not wait for it, the broker keeps them for the centre."""
    for epoch, seq, line in turn.state.sync.alarms:
        turn.emit(SendAlarm(epoch, seq, line))
    _change(turn, link_up=True, centre_online=False, alarms=())
    turn.change(health=replace(turn.state.health, sent_at=None, taken_over=False))


def link_down(turn: Turn, *, taken_over: bool) -> None:
    _change(turn, link_up=False, centre_online=False, flights=(), loading=None)
    turn.change(health=replace(turn.state.health, taken_over=taken_over))
    turn.changed()


def presence(turn: Turn, event: CentrePresence) -> None:
    sync = turn.state.sync
    news = event.since != sync.centre_since or event.online != sync.centre_online
    _change(turn, centre_online=event.online, centre_since=event.since)
    if not news:
        return
    turn.change(health=replace(turn.state.health, sent_at=None))  # status again
    if event.online:
        _begin(turn)
    else:
        _change(turn, flights=(), loading=None)


def _begin(turn: Turn) -> None:
    """From the first unconfirmed fact on; with nothing to send, ask for a confirm (it sets the clock)."""
    now = turn.now.mono
    _change(
        turn,
        cursor=turn.state.sync.confirmed + 1,
        flights=(),
        loading=None,
        load_at=None,
        retry_s=limits.UNCONFIRMED_S,
        ask_at=now,
    )


# --- sending


def batch_loaded(turn: Turn, event: BatchLoaded) -> None:
    sync = turn.state.sync
    if sync.loading is None:
        return
    asked = event.first == sync.loading
    _change(turn, loading=None)
    if not sync.centre_online or sync.loading != sync.cursor:
        return
    if not asked or not event.lines or event.last < event.first:
        _change(turn, load_at=turn.now.mono + limits.LOAD_RETRY_S)
        return
    rate = turn.state.plan.drain_facts_s
    if rate > 0:
        _change(turn, level=_level(sync, rate, turn.now.mono) - len(event.lines), level_at=turn.now.mono)
    _send(turn, event.first, event.last, event.prev, event.head, event.lines)


def _send(turn: Turn, first: int, last: int, prev: str, head: str, lines: tuple[bytes, ...]) -> None:
    sync = turn.state.sync
    number = sync.batches + 1
    batch = f"{turn.state.session}-{number}"
    turn.emit(SendBatch(batch, sync.epoch, first, last, prev, head, lines))
    flights = (*sync.flights, Flight(batch, first, last, turn.now.mono))
    _change(turn, batches=number, cursor=last + 1, flights=flights, ask_at=turn.now.mono + limits.ASK_CONFIRM_S)


def tick(turn: Turn) -> None:
    """Send again what is unconfirmed for too long, fetch more of the backlog, ask for a confirm when there is nothing to send."""
    now = turn.now.mono
    sync = turn.state.sync
    if not sync.centre_online:
        return
    if sync.differs_since is not None and not sync.stale and sync.differs_since + limits.STALE_S <= now:
        judge(turn)
    if sync.flights and sync.flights[0].sent + sync.retry_s <= now:
        retry = min(2 * sync.retry_s, limits.UNCONFIRMED_MAX_S)
        _change(turn, cursor=sync.confirmed + 1, flights=(), retry_s=retry, ask_at=now)
        sync = turn.state.sync
    load_at = _load_at(turn.state)
    if load_at is not None and load_at <= now:
        _change(turn, loading=sync.cursor, load_at=None)
        turn.emit(LoadBatch(sync.cursor))
    ask_at = _ask_at(turn.state)
    if ask_at is not None and ask_at <= now:
        _send(turn, sync.next_seq, sync.next_seq - 1, sync.head, sync.head, ())


def _load_at(state: State) -> float | None:
    """When the next batch of the backlog is to be loaded."""
    sync = state.sync
    waiting = sync.centre_online and sync.epoch and sync.cursor < sync.next_seq and sync.loading is None
    if not waiting or len(sync.flights) >= limits.FLIGHT_MAX:
        return None
    due = state.now.mono if sync.load_at is None else sync.load_at
    rate = state.plan.drain_facts_s
    if rate <= 0:
        return due
    level = _level(sync, rate, state.now.mono)
    return max(due, state.now.mono + (1.0 - level) / rate) if level < 1.0 else due


def _level(sync: Sync, rate: float, now: float) -> float:
    """Facts the token bucket allows now: one second's worth at most."""
    return rate if sync.level_at is None else min(rate, sync.level + (now - sync.level_at) * rate)


def _ask_at(state: State) -> float | None:
    sync = state.sync
    idle = sync.centre_online and sync.cursor >= sync.next_seq and not sync.flights and sync.epoch
    return sync.ask_at if idle else None


# --- confirms


def confirm(turn: Turn, message: Confirm) -> None:
    sync, now = turn.state.sync, turn.now.mono
    if message.unit != turn.state.plan.unit:
        return
    flight = next((f for f in sync.flights if f.batch == message.batch), None)
    if flight is not None:
        if now - flight.sent <= limits.SAMPLE_S:
            _sample(turn, message, flight)
        _change(turn, flights=tuple(f for f in turn.state.sync.flights if f.batch != message.batch))
    _take(turn, message, flight)
    _change(turn, digest=message.digest)
    judge(turn)


def _take(turn: Turn, message: Confirm, flight: Flight | None) -> None:
    """What the centre has. Whether it is our history is the store's to say; an answer to no batch of ours may be a replay."""
    sync, now = turn.state.sync, turn.now.mono
    if message.epoch != sync.epoch:
        if flight is not None:
            turn.emit(ConfirmFacts(message.epoch, message.seq, message.head))
        return
    behind = flight is not None and message.seq + 1 < flight.first
    if message.seq > sync.confirmed or (flight is not None and (behind or message.seq == sync.confirmed)):
        turn.emit(ConfirmFacts(message.epoch, message.seq, message.head))
    still = tuple(f for f in sync.flights if f.last > message.seq or f.last < f.first)
    _change(turn, flights=still)
    if behind and (sync.rewound_at is None or now - sync.rewound_at >= limits.REWIND_S):
        # the centre lacks what came before this batch: it is sent again at once
        _change(turn, confirmed=min(sync.confirmed, message.seq), cursor=message.seq + 1, flights=(), loading=None)
        _change(turn, rewound_at=now)


def facts_confirmed(turn: Turn, seq: int) -> None:
    sync = turn.state.sync
    if seq <= sync.confirmed:
        return
    flights = tuple(f for f in sync.flights if f.last > seq or f.last < f.first)
    cursor = max(sync.cursor, seq + 1)
    _change(turn, confirmed=seq, cursor=cursor, flights=flights, retry_s=limits.UNCONFIRMED_S)
    supervise.drained(turn)


def _sample(turn: Turn, message: Confirm, flight: Flight) -> None:
    """The centre's time lies between sending and answer: the middle is taken, the round trip is its error."""
    now = turn.now
    trip = now.mono - flight.sent
    middle = flight.sent + trip / 2
    off = abs(message.now_utc - (now.utc - trip / 2))
    sampled = turn.state.sync.sampled_at
    old = sampled is None or now.mono - sampled >= limits.SAMPLE_AGAIN_S
    if now.clock is not Trust.SYNCED or old or off > max(1.0, trip):
        _change(turn, sampled_at=now.mono)
        timekeeping.confirmed(turn, message.now_utc, middle, trip)
        _date_epoch(turn, message.now_utc - (middle - turn.state.sync.opened_at))


def _date_epoch(turn: Turn, opened_utc: float) -> None:
    """An epoch that began with no signed time, or by one that a later confirm took back, began when its journal was opened at the latest.

    Where that was in an earlier run, its commands are known and its date says nothing more.
    """
    sync = turn.state.sync
    if not 0.0 < sync.epoch_utc <= opened_utc:
        _change(turn, epoch_utc=opened_utc if sync.is_new else 0.0)


def judge(turn: Turn) -> None:
    """Compare what is here with what should be here; `stale` when that has differed for too long. Asked again while it differs."""
    sync, now = turn.state.sync, turn.now.mono
    if sync.digest is None:
        return
    same = sync.digest in map(digest, supervise.standing_ways(turn.state))
    since = None if same else (now if sync.differs_since is None else sync.differs_since)
    stale = since is not None and since + limits.STALE_S <= now
    if stale != sync.stale:
        turn.changed()
    _change(turn, differs_since=since, stale=stale)
    if not same and sync.ask_at is not None:
        again = limits.ASK_STALE_S if stale else limits.STALE_S
        _change(turn, ask_at=min(sync.ask_at, now + again))


def judge_again(turn: Turn) -> None:
    """Standing state changed: what differed may be right now."""
    if turn.state.sync.differs_since is not None:
        judge(turn)


def deadlines(state: State) -> Iterator[float | None]:
    sync = state.sync
    if not sync.centre_online:
        return
    if sync.flights:
        yield sync.flights[0].sent + sync.retry_s
    yield _load_at(state)
    yield _ask_at(state)
    if sync.differs_since is not None and not sync.stale:
        yield sync.differs_since + limits.STALE_S


def _change(turn: Turn, **fields: Any) -> None:
    turn.change(sync=replace(turn.state.sync, **fields))
