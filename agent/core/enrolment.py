"""How the centre gets to know this unit's keys: told at each connection and whenever the centre comes online; its own one only until it is known there.

Here it is only known that there is a one-time token; the token itself is the link's.
"""

from __future__ import annotations

from dataclasses import replace

from agent.core.effects import SendEnrolment, SendSealingKey, SpendToken
from agent.core.step_builder import StepBuilder
from contract.messages import Confirm


def started(step: StepBuilder, *, pending: bool, identified: bool) -> None:
    step.state = replace(step.state, enrolment_pending=pending, identified=identified)


def send_keys(step: StepBuilder) -> None:
    """To be ordered ahead of facts of the same step: those of a unit whose key is not known are refused, and come again only after half a minute."""
    if step.state.enrolment_pending:
        step.emit(SendEnrolment())
    step.emit(SendSealingKey())


def confirmed(step: StepBuilder, message: Confirm) -> None:
    """The answer to a batch of this run shows that the centre has the key which that was signed with; any other may be a replay."""
    if step.state.enrolment_pending and message.batch.startswith(f"{step.state.session}-"):
        step.state = replace(step.state, enrolment_pending=False)
        step.emit(SpendToken())
