"""docs/door-rules.md against the core: each cell of its table is tried."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.access import closed_by_hours, valid_in_time
from agent.core.state.door import RULES, Phase
from agent.core.time import Now, Trust
from agent.core.validity import Ground, Judgement, Limit, judge
from contract.commands import Mode, SetMode
from contract.hours import DoorTimes, Hours, Span
from contract.messages import Holder, Role, Settings
from tests.agent.core.bench import PEOPLE, UNIT, UTC, Bench, command, door_plan, facts_of, of, pin, the, unit_plan

KEYED = (
    Holder("may", key="key-may", pin=pin("4711"), room="302"),
    Holder("boss", key="key-boss", pin=pin("4711", "303"), room="303", role=Role.EMERGENCY),
)
LIMITS = "What a limit by time asks of the clock"
PAGE = Path(__file__).parents[3] / "docs" / "door-rules.md"


def cells(heading: str = "What each asks of the lock") -> list[tuple[str, str, str]]:
    """(row, column, cell) of the table under a heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head, body = rows[0], rows[2:]
    return [(row[0], phase, cell) for row in body for phase, cell in zip(head[1:], row[1:], strict=True)]


NEVER = Hours(tuple(() for _ in range(7)))
ALWAYS = Hours(tuple((Span(0, 1440),) for _ in range(7)))
CREW = (*PEOPLE, Holder("clerk", role=Role.STAFF))


def at(phase: str, *, egress: bool, by: str = "command") -> Bench:
    bench = Bench(unit_plan(door_plan(egress=egress)))
    if phase == "starting":
        bench.do(ev.Started("s1", frozenset()))
        bench.do(ev.DeviceBack("relay", ""))
        bench.do(ev.ContactChanged("main", open=False))
        bench.opened()
        bench.settle()
        bench.online()
        return bench
    bench.start(*CREW, *KEYED).online()
    if phase == "fire":
        bench.do(ev.FireChanged("main", active=True))
    elif phase == "off hours":
        timed(bench, DoorTimes(hours="never"))
    elif phase == "held open" and by == "schedule":
        timed(bench, DoorTimes(hours="never", hold_open="soon"))
        bench.wait(300.0)
    elif phase != "normal":
        order = SetMode(Mode(phase.replace("held open", "hold_open")), bench.utc + 900.0)
        bench.recorded(the(fx.AppendFacts, bench.message(command(bench, order, name="m"))))
    bench.settle()
    return bench


def timed(bench: Bench, times: DoorTimes) -> None:
    """Settings as from the centre: profiles `never`, and `soon`, which begins in five minutes."""
    soon = Hours(tuple((Span(14 * 60 + 5, 15 * 60),) for _ in range(7)))
    bench.message(Settings(UNIT, 1, bench.utc, hours={"never": NEVER, "soon": soon}, doors={"main": times}))


def happen(bench: Bench, what: str) -> tuple[fx.Effect, ...]:
    match what:
        case "fire input":
            return bench.do(ev.FireChanged("main", active=True))
        case "exit button" | "exit button, `egress: false`":
            return bench.do(ev.ExitChanged("main", pressed=True))
        case "resident's card":
            return bench.tap("anna")
        case "emergency card":
            return bench.tap("chief")
        case "staff's card":
            return bench.tap("clerk")
        case "patrol's card":
            return bench.tap("wang")
        case "resident's PIN":
            return tuple(bench.type("302*4711#"))
        case "emergency holder's PIN":
            return tuple(bench.type("303*4711#"))
        case "visitor's code":
            found = bench.do(ev.VisitorEntered("card", 0, bench.state.access.visitor_day))
            waiting = [each for each in of(fx.AppendFacts, found) if each.visitor is not None]
            return bench.recorded(waiting[0]) if waiting else found
        case "signed `open`":
            found = bench.message(command(bench))
            accepted = [r for r in of(fx.AppendFacts, found) if r.seen is not None]
            return bench.recorded(accepted[0]) if accepted else found
        case "door closes":
            bench.do(ev.ExitChanged("main", pressed=True))
            bench.settle()
            bench.do(ev.ContactChanged("main", open=True), after=1.0)
            return bench.do(ev.ContactChanged("main", open=False), after=1.0)
        case _:
            raise AssertionError(f"the page has a row this test does not know: {what}")


@pytest.mark.parametrize(
    ("what", "phase", "cell", "by"),
    [(*cell, by) for cell in cells() for by in ("command", "schedule") if by == "command" or cell[1] == "held open"],
)
def test_each_cell_of_the_page(what: str, phase: str, cell: str, by: str) -> None:
    bench = at(phase, egress="false" not in what, by=by)
    assert bench.door().phase is {"off hours": Phase.NORMAL, "held open": Phase.HELD}.get(phase) or Phase(phase)
    if what == "lock at rest":
        words = {"released": True, "locked": False, "safe state": False}
        if cell == "leased":
            assert bench.all(fx.PulseLock)[-1].seconds == bench.door().plan.lease_s
        else:
            assert bench.all(fx.SetLock)[-1].unlocked is words[cell]
        return
    found = happen(bench, what)
    pulses, levels = of(fx.PulseLock, found), of(fx.SetLock, found)
    granted = "access.granted" in facts_of(found)
    match cell:
        case "released":
            assert the(fx.SetLock, found).unlocked
        case "leased anew":
            assert the(fx.PulseLock, found).seconds == bench.door().plan.lease_s
            assert granted
        case "pulse":
            assert len(pulses) == 1
            assert granted
        case "open already":
            assert pulses == levels == []
            assert granted or what == "signed `open`"
        case "refused":
            assert pulses == levels == []
            assert not granted
        case "locked":
            assert not the(fx.SetLock, found).unlocked
        case "stays":
            assert levels == []
        case _:
            raise AssertionError(f"a word this test does not know: {cell}")


