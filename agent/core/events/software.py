"""Of the unit's own software: what was fetched, and what those who install it say."""

from __future__ import annotations

from typing import Annotated

from contract.bounds import Id, Length, Revision
from contract.facts import Word
from contract.frozen import frozen
from contract.software import Version


@frozen
class UpdateOutcome:
    """What became of the last update, as the updater wrote it. `result`: installed, returned, refused. `before`: what ran until then, and runs again
    where it was given up. `scope` and `rev`: of the signed message; `id` is random, one an outcome.
    """

    id: Id
    result: Word
    version: Version
    before: Version
    scope: Word
    rev: Revision
    reason: Annotated[str, Length(0, 100)] = ""
    detail: Annotated[str, Length(0, 2000, cut=True)] = ""


@frozen
class UpdateRead:
    """How it stands on the disk. `told`: the outcome whose fact is durable. `busy`: the updater is at work. `ordered`: it has not begun yet.
    `forms`: of bundles, what can be installed on this machine.
    """

    outcome: UpdateOutcome | None
    told: str
    busy: bool
    ordered: bool
    forms: frozenset[str]


@frozen
class BundleFetched:
    """All of it is on the disk, of this size and SHA-256. `fresh`: it was not there before."""

    scope: str
    rev: int
    fresh: bool = True


@frozen
class BundleFailed:
    """`reason`: `away` (the far end or the network), `wrong` (not what was signed; nothing of it is kept), `no_room` or `disk`."""

    scope: str
    rev: int
    reason: str
    detail: str
