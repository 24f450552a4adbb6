"""The acceptance of this box's installation: shown on its idle pages as long as it is due, and the sheet of a self-test told to the centre.

It is due only where the enrolment asks for it: a box that was in service before is never shown as not accepted.
"""

from __future__ import annotations

from dataclasses import replace

from agent.core.effects import SheetTold
from agent.core.events.life import SheetRead
from agent.core.state.acceptance import AcceptanceState
from agent.core.step_builder import StepBuilder


def started(step: StepBuilder, key: str) -> None:
    step.state = replace(step.state, acceptance=AcceptanceState(key))


def use(step: StepBuilder, accepted: str) -> None:
    """What settings in force say of it."""
    step.state = replace(step.state, acceptance=replace(step.state.acceptance, accepted=accepted))


def sheet_read(step: StepBuilder, event: SheetRead) -> None:
    """Its parts are journaled together: the disk has all of them, or none and the file stays for the next start."""
    if not event.parts or step.state.acceptance.token is not None:
        return
    token = step.record([step.dated(part) for part in event.parts])
    sheet = replace(step.state.acceptance, sheet=event.parts[0].sheet, token=token)
    step.state = replace(step.state, acceptance=sheet)


def recorded(step: StepBuilder, token: int) -> None:
    known = step.state.acceptance
    if known.token == token:
        step.state = replace(step.state, acceptance=replace(known, sheet="", token=None))
        step.emit(SheetTold(known.sheet))
