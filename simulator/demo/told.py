"""One step of the story as it went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """`at_s`: seconds from the start of the story to the step's end."""

    at_s: float
    took_s: float
    title: str
    words: str
    held: bool
