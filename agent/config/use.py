"""How many outputs and inputs a device has where only their use says so: a lock on a reader's relay needs no further key. Pure; works on drafts too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agent.config.model import Config, ContactConfig, DeviceConfig, InputConfig
from agent.config.values import bad
from drivers.registry import DRIVERS


def as_used(config: Config) -> Mapping[str, DeviceConfig]:
    """The devices, each with as many outputs and inputs as are used, where its driver leaves that open and the file does not say."""
    return {name: _as_used(config, name, device) for name, device in config.devices.items()}


def _as_used(config: Config, name: str, device: DeviceConfig) -> DeviceConfig:
    if bad(device) or bad(device.driver, device.options) or not DRIVERS[device.driver].counts_by_use:
        return device
    used = {"outputs": _highest(_outputs(config, name)), "inputs": _highest(_inputs(config, name))}
    open_ = {key: count for key, count in used.items() if getattr(device.options, key) == 0 and count}
    return replace(device, options=replace(device.options, **open_)) if open_ else device


def _outputs(config: Config, name: str) -> Iterator[object]:
    for door in config.doors.values():
        if not bad(door) and not bad(door.lock) and door.lock.device == name:
            yield door.lock.output


def _inputs(config: Config, name: str) -> Iterator[object]:
    wires: list[ContactConfig | InputConfig | None] = [*config.inputs.values()]
    for door in config.doors.values():
        if not bad(door):
            wires += [door.contact, door.exit_button, door.fire]
    for wire in wires:
        if wire is not None and not bad(wire) and wire.device == name:
            yield wire.input


def _highest(numbers: Iterator[object]) -> int:
    return max((number for number in numbers if isinstance(number, int)), default=0)
