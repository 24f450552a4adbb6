"""Cross checks of a configuration: do its parts fit each other? Works on drafts too, where wrong fields are BAD and are passed over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from agent.config.model import SCOPE_LEVELS, Config, ContactConfig, DeviceConfig, DoorConfig, InputConfig
from agent.config.source import KeyPath
from agent.config.values import BAD, bad, suggestion
from agent.driver_words import explained
from agent.errors import shown
from agent.words import N_, _
from contract.topics import valid_id
from drivers.registry import DRIVERS

_HEX = re.compile(r"[0-9A-Fa-f]{16,}")
BAUDS = (
    300, 600, 1200, 2400, 4800, 9600, 14_400, 19_200, 28_800, 38_400, 57_600, 76_800, 115_200, 128_000, 230_400, 250_000, 256_000,
    460_800, 500_000, 576_000, 921_600, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000,
)  # fmt: skip
"""Speeds that serial lines are used at: any other is a slip of the pen, and would be silence on the line."""


def broker_fault(url: str, *, insecure: bool) -> str | None:
    """What is wrong with a broker's address; None when nothing is. Also for the address an enrolment brings."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return _("is no address: {error}").format(error=error)
    if parts.scheme not in {"mqtts", "mqtt"}:
        return _("must be mqtts://HOST or mqtts://HOST:PORT")
    if parts.scheme == "mqtt" and not insecure:
        return _("mqtt:// sends everything readable: use mqtts://, or say insecure: true")
    if parts.username is not None or parts.password is not None:
        return _("must hold no login: that comes with the enrolment")
    if (
        not parts.hostname
        or port == 0
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or not url.isprintable()
    ):
        return _("must be mqtts://HOST or mqtts://HOST:PORT")
    return None


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= 64


_NONE = {"port": N_('no port is called "{name}"{suggestion}'), "device": N_('no device is called "{name}"{suggestion}')}


