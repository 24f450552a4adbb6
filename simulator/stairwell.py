"""The physical world around one door: lock, leaf, contact, people, buttons and wires. It obeys current, not commands.

A door opens only if its lock lets it. What the inputs carry follows from switches and whole or cut wires.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from simulator.clockwork import Clockwork, DueAction
from simulator.trace import Trace

STRIKE, MAGLOCK = "strike", "maglock"


@dataclass(frozen=True, slots=True)
class DoorSpec:
    """How one door is built and to which board terminals it is wired. Terminals count from 1; None is not wired.

    `lock`: a strike is locked without power, a maglock is unlocked without. `relay_contact`: the lock's current runs
    through the relay's normally open (`no`) or normally closed (`nc`) contact.
    """

    name: str = "main"
    lock: str = STRIKE
    relay_contact: str = "no"
    output: int = 1
    contact: int | None = 1
    exit_button: int | None = 2
    fire: int | None = 3
    closer_s: float = 1.0
    """The door closer: seconds from opening to shut, unless somebody holds the door."""

    @property
    def kind(self) -> str:
        return "fail-secure" if self.lock == STRIKE else "fail-safe"

    @property
    def energised(self) -> str:
        """What an energised relay does: a strike on the open contact and a maglock on the closed one are unlocked by it."""
        return "unlocks" if (self.lock == STRIKE) == (self.relay_contact == "no") else "locks"


class Wire:
    """A loop from an input's terminal through a switch and back; current flows while it is whole and the switch closed.

    Normally open or closed says how the switch stands at rest.
    """

    def __init__(self, normally_closed: bool, carry: Callable[[bool], None]) -> None:
        self._normally_closed = normally_closed
        self._carry = carry
        self._active = False
        self._cut = False
        self.stuck = False
        """The switch no longer moves, whatever pushes it."""
        self.settle()

    @property
    def active(self) -> bool:
        return self._active

    def settle(self) -> None:
        """Let the terminal see what the wire carries now."""
        self._carry(not self._cut and (self._normally_closed != self._active))

    def act(self, active: bool) -> None:
        if self.stuck:
            return
        self._active = active
        self.settle()

    def cut(self, cut: bool = True) -> None:
        self._cut = cut
        self.settle()


class Door:
    """One door. `relay_on` is told by the board; everything else by people and springs."""

    def __init__(self, clockwork: Clockwork, spec: DoorSpec, carry: Callable[[int, bool], None], trace: Trace) -> None:
        self.spec = spec
        self.part = f"door {spec.name}"
        self.open = False
        self.supply = True
        """The lock's own power supply; without it a maglock lets go."""
        self._relay_on = False
        self._held = False
        self._unlocked = False
        self._closing: DueAction | None = None
        self._clockwork = clockwork
        self._trace = trace
        self.contact = _wire(spec.contact, True, carry)
        self.exit_button = _wire(spec.exit_button, False, carry)
        self.fire = _wire(spec.fire, True, carry)
        self._settle_lock()

    @property
    def unlocked(self) -> bool:
        """Whether the lock lets the door open now."""
        return self._unlocked

    def relay(self, on: bool) -> None:
        self._relay_on = on
        self._settle_lock()

    def power(self, supply: bool) -> None:
        with self._clockwork.lock:
            self.supply = supply
            self._settle_lock()

    def _settle_lock(self) -> None:
        powered = self.supply and (self._relay_on == (self.spec.relay_contact == "no"))
        unlocked = powered if self.spec.lock == STRIKE else not powered
        if unlocked != self._unlocked:
            self._unlocked = unlocked
            self._trace.add(self.part, "unlocked" if unlocked else "locked")

    def push(self) -> bool:
        """Somebody pushes: the door opens if it is unlocked at this moment (or open already). True when it gave way."""
        with self._clockwork.lock:
            if not self.open and not self._unlocked:
                self._trace.add(self.part, "pushed", "it holds")
                return False
            self._trace.add(self.part, "pushed", "it gives way")
            self._swing(True)
            return True

    def force(self) -> None:
        """Somebody breaks it open."""
        with self._clockwork.lock:
            self._trace.add(self.part, "broken-open")
            self._swing(True)

    def hold(self, held: bool = True) -> None:
        """Somebody stands in the open door, or lets it go."""
        with self._clockwork.lock:
            self._held = held
            if self.open and not held:
                self._let_close()
            elif self._closing is not None:
                self._closing.cancel()

    def shut(self) -> None:
        with self._clockwork.lock:
            self._swing(False)

    def press_exit(self, held_s: float = 0.3) -> None:
        self._press(self.exit_button, "exit button", held_s)

    def _press(self, button: Wire, name: str, held_s: float) -> None:
        def release() -> None:
            button.act(False)
            self._trace.add(self.part, "released", name)

        with self._clockwork.lock:
            self._trace.add(self.part, "pressed", name)
            button.act(True)
            self._clockwork.after(held_s, release)

    def set_fire(self, burning: bool) -> None:
        with self._clockwork.lock:
            self._trace.add(self.part, "fire" if burning else "fire-over")
            self.fire.act(burning)

    def _swing(self, open_: bool) -> None:
        if open_ != self.open:
            self.open = open_
            self._trace.add(self.part, "opened" if open_ else "closed")
            self.contact.act(open_)
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        if open_ and not self._held:
            self._let_close()

    def _let_close(self) -> None:
        self._closing = self._clockwork.at(time.monotonic() + self.spec.closer_s, lambda: self._swing(False))


def _wire(terminal: int | None, normally_closed: bool, carry: Callable[[int, bool], None]) -> Wire:
    if terminal is None:
        return Wire(normally_closed, lambda _high: None)
    return Wire(normally_closed, lambda high: carry(terminal, high))
