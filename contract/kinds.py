"""Every kind of signed message, and its type: importing this declares them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contract import commands, messages, rounds, software, visitors
from contract.messages import DECLARED, Kind, Message

__all__ = ["KINDS", "Message", "commands", "messages", "rounds", "software", "visitors"]

KINDS: Final[Mapping[Kind, type[Message]]] = DECLARED
"""Kinds that are not among them are of a later version."""
