"""Hands at one unit: cards, keys, the door, the exit button, and the switches of its building. Each says by which of the demo's words what came of it."""

from __future__ import annotations

import time

from simulator.demo.acting import AtDoor
from simulator.demo.stage import Entrance
from simulator.dwin_panel import DwinPanel
from simulator.tjc_canvas import TjcCanvasPanel

RESTART_S = 2.0
"""As long as the service manager would wait."""


class Hands:
    """Of one visitor at a time; `look_after` is called now and then."""

    def __init__(self, entrance: Entrance) -> None:
        self.entrance = entrance
        self.box = entrance.box
        self.door = AtDoor(entrance.box)
        self.burning = False
        self.powered = True
        self.held = False
        """Somebody stands in the door, or would if it were open."""
        self._dead_since: float | None = None

    def look_after(self) -> str | None:
        """Start the agent again some time after it died, as its service manager would."""
        if self.entrance.agent.pid is not None or not self.powered:
            self._dead_since = None
        elif self._dead_since is None:
            self._dead_since = time.monotonic()
        elif time.monotonic() - self._dead_since >= RESTART_S:
            self.entrance.agent.start()
            self._dead_since = None
            return "restarted"
        return None

    # --- at the door

    def tap(self, card: int, whose: str) -> str:
        self.box.tap(card)
        return f"card.{whose}"

    def push(self) -> str:
        return "push.open" if self.box.push_door() else "push.held"

    def hold(self) -> str:
        """Stand in the door, if it opens; or let it go."""
        self.held = not self.held
        self.box.door().hold(self.held)
        if not self.held:
            return "hold.off"
        return "hold.on" if self.box.push_door() else self._not_held()

    def _not_held(self) -> str:
        self.held = False
        self.box.door().hold(False)
        return "push.held"

    def force(self) -> str:
        self.box.door().force()
        return "forced"

    def press_exit(self) -> str:
        self.box.press_exit()
        return "exit"

    def keys(self, keys: str) -> str:
        """At the reader, else on the panel; a first finger on that brings up what to type on."""
        if not self.door.has_keypad:
            return "pad.none"
        for key in keys:
            if not self.door.presses(key):
                self.door.approaches()
                self.door.presses(key)
        return "pad.key" if len(keys) == 1 else "pad.keys"

    def touch(self, x: int, y: int) -> str:
        """A finger on a pixel of the panel."""
        panel = self.box.panel
        if isinstance(panel, DwinPanel) and panel.project is not None:
            return "touch" if panel.touch(x, y) else "touch.nothing"
        if isinstance(panel, TjcCanvasPanel) and x < panel.project.width and y < panel.project.height:
            panel.touch_at(x, y)
            return "touch"
        return "touch.nothing"

    # --- in the building

    def set_fire(self) -> str:
        self.burning = not self.burning
        self.box.fire(self.burning)
        return "fire.burns" if self.burning else "fire.over"

    def cut(self) -> str:
        cable = self.entrance.cable
        if cable.whole:
            cable.cut()
            return "cut"
        cable.mend()
        return "mended"

    def switch_power(self) -> str:
        """The agent's board has no other supply than the rest."""
        self.powered = not self.powered
        if self.powered:
            self.box.power(True)
            self.entrance.agent.start()
            return "power.back"
        if self.entrance.agent.pid is not None:
            self.entrance.agent.kill()
        self.box.power(False)
        return "power.gone"

    def kill(self) -> str:
        if self.entrance.agent.pid is None:
            return "dead"
        self.entrance.agent.kill()
        return "killed"
