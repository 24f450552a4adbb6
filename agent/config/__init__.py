"""The unit's configuration: read, typed and checked whole, every fault at once, each with file, line and key. Opens no device."""

from __future__ import annotations

from agent.config.load import ConfigFaults, Fault, load, loads
from agent.config.model import Clock, Config, Contact, Device, Door, Input, Link, Lock, Port, Retention, Unit
from agent.config.plan import unit_plan

__all__ = [
    "Clock",
    "Config",
    "ConfigFaults",
    "Contact",
    "Device",
    "Door",
    "Fault",
    "Input",
    "Link",
    "Lock",
    "Port",
    "Retention",
    "Unit",
    "load",
    "loads",
    "unit_plan",
]
