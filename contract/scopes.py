"""Whom a message is for: a level of the neighbourhood and the id of one place there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from contract.bounds import TextForm

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
