"""What only a person knows of a unit: who it is, how its doors are built and wired. Makes the text of a configuration; writes nothing.

Where a wrong guess could shut somebody in, or leave a door open, there is no default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent.commissioning import designs
from agent.commissioning.answers import meant, yes_or_no
from agent.commissioning.hardware import Hardware, flow, quoted, scalar, yaml_lines
from agent.commissioning.hardwired import BY_ITSELF
from agent.commissioning.interview import Interview, choice, seconds, whole, words
from agent.commissioning.wires import Equipment, InputWire, Wires, free_output
from agent.config.checks import broker_fault
from agent.config.model import IDENTITY, SCOPE_LEVELS, STATE
from agent.words import N_, _
from contract.frozen import frozen
from contract.messages import MAX_UNLOCK_S
from contract.topics import valid_id
from drivers.probing import Sighting
from drivers.registry import DRIVERS

PANEL_SIZE = {
    "columns": (N_("half-width characters fit on a line (a Chinese character takes two)"), 8, 80),
    "rows": (N_("lines of text does it show"), 1, 20),
}


@frozen
class KnownBefore:
    """What is known before anybody is asked: of the enrolment, where there is one."""

    unit: str | None = None
    site: str | None = None


def identifier(text: str) -> str:
    if not valid_id(text):
        raise ValueError(_("lower-case letters, digits, - and _, at most 48"))
    return text


def another(taken: Sequence[str], text: str) -> str:
    """An identifier that is not among `taken`."""
    if text in taken:
        raise ValueError(_("{text} is another one already").format(text=text))
    return identifier(text)


def title(text: str) -> str:
    if not (text.strip() and text.isprintable() and len(text) <= 64):
        raise ValueError(_("one line of 1 to 64 characters"))
    return text.strip()


def room(text: str) -> str:
    """As a roster has it; `-`: nobody's."""
    if not (text.strip() and text.isprintable() and len(text) <= 32):
        raise ValueError(_("as the roster has it, 1 to 32 characters, or - for nobody's"))
    return text.strip()


def broker(text: str) -> str:
    word = meant(text, ("enrolment", "none"))
    if word is not None:
        return word
    fault = broker_fault(text, insecure=False)
    if fault is not None:
        raise ValueError(fault)
    return text


def places(text: str) -> list[str]:
    """Scopes, each once; none for `-`."""
    found = [each for each in dict.fromkeys(words(text)) if each != "-"]
    for each in found:
        level, _slash, name = each.partition("/")
        if level not in SCOPE_LEVELS or not valid_id(name):
            raise ValueError(
                _("{each}: say {names}, or - for nothing").format(
                    each=each, names=", ".join(f"{level}/…" for level in SCOPE_LEVELS)
                )
            )
    return found


def whole_path(text: str) -> str:
    if not Path(text).is_absolute():
        raise ValueError(_("{text}: a path from / on").format(text=text))
    return text


