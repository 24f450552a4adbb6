"""The configuration keys of a relay board."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.modbus.models import MODELS

POLL_MS = (10, 1000)
"""Below 10 the line is never free; above 1000 an exit button would not be seen in time."""


@dataclass(frozen=True, slots=True)
class BoardOptions:
    """`address` 1-247; `model` names a row of models.py; `poll_ms` between two looks at the inputs (50 suits 9600 baud, 20 suits 115200)."""

    address: int = 1
    model: str = "waveshare-d"
    poll_ms: int = 50

    def check(self) -> list[tuple[str, str]]:
        faults = []
        if not 1 <= self.address <= 247:
            faults.append(("address", f"a Modbus address is 1 to 247, not {self.address}"))
        if self.model not in MODELS:
            faults.append(("model", f"no board model is called {self.model!r}; known: {', '.join(sorted(MODELS))}"))
        if not POLL_MS[0] <= self.poll_ms <= POLL_MS[1]:
            faults.append(("poll_ms", f"must be {POLL_MS[0]} to {POLL_MS[1]}, not {self.poll_ms}"))
        return faults
