"""The unit's configuration: read, typed and checked whole, every fault at once, each with file, line and key. Opens no device."""

from __future__ import annotations

from agent.config.load import ConfigFaults, Fault, load, loads
from agent.config.model import (
    ClockConfig,
    Config,
    ContactConfig,
    DeviceConfig,
    DoorConfig,
    InputConfig,
    LinkConfig,
    LockConfig,
    PortConfig,
    RetentionConfig,
    UnitConfig,
)
from agent.config.plan import unit_plan

__all__ = [
    "ClockConfig",
    "Config",
    "ConfigFaults",
    "ContactConfig",
    "DeviceConfig",
    "DoorConfig",
    "Fault",
    "InputConfig",
    "LinkConfig",
    "LockConfig",
    "PortConfig",
    "RetentionConfig",
    "UnitConfig",
    "load",
    "loads",
    "unit_plan",
]
