"""A unit on the bench with patrol rounds: taps that are saved, a next run with what the journal kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.time import Trust
from contract.bounds import rfc3339
from contract.messages import Holder, Role
from contract.rounds import Round, RoundStop, minute_of
from tests.agent.core.bench import UTC, YARD, Bench, facts_in, of, the

NOON = UTC - 2 * 3600
"""12:00 local on Tuesday 2026-11-24; the bench begins at 14:00."""
OTHERS = (Holder("wang", role=Role.PATROL), Holder("zhao", role=Role.PATROL))


def stop(span: str, unit: str = "b12-u2", door: str = "main", name: str | None = None) -> RoundStop:
    begins, ends = map(minute_of, span.split("-"))
    return RoundStop(unit, door, begins, ends, name)


def a_round(*stops: RoundStop, **changes: Any) -> Round:
    return replace(Round(YARD, "r1", 1, NOON, "白天巡查", stops=stops, grace_s=600), **changes)


def local(text: str) -> float:
    """UTC seconds of this time on the bench's day."""
    return NOON + (minute_of(text) - 720) * 60


class Patrol(Bench):
    def put(self, its: Round) -> Patrol:
        save = the(fx.SaveState, self.message(its))
        self.do(ev.StateSaved(save.token, "round", str(its.scope), its.id, its.rev))
        return self

    def until(self, text: str, day: int = 0) -> list[fx.Effect]:
        return self.wait(local(text) + day * 86_400 + 0.01 - self.utc)

    def checkin(self, name: str = "wang", reader: str = "card") -> Mapping[str, Any]:
        """Tap, and have it saved; the fact."""
        records = of(fx.AppendFacts, self.tap(name, reader, after=0.0))
        (record,) = [each for each in records if facts_in(each)[0].kind == "patrol.checkin"]
        self.recorded(record)
        return facts_in(record)[0].data

    def told(self, kind: str) -> list[Mapping[str, Any]]:
        return [fact.data for fact in self.facts() if fact.kind == kind]

    def again(self, **left: Any) -> Patrol:
        """The next run, at the same moment, with what the journal kept."""
        records = self.all(fx.AppendFacts)
        marks = [record.rounds for record in records if record.rounds is not None]
        kept = self.state.desired.of(Round)
        run = Patrol(self.state.plan, trust=self.trust, offset_s=self.offset_s)
        run.mono, run.utc = self.mono, self.utc
        run.do(ev.Started("s2", frozenset()))
        values: dict[str, Any] = {
            "visits": tuple(each.visit for each in marks if each.visit is not None),
            "told_stops": tuple(stop for each in marks for stop in each.told),
        }
        run.opened(**(values | left))
        run.do(ev.HoldersReplaced({f"key-{each.id}": (each,) for each in OTHERS}, None, ()))
        run.do(ev.StateLoaded(kept))
        return run


def patrol(*rounds: Round, trust: Trust = Trust.SYNCED) -> Patrol:
    bench = Patrol(trust=trust)
    bench.start(*OTHERS)
    for each in rounds:
        bench.put(each)
    return bench


def window(span: str) -> dict[str, str]:
    begins, ends = span.split("-")
    return {"from": rfc3339(local(begins)), "until": rfc3339(local(ends))}
