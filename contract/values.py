"""How single values of the contract are read and written: texts, numbers, lists, sets, mappings, each within its bounds. codec.py puts them together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final

from contract.bounds import MAX_INTEGER, Items, Length, Pattern, Range, TextForm
from contract.frozen import frozen
from contract.strict_json import StrictJsonError

Json = dict[str, Any]
Meta = list[Any]
"""What is declared of a type beside it."""

_QUOTED = re.compile(r"[\w./-]{1,48}", re.ASCII)

FAULTS_TOLD: Final = 5
"""Of the faults of one message, so many are named."""


class FieldError(StrictJsonError):
    """`key: what is wrong with it` of each fault, `holders[3].key: …` inside lists; a value is never quoted."""

    def __init__(self, *faults: str) -> None:
        more = len(faults) - FAULTS_TOLD
        told = "; ".join(fault.removeprefix(": ") for fault in faults[:FAULTS_TOLD])
        super().__init__(f"{told}; and {more} more" if more > 0 else told)
        self.faults = faults


class Shared:
    """What is shared in one reading or writing, or in several: tables that names refer to; sets that are equal (20,000 holders have a few dozen)."""

    __slots__ = ("sets", "tables")

    def __init__(self) -> None:
        self.tables: dict[type, dict[Any, Any]] = {}
        """When reading, values by their name; when writing, names by their value."""
        self.sets: dict[frozenset[Any], frozenset[Any]] = {}


@frozen
class Way:
    """How values of one type are read and written, and their JSON Schema."""

    read: Callable[[Any, Shared], Any]
    write: Callable[[Any, Shared], Any]
    schema: Json


def named(key: str) -> str:
    """A key that the sender chose, as far as it can be quoted."""
    return key if _QUOTED.fullmatch(key) else "(a key)"


def below(name: str, fault: str) -> str:
    """A fault found below the key `name`: `: …` is about its value, `[3]: …` and `key: …` about what is in it."""
    if not name:
        return fault
    return name + fault if fault.startswith((":", "[")) else f"{name}.{fault}"


def _same(value: Any, _: Shared) -> Any:
    return value


def text(meta: Meta) -> Way:
    for each in meta:
        if isinstance(each, Pattern):
            return _pattern(each)
    length = next((each for each in meta if isinstance(each, Length)), None)
    if length is None:
        raise TypeError("a text of the contract has a length")
    least, most = length.least, length.most

    def read_text(value: Any, _: Shared) -> str:
        if type(value) is not str:
            raise FieldError(": not text")
        if not least <= len(value) <= most:
            raise FieldError(f": not {least} to {most} characters")
        return value

    write = (lambda value, _: value[:most]) if length.cut else _same
    return Way(read_text, write, {"type": "string", "minLength": least, "maxLength": most})


def _pattern(pattern: Pattern) -> Way:
    matches = re.compile(pattern.regex, re.ASCII).fullmatch

    def read_pattern(value: Any, _: Shared) -> str:
        if type(value) is not str or not matches(value):
            raise FieldError(f": not {pattern.words}")
        return value

    return Way(read_pattern, _same, {"type": "string", "pattern": f"^(?:{pattern.regex})$"})


def form(declared: TextForm) -> Way:
    def read_form(value: Any, _: Shared) -> Any:
        if type(value) is str:
            try:
                return declared.read(value)
            except ValueError:
                pass
        raise FieldError(f": not {declared.words}")

    return Way(read_form, lambda value, _: declared.write(value), {"type": "string", **declared.schema})


def integer(meta: Meta) -> Way:
    bounds = next((each for each in meta if isinstance(each, Range)), Range(-MAX_INTEGER, MAX_INTEGER))
    least, most = int(bounds.least), int(bounds.most)

    def read_integer(value: Any, _: Shared) -> int:
        if type(value) is not int or not least <= value <= most:
            raise FieldError(f": not a whole number from {least} to {most}")
        return value

    return Way(read_integer, _same, {"type": "integer", "minimum": least, "maximum": most})


def number(meta: Meta) -> Way:
    bounds = next((each for each in meta if isinstance(each, Range)), None)
    if bounds is None:
        raise TypeError("a number of the contract has bounds")
    least, most = bounds.least, bounds.most

    def read_number(value: Any, _: Shared) -> float:
        if type(value) not in (float, int) or not least <= value <= most:
            raise FieldError(f": not a number from {least:.15g} to {most:.15g}")
        found: float = value
        return found

    return Way(read_number, _same, {"type": "number", "minimum": least, "maximum": most})


def flag(_meta: Meta) -> Way:
    def read_flag(value: Any, _: Shared) -> bool:
        if type(value) is not bool:
            raise FieldError(": neither true nor false")
        return value

    return Way(read_flag, _same, {"type": "boolean"})


def enum(kind: type[Enum]) -> Way:
    by_value = {each.value: each for each in kind}
    words = f": not one of {', '.join(map(str, by_value))}"

    def read_enum(value: Any, _: Shared) -> Enum:
        found = by_value.get(value) if type(value) is str else None
        if found is None:
            raise FieldError(words)
        return found

    return Way(read_enum, lambda value, _: value.value, {"enum": list(by_value)})


def _items(meta: Meta) -> Items:
    found = next((each for each in meta if isinstance(each, Items)), None)
    if found is None:
        raise TypeError("a list of the contract has bounds")
    return found


def array(item: Way, meta: Meta) -> Way:
    bounds = _items(meta)
    words = f": not a list of {bounds.least} to {bounds.most}"
    read_item, write_item = item.read, item.write

    def read_list(value: Any, shared: Shared) -> tuple[Any, ...]:
        if type(value) is not list or not bounds.least <= len(value) <= bounds.most:
            raise FieldError(words)
        try:
            return tuple([read_item(each, shared) for each in value])
        except FieldError:
            raise FieldError(*_item_faults(read_item, value, shared)) from None

    schema_ = {"type": "array", "items": item.schema, "minItems": bounds.least, "maxItems": bounds.most}
    return Way(read_list, lambda value, shared: [write_item(each, shared) for each in value], schema_)


def _item_faults(read_item: Callable[[Any, Shared], Any], value: list[Any], shared: Shared) -> Iterator[str]:
    for number, each in enumerate(value):
        try:
            read_item(each, shared)
        except FieldError as error:
            yield from (below(f"[{number}]", fault) for fault in error.faults)


def unordered(item: Way, meta: Meta) -> Way:
    """A set, written sorted."""
    listed = array(item, meta)

    def read_set(value: Any, shared: Shared) -> frozenset[Any]:
        made = frozenset(listed.read(value, shared)) - {None}
        return shared.sets.setdefault(made, made)

    def write_set(value: Any, shared: Shared) -> list[Any]:
        return sorted(item.write(each, shared) for each in value)

    return Way(read_set, write_set, {**listed.schema, "uniqueItems": True})


def known(kind: type[Enum]) -> Way:
    """As `enum`, but None for a value that this version does not know: a set leaves it out."""
    by_value = {each.value: each for each in kind}
    strict = enum(kind)
    return Way(lambda value, _: by_value.get(value) if type(value) is str else None, strict.write, {"type": "string"})


def mapping(name: Way, item: Way, meta: Meta) -> Way:
    bounds = _items(meta)
    words = f": not an object of {bounds.least} to {bounds.most} keys"

    def read_mapping(value: Any, shared: Shared) -> dict[str, Any]:
        if type(value) is not dict or not bounds.least <= len(value) <= bounds.most:
            raise FieldError(words)
        made = {}
        for each, inner in value.items():
            try:
                made[name.read(each, shared)] = item.read(inner, shared)
            except FieldError as error:
                raise FieldError(*(below(named(each), fault) for fault in error.faults)) from None
        return made

    def write_mapping(value: Any, shared: Shared) -> Json:
        return {name.write(each, shared): item.write(inner, shared) for each, inner in value.items()}

    schema_ = {"type": "object", "additionalProperties": item.schema, "propertyNames": name.schema}
    return Way(read_mapping, write_mapping, {**schema_, "minProperties": bounds.least, "maxProperties": bounds.most})


def either(first: Way, number: Way) -> Way:
    """One of two that JSON itself tells apart: an object or a list, or else a whole number."""

    def read_either(value: Any, shared: Shared) -> Any:
        return (number if type(value) is int else first).read(value, shared)

    def write_either(value: Any, shared: Shared) -> Any:
        return (number if type(value) is int else first).write(value, shared)

    return Way(read_either, write_either, {"anyOf": [first.schema, number.schema]})
