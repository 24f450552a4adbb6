"""The agent's own clock with the core, while the system's clock leaps about, over summer time and without a clock at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.core import effects as fx
from agent.core.controller import deadline
from agent.core.state.door import Phase
from contract.hours import DoorTimes, Hours, Span
from contract.messages import Holder, Role, Settings
from tests.agent.core.bench import UNIT, unit_plan
from tests.agent.starts import Machine, Run

ZONE = ZoneInfo("Europe/Berlin")
DAY, YEAR = 86_400.0, 365 * 86_400.0
DAY_TIME = Hours(tuple((Span(6 * 60, 22 * 60),) for _ in range(7)))
MORNING = Hours(tuple((Span(60, 5 * 60),) for _ in range(7)))
"""Over the hour that summer time takes and gives."""
PEOPLE = (
    Holder("plain"),
    Holder("nurse", hours=MORNING, role=Role.STAFF),
    Holder("over", until_utc=1.0),
    Holder("guard", role=Role.STAFF),
)
LEAPS = (0.0, 1.0, 2.0**31 - 1, 2.0**31 + 5, 2.0**32, 4.1e9)


def at_local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def hour_of(utc: float) -> float:
    local = datetime.fromtimestamp(utc, ZONE)
    return local.hour + local.minute / 60 + local.second / 3600


def settings() -> Settings:
    return Settings(
        UNIT, 1, 1.0, hours={"day": DAY_TIME, "morning": MORNING}, doors={"main": DoorTimes("day", "morning")}
    )


def machine(eve: str) -> Machine:
    made = Machine(people=PEOPLE, plan=unit_plan(displays=(), timezone="Europe/Berlin"))
    made.true_utc = made.system_utc = at_local(eve)
    return made


def near_an_edge(utc: float) -> bool:
    return any(abs(hour_of(utc) - edge) < 0.01 for edge in (0, 1, 5, 6, 22, 24))


@pytest.mark.slow
@pytest.mark.claim("F32")
@pytest.mark.parametrize("eve", ["2026-03-27T12:00", "2026-10-23T12:00", "2038-01-18T12:00"])
def test_two_hundred_leaps_of_the_systems_clock_while_the_door_works(
    eve: str, record_property: Callable[[str, object], None]
) -> None:
    rng = random.Random(eve)
    unit = machine(eve)
    wrong: list[str] = []
    asked = 0
    with unit.started() as run:
        run.connect()
        run.hear(settings())
        for _ in range(200):
            leap = rng.choice(
                (*LEAPS, unit.true_utc + rng.uniform(-10 * YEAR, 10 * YEAR), unit.true_utc + rng.uniform(-7200, 7200))
            )
            run.pass_s(rng.uniform(30.0, 3600.0), system_utc=leap)
            due = deadline(run.state)
            assert due is None or due > unit.mono, "a timer is left behind"
            if near_an_edge(unit.true_utc + 4.0):
                continue
            hour = hour_of(unit.true_utc + 1.0)
            held = run.state.doors[0].phase is Phase.HELD
            if held != 1 <= hour < 5:
                wrong.append(f"held {held} at {hour}")
            right = {"plain": 6 <= hour < 22 or held, "nurse": 1 <= hour < 5, "over": False, "guard": True}
            for name, yes in right.items():
                asked += 1
                if run.opens(name) is not yes:
                    wrong.append(f"{name} at {hour}")
        _order_kept(run)
    record_property("figure", f"200 leaps, {asked} cards, {len(wrong)} answered wrongly")
    assert wrong == []


def _order_kept(run: Run) -> None:
    facts = [dated for record in run.effects if isinstance(record, fx.AppendFacts) for dated in record.facts]
    assert [dated.mono for dated in facts] == sorted(dated.mono for dated in facts)
    synced = [dated.utc - dated.mono for dated in facts if dated.clock == "synced"]
    assert max(synced) - min(synced) < 2.0, "dated by the system's clock"


@pytest.mark.claim("D9")
@pytest.mark.parametrize("system", LEAPS)
def test_a_week_without_a_clock_opens_to_residents_and_is_dated_by_its_monotonic_clock_afterwards(
    system: float,
) -> None:
    from centre.timing import Dated, true_times  # what the centre makes of it

    unit = machine("2026-03-26T12:00")
    unit.off(0.0, system_utc=system)
    true: list[tuple[float, float]] = []
    with unit.started() as run:
        run.hear(settings())
        for _ in range(7 * 24):
            run.pass_s(3600.0)
            true.append((unit.mono + 1.0, unit.true_utc + 1.0))
            assert run.opens("plain")
            assert run.opens("guard")
            assert not run.opens("nurse"), "whose hours nobody can judge"
            assert run.state.doors[0].phase is Phase.NORMAL
        run.connect()
        facts = [dated for record in run.effects if isinstance(record, fx.AppendFacts) for dated in record.facts]
    lines = [Dated(n, each.utc, each.clock, 1, each.mono) for n, each in enumerate(facts, 1)]
    first = next(n for n, each in enumerate(lines) if each.trusted)
    by_mono = {
        round(each.mono, 3): time.utc
        for each, time in zip(lines, true_times(None, lines[:first], lines[first]), strict=False)
    }
    assert all(abs(by_mono[round(mono, 3)] - utc) < 2.0 for mono, utc in true)
