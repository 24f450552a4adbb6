"""Water meters: what each counted last, and how still its water was lately."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class Meter:
    """`at_mono`: of a reading of this run; else `at_utc`, of one of before, where the time was known. `quiet`: litres an hour between the last readings.

    `told`: the local day whose reading was told last, `told_mono` when, or when this run read first. `read_mono`: the last answer.
    """

    litres: int | None = None
    at_mono: float | None = None
    at_utc: float | None = None
    quiet: tuple[float, ...] = ()
    told: str = ""
    told_mono: float | None = None
    read_mono: float | None = None
    holder: str | None = None
    """Who was watched in its room last: with them, it is forgotten."""
