"""What a probe found as the `ports` and `devices` of a configuration: names given, text written. Opens nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.cli.portname import stable
from agent.commissioning.walk import Look
from contract.frozen import frozen
from drivers.probing import Sighting
from drivers.registry import DRIVERS
from drivers.wire import Parity


@frozen
class Hardware:
    """`ports`: device path and speed by name. `devices`: port name and what was seen, by name."""

    ports: Mapping[str, tuple[str, int]]
    devices: Mapping[str, tuple[str, Sighting]]


def hardware(looks: Sequence[Look]) -> Hardware:
    """Ports and devices are named by what they are: io, reader, screen; relay, card, panel, water; the second of a kind with a 2."""
    ports: dict[str, tuple[str, int]] = {}
    devices: dict[str, tuple[str, Sighting]] = {}
    for look in looks:
        if look.speed is None:
            continue
        port = _free(_kinds(look.found[0])[0], ports)
        ports[port] = (stable(look.port), look.speed)
        for sighting in look.found:
            devices[_free(_kinds(sighting)[1], devices)] = (port, sighting)
    return Hardware(ports, devices)


def yaml_lines(found: Hardware) -> Iterator[str]:
    yield "ports:"
    for name, (device, baud) in found.ports.items():
        parity = parity_of(found, name)
        more = "" if parity == "none" else f", parity: {parity}"
        yield f"  {name}: {{device: {quoted(device)}, baud: {baud}{more}}}"
    yield "devices:"
    for name, (port, sighting) in found.devices.items():
        keys = {"driver": sighting.driver, "port": port, **sighting.options, **_pace(found, port, sighting)}
        yield f"  {name}: {flow(keys)}   # {'; '.join(filter(None, (sighting.detail, sighting.note, unpaired(name, sighting))))}"


def parity_of(found: Hardware, port: str) -> Parity:
    """As its devices were heard: all of a line have one."""
    return next((sighting.parity for on, sighting in found.devices.values() if on == port), "none")


def unpaired(name: str, sighting: Sighting) -> str:
    """What gives an OSDP reader a key of its own; empty for any other device."""
    return f"not used before it has a key of its own: doorward pair {name}" if sighting.driver == "osdp" else ""


def _pace(found: Hardware, port: str, sighting: Sighting) -> dict[str, object]:
    """Looks at the inputs as often as the line allows, shared by the devices on it."""
    if sighting.driver != "modbus-relay":
        return {}
    company = sum(on == port for on, _ in found.devices.values())
    return {"poll_ms": min(1000, (50 if found.ports[port][1] <= 19200 else 20) * company)}


def flow(values: Mapping[str, object]) -> str:
    """A YAML mapping on one line."""
    return "{" + ", ".join(f"{key}: {scalar(value)}" for key, value in values.items()) + "}"


def scalar(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Mapping():
            return flow(value)
        case list() | tuple():
            return f"[{', '.join(map(scalar, value))}]"
        case str():
            return quoted(value)
        case _:
            return str(value)


def quoted(text: str) -> str:
    """Plain where that is safe inside a flow mapping."""
    plain = text and text[0] not in "-?&*!|>%@`'\"#{}[], " and not text[-1].isspace()
    if plain and not any(sign in text for sign in (": ", " #", ",", "{", "}", "[", "]")) and not text.endswith(":"):
        return text
    return "'" + text.replace("'", "''") + "'"


def _kinds(sighting: Sighting) -> tuple[str, str]:
    """Of the port and of the device."""
    driver = DRIVERS[sighting.driver]
    if driver.draws:
        return "screen", "panel"
    if driver.counts_water:
        return "meters", "water"
    return ("reader", "card") if driver.reads_cards else ("io", "relay")


def _free(name: str, taken: Mapping[str, object]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}{number}", number + 1
    return free
