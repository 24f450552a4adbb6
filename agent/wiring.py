"""Which device's input or output is which part of which door, and with what polarity. Data made from the configuration; decides nothing."""

from __future__ import annotations

from agent.config import Config
from agent.core.events import Event
from agent.core.events.door import ContactChanged, ExitChanged, FireChanged, UnitInputChanged
from contract.frozen import frozen


@frozen
class Sense:
    """One digital input: `part` contact, exit, fire or input; `normal_high` its level at rest (a closed circuit reads high)."""

    part: str
    name: str
    normal_high: bool

    def event(self, *, high: bool) -> Event:
        """The event of this level. An open wire of a normally closed circuit reads low, so it counts as active."""
        active = high != self.normal_high
        match self.part:
            case "contact":
                return ContactChanged(self.name, active)
            case "exit":
                return ExitChanged(self.name, active)
            case "fire":
                return FireChanged(self.name, active)
            case _:
                return UnitInputChanged(self.name, active)


@frozen
class Drive:
    """A lock's output: `high_unlocks` when energising it unlocks."""

    device: str
    number: int
    high_unlocks: bool


def senses(config: Config) -> dict[tuple[str, int], tuple[Sense, ...]]:
    """By device and input number. One input may serve several doors (a fire contact for the whole stairwell)."""
    found: dict[tuple[str, int], tuple[Sense, ...]] = {}
    for door_id, door in config.doors.items():
        parts = (("contact", door.contact), ("exit", door.exit_button), ("fire", door.fire))
        for part, wire in parts:
            if wire is not None:
                key = (wire.device, wire.input)
                found[key] = (*found.get(key, ()), Sense(part, door_id, wire.normally == "closed"))
    for name, further in config.inputs.items():
        key = (further.device, further.input)
        found[key] = (*found.get(key, ()), Sense("input", name, further.normally == "closed"))
    return found


def drives(config: Config) -> dict[str, Drive]:
    """By door."""
    return {
        door_id: Drive(door.lock.device, door.lock.output, door.lock.energised == "unlocks")
        for door_id, door in config.doors.items()
    }
