"""Everything of a unit tried once: locks, contacts, buttons, readers, displays, with the person at the door where there is one.

Every unlocking ends by itself, timed by the board; a door whose fire input is active is not touched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from agent.cli.bench import Bench
from agent.commissioning.findings import wiring
from agent.commissioning.person import Person
from agent.commissioning.sheet import Row
from agent.config import Config
from agent.store import latch
from agent.wiring import Drive, Sense, drives, senses
from contract.frozen import frozen
from drivers.registry import DRIVERS
from drivers.reports import DrawPage

FOUND_S = 3.5
"""A port that is there is open within 2 s and its device found within 3."""
PULSE_S = 1.0
READ_S = 1.5
"""An output is read back after each order, and polled at least once a second."""
DRAWN_S = 5.0
ACT_S = 30.0
PAIR = "doorward pair"
_NOBODY = "not tried: nobody was there (--yes)"

_REST = {
    "contact": ("shut", "open: shut the door, or correct `normally`"),
    "exit": ("not pressed", "pressed: let it go, or correct `normally`"),
    "fire": ("no fire", "FIRE: clear it, mend the wire, or correct `normally`"),
    "input": ("at rest", "not at rest: look at it, or correct `normally`"),
}


@frozen
class DoorWires:
    """What a door has, as input and output places (device, number)."""

    door: str
    drive: Drive
    contact: tuple[str, int] | None
    fire: tuple[str, int] | None


class Acceptance:
    """`act_s`: how long a person has for what they were told to do; also how long a door is unlocked for them, at most 60 s."""

    def __init__(self, config: Config, bench: Bench, person: Person, act_s: float = ACT_S) -> None:
        self._config = config
        self._bench = bench
        self._person = person
        self._act_s = min(60.0, act_s)
        self._senses = senses(config)

    def rows(self) -> Iterator[Row]:
        yield from self._devices()
        yield from self._inputs()
        for door, drive in drives(self._config).items():
            yield from self._door(self._place(door, drive))
        for door, entry in self._config.doors.items():
            if entry.exit_button is not None:
                yield self._button(door, (entry.exit_button.device, entry.exit_button.input))
            if entry.fire is not None:
                yield self._fire_contact(door, (entry.fire.device, entry.fire.input))
            for reader in entry.readers:
                if DRIVERS[self._config.devices[reader].driver].reads_cards:
                    yield self._reader(reader, door)
                else:
                    yield self._keypad(reader, door)
        for name in self._config.displays:
            yield self._screen(name)
        for finding in wiring(self._config):
            if finding.state == "ask":
                answer = self._person.says(f"{finding.about}: {finding.text}") if self._person.there else None
                yield Row(finding.about, answer, finding.text)

    def _devices(self) -> Iterator[Row]:
        end = time.monotonic() + FOUND_S
        for name, device in self._config.devices.items():
            detail = self._bench.known(name, max(0.0, end - time.monotonic()))
            text = self._why(name) if detail is None else detail or "there"
            yield Row(f"device {name}", detail is not None, f"{device.driver}: {text}")

    def _why(self, name: str) -> str:
        why, line = self._bench.why(name), self._config.ports[self._config.devices[name].port]
        if why.startswith("port"):
            return why
        if why.startswith("insecure"):
            return why if PAIR in why else f"{why}; {PAIR} {name} gives it a key of its own"
        return f"{why}; is it powered, and wired to {line.device}, at {line.baud} baud?"

    # --- inputs

    def _inputs(self) -> Iterator[Row]:
        for place, uses in self._senses.items():
            for sense in uses:
                yield self._at_rest(sense, place)

    def _at_rest(self, sense: Sense, place: tuple[str, int]) -> Row:
        device, number = place
        about = f"input {sense.name}" if sense.part == "input" else f"door {sense.name}, {sense.part}"
        if not self._readable(place):
            return Row(about, False, f"input {number} of {device} cannot be read")
        at_rest = self._bench.inputs[place] == sense.normal_high
        return Row(about, at_rest, _REST[sense.part][0 if at_rest else 1])

    def _readable(self, place: tuple[str, int]) -> bool:
        return place[0] in self._bench.found and self._bench.wait(lambda: place in self._bench.inputs, READ_S)

    def _moves(self, place: tuple[str, int], since: int, times: int) -> bool:
        """Whether the input changed `times` times since `since`, in the time a person has."""
        return self._bench.wait(lambda: self._bench.moves[since:].count(place) >= times, self._act_s)

    def _others(self, since: int, place: tuple[str, int]) -> str:
        """Which other inputs changed meanwhile, for the text of a failure."""
        with self._bench.lock:
            moved = dict.fromkeys(self._bench.moves[since:])
        names = [f"input {number} of {device}" for device, number in moved if (device, number) != place]
        return f"; {' and '.join(names)} changed" if names else ""

    def _button(self, door: str, place: tuple[str, int]) -> Row:
        about = f"door {door}, exit pressed"
        if not self._person.there:
            return Row(about, None, _NOBODY)
        if not self._readable(place):
            return Row(about, False, f"input {place[1]} of {place[0]} cannot be read")
        since = len(self._bench.moves)
        self._person.tell(f"Press the exit button of door {door}, and let it go ({self._act_s:g} s)")
        if self._moves(place, since, 2):
            return Row(about, True, "pressed and let go")
        return Row(about, False, f"input {place[1]} of {place[0]} did not change{self._others(since, place)}")

    def _fire_contact(self, door: str, place: tuple[str, int]) -> Row:
        about = f"door {door}, fire set off"
        if not self._person.there:
            return Row(about, None, _NOBODY)
        if not self._person.says(f"Can the fire contact of door {door} be set off for a moment now?"):
            return Row(about, None, "not tried")
        since = len(self._bench.moves)
        self._person.tell(f"Set the fire contact of door {door} off, and reset it ({self._act_s:g} s)")
        if self._moves(place, since, 2):
            return Row(about, True, "set off and reset")
        return Row(about, False, f"input {place[1]} of {place[0]} did not change{self._others(since, place)}")

    # --- locks

    def _place(self, door: str, drive: Drive) -> DoorWires:
        entry = self._config.doors[door]
        contact, fire = (None if wire is None else (wire.device, wire.input) for wire in (entry.contact, entry.fire))
        return DoorWires(door, drive, contact, fire)

    def _door(self, place: DoorWires) -> Iterator[Row]:
        """Locked first, as the agent would have it; in the end as the configuration calls it safe."""
        drive, about = place.drive, f"door {place.door}, lock"
        latched = latch.read(self._config.state)
        if latched is None:
            yield Row(about, False, "not moved: the fire latch cannot be read")
            return
        if place.door in latched:
            yield Row(about, False, "not moved: fire has released it, and nobody has reset that")
            return
        if self._burns(place):
            yield Row(about, False, "not moved: its fire input is active, or cannot be read")
            return
        if not self._bench.wait(lambda: (drive.device, drive.number) in self._bench.outputs, READ_S):
            yield Row(about, False, f"output {drive.number} of {drive.device} cannot be read")
            return
        refused = self._bench.set(drive.device, drive.number, on=not drive.high_unlocks)
        if refused is not None:
            yield Row(about, False, f"it cannot be locked: {refused}")
            return
        try:
            clicked = self._click(place)
            yield clicked
            if clicked.passed:
                yield from self._by_hand(place)
        finally:
            safe = (self._config.doors[place.door].lock.safe_state == "unlocked") == drive.high_unlocks
            self._bench.set(drive.device, drive.number, on=safe)

    def _burns(self, place: DoorWires) -> bool:
        if place.fire is None:
            return False
        normal_high = self._senses[place.fire][0].normal_high
        return not self._readable(place.fire) or self._bench.inputs[place.fire] != normal_high

    def _click(self, place: DoorWires) -> Row:
        """Unlocked for one pulse of the board's own, and back."""
        drive, bench, about = place.drive, self._bench, f"door {place.door}, lock"
        output = (drive.device, drive.number)
        refused = bench.pulse(drive.device, drive.number, PULSE_S, on=drive.high_unlocks)
        if refused is not None:
            return Row(about, False, f"the order failed: {refused}")
        begun = time.monotonic()
        if not bench.wait(lambda: bench.outputs[output] is drive.high_unlocks, READ_S):
            return Row(about, False, f"output {drive.number} of {drive.device} did not move")
        if not bench.wait(lambda: bench.outputs[output] is not drive.high_unlocks, PULSE_S + READ_S):
            text = f"output {drive.number} of {drive.device} did not come back by itself: unlocked still"
            return Row(about, False, text)
        took = time.monotonic() - begun
        return Row(about, True, f"unlocked for {took:.1f} s, then locked again by itself")

    def _by_hand(self, place: DoorWires) -> Iterator[Row]:
        door = place.door
        if not self._person.there:
            yield Row(f"door {door}, holds", None, _NOBODY)
            yield Row(f"door {door}, opens", None, _NOBODY)
            return
        holds = self._person.says(f"Door {door} should be locked now. Push it: does it hold?")
        swapped = "correct `energised`, or the relay's NO and NC are swapped, or `output` is another door's"
        yield Row(
            f"door {door}, holds", holds, "it holds while locked" if holds else f"it gives way while locked: {swapped}"
        )
        yield self._opens(place)

    def _opens(self, place: DoorWires) -> Row:
        drive, about = place.drive, f"door {place.door}, opens"
        since = len(self._bench.moves)
        refused = self._bench.pulse(drive.device, drive.number, self._act_s, on=drive.high_unlocks)
        if refused is not None:
            return Row(about, False, f"the order failed: {refused}")
        self._person.tell(f"Door {place.door} is unlocked for {self._act_s:g} s: open it, and let it shut again")
        moved = place.contact is not None and self._moves(place.contact, since, 2)
        if moved:
            self._bench.set(drive.device, drive.number, on=not drive.high_unlocks)
            return Row(about, True, "it opened and shut again, and its contact saw both")
        opened = self._person.says(f"Did door {place.door} open, and no other?")
        if opened and place.contact is None:
            return Row(about, True, "it opened; no contact sees it")
        if opened:
            others = self._others(since, place.contact or ("", 0))
            return Row(
                about, False, f"it opened and its contact did not see it: stuck, or wired to another input{others}"
            )
        return Row(
            about, False, "it did not open: another lock clicked (`output`), or `energised` is wrong, or a wire is off"
        )

    # --- readers and displays

    def _reader(self, name: str, door: str) -> Row:
        about = f"reader {name}"
        if not self._person.there:
            return Row(about, None, _NOBODY)
        if name not in self._bench.found:
            return Row(about, False, "not there")
        port = self._config.devices[name].port
        cards, heard = self._bench.cards[name], self._bench.heard[port]
        self._person.tell(f"Hold a card to the reader of door {door} ({self._act_s:g} s)")
        if self._bench.wait(lambda: self._bench.cards[name] > cards, self._act_s):
            return Row(about, True, "it read a card")
        if self._config.devices[name].driver == "line-reader" and self._bench.heard[port] > heard:
            return Row(
                about, False, "what it sends is no card: another speed, or another form (doorward probe finds both)"
            )
        return Row(about, False, "no card was heard: is it wired, and powered?")

    def _keypad(self, name: str, door: str) -> Row:
        about = f"keypad {name}"
        if not self._person.there:
            return Row(about, None, _NOBODY)
        if name not in self._bench.found:
            return Row(about, False, "not there")
        keys = self._bench.keys[name]
        self._person.tell(f"Press any key of {name} at door {door} ({self._act_s:g} s)")
        if self._bench.wait(lambda: self._bench.keys[name] > keys, self._act_s):
            return Row(about, True, "a key was heard")
        return Row(about, False, "no key was heard: is it wired, and are its keys in the layout?")

    def _screen(self, name: str) -> Row:
        about = f"display {name}"
        if name not in self._bench.found:
            return Row(about, False, "not there")
        token = self._bench.next_order()
        unit = self._config.unit
        body = ("自检 SELFTEST", time.strftime("%H:%M UTC", time.gmtime()), unit.id, "0123456789")
        small = (("title", 1),)  # on designed pages: letters that can draw any name
        self._bench.order(DrawPage(name, token, "notice", unit.name, body, unit.site, sizes=small))
        if not self._bench.wait(lambda: token in self._bench.drawn, DRAWN_S):
            return Row(about, False, "nothing was acknowledged")
        if not self._person.there:
            return Row(about, None, "drawn, and acknowledged; nobody was there to read it (--yes)")
        if self._person.says(f"Does display {name} show {unit.name}, 自检 SELFTEST and the time, and read well?"):
            return Row(about, True, "drawn, acknowledged, and reads well")
        return Row(about, False, "acknowledged, but it does not read well: backlight, layout, or charset")
