"""What a fleet costs the centre, by what happens: messages, signatures, rows and bytes of one unit, and what follows for many. docs/scale.md tells it in words.

The numbers are those of the contract: how many messages each event has, and how long they are for ids of usual length. `benchmarks.scale` holds them against fleets that run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from centre.drains import LEAST, MOST, SHARED
from contract.chain import MAX_BATCH_BYTES, MAX_BATCH_FACTS

LINE = 145
"""Bytes of a fact's line, its end included: a card at a door."""
BATCH, CONFIRM, EMPTY = 390, 760, 376
"""Bytes of packets: a batch but for its lines, a signed confirm, a batch without facts."""
NOTICE, KEYS, STATUS, SEAL, PRESENCE, COMMAND, REPLY = 526, 1384, 842, 220, 72, 458, 213
FACT_ROW, BATCH_ROW = 243, 168
"""Bytes of the books with their indexes: a fact of such a line, a batch's proof."""
BATCH_US, FACT_US, OTHER_US = 250.0, 6.5, 140.0
"""Processor time of `serve`'s first process, microseconds, on the machine of docs/benchmarks.md: a batch, its confirm and their MQTT included; each fact
in it; a status, a key or a reply. In a backlog the second process checks: 63 a batch and 8 a fact there."""
FIRST_FACTS = 50
"""Of a backlog, before the first confirm (docs/contract.md)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """`up`, `down`: messages by leaf and by kind. `signed`, `checked`: signatures made and checked by the centre. `rows` by table. Bytes of the packets."""

    up: Mapping[str, float] = field(default_factory=dict)
    down: Mapping[str, float] = field(default_factory=dict)
    signed: float = 0
    checked: float = 0
    rows: Mapping[str, float] = field(default_factory=dict)
    up_bytes: float = 0
    down_bytes: float = 0

    def times(self, units: float) -> Cost:
        """Of so many units."""

        def more(counts: Mapping[str, float]) -> dict[str, float]:
            return {name: count * units for name, count in counts.items()}

        signed, checked = self.signed * units, self.checked * units
        return Cost(
            more(self.up),
            more(self.down),
            signed,
            checked,
            more(self.rows),
            self.up_bytes * units,
            self.down_bytes * units,
        )

    @property
    def books_bytes(self) -> float:
        """What the books grow by."""
        return FACT_ROW * self.rows.get("facts", 0) + BATCH_ROW * self.rows.get("batches", 0)

    @property
    def serve_s(self) -> float:
        """Processor time of `serve`, seconds: of facts and their batches, which are nearly all of it."""
        others = sum(self.up.values()) - self.up.get("facts", 0)
        micros = BATCH_US * self.up.get("facts", 0) + FACT_US * self.rows.get("facts", 0) + OTHER_US * others
        return micros / 1e6


def single_fact() -> Cost:
    """One that happens while nothing waits: a batch of its own, and a confirm."""
    rows = {"facts": 1, "batches": 1}
    return Cost({"facts": 1}, {"confirm": 1}, 1, 1, rows, BATCH + LINE, CONFIRM)


def notice() -> Cost:
    """To a unit that shows it: received and shown are told, in a batch each."""
    rows = {"facts": 2, "batches": 2, "receipts": 1}
    down = {"notice": 1, "confirm": 2}
    return Cost({"facts": 2}, down, 2, 2, rows, 2 * (BATCH + LINE) + 43, NOTICE + 2 * CONFIRM)


def order() -> Cost:
    """A command to one unit: accepted and done come as replies at once, and as facts."""
    rows = {"commands": 1, "courses": 2, "facts": 2, "batches": 2}
    down = {"command": 1, "confirm": 2}
    return Cost({"facts": 2, "reply": 2}, down, 3, 4, rows, 2 * (BATCH + LINE + REPLY), COMMAND + 2 * CONFIRM)


def window(draining: int) -> int:
    """Facts on their way of each unit, of so many that drain."""
    return max(LEAST, min(MOST, SHARED // max(1, draining)))


def comes_back(draining: int = 1, backlog: int = 0, notices: int = 1) -> Cost:
    """A connection made again by each of `draining` units, with so many facts that wait and so many notices retained for it.

    The first of many see a wider window: it doubles from FIRST_FACTS up to what all share. This is of one that came when all were there.
    """
    batches, left, allowed = 0, backlog, FIRST_FACTS
    most = min(MAX_BATCH_FACTS, MAX_BATCH_BYTES // LINE)
    while left > 0:
        left -= min(allowed, most)
        batches += 1
        allowed = min(window(draining), 2 * allowed)
    asks = 1 if not backlog else 0
    down = {"centre": 1, "keys": 1, "notice": notices, "confirm": batches + asks}
    rows = {"facts": backlog, "batches": batches}
    sent = BATCH * batches + LINE * backlog + EMPTY * asks + 2 * STATUS + 2 * SEAL
    got = PRESENCE + KEYS + NOTICE * notices + CONFIRM * (batches + asks)
    up = {"status": 2, "seal": 2, "facts": batches + asks}
    return Cost(up, down, batches + asks, batches + asks, rows, sent, got)


def storm_s(units: int, backlog: int, cores: float = 1.0) -> float:
    """Seconds of `serve` until all that waited is in the books, where it has a core."""
    return comes_back(units, backlog).times(units).serve_s / cores


def year_of_books_gb(units: int, facts_a_day: float) -> float:
    """10^9 bytes a year, where each fact comes alone."""
    return math.fsum([single_fact().times(units * facts_a_day * 365).books_bytes]) / 1e9
