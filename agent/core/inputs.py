"""A wired input of the unit changed: what that says, beside the fact of it, by the input's name and the settings."""

from __future__ import annotations

from agent.core import care, helping, pages, supervise
from agent.core.step_builder import StepBuilder
from contract.facts import HelpVia


def changed(step: StepBuilder, name: str, *, active: bool) -> None:
    """An input that stays as it is, also for a day, says nothing more."""
    was = step.state.health.inputs.get(name)
    if was is active:
        return
    supervise.input_changed(step, name, active)
    if name == pages.HELP_INPUT and active:
        helping.called(step, HelpVia.INPUT, None)
    if was is not None:
        care.input_changed(step, name)
