"""Columns of a terminal: a Chinese character takes two. For tables of the commands; what a display can draw is the core's (agent/core/text.py)."""

from __future__ import annotations

from agent.core.text import width


def columns(text: str) -> int:
    """How many a terminal takes for it."""
    return width(text, wide_ambiguous=False)


def filled(text: str, to: int) -> str:
    """With blanks behind it, so that the next column begins at the same place in every row."""
    return text + " " * (to - columns(text))
