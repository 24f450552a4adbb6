"""What an exit button and a fire contact must do by themselves, in words: without this unit, people get out and fire opens the door.

It depends on the kind of lock. Cutting its current frees a fail-safe lock and locks people in behind a fail-secure one (docs/wiring.md).
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.config.model import DoorConfig
from agent.words import N_, _

BY_ITSELF = {
    "fail-safe": N_("opens the lock's supply"),
    "fail-secure": N_("closes a circuit that feeds the lock"),
}
"""What the contact of each kind of lock does when a person presses, or fire is told."""
_OFF = N_("also with this unit switched off?")


def questions(door: DoorConfig) -> Iterator[str]:
    """Only a person at the door can answer them; each is to be answered yes."""
    yield from _way_out(door)
    if door.on_fire != "release":
        yield _("on_fire: nothing: is this door no escape route?")
    elif door.lock.kind == "fail-safe":
        yield _(
            "does the fire contact itself open the lock's supply on fire (in series before the relay), {off}"
        ).format(off=_(_OFF))
    else:
        yield (
            _(
                "does the fire contact itself close a circuit that feeds the lock on fire (beside the relay; to cut its current would lock it), from a supply that lives through the alarm and a power cut, {off}"
            ).format(off=_(_OFF))
        )


def _way_out(door: DoorConfig) -> Iterator[str]:
    fails_safe = door.lock.kind == "fail-safe"
    if door.exit == "none":
        yield _("exit: none: is there another way out for everybody behind this door?")
    elif door.exit == "mechanical" and fails_safe:
        yield (
            _(
                "does the inside handle open the door while the lock is locked? A magnet holds against any handle, unless the handle's own contact opens the lock's supply"
            )
        )
    elif door.exit == "mechanical":
        yield _("does the inside handle open the door while the lock is locked, without any current?")
    elif fails_safe:
        yield _(
            "does the exit button itself open the lock's supply when pressed (in series before the relay), {off}"
        ).format(off=_(_OFF))
    else:
        yield (
            _(
                "does the exit button itself close a circuit that feeds the lock when pressed (beside the relay; to cut its current would lock it), {off}"
            ).format(off=_(_OFF))
        )
        yield _("does an inside handle open the door without any current? A fail-secure lock stays locked then")
