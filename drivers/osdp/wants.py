"""What there is to ask a reader, in the order of its life, and the command that waits for its answer. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.osdp import messages
from drivers.osdp.command_queue import Waiting


class Want(StrEnum):
    """In the order of a reader's life; from POLL on they are no steps of it."""

    IDENTITY = "identity"
    ABILITIES = "abilities"
    CHALLENGE = "challenge"
    PROOF = "proof"
    BELIEVED = "abilities, secured"
    LOCAL = "case and power"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    POLL = "poll"
    ORDER = "order"
    EXTRA = "tone or text"
    KEYSET = "key"


ASK = {
    Want.IDENTITY: messages.ASK_ID,
    Want.ABILITIES: messages.ASK_CAP,
    Want.BELIEVED: messages.ASK_CAP,
    Want.LOCAL: messages.ASK_LOCAL,
    Want.INPUTS: messages.ASK_INPUTS,
    Want.OUTPUTS: messages.ASK_OUTPUTS,
    Want.POLL: messages.ASK_POLL,
}
INTRODUCTION = frozenset({Want.IDENTITY, Want.ABILITIES, Want.CHALLENGE, Want.PROOF})
LEVELS = (Want.LOCAL, Want.INPUTS, Want.OUTPUTS)


@dataclass(slots=True)
class Sent:
    """The command that waits for its answer."""

    want: Want
    frame: bytes
    waiting: Waiting | None = None
    at: float = 0.0
    """When it was said first."""
    tries: int = 0
    busy: int = 0
