"""Moments a measured process writes down while it runs, and what the benchmark reads of them. One line each: name, monotonic seconds, values.

CLOCK_MONOTONIC is the same for every process of a machine, so moments of several processes can be subtracted.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path


class Marks:
    """Appends to a file in memory: one write of the system a mark (about 5 µs), readable at once, whole after a `kill -9`."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def put(self, name: str, *values: object, at: float | None = None) -> None:
        moment = time.monotonic() if at is None else at
        os.write(self._fd, f"{name} {moment:.6f} {' '.join(map(str, values))}\n".encode())


@dataclass(frozen=True, slots=True)
class Mark:
    """`at` in monotonic seconds."""

    name: str
    at: float
    values: tuple[str, ...]


def read(path: Path, *names: str) -> list[Mark]:
    """The marks of these names in the order they were written; all where none is named."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, at, *values = line.split()
        if not names or name in names:
            found.append(Mark(name, float(at), tuple(values)))
    return found
