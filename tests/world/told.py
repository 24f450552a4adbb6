"""The facts that a step wrote down, each read once."""

from __future__ import annotations

from typing import Any

from agent.core import effects as fx
from tests.agent.core.bench import Told, facts_in


class _Last:
    found: tuple[fx.Effect, ...] = ()
    facts: tuple[Told, ...] = ()


def told(found: tuple[fx.Effect, ...], *kinds: str) -> list[dict[str, Any]]:
    """What those of these kinds say, and their `kind`."""
    if found is not _Last.found:
        facts = (fact for each in found if isinstance(each, fx.AppendFacts) for fact in facts_in(each))
        _Last.found, _Last.facts = found, tuple(facts)
    return [{**fact.data, "kind": fact.kind} for fact in _Last.facts if fact.kind in kinds]
