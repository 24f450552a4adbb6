"""Every kind of signed message, and its type."""

from __future__ import annotations

from collections.abc import Mapping

from contract.commands import Command
from contract.messages import Confirm, Keys, Kind, Notice, RosterPart, Secrets, Settings

Message = Notice | RosterPart | Settings | Keys | Secrets | Command | Confirm
"""What the link hands to the core. `round` follows with the rounds."""

KINDS: Mapping[Kind, type[Message]] = {
    Kind.NOTICE: Notice,
    Kind.ROSTER: RosterPart,
    Kind.SETTINGS: Settings,
    Kind.KEYS: Keys,
    Kind.SECRETS: Secrets,
    Kind.COMMAND: Command,
    Kind.CONFIRM: Confirm,
}
