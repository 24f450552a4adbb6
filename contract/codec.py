"""Reads and writes the contract's dataclasses as they are declared: JSON values to typed ones and back, and their JSON Schema.

Strict: each key is of its declared type and within its bounds, or the value is refused, with every fault told by its key.
A key that is null is a key that is absent, and a key nobody declared is ignored, so that later versions may add some.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Annotated, Any, ClassVar, Final, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from contract import values
from contract.bounds import MAX_INTEGER, Always, ByName, OnlyKnown, Rest, Tagged, TextForm, WireName
from contract.frozen import frozen
from contract.values import FieldError, Json, Meta, Shared, Way, below, named

__all__ = ["FieldError", "ObjectKey", "Shared", "keys", "read", "schema", "write"]

T = TypeVar("T")


class _TaggedMember(Protocol):
    TAG: ClassVar[str]


@frozen
class ObjectKey:
    """One key of a declared object. `name` is empty for one of several dataclasses whose fields stand beside the others."""

    name: str
    attribute: str
    way: Way
    required: bool
    """It may not be absent."""
    kept: bool
    """It is written even where it has its default."""
    default: Any


def read(kind: type[T], value: object, shared: Shared | None = None) -> T:
    """The value of this dataclass that a JSON object stands for. Raises FieldError.

    Readings that get the same `shared` share equal sets between them.
    """
    made: T = _object(kind).read(value, shared or Shared())
    return made


def write(value: object) -> Json:
    """The JSON object of a declared dataclass, in the order of its fields. What has its default is left out."""
    return _object(type(value)).write(value, Shared())


def keys(kind: type) -> tuple[ObjectKey, ...]:
    """The keys of a declared dataclass, in order."""
    return _object(kind).keys


def schema(kind: type) -> Json:
    """The JSON Schema (2020-12) of a declared dataclass."""
    return _object(kind).schema()


_ABSENT: Final = object()


class _Object:
    """How one dataclass is read and written, worked out once. `tag`: the key and value that tell it from others, where it is one of several."""

    def __init__(self, kind: type, tag: tuple[str, str] | None = None) -> None:
        self._kind = kind
        self._tag = tag
        hints = get_type_hints(kind, include_extras=True)
        self._tables: Mapping[str, type] = getattr(kind, "TABLES", {})
        self._refused: Mapping[str, str] = getattr(kind, "REFUSED", {})
        self._faults: Callable[[Any], Iterator[str]] | None = getattr(kind, "faults", None)
        self._mark: tuple[str, object] | None = getattr(kind, "MARK", None)
        self.keys = tuple(_key(each, hints[each.name], hints) for each in dataclasses.fields(kind))
        self._named = {key.name: (place, key.way.read) for place, key in enumerate(self.keys) if key.name}
        self._spread = [(place, key.way.read) for place, key in enumerate(self.keys) if not key.name]
        self._required = [place for place, key in enumerate(self.keys) if key.required]
        self._absent = [_ABSENT if key.required else key.default for key in self.keys]

    def read(self, value: Any, shared: Shared) -> Any:
        if type(value) is not dict:
            raise FieldError(": not an object")
        if self._mark is not None:
            name, mark = self._mark
            if type(value.get(name)) is not type(mark) or value[name] != mark:
                raise FieldError(f"{name}: not {mark}")
        for name, words in self._refused.items():
            if value.get(name) is not None:
                raise FieldError(f"{name}: {words}")
        for name, kind in self._tables.items():
            shared.tables[kind] = _table(name, kind, value.get(name), shared)
        try:
            made = self._kind(*self._values(value, shared))
        except FieldError:
            raise FieldError(*self._every_fault(value, shared)) from None
        if self._faults is not None:
            faults = tuple(self._faults(made))
            if faults:
                raise FieldError(*faults)
        return made

    def _values(self, value: Json, shared: Shared) -> list[Any]:
        """As `_one` for each key, by the keys that are there: a roster has 20,000 holders of eleven keys, most of them absent."""
        values = self._absent.copy()
        for name, found in value.items():
            way = self._named.get(name)
            if way is not None and found is not None:
                values[way[0]] = way[1](found, shared)
        for place, read_whole in self._spread:
            values[place] = read_whole(value, shared)
        for place in self._required:
            if values[place] is _ABSENT:
                raise FieldError(": missing")
        return values

    def _every_fault(self, value: Json, shared: Shared) -> Iterator[str]:
        for key in self.keys:
            try:
                _one(key, value, shared)
            except FieldError as error:
                yield from (below(key.name, fault) for fault in error.faults)

    def write(self, value: Any, shared: Shared) -> Json:
        written: Json = dict(each for each in (self._tag, self._mark) if each is not None)
        for key in self.keys:
            held = getattr(value, key.attribute)
            if not key.name:
                written |= key.way.write(held, shared)
            elif key.kept or held != key.default:
                written[key.name] = None if held is None else key.way.write(held, shared)
        for name, kind in self._tables.items():
            found = shared.tables.get(kind)
            if found:
                written[name] = {each: _object(kind).write(held, shared) for held, each in found.items()}
        return written

    def schema(self) -> Json:
        made: Json = {"type": "object"}
        marks = [each for each in (self._tag, self._mark) if each is not None]
        properties: Json = {name: {"const": value} for name, value in marks}
        for key in self.keys:
            if key.name:
                properties[key.name] = key.way.schema
            else:
                made |= key.way.schema
        for name, kind in self._tables.items():
            properties[name] = {"type": "object", "additionalProperties": schema(kind)}
        required = [name for name, _ in marks]
        required += [key.name for key in self.keys if key.required and key.name]
        return made | {"properties": properties} | ({"required": required} if required else {})


_OBJECTS: dict[type, _Object] = {}


def _object(kind: type) -> _Object:
    found = _OBJECTS.get(kind)
    if found is None:
        found = _OBJECTS[kind] = _Object(kind)
    return found


def _one(key: ObjectKey, value: Json, shared: Shared) -> Any:
    found = value.get(key.name) if key.name else value
    if found is not None:
        return key.way.read(found, shared)
    if key.required:
        raise FieldError(": missing")
    return key.default


def _table(name: str, kind: type, value: Any, shared: Shared) -> dict[Any, Any]:
    if value is None:
        return {}
    most: int = getattr(kind, "MOST", MAX_INTEGER)
    if type(value) is not dict or len(value) > most:
        raise FieldError(f"{name}: not an object of at most {most}")
    made = {}
    for each, inner in value.items():
        try:
            made[each] = _object(kind).read(inner, shared)
        except FieldError as error:
            raise FieldError(*(below(name, below(named(each), fault)) for fault in error.faults)) from None
    return made


def _key(declared: dataclasses.Field[Any], hint: Any, beside: Mapping[str, Any]) -> ObjectKey:
    hint, *meta = _bare(hint)
    if Rest in meta:
        names = frozenset(_wire_name(attribute, each) for attribute, each in beside.items() if Rest not in _bare(each))
        return ObjectKey("", declared.name, _rest(names), required=False, kept=True, default=None)
    name = _wire_name(declared.name, beside[declared.name])
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    optional = types.NoneType in members
    members = tuple(each for each in members if each is not types.NoneType)
    tagged = next((each for each in meta if isinstance(each, Tagged)), None)
    if tagged is not None:
        way = _tagged(tagged, members)
        name = "" if tagged.body is not None else name
    else:
        way = _way(members[0], meta) if len(members) == 1 else values.either(*(_way(each, []) for each in members))
    default = declared.default
    if declared.default_factory is not dataclasses.MISSING:
        default = declared.default_factory()
    always = next((each for each in meta if isinstance(each, Always)), None)
    if always is not None:
        return ObjectKey(name, declared.name, way, always.required, kept=True, default=default)
    kept = default is dataclasses.MISSING
    if kept and optional:
        nullable = {"anyOf": [way.schema, {"type": "null"}]}
        return ObjectKey(
            name, declared.name, Way(way.read, way.write, nullable), required=False, kept=True, default=None
        )
    return ObjectKey(name, declared.name, way, required=kept, kept=kept, default=None if kept else default)


def _wire_name(attribute: str, hint: Any) -> str:
    return next((each.name for each in _bare(hint)[1:] if isinstance(each, WireName)), attribute)


# --- a value of each type


def _bare(hint: Any) -> tuple[Any, ...]:
    """The type and what is declared of it."""
    return (get_args(hint)[0], *hint.__metadata__) if get_origin(hint) is Annotated else (hint,)


def _way(hint: Any, outer: Meta) -> Way:
    kind, *meta = _bare(hint)
    meta += outer
    for each in meta:
        if isinstance(each, TextForm):
            return values.form(each)
    if ByName in meta:
        return _by_name(kind)
    origin = get_origin(kind)
    if origin is tuple:
        return values.array(_way(get_args(kind)[0], []), meta)
    if origin is frozenset:
        element = get_args(kind)[0]
        return values.unordered(values.known(element) if OnlyKnown in meta else _way(element, []), meta)
    if origin is not None and issubclass(origin, Mapping):
        name, item = get_args(kind)
        return values.mapping(_way(name, []), _way(item, []), meta)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return values.enum(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return Way(_object(kind).read, _object(kind).write, schema(kind))
    return _PLAIN[kind](meta)


_PLAIN: Final[Mapping[type, Callable[[Meta], Way]]] = {
    str: values.text,
    int: values.integer,
    float: values.number,
    bool: values.flag,
}


def _by_name(kind: type) -> Way:
    def read_name(value: Any, shared: Shared) -> Any:
        found = shared.tables.get(kind, {}).get(value) if type(value) is str else None
        if found is None:
            raise FieldError(": a name that is not in the message's table")
        return found

    def write_name(value: Any, shared: Shared) -> str:
        table = shared.tables.setdefault(kind, {})
        name: str = table.setdefault(value, f"{kind.__name__[0].lower()}{len(table) + 1}")
        return name

    return Way(read_name, write_name, {"type": "string"})


def _rest(declared: frozenset[str]) -> Way:
    return Way(
        lambda value, _: {name: held for name, held in value.items() if name not in declared},
        lambda value, _: dict(value),
        {},
    )


def _tagged(tagged: Tagged, members: tuple[type[_TaggedMember], ...]) -> Way:
    """`TAG` of each member is what the key `tag` says."""
    by_tag: dict[str, type] = {member.TAG: member for member in members}
    beside = tagged.body is not None
    objects = {tag: _Object(kind, None if beside else (tagged.tag, tag)) for tag, kind in by_tag.items()}
    words = f"{tagged.tag}: not one of {', '.join(by_tag)}"

    def read_tagged(value: Any, shared: Shared) -> Any:
        if type(value) is not dict:
            raise FieldError(": not an object")
        name = value.get(tagged.tag)
        found = objects.get(name) if type(name) is str else None
        if found is None:
            raise FieldError(words)
        if tagged.body is None:
            return found.read(value, shared)
        try:
            return found.read(value.get(tagged.body), shared)
        except FieldError as error:
            raise FieldError(*(below(tagged.body or "", fault) for fault in error.faults)) from None

    def write_tagged(value: Any, shared: Shared) -> Json:
        tag: str = type(value).TAG
        inner = objects[tag].write(value, shared)
        return inner if tagged.body is None else {tagged.tag: tag, tagged.body: inner}

    if tagged.body is None:
        return Way(read_tagged, write_tagged, {"oneOf": [each.schema() for each in objects.values()]})
    choices = [
        {"properties": {tagged.tag: {"const": tag}, tagged.body: each.schema()}, "required": [tagged.tag, tagged.body]}
        for tag, each in objects.items()
    ]
    return Way(read_tagged, write_tagged, {"oneOf": choices})
