"""What can be ordered of the unit's own software. The updater is a program of its own (agent/update); it takes an order from a folder."""

from __future__ import annotations

from dataclasses import field

from agent.core.time import LEFT_OUT
from contract.frozen import frozen
from contract.software import Software


@frozen
class ReadUpdate:
    """Look how the last update stands. Outcome: UpdateRead."""


@frozen
class FetchBundle:
    """Fetch it, going on where it broke off. Outcome: BundleFetched or BundleFailed; nothing where it is broken off before."""

    software: Software


@frozen
class StopFetching:
    """Break off. What has come is kept, and gone on with by the next FetchBundle."""


@frozen
class DropBundle:
    """Break off what is being fetched, and take back what was fetched or ordered and is not begun."""


@frozen
class OrderUpdate:
    """Hand what was fetched to the updater, with its signature and the keys to judge it by, as they came. Outcome: UpdateRead."""

    software: Software
    signed: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)
    keys: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)


@frozen
class KeepTold:
    """The fact of this outcome is durable: it is not told again."""

    outcome: str


SoftwareEffect = ReadUpdate | FetchBundle | StopFetching | DropBundle | OrderUpdate | KeepTold
