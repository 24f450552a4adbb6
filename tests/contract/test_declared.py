"""What the contract declares: each kind there and back, any value in it is safe, and what is written is as its JSON Schema says."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import chain, codec, enrolment, plain, revs
from contract.bounds import (
    Items,
    Length,
    Pattern,
    Range,
    Rest,
    TextForm,
)
from contract.codec import FieldError
from contract.commands import Command
from contract.facts import ALARMS, KINDS, Fact, Keep, LockFault, data_of, declared, fact_of, keep_of, kind_of
from contract.kinds import KINDS as MESSAGE_KINDS
from contract.messages import Keys, Kind, Notice, RosterPart
from contract.strict_json import dumps, loads
from tests.contract.samples import COMMANDS, MESSAGES, SAMPLES
from tests.contract.test_codec import FULL, LEAST, All
from tests.contract.test_parse import JSON
from tests.contract.test_small import ENROLMENT

DECLARED: tuple[type, ...] = (
    *MESSAGE_KINDS.values(), *(each.type for each in KINDS.values()), plain.Presence, plain.Status, plain.UnitPresence, plain.Reply,
    chain.FactLine, chain.GapLine, chain.Header, chain.Alarm, revs.RevsPage, enrolment.Enrolment, enrolment.Enrol, All,
)  # fmt: skip


def made(hint: Any, *outer: Any) -> st.SearchStrategy[Any]:
    """Values as this is declared."""
    hint, *meta = (get_args(hint)[0], *hint.__metadata__) if get_origin(hint) is Annotated else (hint,)
    meta += outer
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of(*(st.none() if each is types.NoneType else made(each, *meta) for each in get_args(hint)))
    bounds = {type(each): each for each in meta}
    if TextForm in bounds:
        return FORMS[bounds[TextForm].words]
    if Pattern in bounds:
        return st.from_regex(re.compile(bounds[Pattern].regex, re.ASCII), fullmatch=True)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if hint is bool:
        return st.booleans()
    if hint is str:
        return st.text(
            st.characters(codec="utf-8"), min_size=bounds[Length].least, max_size=min(bounds[Length].most, 9)
        )
    if hint is int:
        return st.integers(int(bounds[Range].least), int(bounds[Range].most))
    if hint is float:
        return st.floats(bounds[Range].least, bounds[Range].most)
    if Rest in meta:
        return st.dictionaries(st.sampled_from(["x", "y"]), JSON)
    if Items in bounds:
        least, most = bounds[Items].least, min(bounds[Items].most, bounds[Items].least + 3)
        each = get_args(hint)
        if get_origin(hint) is tuple:
            return st.lists(made(each[0]), min_size=least, max_size=most).map(tuple)
        if get_origin(hint) is frozenset:
            return st.frozensets(made(each[0]), min_size=least, max_size=most)
        return st.dictionaries(made(each[0]), made(each[1]), min_size=least, max_size=most)
    return objects(hint)


def objects(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{each.name: made(hints[each.name]) for each in fields(kind)})


TIMES = st.integers(0, 253_402_300_799_000).map(lambda millis: millis // 1000 + millis % 1000 / 1000)
FORMS = {
    "a time as 2026-11-24T07:35:54.123Z": TIMES,
    "a date as 2026-10-01": st.dates().map(str),
}


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=30)
@given(data=st.data())
def test_every_kind_of_fact_there_and_back(name: str, data: st.DataObject) -> None:
    fact: Fact = data.draw(objects(KINDS[name].type))
    assert kind_of(fact) == name
    assert fact_of(name, loads(dumps(data_of(fact)))) == fact
    line = chain.line(1, 0.0, "synced", 1, 0.0, name, data_of(fact))
    parsed = chain.parse_line(line)
    assert isinstance(parsed, chain.FactLine)
    assert parsed.fact == fact
    assert not missed(loads(dumps(data_of(fact))), codec.schema(type(fact)))


def test_kinds_this_version_does_not_know_are_kept() -> None:
    assert fact_of("weather.changed", {"x": 1}) is None
    assert keep_of("weather.changed") is Keep.REST
    with pytest.raises(FieldError, match="door"):
        fact_of("door.opened", {})


def test_an_alarm_is_always_kept_the_longest() -> None:
    assert {name for name, each in KINDS.items() if each.alarm} == ALARMS
    assert all(keep_of(name) is Keep.MOST for name in ALARMS)
    assert declared(LockFault("main", "x")).keep is Keep.MOST


@given(value=JSON, kind=st.sampled_from(DECLARED))
def test_any_value_raises_nothing_else(value: Any, kind: type) -> None:
    with pytest.raises(FieldError):
        codec.read(kind, value if not isinstance(value, dict) else [value])


SAMPLE_OF: dict[type, Any] = {
    **{type(each): codec.write(each) for each in SAMPLES.values()},
    All: codec.write(FULL),
    enrolment.Enrolment: codec.write(ENROLMENT),
}


@given(kind=st.sampled_from(DECLARED), data=st.data())
def test_any_value_in_any_field_raises_nothing_else(kind: type, data: st.DataObject) -> None:
    names = [key.name for key in codec.keys(kind) if key.name] + ["kind", "tables", "hours", "args", "action", "of"]
    value = dict(SAMPLE_OF.get(kind, {}))
    value |= data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=4))
    try:
        codec.read(kind, value)
    except FieldError as error:
        assert all(re.match(r"[^:]+: .", fault) for fault in error.faults), error.faults  # noqa: PT017


def test_what_was_asked_for_by_earlier_versions_is_always_written() -> None:
    roster = codec.write(SAMPLES[Kind.ROSTER])
    assert [holder["role"] for holder in roster["holders"]] == ["resident", "patrol"]
    notice = codec.write(SAMPLES[Kind.NOTICE])
    assert codec.write(codec.read(Notice, {**notice, "text": ""}))["text"] == ""
    with pytest.raises(FieldError, match=r"holders\[0\].role: missing"):
        codec.read(RosterPart, {**roster, "holders": [{"id": "h1"}]})


@given(COMMANDS, st.dictionaries(st.sampled_from([key.name for key in codec.keys(Command) if key.name]), JSON))
def test_what_is_wrong_with_a_command_fits_its_reply(command: Command, changes: dict[str, Any]) -> None:
    try:
        codec.read(Command, codec.write(command) | changes)
    except FieldError as error:
        assert len(str(error)) <= 500  # noqa: PT017


# --- JSON Schema


TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
}


def missed(value: Any, schema: Mapping[str, Any], at: str = "$") -> list[str]:
    """Which of a schema's keywords do not hold; one that is not looked at here is a fault of this test."""
    if "type" in schema and not TYPES[schema["type"]](value):
        return [f"{at}: type {schema['type']}"]
    found: list[str] = []
    for word, held in schema.items():
        match word:
            case "const":
                right = type(value) is type(held) and value == held
            case "enum":
                right = value in held
            case "minLength" | "minItems" | "minProperties":
                right = len(value) >= held
            case "maxLength" | "maxItems" | "maxProperties":
                right = len(value) <= held
            case "minimum":
                right = value >= held
            case "maximum":
                right = value <= held
            case "pattern":
                right = re.search(held, value, re.ASCII) is not None
            case "uniqueItems":
                right = len(value) == len(set(value))
            case "required":
                right = set(held) <= set(value)
            case "anyOf":
                right = any(not missed(value, each) for each in held)
            case "oneOf":
                right = sum(not missed(value, each) for each in held) == 1
            case "items":
                found += [fault for n, each in enumerate(value) for fault in missed(each, held, f"{at}[{n}]")]
                continue
            case "properties":
                for name in held.keys() & value.keys():
                    found += missed(value[name], held[name], f"{at}.{name}")
                continue
            case "additionalProperties":
                for name in value.keys() - schema.get("properties", {}).keys():
                    found += missed(value[name], held, f"{at}.{name}")
                continue
            case "propertyNames":
                found += [fault for name in value for fault in missed(name, held, at)]
                continue
            case "type" | "format":
                continue
            case _:
                raise AssertionError(f"{at}: {word}")
        if not right:
            found.append(f"{at}: {word} {held}")
    return found


