"""From a file to a Config, or to every fault in it. The order: bytes, plain values, typed fields, cross checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.config import source
from agent.config.checks import Checks
from agent.config.model import (
    GONE,
    IDENTITY,
    NOT_HERE,
    STATE,
    ClockConfig,
    Config,
    DeviceConfig,
    DoorConfig,
    InputConfig,
    LinkConfig,
    PortConfig,
    RetentionConfig,
    UnitConfig,
)
from agent.config.source import KeyPath, Plain, Source
from agent.config.use import as_used
from agent.config.values import BAD, Values, suggestion
from agent.errors import ConfigError, shown
from agent.words import _, changed, joined
from contract.frozen import frozen
from drivers.registry import DRIVERS

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_KEYS = ("unit", "link", "identity", "state", "ports", "devices", "doors", "displays", "inputs", "retention", "clock")
_REQUIRED = ("unit", "ports", "devices", "doors")


@frozen
class Fault:
    """One thing that is wrong. `line` counts from 1, None where it is about the file as a whole; `key` is dotted, "" for the whole."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return joined(": ", (part for part in (place, self.key, self.message) if part))


def _in_one_line(message: str) -> str:
    return shown(message, 300)


class ConfigFaults(ConfigError):  # noqa: N818  # it holds several
    """Everything that is wrong with a configuration, in the order of its lines."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(*map(str, faults))
        self.faults = faults


def load(path: Path | str) -> Config:
    """The configuration in the file `path`. Raises ConfigFaults holding every fault."""
    path = Path(path)
    try:
        return loads(source.read(path), path)
    except source.SourceError as error:
        raise ConfigFaults((Fault(shown(path, 200), error.line, "", error.message),)) from None


def loads(text: str, path: Path) -> Config:
    """As `load`, with the text given; `path` is where it came from: for messages, and for paths relative to its folder."""
    draft = _Draft(path)
    try:
        draft.read(text)
    except source.SourceError as error:
        draft.add(Fault(draft.file, error.line, "", error.message))
    else:
        config = draft.config()
    if draft.faults:
        raise ConfigFaults(tuple(sorted(draft.faults.values(), key=lambda fault: fault.line or 0)))
    return config


class _Draft:
    """One reading of one file: collects faults, at most one a key and line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = shown(path, 200)
        self.faults: dict[tuple[int | None, str], Fault] = {}
        self._source = Source()
        self._values = Values(self.fault, path.absolute().parent, self.note, GONE, NOT_HERE)
        self._notes: list[tuple[str, str]] = []

    def add(self, fault: Fault) -> None:
        self.faults.setdefault((fault.line, fault.key), fault)

    def fault(self, path: KeyPath, message: str, line: int | None = None) -> None:
        """A fault at `path`; where that is missing, on the line of the nearest block above it."""
        near = path
        while line is None:
            line = self._source.lines.get(near)
            if not near:
                break
            near = near[:-1]
        self.add(Fault(self.file, line, dotted(path), changed(message, _in_one_line)))

    def note(self, path: KeyPath, message: str) -> None:
        """Nothing wrong, and the operator should know."""
        line = self._source.lines.get(path)
        self._notes.append((f"{self.file}:{line}: {dotted(path)}", message))

    def read(self, text: str) -> None:
        self._source = source.parse(text, self.fault)

    def config(self) -> Config:
        """The typed configuration; with faults, only good for counting them."""
        given = self._source.values
        for key in given:
            if key not in _KEYS:
                self.fault((key,), _("no such key here{suggestion}").format(suggestion=suggestion(key, _KEYS)))
        for key in _REQUIRED:
            if key not in given:
                self.fault((key,), _("is missing"))
        config = Config(
            path=self.path,
            unit=self._one(UnitConfig, "unit", BAD),
            link=self._one(LinkConfig, "link", None),
            identity=self._one(Path, "identity", IDENTITY),
            state=self._one(Path, "state", STATE),
            ports=self._named(PortConfig, "ports"),
            devices=self._devices(),
            doors=self._named(DoorConfig, "doors"),
            displays=self._one(tuple[str, ...], "displays", ()),
            inputs=self._named(InputConfig, "inputs"),
            retention=self._one(RetentionConfig, "retention", RetentionConfig()),
            clock=self._one(ClockConfig, "clock", ClockConfig()),
        )
        config = replace(config, devices=as_used(config), notes=tuple(self._notes))
        Checks(config, self.fault).run()
        return config

    def _one(self, want: Any, key: str, default: Any) -> Any:
        return self._values.value(want, self._source.values[key], (key,)) if key in self._source.values else default

    def _named(self, want: type, key: str) -> Mapping[str, Any]:
        return {name: self._values.value(want, entry, (key, name)) for name, entry in self._entries(key)}

    def _entries(self, key: str) -> list[tuple[str, Plain]]:
        given = self._source.values.get(key)
        if given is None:
            return []
        if not isinstance(given, dict):
            self.fault((key,), _("must be names with a block each"))
            return []
        if not given and key in _REQUIRED:
            self.fault((key,), _("is empty: at least one is needed"))
        for name in given:
            if not _NAME.fullmatch(name):
                self.fault((key, name), _("is no name: lower-case letters, digits, - and _, at most 48"))
        return [*given.items()]

    def _devices(self) -> Mapping[str, Any]:
        return {name: self._device(entry, ("devices", name)) for name, entry in self._entries("devices")}

    def _device(self, given: Plain, path: KeyPath) -> Any:
        """Driver and port, and the rest of the block as the driver's options."""
        if given is None:
            return BAD
        if not isinstance(given, dict):
            return self._values.fault(path, _("must be a block with keys like driver, port"))
        parts = {key: self._part(key, given, path) for key in ("driver", "port")}
        driver = parts["driver"]
        if driver is not BAD and driver not in DRIVERS:
            known = suggestion(driver, DRIVERS) or _(": there are {names}").format(names=", ".join(sorted(DRIVERS)))
            driver = self._values.fault(
                (*path, "driver"), _('no driver is called "{driver}"{known}').format(driver=shown(driver), known=known)
            )
        if driver is BAD:
            return DeviceConfig(BAD, parts["port"], BAD)
        rest = {key: value for key, value in given.items() if key not in parts}
        return DeviceConfig(driver, parts["port"], self._values.block(DRIVERS[driver].options, rest, path))

    def _part(self, key: str, given: Mapping[str, Plain], path: KeyPath) -> Any:
        if key not in given:
            return self._values.fault((*path, key), _("is missing"))
        return self._values.value(str, given[key], (*path, key))


def dotted(path: KeyPath) -> str:
    """`unit.scopes[2]`: names joined by dots, numbers in brackets."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{shown(part, 48)}"
    return text
