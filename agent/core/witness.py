"""The unit as a witness of the centre's record: each new checkpoint that a confirm names is written down."""

from __future__ import annotations

from dataclasses import replace

from agent.core import limits
from agent.core.step_builder import StepBuilder
from contract.facts import CentreCheckpoint


def witness(step: StepBuilder, digest: str | None) -> None:
    """A new one is a fact, signed as every fact, so that the centre cannot take it back.

    Only of an answer to our own batch, since an old confirm may be replayed; and so often at most, whatever the centre says.
    """
    sync, now = step.state.sync, step.now.mono
    soon = sync.checkpoint_at is not None and now - sync.checkpoint_at < limits.CHECKPOINT_S
    if digest is None or digest == sync.checkpoint or soon:
        return
    step.fact(CentreCheckpoint(digest))
    step.state = replace(step.state, sync=replace(step.state.sync, checkpoint=digest, checkpoint_at=now))
    step.changed()
