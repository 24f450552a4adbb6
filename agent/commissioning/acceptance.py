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
from agent.driver_words import explained
from agent.store import latch
from agent.wiring import Drive, Sense, drives, senses
from agent.words import N_, _, joined
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
_NOBODY = N_("not tried: nobody was there (--yes)")

_REST = {
    "contact": (N_("shut"), N_("open: shut the door, or correct `normally`")),
    "exit": (N_("not pressed"), N_("pressed: let it go, or correct `normally`")),
    "fire": (N_("no fire"), N_("FIRE: clear it, mend the wire, or correct `normally`")),
    "input": (N_("at rest"), N_("not at rest: look at it, or correct `normally`")),
}

_PARTS = {"contact": N_("contact"), "exit": N_("exit"), "fire": N_("fire"), "input": N_("input")}


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
                answer = (
                    self._person.says(_("{about}: {text}").format(about=finding.about, text=finding.text))
                    if self._person.there
                    else None
                )
                yield Row(finding.about, answer, finding.text)

    def _devices(self) -> Iterator[Row]:
        end = time.monotonic() + FOUND_S
        for name, device in self._config.devices.items():
            detail = self._bench.known(name, max(0.0, end - time.monotonic()))
            text = self._why(name) if detail is None else explained(detail) if detail else _("there")
            found = _("{driver}: {text}").format(driver=device.driver, text=text)
            yield Row(_("device {name}").format(name=name), detail is not None, found)

    def _why(self, name: str) -> str:
        why, line = self._bench.why(name), self._config.ports[self._config.devices[name].port]
        if why.startswith("port"):
            return why
        if why.startswith("insecure"):
            return (
                why
                if PAIR in why
                else _("{why}; doorward pair {name} gives it a key of its own").format(why=why, name=name)
            )
        return _("{why}; is it powered, and wired to {device}, at {baud} baud?").format(
            why=why, device=line.device, baud=line.baud
        )

    # --- inputs

    def _inputs(self) -> Iterator[Row]:
        for place, uses in self._senses.items():
            for sense in uses:
                yield self._at_rest(sense, place)

    def _at_rest(self, sense: Sense, place: tuple[str, int]) -> Row:
        device, number = place
        about = (
            _("input {name}").format(name=sense.name)
            if sense.part == "input"
            else _("door {name}, {part}").format(name=sense.name, part=_(_PARTS[sense.part]))
        )
        if not self._readable(place):
            return Row(
                about, False, _("input {number} of {device} cannot be read").format(number=number, device=device)
            )
        at_rest = self._bench.inputs[place] == sense.normal_high
        return Row(about, at_rest, _(_REST[sense.part][0 if at_rest else 1]))

    def _readable(self, place: tuple[str, int]) -> bool:
        return place[0] in self._bench.found and self._bench.wait(lambda: place in self._bench.inputs, READ_S)

    def _moves(self, place: tuple[str, int], since: int, times: int) -> bool:
        """Whether the input changed `times` times since `since`, in the time a person has."""
        return self._bench.wait(lambda: self._bench.moves[since:].count(place) >= times, self._act_s)

    def _others(self, since: int, place: tuple[str, int]) -> str:
        """Which other inputs changed meanwhile, for the text of a failure."""
        with self._bench.lock:
            moved = dict.fromkeys(self._bench.moves[since:])
        names = [
            _("input {number} of {device}").format(number=number, device=device)
            for device, number in moved
            if (device, number) != place
        ]
        return _("; {names} changed").format(names=joined(_(" and "), names)) if names else ""

    def _button(self, door: str, place: tuple[str, int]) -> Row:
        about = _("door {door}, exit pressed").format(door=door)
        if not self._person.there:
            return Row(about, None, _(_NOBODY))
        if not self._readable(place):
            return Row(
                about, False, _("input {number} of {device} cannot be read").format(number=place[1], device=place[0])
            )
        since = len(self._bench.moves)
        self._person.tell(
            _("Press the exit button of door {door}, and let it go ({seconds:g} s)").format(
                door=door, seconds=self._act_s
            )
        )
        if self._moves(place, since, 2):
            return Row(about, True, _("pressed and let go"))
        return Row(
            about,
            False,
            _("input {number} of {device} did not change{others}").format(
                number=place[1], device=place[0], others=self._others(since, place)
            ),
        )

    def _fire_contact(self, door: str, place: tuple[str, int]) -> Row:
        about = _("door {door}, fire set off").format(door=door)
        if not self._person.there:
            return Row(about, None, _(_NOBODY))
        if not self._person.says(
            _("Can the fire contact of door {door} be set off for a moment now?").format(door=door)
        ):
            return Row(about, None, _("not tried"))
        since = len(self._bench.moves)
        self._person.tell(
            _("Set the fire contact of door {door} off, and reset it ({seconds:g} s)").format(
                door=door, seconds=self._act_s
            )
        )
        if self._moves(place, since, 2):
            return Row(about, True, _("set off and reset"))
        return Row(
            about,
            False,
            _("input {number} of {device} did not change{others}").format(
                number=place[1], device=place[0], others=self._others(since, place)
            ),
        )

    # --- locks

    def _place(self, door: str, drive: Drive) -> DoorWires:
        entry = self._config.doors[door]
        contact, fire = (None if wire is None else (wire.device, wire.input) for wire in (entry.contact, entry.fire))
        return DoorWires(door, drive, contact, fire)

    def _door(self, place: DoorWires) -> Iterator[Row]:
        """Locked first, as the agent would have it; in the end as the configuration calls it safe."""
        drive, about = place.drive, _("door {door}, lock").format(door=place.door)
        latched = latch.read(self._config.state)
        if latched is None:
            yield Row(about, False, _("not moved: the fire latch cannot be read"))
            return
        if place.door in latched:
            yield Row(about, False, _("not moved: fire has released it, and nobody has reset that"))
            return
        if self._burns(place):
            yield Row(about, False, _("not moved: its fire input is active, or cannot be read"))
            return
        if not self._bench.wait(lambda: (drive.device, drive.number) in self._bench.outputs, READ_S):
            yield Row(
                about,
                False,
                _("output {number} of {device} cannot be read").format(number=drive.number, device=drive.device),
            )
            return
        refused = self._bench.set(drive.device, drive.number, on=not drive.high_unlocks)
        if refused is not None:
            yield Row(about, False, _("it cannot be locked: {refused}").format(refused=refused))
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
        drive, bench, about = place.drive, self._bench, _("door {door}, lock").format(door=place.door)
        output = (drive.device, drive.number)
        refused = bench.pulse(drive.device, drive.number, PULSE_S, on=drive.high_unlocks)
        if refused is not None:
            return Row(about, False, _("the order failed: {refused}").format(refused=refused))
        begun = time.monotonic()
        if not bench.wait(lambda: bench.outputs[output] is drive.high_unlocks, READ_S):
            return Row(
                about,
                False,
                _("output {number} of {device} did not move").format(number=drive.number, device=drive.device),
            )
        if not bench.wait(lambda: bench.outputs[output] is not drive.high_unlocks, PULSE_S + READ_S):
            text = _("output {number} of {device} did not come back by itself: unlocked still").format(
                number=drive.number, device=drive.device
            )
            return Row(about, False, text)
        took = time.monotonic() - begun
        return Row(about, True, _("unlocked for {took:.1f} s, then locked again by itself").format(took=took))

    def _by_hand(self, place: DoorWires) -> Iterator[Row]:
        door = place.door
        if not self._person.there:
            yield Row(_("door {door}, holds").format(door=door), None, _(_NOBODY))
            yield Row(_("door {door}, opens").format(door=door), None, _(_NOBODY))
            return
        holds = self._person.says(_("Door {door} should be locked now. Push it: does it hold?").format(door=door))
        swapped = _("correct `energised`, or the relay's NO and NC are swapped, or `output` is another door's")
        yield Row(
            _("door {door}, holds").format(door=door),
            holds,
            _("it holds while locked") if holds else _("it gives way while locked: {swapped}").format(swapped=swapped),
        )
        yield self._opens(place)

    def _opens(self, place: DoorWires) -> Row:
        drive, about = place.drive, _("door {door}, opens").format(door=place.door)
        since = len(self._bench.moves)
        refused = self._bench.pulse(drive.device, drive.number, self._act_s, on=drive.high_unlocks)
        if refused is not None:
            return Row(about, False, _("the order failed: {refused}").format(refused=refused))
        self._person.tell(
            _("Door {door} is unlocked for {seconds:g} s: open it, and let it shut again").format(
                door=place.door, seconds=self._act_s
            )
        )
        moved = place.contact is not None and self._moves(place.contact, since, 2)
        if moved:
            self._bench.set(drive.device, drive.number, on=not drive.high_unlocks)
            return Row(about, True, _("it opened and shut again, and its contact saw both"))
        opened = self._person.says(_("Did door {door} open, and no other?").format(door=place.door))
        if opened and place.contact is None:
            return Row(about, True, _("it opened; no contact sees it"))
        if opened:
            others = self._others(since, place.contact or ("", 0))
            return Row(
                about,
                False,
                _("it opened and its contact did not see it: stuck, or wired to another input{others}").format(
                    others=others
                ),
            )
        return Row(
            about,
            False,
            _("it did not open: another lock clicked (`output`), or `energised` is wrong, or a wire is off"),
        )

    # --- readers and displays

    def _reader(self, name: str, door: str) -> Row:
        about = _("reader {name}").format(name=name)
        if not self._person.there:
            return Row(about, None, _(_NOBODY))
        if name not in self._bench.found:
            return Row(about, False, _("not there"))
        port = self._config.devices[name].port
        cards, heard = self._bench.cards[name], self._bench.heard[port]
        self._person.tell(
            _("Hold a card to the reader of door {door} ({seconds:g} s)").format(door=door, seconds=self._act_s)
        )
        if self._bench.wait(lambda: self._bench.cards[name] > cards, self._act_s):
            return Row(about, True, _("it read a card"))
        if self._config.devices[name].driver == "line-reader" and self._bench.heard[port] > heard:
            return Row(
                about, False, _("what it sends is no card: another speed, or another form (doorward probe finds both)")
            )
        return Row(about, False, _("no card was heard: is it wired, and powered?"))

    def _keypad(self, name: str, door: str) -> Row:
        about = _("keypad {name}").format(name=name)
        if not self._person.there:
            return Row(about, None, _(_NOBODY))
        if name not in self._bench.found:
            return Row(about, False, _("not there"))
        keys = self._bench.keys[name]
        self._person.tell(
            _("Press any key of {name} at door {door} ({seconds:g} s)").format(
                name=name, door=door, seconds=self._act_s
            )
        )
        if self._bench.wait(lambda: self._bench.keys[name] > keys, self._act_s):
            return Row(about, True, _("a key was heard"))
        return Row(about, False, _("no key was heard: is it wired, and are its keys in the layout?"))

    def _screen(self, name: str) -> Row:
        about = _("display {name}").format(name=name)
        if name not in self._bench.found:
            return Row(about, False, _("not there"))
        token = self._bench.next_order()
        unit = self._config.unit
        body = ("自检 SELFTEST", time.strftime("%H:%M UTC", time.gmtime()), unit.id, "0123456789")
        small = (("title", 1),)  # on designed pages: letters that can draw any name
        self._bench.order(DrawPage(name, token, "notice", unit.name, body, unit.site, sizes=small))
        if not self._bench.wait(lambda: token in self._bench.drawn, DRAWN_S):
            return Row(about, False, _("nothing was acknowledged"))
        if not self._person.there:
            return Row(about, None, _("drawn, and acknowledged; nobody was there to read it (--yes)"))
        if self._person.says(
            _("Does display {name} show {unit}, 自检 SELFTEST and the time, and read well?").format(
                name=name, unit=unit.name
            )
        ):
            return Row(about, True, _("drawn, acknowledged, and reads well"))
        return Row(about, False, _("acknowledged, but it does not read well: backlight, layout, or charset"))
