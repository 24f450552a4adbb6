"""A store on a disk that can be slow, full or cut off: what was answered is there after a crash, what was not may be gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.events.store import PendingCommand
from agent.core.marks import CheckedIn, PatrolVisit, RoundMarks, ToldStop
from agent.core.time import KnownTime
from contract.facts import data_of, kind_of
from contract.messages import Notice, Settings
from contract.rounds import Round

COMMIT_S = 0.003


def chained(head: str, line: bytes) -> str:
    return hashlib.sha256(bytes.fromhex(head) + line).hexdigest()


@dataclass
class Disk:
    """What survives a crash."""

    epoch: str = "e1"
    lines: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=lambda: ["00"])
    confirmed: int = 0
    boot: int = 0
    latched: frozenset[str] = frozenset()
    lockdown: tuple[fx.KeptMode, ...] = ()
    token: bool = True
    """The one-time token of the enrolment is there."""
    seen: dict[str, float] = field(default_factory=dict)
    pending: dict[str, PendingCommand] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    settings: Settings | None = None
    notices: dict[tuple[str, str], Notice] = field(default_factory=dict)
    revs: dict[str, int] = field(default_factory=dict)
    modes: dict[str, fx.KeptMode] = field(default_factory=dict)
    known: KnownTime | None = None
    epoch_utc: float = 0.0
    unreported_checkins: set[CheckedIn] = field(default_factory=set)
    tries: dict[str, fx.KeptTries] = field(default_factory=dict)
    visitors: list[fx.UsedVisitor] = field(default_factory=list)
    rounds: dict[tuple[str, str], Round] = field(default_factory=dict)
    visits: list[PatrolVisit] = field(default_factory=list)
    told_stops: list[ToldStop] = field(default_factory=list)

    def mark(self, marks: RoundMarks | None) -> None:
        if marks is not None and marks.visit is not None:
            self.visits.append(marks.visit)
        if marks is not None and marks.not_visit in self.visits:
            self.visits.remove(marks.not_visit)
        self.told_stops += () if marks is None else marks.told


class Store:
    """One run of the store on a disk: orders in turn, each answered when it is done."""

    def __init__(self, disk: Disk, post: Callable[[float, ev.Event], None]) -> None:
        self.disk = disk
        self._post = post
        self._queue: list[fx.Effect] = []
        self._busy_until = 0.0
        self.failing = False
        self.slow_s = 0.0
        self.alive = True
        self.is_open = False

    def opened(self) -> ev.StoreOpened:
        d = self.disk
        self.is_open = True
        d.boot += 1
        return ev.StoreOpened(
            d.boot,
            d.epoch,
            d.epoch_utc,
            len(d.lines) + 1,
            d.heads[-1],
            d.confirmed,
            tuple(d.pending.values()),
            dict(d.seen),
            dict(d.revs),
            known=d.known,
            modes=tuple(d.modes.values()),
            unreported_checkins=tuple(sorted(d.unreported_checkins, key=lambda checkin: checkin.utc)),
            tries=tuple(d.tries.values()),
            visitors=tuple(d.visitors),
            visits=tuple(d.visits),
            told_stops=tuple(d.told_stops),
        )

    def idle(self) -> bool:
        return not self._queue

    def order(self, effect: fx.Effect, now: float) -> None:
        if isinstance(effect, fx.SaveLatch):
            self.disk.latched = effect.doors  # its own lane, its own file
            return
        if isinstance(effect, fx.SaveLockdown):
            self.disk.lockdown = effect.doors  # likewise
            return
        self._queue.append(effect)
        self.work(now)

    def work(self, now: float) -> None:
        """Do what can be done by `now`; called again as time passes."""
        while self._queue and self.alive and self.is_open:
            effect = self._queue[0]
            if self.failing:
                late = [e for e in self._queue if isinstance(e, fx.AppendFacts) and (e.durable_by_mono or now) < now]
                for record in late:
                    self._queue.remove(record)
                    self._post(0.0, ev.RecordRefused(record.token, "full"))
                return
            start = max(now, self._busy_until)
            if start > now:
                return
            if (
                isinstance(effect, fx.AppendFacts)
                and effect.durable_by_mono is not None
                and effect.durable_by_mono < now + self.slow_s
            ):
                self._queue.pop(0)
                self._post(0.0, ev.RecordRefused(effect.token, "late"))
                continue
            self._busy_until = now + COMMIT_S + self.slow_s
            self._queue.pop(0)
            self._do(effect, COMMIT_S + self.slow_s)

    def _append(self, effect: fx.AppendFacts, delay: float) -> None:
        d = self.disk
        prev, first = d.heads[-1], len(d.lines) + 1
        for fact in effect.facts:
            line = json.dumps([len(d.lines) + 1, kind_of(fact.fact), data_of(fact.fact)], sort_keys=True).encode()
            d.lines.append(line)
            d.heads.append(chained(d.heads[-1], line))
        if effect.seen is not None:
            s = effect.seen
            d.seen[s.id] = s.exp
            if s.pending:
                d.accepted.add(s.id)
                d.pending[s.id] = PendingCommand(s.id, s.action, s.door, s.actor)
        for name in effect.finish:
            d.pending.pop(name, None)
        for mode in effect.modes:
            d.modes.pop(mode.door, None)
            if mode.mode != "normal":
                d.modes[mode.door] = mode
        d.known = effect.known or d.known
        if effect.checkin is not None:
            d.unreported_checkins.add(effect.checkin)
        d.unreported_checkins.difference_update(effect.reported_checkins)
        if effect.tries is not None:
            d.tries[effect.tries.reader] = effect.tries
        if effect.visitor is not None:
            d.visitors.append(effect.visitor)
        d.mark(effect.rounds)
        self._post(delay, ev.Recorded(effect.token, first, tuple(d.lines[first - 1 :]), prev, d.heads[-1]))

    def _do(self, effect: fx.Effect, delay: float) -> None:
        d = self.disk
        match effect:
            case fx.AppendFacts():
                self._append(effect, delay)
            case fx.LoadBatch(first, most):
                lines = tuple(d.lines[first - 1 : first - 1 + min(most, 20)])
                last = first + len(lines) - 1
                head = d.heads[last] if lines else d.heads[-1]
                self._post(delay, ev.BatchLoaded(first, last, d.heads[first - 1] if lines else head, head, lines))
            case fx.ConfirmFacts(epoch, seq, head):
                if epoch == d.epoch and seq < len(d.heads) and d.heads[seq] == head:
                    d.confirmed = max(d.confirmed, seq)
                    self._post(delay, ev.FactsConfirmed(d.confirmed))
            case fx.SaveState(token, Notice() as notice):
                key = (str(notice.scope), notice.id)
                name = f"notice {key[0]} {key[1]}"
                d.revs[name] = max(notice.rev, d.revs.get(name, 0))
                if key not in d.notices or d.notices[key].rev <= notice.rev:
                    d.notices[key] = notice
                self._post(delay, ev.StateSaved(token, "notice", key[0], notice.id, notice.rev))
            case fx.SaveState(token, Round() as its):
                if its.rev >= d.rounds.get((str(its.scope), its.id), its).rev:
                    d.rounds[str(its.scope), its.id] = its
                self._post(delay, ev.StateSaved(token, "round", str(its.scope), its.id, its.rev))
            case fx.SaveState(token, Settings() as settings):
                d.settings = settings
                self._post(delay, ev.StateSaved(token, "settings", str(settings.scope), "", settings.rev))
            case fx.DropNotices(ids, kind):
                kept: dict[tuple[str, str], Any] = d.rounds if kind == "round" else d.notices
                for key in ids:
                    kept.pop(key, None)
            case _:
                pass
