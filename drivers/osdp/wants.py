"""What there is to ask a reader, in the order of its life, and the command that waits for its answer. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.osdp import messages
from drivers.osdp.command_queue import QueuedCommand


class ReaderRequest(StrEnum):
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
    ReaderRequest.IDENTITY: messages.ASK_ID,
    ReaderRequest.ABILITIES: messages.ASK_CAP,
    ReaderRequest.BELIEVED: messages.ASK_CAP,
    ReaderRequest.LOCAL: messages.ASK_LOCAL,
    ReaderRequest.INPUTS: messages.ASK_INPUTS,
    ReaderRequest.OUTPUTS: messages.ASK_OUTPUTS,
    ReaderRequest.POLL: messages.ASK_POLL,
}
INTRODUCTION = frozenset(
    {ReaderRequest.IDENTITY, ReaderRequest.ABILITIES, ReaderRequest.CHALLENGE, ReaderRequest.PROOF}
)
LEVELS = (ReaderRequest.LOCAL, ReaderRequest.INPUTS, ReaderRequest.OUTPUTS)


@dataclass(slots=True)
class Sent:
    """The command that waits for its answer."""

    want: ReaderRequest
    frame: bytes
    waiting: QueuedCommand | None = None
    at: float = 0.0
    """When it was said first, and when last."""
    last: float = 0.0
    tries: int = 0
    busy: int = 0