class Questions:
    def __init__(
        self, interview: Interview, found: Hardware, equipment: Equipment, known: KnownBefore, act_s: float
    ) -> None:
        self._interview = interview
        self._ask = interview.ask
        self._look_up = interview.look_up
        self._whole = interview.whole
        self._found = found
        self._equipment = equipment
        self._known = known
        self._act_s = act_s
        self._wires = Wires(equipment, interview, act_s)
        self._outputs: list[tuple[str, int]] = []

    def text(self) -> str:
        """A whole configuration. Its parts are asked in the order of the file; asked again from the start when somebody goes back."""
        return self._whole(self._text)

    def _text(self) -> str:
        self._wires = Wires(self._equipment, self._interview, self._act_s)
        self._outputs = []
        return "\n".join(
            [*self._unit(), *self._link(), *self._folders(), *self._hardware(), *self._doors(), *self._rest(), ""]
        )

    def _unit(self) -> Iterator[str]:
        ask, known = self._ask, self._known
        unit = ask("unit.id", _("This unit's id, as at the centre"), identifier, known.unit)
        site = ask("unit.site", _("The id of the site (the street office)"), identifier, known.site)
        name = ask("unit.name", _("Its name, as the panel is to show it"), title, unit)
        yield "unit:"
        yield f"  id: {unit}"
        yield f"  site: {site}"
        yield f"  name: {quoted(name)}"
        scopes = ask(
            "unit.scopes",
            _("What it belongs to, as building/b12 yard/y07 grid/g21 community/c05; - for nothing"),
            places,
            "-",
        )
        if scopes:
            yield f"  scopes: {scalar(scopes)}"
        yield f"  timezone: {self._look_up('unit.timezone', 'Asia/Shanghai')}"
        yield f"  language: {self._look_up('unit.language', 'zh-CN')}"

    def _link(self) -> Iterator[str]:
        where = self._ask(
            "link",
            _("The centre's broker: enrolment (as enrolled), none (the door works alone), or mqtts://HOST"),
            broker,
            "enrolment",
        )
        if where == "enrolment":
            yield "link: {protocol: auto}   # the broker is the enrolment's"
        elif where != "none":
            yield f"link: {{broker: {quoted(where)}}}"

    def _folders(self) -> Iterator[str]:
        for key, usual in (("identity", IDENTITY), ("state", STATE)):
            yield f"{key}: {quoted(self._look_up(key, str(usual), whole_path))}"

    def _hardware(self) -> Iterator[str]:
        devices: dict[str, tuple[str, Sighting]] = {}
        for name, (port, sighting) in self._found.devices.items():
            devices[name] = (port, self._sized(name, sighting))
        yield from yaml_lines(Hardware(self._found.ports, devices))

    def _sized(self, name: str, sighting: Sighting) -> Sighting:
        """What a display does not tell: its size and how it hangs, or what its own project shows; and a meter, whose water it is."""
        if DRIVERS[sighting.driver].counts_water:
            asked_for = _("Water meter {name}: of which room, as the roster has it? - for nobody's").format(name=name)
            whose = self._ask(f"{name}.room", asked_for, room, "-")
            return sighting if whose == "-" else replace(sighting, options={**sighting.options, "room": whose})
        if not DRIVERS[sighting.driver].draws or "layout" in sighting.options:
            return sighting
        asked = designs.asked(self._ask, name, sighting)
        if asked is not None:
            return replace(sighting, options={**sighting.options, "layout": asked})
        usual = DRIVERS[sighting.driver].options()
        size: dict[str, object] = {}
        for key, (what, low, high) in PANEL_SIZE.items():
            if hasattr(usual, key) and key not in sighting.options:
                size[key] = self._ask(
                    f"{name}.{key}",
                    _("Display {name}: how many {what}?").format(name=name, what=_(what)),
                    whole(low, high),
                    str(getattr(usual, key)),
                )
        return replace(sighting, options={**sighting.options, **size})

    # --- doors

    def _doors(self) -> Iterator[str]:
        count = self._ask("doors", _("How many doors does this unit have?"), whole(1, 8), "1")
        names: list[str] = []
        for number in range(1, count + 1):
            usual = "main" if number == 1 else f"door{number}"
            question = _("A short name for door {number}").format(number=number)
            names.append(self._ask(f"door.{number}.name", question, lambda text: another(names, text), usual))
        readers = self._readers(names)
        yield "doors:"
        for name in names:
            yield from self._door(name, readers[name])

    def _readers(self, doors: list[str]) -> Mapping[str, list[str]]:
        mine: dict[str, list[str]] = {door: [] for door in doors}
        for name, (_port, sighting) in self._found.devices.items():
            if DRIVERS[sighting.driver].reads_cards:
                usual = doors[0] if len(doors) == 1 else None
                door = self._ask(
                    f"reader.{name}",
                    _("Reader {name}: at which door? ({doors}, or none)").format(name=name, doors=", ".join(doors)),
                    choice(*doors, "none"),
                    usual,
                )
                mine.get(door, []).append(name)
        return mine

    def _door(self, door: str, readers: list[str]) -> Iterator[str]:
        yield f"  {door}:"
        lock = self._lock(door)
        itself = BY_ITSELF[str(lock["kind"])]
        yield f"    lock: {flow(lock)}"
        contact = self._wires.ask(
            f"door.{door}.contact",
            _("Contact of door {door}").format(door=door),
            _("Open door {door}").format(door=door),
            "closed",
            optional=True,
        )
        if contact is not None:
            yield f"    contact: {flow(contact.keys)}"
        yield from self._way_out(door, itself)
        yield from self._fire(door, itself)
        yield f"    readers: {scalar(readers)}"
        held = self._ask(
            f"door.{door}.held_open_s",
            _("Door {door}: after how many seconds open is it told as held open?").format(door=door),
            seconds(1, 3600),
            "30",
        )
        yield f"    held_open_s: {held:g}"

    def _lock(self, door: str) -> dict[str, object]:
        outputs = self._equipment.counted("outputs")
        key, which = f"door.{door}.lock", _("Door {door}").format(door=door)
        device, output = self._ask(
            f"{key}.output",
            _("{which}: which relay moves its lock? The number on the board").format(which=which),
            lambda text: free_output(outputs, self._outputs, text),
        )
        self._outputs.append((device, output))
        failing = self._ask(
            f"{key}.without_power",
            _("{which}: without power, is its lock locked (a strike, usually) or unlocked (a magnetic lock)?").format(
                which=which
            ),
            choice("locked", "unlocked"),
        )
        terminal = self._ask(
            f"{key}.terminal",
            _("{which}: the lock's current runs over which contact of that relay, NO or NC?").format(which=which),
            choice("no", "nc"),
        )
        safe = self._ask(
            f"{key}.safe_state",
            _("{which}: when this unit starts, is the door to be locked or unlocked?").format(which=which),
            choice("locked", "unlocked"),
        )
        pulse = self._ask(
            f"{key}.pulse_s",
            _("{which}: for how many seconds does a card unlock it?").format(which=which),
            seconds(0.2, MAX_UNLOCK_S),
            "5",
        )
        kind = "fail-secure" if failing == "locked" else "fail-safe"
        energised = "unlocks" if (kind == "fail-secure") == (terminal == "no") else "locks"
        return {
            "device": device,
            "output": output,
            "kind": kind,
            "energised": energised,
            "safe_state": safe,
            "pulse_s": f"{pulse:g}",
        }

    def _way_out(self, door: str, itself: str) -> Iterator[str]:
        """`itself`: what a contact of this kind of lock has to do without this unit."""
        way = self._ask(
            f"door.{door}.exit",
            _(
                "Door {door}: how do people get out? button (which itself {itself}), mechanical (the handle alone), or none (not through here)"
            ).format(door=door, itself=_(itself)),
            choice("button", "mechanical", "none"),
        )
        yield f"    exit: {way}"
        if way == "button":
            button = self._needed(
                f"door.{door}.exit_button",
                _("Exit button of door {door}").format(door=door),
                _("Press the exit button of door {door}").format(door=door),
                "open",
            )
            yield f"    exit_button: {flow(button.keys)}"

    def _fire(self, door: str, itself: str) -> Iterator[str]:
        act = self._ask(
            f"door.{door}.on_fire",
            _(
                "Door {door}: what happens on fire? release (and the fire contact itself {itself}), or nothing (no escape route)"
            ).format(door=door, itself=_(itself)),
            choice("release", "nothing"),
        )
        if act == "release":
            wire = self._needed(
                f"door.{door}.fire",
                _("Fire contact of door {door}").format(door=door),
                _("Set the fire contact of door {door} off").format(door=door),
                "closed",
            )
            yield f"    fire: {flow(wire.keys)}"
        yield f"    on_fire: {act}"

    def _needed(self, key: str, what: str, act: str, usual: str) -> InputWire:
        wire = self._wires.ask(key, what, act, usual, optional=False)
        assert wire is not None
        return wire

    def _rest(self) -> Iterator[str]:
        displays = [name for name, (_port, sighting) in self._found.devices.items() if DRIVERS[sighting.driver].draws]
        if displays:
            yield f"displays: {scalar(displays)}"
        count = self._ask("inputs", _("How many further wires are on inputs (gas, water, smoke)?"), whole(0, 32), "0")
        lines: list[str] = []
        names: list[str] = []
        for number in range(1, count + 1):
            question = _("A short name for wire {number}, as gas").format(number=number)
            name = self._ask(f"input.{number}.name", question, lambda text: another(names, text))
            names.append(name)
            wire = self._needed(
                f"input.{name}", _("Wire {name}").format(name=name), _("Set {name} off").format(name=name), "closed"
            )
            alarm = self._ask(
                f"input.{name}.alarm",
                _("Does {name} show an emergency page? yes or no").format(name=name),
                yes_or_no,
                "no",
            )
            lines.append(f"  {name}: {flow({**wire.keys, 'alarm': alarm})}")
        if lines:
            yield "inputs:"
            yield from lines
