"""D13 as a bystander sees it: who reads “come in” stands before an unlocked door, and everybody who was let in reads that or a no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core import effects as fx
from agent.core.time import Now
from contract.messages import Role
from tests.world.told import told

if TYPE_CHECKING:
    from tests.world.watch import Watch

WELCOME = frozenset({"granted", "remote"})
TOLD = WELCOME | {"lock_silent", "checkin.shut", "fire_reset", "fire_still_on"}
ANSWER_S = 1.6
"""An order has a second, and half of one for what became of it."""


class WelcomeWatch:
    """Called after each step."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.booted()

    def booted(self) -> None:
        self.waits: dict[str, float] = {}
        """By door: until when the one who was let in first has to be told."""

    def stepped(self, now: Now, found: tuple[fx.Effect, ...]) -> None:
        world = self.watch.world
        patrols = {h.id for each in world.people.values() for h in each if h.role is Role.PATROL}
        for data in told(found, "access.granted", "access.duress"):
            if data["via"] != "exit_button" and data.get("by") not in patrols:
                self.waits.setdefault(str(data["door"]), now.mono + ANSWER_S)
        answer = world.state.answer
        if answer is not None and answer.at == now.mono and answer.key in TOLD and answer.door is not None:
            self.waits.pop(answer.door, None)
            if answer.key in WELCOME:
                assert world.doors[answer.door].relay.unlocked(now.mono), "told to come in, before a locked door (D13)"
        for door, until in self.waits.items():
            assert now.mono <= until, f"let in at {door}, and told neither yes nor no (D13)"
