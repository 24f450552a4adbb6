"""How those are called whom the record knows by an id: people of the rosters in place by role and room, accounts by their labels.

Nothing is kept for this: who was erased or left is in no roster, and stays an id. Only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from centre import accounts, people
from centre.opened import OpenCentre
from centre.people import LinesWanted, PlacedPart
from contract.messages import Role

KEYS = ("holder", "by")
"""Where facts name somebody of a roster; `by` may also be who gave an order."""


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody of a roster in place."""

    role: Role
    rooms: tuple[str, ...]


def ids_of(fact: Mapping[str, Any]) -> list[str]:
    """Of those whom a fact names."""
    return [fact[key] for key in KEYS if isinstance(fact.get(key), str)]


def called(found: Iterable[PlacedPart], ids: Iterable[str]) -> dict[str, Called]:
    """By id, of those that are there."""
    wanted = LinesWanted(ids=frozenset(ids))
    if not wanted.ids:
        return {}
    return {each.id: Called(each.role, tuple(each.rooms)) for each in people.people(people.entries(found, wanted))}


def labels(centre: OpenCentre, conn: Connection) -> dict[str, str]:
    """Of accounts, by what they sign in with; of one that this centre did not write, none."""
    if not accounts.any_there(conn):
        return {}  # nor is there the key by which they are known
    return {name: each.label for name, each in accounts.known(conn, centre.account_key).items() if each.sound}
