"""Why something of the contract was not accepted: a value, never an exception."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """`reason` is one of `messages.Reason`, `detail` a few words for the log that never quote the input.

    `id` is the command's id, and only where the signature held.
    """

    reason: str
    detail: str
    id: str | None = None
