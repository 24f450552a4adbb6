"""The unit itself: its agent, its journal and disk, its clock."""

from __future__ import annotations

from typing import Annotated

from contract.bounds import At, Count, Hex64, Length, Range
from contract.facts.declaration import Detail, Fact, Word, kind


@kind("agent.started")
class AgentStarted(Fact):
    """`detail`: `door only`, after three crashes. `host`: names the boot of the unit's computer; as long as it is the same, `mono` runs on from start to start."""

    session: Annotated[str, Length(1, 64)]
    version: Annotated[str, Length(1, 64)]
    detail: Detail | None = None
    host: Annotated[str, Length(1, 64)] | None = None


@kind("agent.stopping")
class AgentStopping(Fact):
    """A clean stop, and why."""

    detail: Detail


@kind("journal.recovered")
class JournalRecovered(Fact):
    """What of the journal or the cache was damaged and mended."""

    detail: Detail


@kind("journal.dropped")
class JournalDropped(Fact):
    """`count`: facts not confirmed that a full journal dropped, each leaving a gap."""

    count: Count


@kind("storage.failed")
class StorageFailed(Fact):
    """`mode`: `full`, `read_only`, `failed`, `hung`; `latch`: the fire latch is in memory only. `since`, where its beginning is told late."""

    mode: Word
    detail: Detail
    since: At | None = None


@kind("storage.mended")
class StorageMended(Fact):
    """`dropped`: facts that memory could not hold; `untold`: earlier troubles not told one by one."""

    mode: Word | None = None
    since: At | None = None
    dropped: Count | None = None
    untold: Count | None = None


@kind("clock.changed")
class ClockChanged(Fact):
    """`trust`: how far it is trusted from now on; `step_s`: by how much it was set, in seconds."""

    trust: Word
    step_s: Annotated[float, Range(-1e12, 1e12)]


@kind("centre.checkpoint")
class CentreCheckpoint(Fact):
    """`digest`: of the newest checkpoint of the centre's record that a confirm named; the unit is a witness of it."""

    digest: Hex64
