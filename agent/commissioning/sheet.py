"""The acceptance sheet: what was tried at the unit and how it went, as text for paper and as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from agent import __version__
from agent.config import Config
from agent.table import columns, filled
from agent.words import _, english_of
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
            return _("{device}: {asked} exchanges, none answered").format(device=self.device, asked=self.asked)
        share = 100 * self.lost / self.asked
        return _(
            "{device}: {asked} exchanges, {lost} lost ({share:.1f} %), round trip {median:.1f} ms, worst {worst:.1f} ms"
        ).format(
            device=self.device,
            asked=self.asked,
            lost=self.lost,
            share=share,
            median=self.median_ms,
            worst=self.worst_ms,
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
        "rows": [{name: english_of(value) for name, value in asdict(row).items()} for row in rows],
        "lines": [asdict(timing) for timing in timings],
    }


def as_lines(config: Config, rows: Sequence[Row]) -> Iterator[str]:
    """For paper."""
    unit = config.unit
    yield _("Doorward {version}: acceptance of unit {id} of {site}, {name}, {now}").format(
        version=__version__, id=unit.id, site=unit.site, name=unit.name, now=now()
    )
    width = max(columns(row.about) for row in rows)
    for row in rows:
        mark = {True: " ok ", False: "FAIL", None: "[  ]"}[row.passed]
        yield f"  {mark}  {filled(row.about, width)}  {row.text}"
    failed = sum(row.passed is False for row in rows)
    yield _("{failed} failed").format(failed=failed) if failed else _("nothing failed")
    yield _("Each [  ] was looked at and is in order:  ____________________  (name, date)")


def now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
