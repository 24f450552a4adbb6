"""The core's values as JSON and back: states, events, effects and what they are made of, by type name. For the crash file and `doorward replay`.

Lossless but for keys that a person typed: what comes back is equal to what went in. Tagged objects have one key that begins with `!`:
`!Name` a dataclass or enum, `!set` a frozenset, `!bytes` hex, `!list` a list (plain arrays are tuples), `!map` pairs of a mapping whose keys are not plain texts.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from types import ModuleType
from typing import Any, Protocol

from agent.core import effects, marks, plan, state, time, weekly
from agent.core.effects import Effect
from agent.core.effects import software as software_effects
from agent.core.events import Event
from agent.core.events import door as door_events
from agent.core.events import life as life_events
from agent.core.events import link as link_events
from agent.core.events import software as software_events
from agent.core.events import store as store_events
from agent.core.state import (
    State,
    acceptance,
    asking,
    care,
    commands,
    desired,
    door,
    health,
    meters,
    panel,
    people,
    sync,
)
from agent.core.state import rounds as rounds_state
from agent.core.state import software as software_state
from agent.core.time import Now
from contract import care as watched
from contract import commands as orders
from contract import facts, hours, messages, plain, rounds, scopes, software, visitors
from contract import people as said
from contract.frozen import frozen


class RecordError(ValueError):
    """Not a record of this version's types."""


class RecordedStep(Protocol):
    """One step as it happened; `before` is the state it started from."""

    @property
    def before(self) -> State: ...
    @property
    def event(self) -> Event: ...
    @property
    def now(self) -> Now: ...
    @property
    def effects(self) -> tuple[Effect, ...]: ...


@frozen
class ReplayedStep:
    """One recorded step without its state: running it again gives that."""

    event: Event
    now: Now
    effects: tuple[Effect, ...]


def encode_steps(steps: Sequence[RecordedStep]) -> str:
    """Lines of JSON: the state before the first step, then each step's event, time and effects. Empty for no steps."""
    if not steps:
        return ""
    lines = [dumps(steps[0].before)]
    lines += [dumps({"event": s.event, "now": s.now, "effects": s.effects}) for s in steps]
    return "\n".join(lines) + "\n"


def decode_steps(text: str) -> tuple[State, tuple[ReplayedStep, ...]]:
    """The state and steps of `encode_steps`. Raises RecordError; a last line that was cut short is left out."""
    lines = text.split("\n")
    first = loads(lines[0])
    if not isinstance(first, State):
        raise RecordError("the first line is no state")
    steps = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        try:
            value = loads(line)
            steps.append(ReplayedStep(value["event"], value["now"], value["effects"]))
        except (RecordError, KeyError, TypeError) as error:
            if number == len(lines):
                break
            raise RecordError(f"line {number}: {error}") from None
    return first, tuple(steps)


def _types(*modules: ModuleType) -> dict[str, type[Any]]:
    """Names by type, of a package those of its modules; of effects and events that share a name, the effect is called `effects.Name`."""
    found: dict[str, type[Any]] = {}
    for module in modules:
        for name, kind in vars(module).items():
            if not isinstance(kind, type) or not f"{kind.__module__}.".startswith(f"{module.__name__}."):
                continue
            if dataclasses.is_dataclass(kind) or issubclass(kind, Enum):
                short = module.__name__.rsplit(".", 1)[-1]
                found[name if found.get(name, kind) is kind else f"{short}.{name}"] = kind
    return found


_EVENTS = (life_events, door_events, store_events, link_events, software_events)
_STATES = (
    state,
    acceptance,
    asking,
    care,
    door,
    people,
    panel,
    commands,
    sync,
    desired,
    health,
    meters,
    rounds_state,
    software_state,
)
_CONTRACT = (messages, software, said, watched, scopes, hours, rounds, orders, facts, plain, visitors)
_BY_NAME = _types(*_CONTRACT, time, plan, weekly, *_EVENTS, effects, software_effects, marks, *_STATES)
_NAMES = {kind: name for name, kind in _BY_NAME.items()}


def dumps(value: object) -> str:
    """One line of JSON. Raises RecordError for a value that is none of the core's."""
    return json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> Any:
    """The value of a line from `dumps`. Raises RecordError."""
    try:
        return decode(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RecordError(str(error)) from None


def encode(value: object) -> Any:
    """JSON-ready, tagged."""
    if isinstance(value, Enum):
        return {f"!{_name(value)}": value.value}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"!float": repr(value)}
    if isinstance(value, bytes):
        return {"!bytes": value.hex()}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, list):
        return {"!list": [encode(item) for item in value]}
    if isinstance(value, frozenset):
        return {"!set": sorted((encode(item) for item in value), key=lambda item: json.dumps(item, ensure_ascii=False))}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("!") for key in value):
            return {key: encode(item) for key, item in value.items()}
        return {"!map": [[encode(key), encode(item)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = [f for f in dataclasses.fields(value) if not f.metadata.get("left_out")]
        fields = {f.name: _field(f, getattr(value, f.name)) for f in kept}
        return {f"!{_name(value)}": fields}
    raise RecordError(f"no value of the core: {type(value).__name__}")


def _field(field: dataclasses.Field[Any], value: object) -> Any:
    """Keys that a person typed are nobody's to read later: each digit becomes 0."""
    if field.metadata.get("secret") and isinstance(value, str):
        return "".join("0" if each.isalnum() else each for each in value)
    return encode(value)


def decode(value: Any) -> Any:
    """The inverse of `encode`. Fields that are not there take their defaults, so that older records can be read."""
    if isinstance(value, list):
        return tuple(decode(item) for item in value)
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (tag, inner), *_ = value.items()
        if tag.startswith("!"):
            return _tagged(tag[1:], inner)
    return {key: decode(item) for key, item in value.items()}


def _tagged(name: str, inner: Any) -> Any:
    match name:
        case "bytes":
            return bytes.fromhex(inner)
        case "float":
            return float(inner)
        case "list":
            return [decode(item) for item in inner]
        case "set":
            return frozenset(decode(item) for item in inner)
        case "map":
            return {decode(key): decode(item) for key, item in inner}
    kind = _BY_NAME.get(name)
    if kind is None:
        raise RecordError(f"no type is called {name}")
    if issubclass(kind, Enum):
        return kind(inner)
    return kind(**{key: decode(item) for key, item in inner.items()})


def _name(value: object) -> str:
    name = _NAMES.get(type(value))
    if name is None:
        raise RecordError(f"no type of the core: {type(value).__name__}")
    return name
