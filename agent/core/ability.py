"""What this unit can do of what commands ask for, and whether it can just now."""

from __future__ import annotations

from agent.core import card_reading, door, erasing
from agent.core.state import State
from agent.core.state.door import Phase
from contract.commands import (
    MODE_MAX_S,
    Command,
    Erase,
    FireReset,
    Identify,
    Open,
    ReadCard,
    Reason,
    Restart,
    Resync,
    Say,
    SetMode,
)

_ABLE = (Open, SetMode, Identify, Resync, FireReset, Restart, Say, Erase, ReadCard)
"""What this unit can do; the rest is refused as `device`: it has nothing to do it with."""


def able(state: State, command: Command) -> tuple[Reason | None, str | None]:
    """What is known to fail is refused before it is committed."""
    order = command.order
    if not isinstance(order, _ABLE):
        return Reason.DEVICE, "this unit cannot"
    name = command.order.door
    known = next((d for d in state.doors if d.id == name), None)
    if name is not None and known is None:
        return Reason.DEVICE, "no such door"
    if isinstance(order, SetMode) and not state.now.utc < order.until_utc <= state.now.utc + MODE_MAX_S:
        return Reason.MALFORMED, "until: not within 31 days from now"
    if isinstance(order, Open) and known is not None:
        if known.phase is Phase.LOCKDOWN:
            return Reason.LOCKDOWN, None
        if state.health.lost(known.plan.lock_device) or known.blind:
            return Reason.DEVICE, "lock lost"
    if isinstance(order, Say) and not state.screens:
        return Reason.DEVICE, "no display"
    if isinstance(order, ReadCard):
        return card_reading.able(state, order)
    if isinstance(order, Erase) and erasing.named(state, order.holder):
        return Reason.DEVICE, erasing.STILL_NAMED
    if isinstance(order, FireReset) and any(d.latched for d in state.doors):
        burning = door.still_burning(state)
        if burning is not None:
            return Reason.DEVICE, burning
    return None, None
