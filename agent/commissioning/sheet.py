"""The acceptance sheet: what was tried at the unit and how it went, as text for paper and as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from agent import __version__
from agent.config import Config
from contract.frozen import frozen


@frozen
class Row:
    """One line of the sheet. `passed` None: a person has yet to look."""

    about: str
    passed: bool | None
    text: str


@frozen
class DeviceTiming:
    """A line measured with the harmless question of the device on it. Times in ms, None where nothing was answered."""

    port: str
    device: str
    asked: int
    lost: int
    median_ms: float | None
    worst_ms: float | None

    @property
    def text(self) -> str:
        if self.median_ms is None:
            return f"{self.device}: {self.asked} exchanges, none answered"
        share = 100 * self.lost / self.asked
        return (
            f"{self.device}: {self.asked} exchanges, {self.lost} lost ({share:.1f} %), "
            f"round trip {self.median_ms:.1f} ms, worst {self.worst_ms:.1f} ms"
        )


def passed(rows: Sequence[Row]) -> bool:
    return all(row.passed is not False for row in rows)


def as_plain(config: Config, rows: Sequence[Row], timings: Sequence[DeviceTiming], *, attended: bool) -> dict[str, Any]:
    return {
        "unit": config.unit.id,
        "site": config.unit.site,
        "version": __version__,
        "at": now(),
        "attended": attended,
        "passed": passed(rows),
        "rows": [asdict(row) for row in rows],
        "lines": [asdict(timing) for timing in timings],
    }


def as_lines(config: Config, rows: Sequence[Row]) -> Iterator[str]:
    """For paper."""
    unit = config.unit
    yield f"Doorward {__version__}: acceptance of unit {unit.id} of {unit.site}, {unit.name}, {now()}"
    width = max(len(row.about) for row in rows)
    for row in rows:
        mark = {True: " ok ", False: "FAIL", None: "[  ]"}[row.passed]
        yield f"  {mark}  {row.about:<{width}}  {row.text}"
    failed = sum(row.passed is False for row in rows)
    yield f"{failed} failed" if failed else "nothing failed"
    yield "Each [  ] was looked at and is in order:  ____________________  (name, date)"


def now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
