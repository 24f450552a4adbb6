"""PINs as the centre makes them: drawn at random, none that people try first."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Collection
from typing import Final

DIGITS: Final = 6
LEAST, MOST = 4, 8
"""Digits of a PIN that is made here."""


def fresh(used: set[str], digits: int = DIGITS, unlike: Collection[str] = ()) -> str:
    """One that is not among `used`, and is then. `unlike`: it differs from each in more than one digit, so that no slip takes one for the other."""
    while True:
        pin = f"{secrets.randbelow(10**digits):0{digits}d}"
        if pin not in used and not trivial(pin) and not any(near(pin, each) for each in unlike):
            used.add(pin)
            return pin


def trivial(pin: str) -> bool:
    """Of one digit, or two in turn, or counting up or down."""
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    return steps in ({0}, {1}, {9}) or len(set(pin[::2])) == len(set(pin[1::2])) == 1


def near(pin: str, other: str) -> bool:
    """Of the same length, and but for one digit the same."""
    return len(pin) == len(other) and sum(a != b for a, b in zip(pin, other, strict=True)) < 2
