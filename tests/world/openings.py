"""D2 and D5 as a bystander sees them: a door opened with no grant, one that stays open, an exit button that is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.time import Now
from tests.world.told import told

if TYPE_CHECKING:
    from tests.world.watch import Watch

SLACK_S = 1.5
STUCK_S = 60.0


class DoorWatch:
    """Called after each step, behind the watch's own bookkeeping of modes, fire and who asked."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.booted()

    def booted(self) -> None:
        self.closed: set[str] = set()
        """Doors that this run was told are closed."""
        self.asked: dict[str, float] = {}
        """By door: until when whoever was granted in this run may open it, as far as nobody has since."""
        self.let: dict[str, float] = {}
        """The same, whoever opened it since."""
        self.let_go: dict[str, float] = {}
        """When its exit button was let go last; infinite while it is held."""
        self.open_since: dict[str, float] = {}
        """Since when it stands open that should not; its time begins anew with each mode and reset."""
        self.pressed: dict[str, float] = {}

    def stepped(self, event: ev.Event, now: Now, found: tuple[fx.Effect, ...]) -> None:
        self._bookkeeping(event, now, found)
        match event:
            case ev.ContactChanged(door, True):
                self._opened(door, now, found)
            case ev.ContactChanged(door, False):
                self.closed.add(door)
                self.open_since.pop(door, None)
            case ev.ExitChanged(door, pressed):
                self.let_go[door] = float("inf") if pressed else now.mono
                if pressed:
                    self.pressed.setdefault(door, now.mono)
                else:
                    self.pressed.pop(door, None)
            case _:
                pass
        self._in_time(now, found)

    def _bookkeeping(self, event: ev.Event, now: Now, found: tuple[fx.Effect, ...]) -> None:
        for data in told(found, "access.granted", "access.duress"):
            door = str(data["door"])
            self.asked[door] = self.let[door] = max(self.let.get(door, 0.0), self.watch.asked.get(door, 0.0))
        if isinstance(event, ev.DeviceGone):
            for known in (self.pressed, self.open_since, self.closed):  # nobody knows what happens there meanwhile
                known.clear()
        for data in told(found, "door.mode", "door.fire_reset", "door.fire_release"):
            self.open_since.pop(str(data["door"]), None)

    def _opened(self, door: str, now: Now, found: tuple[fx.Effect, ...]) -> None:
        """D5: opened with no grant is forced, and nobody else is told to have forced it."""
        watch = self.watch
        free = door in watch.latched or watch.mode(door, now) == "hold_open" or watch.safe_unlocked(door, now)
        forced = bool(told(found, "door.forced"))
        until = self.asked.get(door, 0.0)
        if door in self.closed and not free:
            if now.mono > max(self.let.get(door, 0.0), self.let_go.get(door, 0.0)) + SLACK_S:
                assert forced, "opened with no grant, and not told (D5)"
            elif now.mono <= until:
                assert not forced, "forced, and somebody was let in"
                self.asked.pop(door)
            else:
                self.asked.pop(door, None)
            self.open_since.setdefault(door, now.mono)
        self.closed.discard(door)

    def _in_time(self, now: Now, found: tuple[fx.Effect, ...]) -> None:
        for door in {str(data["door"]) for data in told(found, "door.held")}:
            assert door not in self.closed, "held open, and it is closed"
            self.open_since.pop(door, None)
        for data in told(found, "input.changed"):
            if data.get("detail") == "stuck":
                self.pressed.pop(str(data["door"]), None)
        for door, since in self.open_since.items():
            plan = next(each for each in self.watch.world.plan.doors if each.id == door)
            assert now.mono <= since + plan.held_open_s + SLACK_S, "stands open, and nobody is told (D5)"
        for since in self.pressed.values():
            assert now.mono <= since + STUCK_S + SLACK_S, "an exit button is held, and nobody is told (D2)"
