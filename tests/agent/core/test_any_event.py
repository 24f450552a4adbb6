"""The core takes any event of a declared type, in any order, at any time, and neither raises nor leaves a deadline behind."""

from __future__ import annotations

import types
import typing

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent.core import events as ev
from agent.core.controller import all_timers, initial, step
from agent.core.time import Now, Trust
from contract.commands import Command, Mode, Open, Order, SetMode
from contract.messages import Confirm, Notice, Secrets, Settings, Sign
from contract.scopes import Scope
from contract.software import Form, Software
from tests.agent.core.bench import SITE, UTC, YARD, unit_plan

finite = st.floats(allow_nan=False, allow_infinity=False)
moments = st.one_of(finite, st.just(UTC), st.floats(UTC - 100, UTC + 100))
names = st.sampled_from(["main", "relay", "panel", "card", "gas", "n1", "n2", "c1", "", "nobody"])
plain = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), finite, names, st.lists(st.none(), max_size=1))

st.register_type_strategy(float, moments)
st.register_type_strategy(int, st.one_of(st.integers(0, 40), st.integers()))
st.register_type_strategy(str, names)
st.register_type_strategy(Scope, st.sampled_from([SITE, YARD, Scope("yard", "y99")]))
st.register_type_strategy(object, plain)


def members(union: object) -> list[type]:
    found: list[type] = []
    for kind in typing.get_args(union):
        found += members(kind) if isinstance(kind, types.UnionType) else [kind]
    return found


settings_ = st.builds(
    Settings,
    st.sampled_from([SITE, YARD]),
    st.integers(0, 5),
    moments,
    language=st.none() | names | st.just("en"),
    timezone=st.none() | names,
    sign=st.none() | st.just(Sign(worker="李芳")),
)
software_ = st.builds(
    Software,
    st.sampled_from([SITE, YARD]),
    st.integers(0, 5),
    moments,
    st.sampled_from(["0.0.9", "0.1.0", "0.2.0"]),
    st.sampled_from(Form),
    st.integers(1, 9),
    names,
    names,
    st.booleans(),
)
orders = st.one_of(
    st.from_type(Order),
    st.builds(Open, st.just("main")),
    st.builds(SetMode, st.sampled_from(Mode), st.just(UTC + 50), st.none() | st.just("main")),
)
messages = st.one_of(
    st.from_type(Command),
    st.builds(
        Command,
        st.just("badahu"),
        st.just(SITE),
        names,
        st.sampled_from(["b12-u2", "*"]),
        st.floats(UTC - 9, UTC),
        st.floats(UTC, UTC + 9),
        orders,
        names,
        names,
    ),
    st.from_type(Confirm),
    st.from_type(Notice),
    st.from_type(Secrets),
    software_,
    settings_,
)
received = st.builds(ev.MessageReceived, st.integers(0, 9), messages, st.booleans())
loaded = st.builds(ev.StateLoaded, st.lists(st.from_type(Notice) | settings_ | software_, max_size=4).map(tuple))
others = [kind for kind in members(ev.Event) if kind not in {ev.MessageReceived, ev.StateLoaded}]
events = st.one_of(received, loaded, *(st.from_type(kind) for kind in others))
nows = st.tuples(st.floats(0, 400), moments, st.integers(-86_400, 86_400), st.sampled_from(list(Trust)))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@example(run=[(ev.Typed("card", 1 << 62, starred=False), (0.0, 1795500000.0, 0, Trust.UNKNOWN))])  # of keys without end
@example(run=[(ev.Typed("card", -(1 << 63) - 1, starred=False), (0.0, 1795500000.0, 0, Trust.UNKNOWN))])
@given(run=st.lists(st.tuples(events, nows), max_size=40))
def test_nothing_raises_and_no_deadline_is_left_behind(
    run: list[tuple[ev.Event, tuple[float, float, int, Trust]]],
) -> None:
    state, mono = initial(unit_plan()), 1000.0
    for event, (after, utc, offset, trust) in run:
        mono += after
        state, _ = step(state, event, Now(mono, utc, offset, trust))
        assert [act for at, act in all_timers(state) if at <= mono] == []
