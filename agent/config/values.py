"""Plain text values to typed ones, as the fields of a dataclass declare them. Reports every fault and goes on.

A general library stops at the first broken field of a class and gives nothing for the rest; here a field that is
wrong becomes `BAD` and the object is made all the same, so that cross checks still find what else is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from agent.config.source import KeyPath, Plain
from agent.errors import shown
from agent.words import _, joined

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})|0[xX][0-9a-fA-F]{1,16}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")


class Bad:
    """What stands where a value was wrong. Never seen outside this package."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "BAD"


BAD: Any = Bad()


def bad(*values: object) -> bool:
    return any(value is BAD for value in values)


def suggestion(name: str, known: Iterable[str]) -> str:
    """` (did you mean "relay"?)` where one of `known` is near, else nothing."""
    near = get_close_matches(name[:80], [*known], n=1, cutoff=0.6)
    return _(' (did you mean "{near}"?)').format(near=near[0]) if near else ""


def number(text: str) -> int | None:
    """A whole number, decimal or with 0x; None for anything else, also for 0123 and 1_000, which YAML reads in surprising ways."""
    return int(text, 0) if _INTEGER.fullmatch(text) else None


@cache
def hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


class Values:
    """Turns plain values into typed ones; `report(path, message)` takes each fault. Relative paths are taken from `folder`.

    `gone`: keys that are passed over, each with a `note`. `not_here`: keys with a message of their own.
    """

    def __init__(
        self,
        report: Callable[[KeyPath, str], None],
        folder: Path,
        note: Callable[[KeyPath, str], None],
        gone: Mapping[str, str],
        not_here: Mapping[str, str],
    ) -> None:
        self._report = report
        self._folder = folder
        self._note = note
        self._gone = gone
        self._not_here = not_here

    def fault(self, path: KeyPath, message: str) -> Any:
        self._report(path, message)
        return BAD

    def value(self, want: Any, given: Plain, path: KeyPath) -> Any:
        """`given` as a `want`, or BAD."""
        if given is None:  # reported where it was read
            return BAD
        origin = get_origin(want)
        if origin in {Union, UnionType}:
            return self.value(_fitting(want, given), given, path)
        if origin is tuple:
            return self._sequence(get_args(want)[0], given, path)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return self._table(get_args(want)[1], given, path)
        if isinstance(want, type) and is_dataclass(want):
            return self.block(want, given, path)
        if not isinstance(given, str):
            return self.fault(path, _("must be a single value"))
        return self._scalar(want, given, path)

    def block(self, cls: type, given: Plain, path: KeyPath) -> Any:
        """An instance of the dataclass `cls`, with BAD in each field that is wrong; BAD where `given` is no mapping."""
        if not isinstance(given, dict):
            return self.fault(
                path,
                _("must be a block with keys like {names}").format(
                    names=", ".join(field.name for field in fields(cls)[:4])
                ),
            )
        known = {field.name: field for field in fields(cls) if field.init}
        for key in given:
            if key in known:
                continue
            if key in self._gone:
                self._note((*path, key), _(self._gone[key]))
            else:
                self.fault(
                    (*path, key),
                    _(self._not_here[key])
                    if key in self._not_here
                    else _("no such key here{suggestion}").format(suggestion=suggestion(key, known)),
                )
        return cls(**{name: self._field(cls, field, given, path) for name, field in known.items()})

    def _field(self, cls: type, field: Field[Any], given: Mapping[str, Plain], path: KeyPath) -> Any:
        inner = (*path, field.name)
        want = hints(cls)[field.name]
        if field.name in given:
            return self._bounded(field, self.value(want, given[field.name], inner), inner)
        if field.default is not MISSING:
            return field.default
        if field.default_factory is not MISSING:
            return field.default_factory()
        choices = _choices(want)
        why = field.metadata.get("why", "")
        say = _(": say {choices}").format(choices=joined(_(" or "), choices)) if choices else ""
        return self.fault(
            inner, _("is missing{say}{reason}").format(say=say, reason=_(" ({why})").format(why=_(why)) if why else "")
        )

    def _bounded(self, field: Field[Any], value: Any, path: KeyPath) -> Any:
        if "low" not in field.metadata or not isinstance(value, int | float):
            return value
        low, high, unit = (field.metadata[key] for key in ("low", "high", "unit"))
        if low <= value <= high:
            return value
        return self.fault(
            path,
            _("{value:g} is outside {low:g} to {high:g}{unit}").format(
                value=value, low=low, high=high, unit=f" {_(unit)}" if unit else ""
            ),
        )

    def _sequence(self, item: Any, given: Plain, path: KeyPath) -> Any:
        if not isinstance(given, list):
            return self.fault(path, _("must be a list, like [a, b]"))
        return tuple(self.value(item, each, (*path, n)) for n, each in enumerate(given))

    def _table(self, item: Any, given: Plain, path: KeyPath) -> Any:
        if not isinstance(given, dict):
            return self.fault(path, _("must be names with values"))
        return {name: self.value(item, each, (*path, name)) for name, each in given.items()}

    def _scalar(self, want: Any, given: str, path: KeyPath) -> Any:
        choices = _choices(want)
        if choices:
            if given not in choices:
                return self.fault(
                    path,
                    _('"{given}" is not {choices}{suggestion}').format(
                        given=shown(given), choices=joined(_(" or "), choices), suggestion=suggestion(given, choices)
                    ),
                )
            return want(given) if isinstance(want, type) else given
        if want is bool:
            return (
                given == "true"
                if given in {"true", "false"}
                else self.fault(path, _('"{given}" is not true or false').format(given=shown(given)))
            )
        if want is int:
            whole = number(given)
            return (
                self.fault(path, _('"{given}" is not a whole number').format(given=shown(given)))
                if whole is None
                else whole
            )
        if want is float:
            return (
                float(given)
                if _DECIMAL.fullmatch(given)
                else self.fault(path, _('"{given}" is not a number').format(given=shown(given)))
            )
        if want is Path:
            return self._folder / given if given and "\0" not in given else self.fault(path, _("is not a path"))
        return given


def _fitting(want: Any, given: Plain) -> Any:
    """Of `X | None` the X; of `str | tuple[str, ...]` the list where a list is given; of several blocks the first that lacks no key."""
    kinds = [kind for kind in get_args(want) if kind is not NoneType]
    if isinstance(given, dict):
        return next((kind for kind in kinds if is_dataclass(kind) and _needs(kind) <= given.keys()), kinds[0])
    return next((kind for kind in kinds if (get_origin(kind) is tuple) == isinstance(given, list)), kinds[0])


def _needs(cls: Any) -> set[str]:
    """Keys that a block of it must have."""
    return {each.name for each in fields(cls) if each.default is MISSING and each.default_factory is MISSING}


def _choices(want: Any) -> tuple[str, ...]:
    """The words a field takes, where it takes only some."""
    if get_origin(want) is Literal:
        return tuple(str(each) for each in get_args(want))
    if isinstance(want, type) and issubclass(want, Enum):
        return tuple(str(each.value) for each in want)
    return ()