@given(MESSAGES)
def test_what_is_written_of_a_message_is_as_its_schema_says(message: Any) -> None:
    assert missed(loads(dumps(codec.write(message))), codec.schema(type(message))) == []


@pytest.mark.parametrize("value", [FULL, codec.read(All, dict(LEAST)), ENROLMENT, plain.UnitPresence(plain.UnitState.OFFLINE, "s")])  # fmt: skip
def test_what_is_written_is_as_its_schema_says(value: Any) -> None:
    assert missed(loads(dumps(codec.write(value))), codec.schema(type(value))) == []


@given(objects(plain.Status))
def test_a_status_there_and_back(status: plain.Status) -> None:
    written = dumps(codec.write(status))
    assert plain.parse_status(written) == status
    assert plain.parse_unit_presence(written) == plain.UnitPresence(status.state, status.session)
    assert missed(loads(dumps(codec.write(status))), codec.schema(plain.Status)) == []
    absent = {name for name in ("login", "checkpoint") if getattr(status, name) is None}
    assert set(codec.write(status)) == {key.name for key in codec.keys(plain.Status)} - absent


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (All, {"id": "X"}), (All, {"v": 2}), (All, {"odd": "ax"}), (All, {"odd": "xbc"}), (All, {"text": "long"}), (All, {"from": -1}), (All, {"from": True}),
        (All, {"either": True}), (All, {"either": ["a", "b", "c"]}), (All, {"shape": "line"}), (All, {"of": {}}), (All, {"inner": {"kind": "circle"}}),
        (All, {"ids": []}), (All, {"ids": ["a", "a"]}), (All, {"counts": {"A": 1}}), (All, {"role": "green"}), (All, {"seats": [{}]}), (All, {"at": "now"}),
        (Command, {"unit": "b12!"}), (Command, {"unit": "x*"}), (Command, {"action": "explode"}), (Keys, {"keys": []}),
    ],
)  # fmt: skip
def test_a_schema_refuses_what_the_codec_refuses(kind: type, changes: dict[str, Any]) -> None:
    assert missed({**SAMPLE_OF[kind], **changes}, codec.schema(kind))


@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: kind.__name__)
def test_every_schema_is_json_and_names_each_key(kind: type) -> None:
    schema = codec.schema(kind)
    assert loads(dumps(schema), max_depth=40) == schema
    assert schema["type"] == "object"
    assert {key.name for key in codec.keys(kind) if key.name} <= set(schema["properties"])
    assert {key.name for key in codec.keys(kind) if key.name and key.required} <= set(schema.get("required", []))