@pytest.mark.claim("D4")
@pytest.mark.parametrize("what", ["exit button", "signed `open`"])
def test_a_safe_state_that_is_unlocked_is_not_ended_by_a_pulse(what: str) -> None:
    bench = Bench(unit_plan(door_plan(safe_state="unlocked")))
    bench.do(ev.Started("s1", frozenset()))
    bench.do(ev.DeviceBack("relay", ""))
    bench.opened()
    bench.settle()
    bench.online()
    found = happen(bench, what)
    assert of(fx.PulseLock, found) == of(fx.SetLock, found) == []
    assert {reply.state for reply in of(fx.SendReply, found)} in (set(), {"accepted", "done"})


def test_the_page_has_the_cells_it_should() -> None:
    assert len(cells()) == 13 * 6
    assert len(cells(LIMITS)) == len(Ground) * len(Limit)


def test_the_page_lists_the_rules_as_the_code_has_them() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Which rule is in force\n")[1].split("\n## ")[0]
    assert re.findall(r"^\d\. \*\*([^*]+)\*\*", section, re.MULTILINE) == [rule.value for rule, _, _ in RULES]


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("span", [None, 5000.0])
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("latched", [True, False])
def test_of_all_that_apply_the_first_rule_of_the_page_is_in_force(
    latched: bool, mode: Mode, span: float | None, loaded: bool
) -> None:
    bench = Bench()
    door = replace(bench.door(), latched=latched, mode=mode, span_until=span, ready=loaded)
    applies = {
        "Fire": latched,
        "Lockdown": mode is Mode.LOCKDOWN,
        "Held open by command": mode is Mode.HOLD_OPEN,
        "Held open by schedule": span is not None,
        "Starting": not loaded,
        "Normal": True,
    }
    assert door.rule.value == next(name for name, holds in applies.items() if holds)
    phases = {"Held open by command": "held", "Held open by schedule": "held"}
    assert door.phase.value == phases.get(door.rule.value, door.rule.value.lower())


def now_at(where: Ground) -> Now:
    clock = Trust.FLOOR if where is Ground.RUN_ON else Trust(where)
    floor = None if where is Ground.UNKNOWN else UTC
    return Now(1000.0, UTC, 28_800, clock, floor, where is Ground.RUN_ON)


@pytest.mark.claim("D9")
@pytest.mark.parametrize(("where", "limit", "cell"), cells(LIMITS))
def test_each_cell_of_the_table_of_limits_by_time(where: str, limit: str, cell: str) -> None:
    now = now_at(Ground(where))
    assert judge(Limit(limit), now) is Judgement(cell)
    if limit == Limit.VISITOR:
        return  # tests/agent/core/test_visitors.py
    if limit == Limit.DOOR_HOURS:
        assert closed_by_hours(NEVER, now) is (cell == "by the time")
        assert not closed_by_hours(ALWAYS, now)
        return
    kind = "hours" if limit == Limit.HOURS else "dates"
    # where the time is not signed, what decides nothing is the system's clock: years too early, right, years too late
    systems = [now] if now.trusted or now.runs_on else [replace(now, utc=utc) for utc in (UTC - 1e9, UTC, UTC + 3e9)]
    for each in systems:
        for come in (True, False):
            entry = limited(Limit(limit), come=come)
            reasons = [
                None if r is None else r[0] for r in (valid_in_time(entry, each, a) for a in (NONE, frozenset({kind})))
            ]
            assert reasons == expected(limit, cell, come=come)


NONE: frozenset[str] = frozenset()


def limited(limit: Limit, *, come: bool) -> Holder:
    """An entry with this limit; `come`: the moment has come, or the hour is one of its hours."""
    moment = UTC - 1.0 if come else UTC + 1.0
    match limit:
        case Limit.FROM:
            return Holder("a", from_utc=moment)
        case Limit.UNTIL:
            return Holder("a", until_utc=moment)
        case _:
            return Holder("a", hours=Hours(tuple((Span(0, 1440),) if come else () for _ in range(7))))


def expected(limit: str, cell: str, *, come: bool) -> list[str | None]:
    """The reason, without and with what `clock.unknown_allows` may name."""
    no = {Limit.FROM: None if come else "not_yet", Limit.UNTIL: "expired" if come else None}
    no[Limit.HOURS] = None if come else "hours"
    match cell:
        case "by the time":
            return [no[Limit(limit)]] * 2
        case "met once surely past":
            return [None, None] if come else ["clock", None]
        case "over once surely past":
            return ["expired"] * 2 if come else [None, None]
        case "refused, unless allowed":
            return ["clock", None]
        case _:
            raise AssertionError(f"a word this test does not know: {cell}")
