"""Why something of the contract was not accepted: a value, never an exception."""

from __future__ import annotations

from typing import TypeVar

from contract import codec
from contract.commands import Reason
from contract.frozen import frozen
from contract.messages import MAX_MESSAGE_BYTES
from contract.strict_json import MAX_DEPTH, StrictJsonError, load_object

T = TypeVar("T")


@frozen
class Refusal:
    """`reason` is one of `messages.Reason`, `detail` a few words for the log that never quote the input.

    `id` is the command's id, and only where the signature held.
    """

    reason: str
    detail: str
    id: str | None = None


def parsed(kind: type[T], data: bytes, max_depth: int = MAX_DEPTH) -> T | Refusal:
    """The declared message of these bytes, or why not: too_long, malformed."""
    if len(data) > MAX_MESSAGE_BYTES:
        return Refusal(Reason.TOO_LONG, "larger than 64 KiB")
    try:
        return codec.read(kind, load_object(data, max_depth))
    except StrictJsonError as error:
        return Refusal(Reason.MALFORMED, str(error))
