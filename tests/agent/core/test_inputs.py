"""Gas, smoke, water: told to the centre at once, and so is that nobody would hear of it."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.plan import InputPlan
from contract.facts import ALARMS
from tests.agent.core.bench import Bench, Told, facts_in, of, unit_plan

INPUTS = (
    InputPlan("gas", alarm=True, device="detector"),
    InputPlan("detector-fault", alarm=False, urgent=True, device="detector"),
    InputPlan("light", alarm=False, device="detector"),
    InputPlan("help", alarm=True, device="detector"),
)


def unit() -> Bench:
    bench = Bench(unit_plan(inputs=INPUTS)).start()
    bench.do(ev.DeviceBack("detector", "here"))
    for each in INPUTS:
        bench.do(ev.UnitInputChanged(each.name, active=False))
    bench.wait(120.0)
    bench.forget()
    return bench


def told(bench: Bench) -> list[Told]:
    found = [fact for record in bench.all(fx.AppendFacts) for fact in facts_in(record)]
    bench.forget()
    return [fact for fact in found if fact.kind.startswith("input.") and fact.kind != "input.changed"]


def test_gas_is_an_alarm_in_the_same_step_and_shows_a_page() -> None:
    assert {"input.alarm", "input.blind"} <= ALARMS
    bench = unit()
    found = bench.do(ev.UnitInputChanged("gas", active=True))
    (record,) = of(fx.AppendFacts, found)
    assert [fact.kind for fact in facts_in(record)] == ["input.changed", "input.alarm"]
    assert facts_in(record)[1].data == {"input": "gas"}
    assert bench.page().kind == "emergency"
    assert of(fx.PulseLock, found) == of(fx.SetLock, found) == [], "no door opens by itself: a strike is a spark"


def test_a_detectors_fault_is_an_alarm_and_no_page() -> None:
    bench = unit()
    bench.do(ev.UnitInputChanged("detector-fault", active=True))
    assert [fact.data for fact in told(bench)] == [{"input": "detector-fault"}]
    assert bench.page().kind == "idle"


def test_what_is_no_alarm_is_none_and_help_is_its_own() -> None:
    bench = unit()
    bench.do(ev.UnitInputChanged("light", active=True))
    bench.do(ev.UnitInputChanged("help", active=True))
    assert told(bench) == []


def test_a_detector_at_its_threshold_is_told_once_a_minute_with_what_was_left_out() -> None:
    bench = unit()
    for _ in range(20):
        bench.do(ev.UnitInputChanged("gas", active=True), after=0.5)
        bench.do(ev.UnitInputChanged("gas", active=False), after=0.5)
    assert [fact.data for fact in told(bench)] == [{"input": "gas"}]
    bench.wait(120.0)
    assert told(bench) == [], "it is over"
    bench.do(ev.UnitInputChanged("gas", active=True))
    assert [fact.data for fact in told(bench)] == [{"input": "gas", "untold": 19}]


def test_gas_again_within_the_minute_is_told_when_it_lasts() -> None:
    bench = unit()
    bench.do(ev.UnitInputChanged("gas", active=True))
    bench.do(ev.UnitInputChanged("gas", active=False), after=5.0)
    bench.do(ev.UnitInputChanged("gas", active=True), after=5.0)
    assert len(told(bench)) == 1
    bench.wait(49.0)
    assert told(bench) == []
    bench.wait(2.0)
    assert [fact.data for fact in told(bench)] == [{"input": "gas"}]


@pytest.mark.claim("D5")
def test_a_detector_that_fell_silent_is_an_alarm_after_a_minute() -> None:
    bench = unit()
    since = bench.utc
    bench.do(ev.DeviceGone("detector", "silent", "no answer"))
    bench.wait(59.0)
    assert told(bench) == []
    bench.wait(2.0)
    blind = told(bench)
    assert [(fact.kind, fact.data["input"]) for fact in blind] == [
        ("input.blind", "gas"),
        ("input.blind", "detector-fault"),
    ]
    assert all(fact.data["device"] == "detector" for fact in blind)
    assert since is not None
    bench.wait(600.0)
    assert told(bench) == [], "told once"
    bench.do(ev.DeviceBack("detector", "here"))
    bench.do(ev.DeviceGone("detector", "silent", "no answer"), after=5.0)
    bench.wait(61.0)
    assert len(told(bench)) == 2, "and anew"


def test_a_plug_that_is_put_back_is_no_alarm() -> None:
    bench = unit()
    for _ in range(5):
        bench.do(ev.DeviceGone("detector", "port", "unplugged"), after=20.0)
        bench.do(ev.DeviceBack("detector", "here"), after=30.0)
    assert told(bench) == []
