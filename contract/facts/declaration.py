"""What all kinds of fact have in common: how one is declared, found by its name, written and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Annotated, Any, Final, TypeVar, cast, dataclass_transform

from contract import codec
from contract.bounds import Length, Pattern
from contract.frozen import frozen

Detail = Annotated[str, Length(0, 2000, cut=True)]
"""In words, for a person; written cut to its length."""
ScopeName = Annotated[str, Pattern(r"[a-z]{4,9}/[a-z0-9][a-z0-9_-]{0,47}", "a scope as yard/y07")]
Word = Annotated[str, Length(1, 100)]
"""Of a device, an input, a mode of storage: a name in the unit's own configuration or code."""


class Keep(IntEnum):
    """How much a fact matters when the full journal must drop some: the least first, the oldest of those first."""

    LEAST = 0
    """Of devices and notices."""
    ACCESS = 1
    REST = 2
    MOST = 3
    """Patrol, commands, duress and alarms: never while anything else is left."""


class Fact:
    """Something that happened at a unit. Not yet numbered or dated."""

    __slots__ = ()


@frozen
class Declared:
    """What is declared of a kind beside its fields."""

    kind: str
    type: type[Fact]
    keep: Keep
    alarm: bool
    """It also goes ahead of the queue, on `up/<unit>/alarm`."""


F = TypeVar("F", bound=type[Fact])
KINDS: Final[dict[str, Declared]] = {}
"""By the name of the kind."""
_OF_TYPE: Final[dict[type[Fact], Declared]] = {}


@dataclass_transform(frozen_default=True)
def kind(name: str, keep: Keep = Keep.REST, *, alarm: bool = False) -> Callable[[F], F]:
    """Declare the class below as this kind of fact. An alarm is always kept the longest."""

    def declare(cls: F) -> F:
        made = cast(F, frozen(cls))
        KINDS[name] = _OF_TYPE[made] = Declared(name, made, Keep.MOST if alarm else keep, alarm)
        return made

    return declare


def declared(fact: Fact) -> Declared:
    """What is declared of this fact's kind."""
    return _OF_TYPE[type(fact)]


def kind_of(fact: Fact) -> str:
    """Its kind's name, as it stands on the wire."""
    return _OF_TYPE[type(fact)].kind


def names_of(*types: type[Fact]) -> frozenset[str]:
    """The kinds' names, as they stand on the wire."""
    return frozenset(_OF_TYPE[each].kind for each in types)


def data_of(fact: Fact) -> dict[str, Any]:
    """What the fact carries, as JSON values."""
    return codec.write(fact)


def fact_of(name: str, data: Mapping[str, Any]) -> Fact | None:
    """The fact of this kind that `data` stands for; None for a kind this version does not know.

    Raises codec.FieldError where the data is not what the kind declares.
    """
    known = KINDS.get(name)
    return None if known is None else codec.read(known.type, data)


def keep_of(name: str) -> Keep:
    """How much a fact of this kind matters; the rest where this version does not know the kind."""
    known = KINDS.get(name)
    return Keep.REST if known is None else known.keep
