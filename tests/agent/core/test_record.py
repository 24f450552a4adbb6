"""Values of the core as JSON and back, and a run that is replayed from its record."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import effects, events, replay_codec
from agent.core.controller import initial, step
from agent.core.effects import Effect
from agent.core.events import Event
from agent.core.state import State
from agent.core.time import Now
from contract import facts, messages
from contract.kinds import Message
from tests.agent.core.bench import Bench, command, notice


def members(union: object) -> list[type]:
    found: list[type] = []
    for kind in typing.get_args(union):
        found += members(kind) if isinstance(kind, types.UnionType) else [kind]
    return found


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "kind",
    [*members(Event), *members(Effect), *members(Message), *(each.type for each in facts.KINDS.values())],
    ids=lambda k: k.__name__,
)
def test_every_type_is_known(kind: type) -> None:
    assert replay_codec._NAMES[kind]
    assert replay_codec._BY_NAME[replay_codec._NAMES[kind]] is kind


@given(value=plain | st.binary(max_size=9) | st.tuples(plain, plain) | st.frozensets(st.text()))
def test_any_plain_value_comes_back_equal(value: object) -> None:
    assert replay_codec.loads(replay_codec.dumps(value)) == value


@given(
    value=st.one_of(
        st.builds(events.CardRead, st.text(), st.lists(st.text(), max_size=3).map(tuple)),
        st.builds(
            effects.DatedFact, st.sampled_from([facts.DoorOpened("main"), facts.AgentStopping("x"), facts.Refusals({"rate": 3})]), st.floats(allow_nan=False), st.text(), st.floats(allow_nan=False)
        ),
        st.builds(messages.Holder, st.text(), flags=st.frozensets(st.text(), max_size=3)),
        st.builds(events.StoreOpened, st.integers(), st.text(), st.floats(allow_nan=False), st.integers(), st.text(), st.integers(), st.just(()), st.dictionaries(st.text(), st.floats(allow_nan=False), max_size=2), st.just({})),
    )
)  # fmt: skip
def test_values_of_the_core_come_back_equal(value: object) -> None:
    again = replay_codec.loads(replay_codec.dumps(value))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "text", ["", "{", '{"!NoSuch":{}}', '{"!CardRead":{"x":1}}', '{"!Trust":"maybe"}', '{"!bytes":"zz"}', "[" * 5000]
)
def test_what_is_no_record_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(replay_codec.RecordError):
        replay_codec.loads(text)


def test_what_is_none_of_the_cores_values_is_refused() -> None:
    for value in (object(), {1, 2}, replay_codec.RecordError("x"), dataclass(type("X", (), {}))()):
        with pytest.raises(replay_codec.RecordError):
            replay_codec.dumps(value)


@dataclass
class Step:
    before: State
    event: Event
    now: Now
    effects: tuple[Effect, ...]


def run() -> list[Step]:
    bench, steps = Bench(), []
    kept = effects.KeptMode("main", "lockdown", bench.utc + 3600)
    script: list[tuple[float, Event]] = [
        (0.0, events.Started("s", frozenset())),
        (0.1, events.DeviceBack("relay", "")),
        (0.1, events.ContactChanged("main", open=False)),
        (0.1, events.StoreOpened(1, "e", 0.0, 1, "00", 0, (), {}, {}, modes=(kept,))),
        (0.1, events.HoldersReplaced({"key-anna": (messages.Holder("anna"),)})),
        (1.0, events.CardRead("card", ("key-anna",))),
        (0.1, events.LinkUp("5")),
        (0.1, events.MessageReceived(1, notice())),
        (0.1, events.MessageReceived(2, command(bench))),
        (1.0, events.FireChanged("main", active=True)),
    ]
    state = initial(bench.state.plan)
    for after, event in script:
        bench.mono, bench.utc = bench.mono + after, bench.utc + after
        before = state
        state, found = step(before, event, bench.now())
        steps.append(Step(before, event, bench.now(), found))
    return steps


def test_a_recorded_run_gives_the_same_effects_when_run_again() -> None:
    steps = run()
    state, again = replay_codec.decode_steps(replay_codec.encode_steps(steps))
    assert state == steps[0].before
    for was, taken in zip(steps, again, strict=True):
        state, found = step(state, taken.event, taken.now)
        assert found == taken.effects == was.effects


def test_a_record_that_was_cut_short_gives_what_is_whole() -> None:
    text = replay_codec.encode_steps(run())
    _state, steps = replay_codec.decode_steps(text[:-30])
    assert len(steps) == len(run()) - 1
    with pytest.raises(replay_codec.RecordError):
        replay_codec.decode_steps(text.replace('"!LinkUp"', '"!NoSuch"'))
    with pytest.raises(replay_codec.RecordError):
        replay_codec.decode_steps("{}\n")
    assert replay_codec.encode_steps([]) == ""
