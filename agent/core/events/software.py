"""Of the unit's own software: what was fetched, and what those who install it say."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class UpdateOutcome:
    """What became of the last update, as the installer wrote it. `result`: installed, returned, refused. `before`: what ran until then, and runs again
    where it was given up. `scope` and `rev`: of the signed message; `id` is random, one an outcome.
    """

    id: str
    result: str
    version: str
    before: str
    scope: str
    rev: int
    reason: str = ""
    detail: str = ""


@frozen
class UpdateRead:
    """How it stands on the disk. `told`: the outcome whose fact is durable. `busy`: the installer is at work. `ordered`: it has not begun yet.
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
