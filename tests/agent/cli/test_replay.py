"""replay: a recorded run gives the same effects, and what differs today is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.config import load, unit_plan
from agent.core.controller import initial, step
from agent.core.effects import Effect, PulseLock
from agent.core.events import Event
from agent.core.events.door import CardRead, ContactChanged, DeviceBack, FireChanged, LockRead
from agent.core.events.life import Started
from agent.core.events.store import HoldersReplaced
from agent.core.replay_codec import encode_steps
from agent.core.state import State
from agent.core.time import Now, Trust
from agent.locale import load as catalogues
from contract.messages import Holder
from tests.agent.cli.unit import EXAMPLE, Unit

KEY = "ab" * 16


@dataclass(frozen=True)
class Step:
    before: State
    event: Event
    now: Now
    effects: tuple[Effect, ...]


def recorded() -> list[Step]:
    """A start, a resident, a stranger, a fire."""
    happened = [
        Started("5e55", frozenset()),
        DeviceBack("relay", ""),
        LockRead("main", False),
        ContactChanged("main", False),
        FireChanged("main", False),
        HoldersReplaced({KEY: (Holder("h-17", key=KEY),)}),
        CardRead("card", (KEY,)),
        CardRead("card", ("cd" * 16,)),
        FireChanged("main", True),
    ]
    state = initial(unit_plan(load(EXAMPLE), catalogues()))
    steps = []
    for n, event in enumerate(happened):
        now = Now(100.0 + 2 * n, 1_795_000_000.0 + 2 * n, 28_800, Trust.SYNCED)
        after, done = step(state, event, now)
        steps.append(Step(state, event, now, done))
        state = after
    return steps


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "crash-1795000000.jsonl"


def test_each_decision_with_its_rule(unit: Unit, file: Path) -> None:
    file.write_text(encode_steps(recorded()), encoding="utf-8")
    outcome = unit.doorward("replay", str(file))
    assert outcome.exit_code == 0, outcome.output
    assert "decided: yes: main opens for 5 s to h-17: Resident's card (rule role.resident)" in outcome.stdout
    assert "PulseLock door=main seconds=5" in outcome.stdout
    assert "fact access.granted door=main by=h-17 via=card" in outcome.stdout
    assert "(reason unknown, rule no_such_card)" in outcome.stdout
    assert "SaveLatch" in outcome.stdout
    assert outcome.stdout.endswith("9 steps, none with other effects today\n")
    assert KEY not in outcome.stdout
    assert "DIFFERS" not in outcome.stdout


def test_what_differs_is_marked(unit: Unit, file: Path) -> None:
    """As if the pulse had been longer, and the fire had released nothing, when it was recorded."""
    steps = recorded()
    longer = tuple(replace(e, seconds=9.0) if isinstance(e, PulseLock) else e for e in steps[6].effects)
    steps[6] = replace(steps[6], effects=longer)
    steps[8] = replace(steps[8], effects=())
    file.write_text(encode_steps(steps), encoding="utf-8")
    outcome = unit.doorward("replay", str(file))
    assert outcome.exit_code == 1
    assert "DIFFERS  -  PulseLock door=main seconds=9" in outcome.stdout
    assert "DIFFERS  +  PulseLock door=main seconds=5" in outcome.stdout
    assert "DIFFERS  +  SaveLatch" in outcome.stdout
    assert outcome.stdout.endswith("9 steps, 2 with other effects today\n")
    lines = [json.loads(line) for line in unit.doorward("replay", "--json", str(file)).stdout.splitlines()]
    assert [line["differs"] for line in lines].count(True) == 2
    assert lines[8]["recorded"] == []


def test_in_chinese_the_words_are_and_the_json_is_not(unit: Unit, file: Path) -> None:
    steps = recorded()
    steps[8] = replace(steps[8], effects=())
    file.write_text(encode_steps(steps), encoding="utf-8")
    said = unit.doorward("--language", "zh-CN", "replay", str(file)).stdout
    assert "判定：可以: main 开 5 秒" in said
    assert "不同     +  SaveLatch" in said
    assert said.endswith("9 步，其中 1 步如今的结果与当时不同\n")
    files = [unit.doorward("--language", each, "replay", "--json", str(file)).stdout for each in ("zh-CN", "en")]
    assert files[0] == files[1]
    file.write_text("{}")
    refused = unit.doorward("--language", "zh-CN", "replay", str(file))
    assert refused.exit_code == 2
    assert "不是本版本的运行记录" in refused.stderr


def test_another_order_of_effects_differs_too(unit: Unit, file: Path) -> None:
    steps = recorded()
    at = next(n for n, each in enumerate(steps) if len(each.effects) > 1)
    steps[at] = replace(steps[at], effects=steps[at].effects[::-1])
    file.write_text(encode_steps(steps), encoding="utf-8")
    outcome = unit.doorward("replay", str(file))
    assert outcome.exit_code == 1
    assert "in the order of its effects" in outcome.stdout


@pytest.mark.parametrize("text", ["", "{}", "[]", "\x00", '{"!Nothing": {}}\n', '{"event": 1}\n{"event": 1}\n'])
def test_no_record_is_one_line(unit: Unit, file: Path, text: str) -> None:
    file.write_text(text)
    outcome = unit.doorward("replay", str(file))
    assert outcome.exit_code == 2, outcome.output
    assert outcome.stderr.count("\n") == 1


def test_steps_that_are_none_and_no_file(unit: Unit, file: Path) -> None:
    first = encode_steps(recorded()[:1]).splitlines()[0]
    file.write_text(f'{first}\n{{"event": 1, "now": 2, "effects": 3}}\n{{"event": 1, "now": 2, "effects": 3}}\n')
    outcome = unit.doorward("replay", str(file))
    assert outcome.exit_code == 2
    assert "line 2 is no step" in outcome.stderr
    assert unit.doorward("replay", str(file.with_name("none"))).exit_code == 2
