"""Waiting in tests: until something holds, with a limit, never a blind sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(predicate: Callable[[], T], limit_s: float = 5.0, every_s: float = 0.005) -> T:
    """Return the first true value of `predicate` within `limit_s`; fail loudly otherwise."""
    end = time.monotonic() + limit_s
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {limit_s} s: {predicate!r} gave {value!r}")
        time.sleep(every_s)