class Checks:
    """`fault(path, message)` takes each fault."""

    def __init__(self, config: Config, fault: Callable[[KeyPath, str], None]) -> None:
        self._config = config
        self._fault = fault
        self._faultless: set[str] = set()
        """Devices whose options are: only of these does a driver know how many outputs and inputs there are."""
        self._outputs: dict[tuple[str, int], str] = {}
        self._inputs: dict[tuple[str, int], str] = {}
        self._readers: dict[str, str] = {}

    def run(self) -> None:
        self._unit()
        self._link()
        self._ports()
        self._devices()
        for name, door in self._config.doors.items():
            if not bad(door):
                self._door(("doors", name), door)
        for name, wire in self._config.inputs.items():
            if not bad(wire):
                self._input(("inputs", name), wire, shared=False)
        self._displays()

    def _unit(self) -> None:
        unit = self._config.unit
        if bad(unit):
            return
        for key in ("id", "site"):
            value = getattr(unit, key)
            if not bad(value) and not valid_id(value):
                self._fault(
                    ("unit", key),
                    _('"{value}" is no id: lower-case letters, digits, - and _, at most 48').format(value=shown(value)),
                )
        if not bad(unit.name) and not _is_name(unit.name):
            self._fault(("unit", "name"), _("must be one line of 1 to 64 characters"))
        if not bad(unit.timezone):
            self._timezone(unit.timezone)
        if bad(unit.scopes):
            return
        for number, scope in enumerate(unit.scopes):
            if not bad(scope):
                self._scope(("unit", "scopes", number), scope, unit.scopes[:number])

    def _timezone(self, name: str) -> None:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            self._fault(
                ("unit", "timezone"),
                _('no time zone is called "{name}"{suggestion}').format(
                    name=shown(name), suggestion=suggestion(name, available_timezones())
                ),
            )

    def _scope(self, path: KeyPath, scope: str, before: tuple[str, ...]) -> None:
        level, _slash, name = scope.partition("/")
        if level in {"site", "unit"}:
            self._fault(path, _("{level}/… is implied: leave it out").format(level=level))
        elif level not in SCOPE_LEVELS:
            self._fault(
                path,
                _('"{scope}" must begin with {names}{suggestion}').format(
                    scope=shown(scope),
                    names=", ".join(f"{each}/" for each in SCOPE_LEVELS),
                    suggestion=suggestion(level, SCOPE_LEVELS),
                ),
            )
        elif not valid_id(name):
            self._fault(
                path, _('"{name}" is no id: lower-case letters, digits, - and _, at most 48').format(name=shown(name))
            )
        elif scope in before:
            self._fault(path, _("{scope} is listed twice").format(scope=scope))

    def _link(self) -> None:
        link = self._config.link
        if link is None or bad(link):
            return
        if link.broker is not None and not bad(link.broker, link.insecure):
            fault = broker_fault(link.broker, insecure=link.insecure)
            if fault is not None:
                self._fault(("link", "broker"), fault)
        if (link.certificate is None) != (link.certificate_key is None):
            missing = "certificate" if link.certificate is None else "certificate_key"
            self._fault(("link", missing), _("is missing: certificate and certificate_key come together"))

    def _ports(self) -> None:
        lines: dict[str, str] = {}
        for name, port in self._config.ports.items():
            if bad(port) or bad(port.device):
                continue
            path = ("ports", name, "device")
            if not (port.device.startswith("/") or "://" in port.device) or not port.device.isprintable():
                self._fault(
                    path,
                    _('"{device}" is neither a path like /dev/ttyS1 nor a URL like socket://host:port').format(
                        device=shown(port.device)
                    ),
                )
            elif port.device in lines:
                self._fault(
                    path,
                    _("{device} is already port {line}").format(device=shown(port.device), line=lines[port.device]),
                )
            lines.setdefault(port.device, name)
            if not bad(port.baud) and port.baud not in BAUDS and "://" not in port.device:
                near = min(BAUDS, key=lambda baud: abs(baud - port.baud))
                self._fault(
                    ("ports", name, "baud"),
                    _("{baud} is no usual speed (did you mean {near}?)").format(baud=port.baud, near=near),
                )

    def _devices(self) -> None:
        on_port: dict[str, list[tuple[str, DeviceConfig]]] = {}
        for name, device in self._config.devices.items():
            if bad(device):
                continue
            path = ("devices", name)
            if not bad(device.port):
                self._known("port", device.port, self._config.ports, (*path, "port"))
            if sound(device.options) and self._options(path, device.options):
                self._faultless.add(name)
                if not bad(device.driver):
                    self._secrets(path, device)
            if not bad(device.driver, device.port):
                self._company(path, device, on_port.setdefault(device.port, []))
                on_port[device.port].append((name, device))

    def _options(self, path: KeyPath, options: Any) -> bool:
        try:
            faults = options.check()
        except (OverflowError, RecursionError):  # a regular expression of absurd size, for one
            faults = [("", _("holds a value of absurd size"))]
        for key, message in faults:
            self._fault((*path, *key.split(".")) if key else path, explained(message))
        return not faults

    def _secrets(self, path: KeyPath, device: DeviceConfig) -> None:
        """The configuration is no place for keys: everybody may read it, and it goes into every backup."""
        for key in DRIVERS[device.driver].secrets:
            if _HEX.fullmatch(getattr(device.options, key)):
                self._fault((*path, key), _("is the key itself: put it into a file of its own and name that"))

    def _company(self, path: KeyPath, device: DeviceConfig, others: list[tuple[str, DeviceConfig]]) -> None:
        """Who else is on the same line."""
        for other, there in others:
            if there.driver != device.driver:
                self._fault(
                    (*path, "port"),
                    _("{driver} cannot share port {port} with {other} ({kind})").format(
                        driver=device.driver, port=device.port, other=other, kind=there.driver
                    ),
                )
                return
            if not DRIVERS[device.driver].shared:
                self._fault(
                    (*path, "port"),
                    _("port {port} already has {other}, and {driver} does not share a line").format(
                        port=device.port, other=other, driver=device.driver
                    ),
                )
                return
            address = getattr(device.options, "address", None)
            if "any" in (address, getattr(there.options, "address", None)):
                self._fault(
                    (*path, "address"),
                    _("any is for a meter alone on its line, and port {port} has {other}").format(
                        port=device.port, other=other
                    ),
                )
                return
            if address is not None and not bad(address) and address == getattr(there.options, "address", None):
                self._fault(
                    (*path, "address"),
                    _("{address} on port {port} is already {other}").format(
                        address=address, port=device.port, other=other
                    ),
                )
                return

    def _door(self, path: KeyPath, door: DoorConfig) -> None:
        if not bad(door.lock):
            self._output((*path, "lock"), door.lock.device, door.lock.output)
        for key in ("contact", "exit_button", "fire"):
            wire = getattr(door, key)
            if wire is not None and not bad(wire):
                self._input((*path, key), wire, shared=key == "fire")
        if door.exit == "button" and door.exit_button is None:
            self._fault((*path, "exit_button"), _("is missing: exit says button"))
        if door.exit == "none" and door.exit_button is not None:
            self._fault((*path, "exit"), _("says none, and an exit_button is wired"))
        if door.on_fire == "release" and door.fire is None:
            self._fault((*path, "fire"), _("is missing: on_fire says release, so a fire input is needed"))
        if door.camera is not None and not bad(door.camera):
            if not _is_name(door.camera):
                self._fault((*path, "camera"), _("must be one line of 1 to 64 characters"))
            elif "://" in door.camera and "@" in door.camera:
                self._fault((*path, "camera"), _("must hold no login: every fact of the door carries it"))
        if not bad(door.readers):
            for number, reader in enumerate(door.readers):
                self._reader((*path, "readers", number), reader, str(path[-1]))

    def _reader(self, path: KeyPath, reader: str, door: str) -> None:
        if bad(reader):
            return
        driver = self._driver(reader, path)
        if driver is not None and not (driver.reads_cards or driver.reads_keys):
            self._fault(
                path, _("{reader} ({driver}) reads no cards and has no keys").format(reader=reader, driver=driver.name)
            )
        elif driver is not None and reader in self._faultless and not self._can_read(driver, reader):
            self._fault(
                path,
                _("{reader} ({driver}) has keys with designed pages alone (layout: {{design: …}})").format(
                    reader=reader, driver=driver.name
                ),
            )
        elif reader in self._readers:
            self._fault(
                path,
                _("{reader} already belongs to door {door}, and a reader belongs to one door only").format(
                    reader=shown(reader), door=self._readers[reader]
                ),
            )
        self._readers.setdefault(reader, door)

    def _can_read(self, driver: Any, reader: str) -> bool:
        return bool(driver.reads_cards or driver.has_keys(self._config.devices[reader].options))

    def _displays(self) -> None:
        if bad(self._config.displays):
            return
        for number, name in enumerate(self._config.displays):
            path = ("displays", number)
            if bad(name):
                continue
            driver = self._driver(name, path)
            if driver is not None and not driver.draws:
                self._fault(path, _("{name} ({driver}) draws no pages").format(name=name, driver=driver.name))
            elif name in self._config.displays[:number]:
                self._fault(path, _("{name} is listed twice").format(name=shown(name)))

    def _output(self, path: KeyPath, name: str, output: int) -> None:
        if bad(name):
            return
        driver = self._driver(name, (*path, "device"))
        if driver is None or bad(output):
            return
        used = self._outputs.setdefault((name, output), _dotted_tail(path))
        if used != _dotted_tail(path):
            self._fault(
                (*path, "output"),
                _("output {output} of {name} is already {used}").format(output=output, name=name, used=used),
            )
        if name in self._faultless:
            options = self._config.devices[name].options
            self._within(path, "output", name, output, driver.outputs(options))
            if driver.outputs(options) and not driver.times_pulses(options):
                self._fault(
                    (*path, "device"),
                    _(
                        "{name} cannot time a pulse by itself, so a lock on it stays open when the agent dies: use it for inputs only"
                    ).format(name=name),
                )

    def _input(self, path: KeyPath, wire: ContactConfig | InputConfig, *, shared: bool) -> None:
        """`shared`: a fire contact may serve several doors; any other input has one meaning."""
        if bad(wire.device):
            return
        driver = self._driver(wire.device, (*path, "device"))
        if driver is None or bad(wire.input):
            return
        here = f"{'fire' if shared else _dotted_tail(path)}"
        used = self._inputs.setdefault((wire.device, wire.input), here)
        if used != here or (not shared and used == "fire"):
            self._fault(
                (*path, "input"),
                _("input {input} of {device} is already {used}").format(
                    input=wire.input, device=wire.device, used=used
                ),
            )
        if wire.device in self._faultless:
            options = self._config.devices[wire.device].options
            self._within(path, "input", wire.device, wire.input, driver.inputs(options))

    def _within(self, path: KeyPath, what: str, name: str, number: int, count: int) -> None:
        if count == 0:
            self._fault(
                (*path, "device"),
                (_("{name} has no inputs") if what == "input" else _("{name} has no outputs")).format(name=name),
            )
        elif not 1 <= number <= count:
            self._fault(
                (*path, what),
                (
                    _("{number} is outside 1 to {count}: {name} has {count} inputs")
                    if what == "input"
                    else _("{number} is outside 1 to {count}: {name} has {count} outputs")
                ).format(number=number, count=count, name=name),
            )

    def _driver(self, name: str, path: KeyPath) -> Any:
        """The driver of the device called `name`; None where there is no such device (said) or it is broken (said elsewhere)."""
        if not self._known("device", name, self._config.devices, path):
            return None
        device = self._config.devices[name]
        return None if bad(device) or bad(device.driver) else DRIVERS[device.driver]

    def _known(self, what: str, name: str, known: Mapping[str, object], path: KeyPath) -> bool:
        if name in known:
            return True
        self._fault(path, _(_NONE[what]).format(name=shown(name), suggestion=suggestion(name, known)))
        return False


def sound(options: Any) -> bool:
    """Whether no field of it, however deep, is BAD."""
    if options is BAD:
        return False
    if isinstance(options, Mapping):
        return all(sound(value) for value in options.values())
    if isinstance(options, tuple | list):
        return all(sound(value) for value in options)
    names = getattr(options, "__dataclass_fields__", None)
    return names is None or all(sound(getattr(options, name)) for name in names)


def _dotted_tail(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)
