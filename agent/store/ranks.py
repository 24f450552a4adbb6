"""How much a fact matters when the full journal must drop some (contract, Facts): the least first, the oldest of those first."""

from __future__ import annotations

from typing import Final

from contract.messages import ALARM_KINDS

LEAST: Final = 0
"""Device and notice facts."""
ACCESS: Final = 1
REST: Final = 2
MOST: Final = 3
"""Patrol, command, duress and alarm facts: never while anything else is left."""

RANKS: Final = (LEAST, ACCESS, REST, MOST)

_BY_FAMILY = {"device": LEAST, "notice": LEAST, "access": ACCESS, "patrol": MOST, "command": MOST}


def rank_of(kind: str) -> int:
    if kind in ALARM_KINDS:
        return MOST
    return _BY_FAMILY.get(kind.partition(".")[0], REST)
