"""What every signed message has: its kind, where it goes, for whom it is. The kinds themselves are declared in messages.py and commands.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeVar, cast, dataclass_transform

from contract.bounds import TextForm


class Kind(StrEnum):
    """Kinds of signed message; `typ` in the header is `doorward-<kind>`."""

    NOTICE = "notice"
    ROSTER = "roster"
    ROUND = "round"
    SETTINGS = "settings"
    KEYS = "keys"
    SECRETS = "secrets"
    COMMAND = "command"
    CONFIRM = "confirm"


LEVELS = ("site", "community", "grid", "yard", "building", "unit")
"""Scope levels, least specific first: the order in which settings win over each other."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Whom a message is for: `<level>/<id>`."""

    level: str
    id: str

    def __str__(self) -> str:
        return f"{self.level}/{self.id}"


_SCOPE = rf"({'|'.join(LEVELS)})/([a-z0-9][a-z0-9_-]{{0,47}})"


def parse_scope(text: str) -> Scope:
    """The scope of a text as `yard/y07`; ValueError for anything else."""
    found = re.fullmatch(_SCOPE, text, re.ASCII)
    if found is None:
        raise ValueError("not a scope as yard/y07")
    return Scope(found[1], found[2])


ScopeText = Annotated[Scope, TextForm(parse_scope, str, "a scope as yard/y07", {"pattern": f"^{_SCOPE}$"})]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a kind of message goes, and in a few words what it is. `ids`: the topic's levels behind the kind, each by the name of its
    field's thing; `level`: the only level of scope it is for, where there is one. `retained`: the broker keeps it for who comes later.
    """

    words: str
    ids: tuple[str, ...] = ()
    level: str | None = None
    retained: bool = True


class Message:
    """What every signed message has."""

    __slots__ = ()
    KIND: ClassVar[Kind]
    ADDRESS: ClassVar[Address]
    scope: Scope
    iat: float


class StateMessage(Message):
    """Desired state: the broker retains it, the unit keeps it, a newer revision replaces an older one."""

    __slots__ = ()
    rev: int

    @property
    def ident(self) -> str:
        """Its id in its scope; empty where a scope has but one of the kind."""
        found: str = getattr(self, "id", "")
        return found


DECLARED: Final[dict[Kind, type[Message]]] = {}
M = TypeVar("M", bound=type[Message])


@dataclass_transform(frozen_default=True)
def message(kind: Kind, address: Address) -> Callable[[M], M]:
    """Declare the class below as this kind of message."""

    def declare(cls: M) -> M:
        cls.KIND, cls.ADDRESS = kind, address
        DECLARED[kind] = made = cast(M, dataclass(frozen=True, slots=True)(cls))
        return made

    return declare
