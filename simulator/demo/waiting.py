"""Waiting in the demo: until something holds, with a limit, and in words what was waited for when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_S = 0.01


class NotHeldError(Exception):
    """What should have come did not, or what should not have come did."""


def until(what: str, look: Callable[[], T | None], limit_s: float = 8.0, every_s: float = LOOK_S) -> T:
    """The first true value of `look` within `limit_s`."""
    end = time.monotonic() + limit_s
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() >= end:
            raise NotHeldError(f"not within {limit_s:g} s: {what}")
        time.sleep(every_s)


def expect(what: str, held: object) -> None:
    if not held:
        raise NotHeldError(what)


def stays(what: str, look: Callable[[], object], for_s: float) -> None:
    """`look` holds all the time for so long."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        expect(what, look())
        time.sleep(LOOK_S)
