"""Every kind of fact a unit can write down, each a frozen dataclass: its fields with their bounds, how long a full journal keeps it, whether it is an alarm.

A kind is declared in the module of its subject, and nowhere else: its name comes in here by itself. What is not declared cannot be written.
Fields stand on the wire in the order they have there. How a fact becomes a line, and lines a chain, is chain.py.
"""

from __future__ import annotations

from typing import Final

from contract.facts.declaration import KINDS

# The order of the contract's tables.
# isort: off
from contract.facts.declaration import *
from contract.facts.doors import *
from contract.facts.people import *
from contract.facts.patrol import *
from contract.facts.care import *
from contract.facts.state import *
from contract.facts.software import *
from contract.facts.commands import *
from contract.facts.devices import *
from contract.facts.meters import *
from contract.facts.life import *
from contract.facts.acceptance import *

# isort: on

ALARMS: Final = frozenset(name for name, declared in KINDS.items() if declared.alarm)
"""Kinds that also go ahead of the queue."""
