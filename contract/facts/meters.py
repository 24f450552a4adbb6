"""Water meters. A reading is a household's own: it is told once a day, and kept as other facts of no person are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from contract.bounds import Count, Length
from contract.facts.declaration import Fact, Keep, Word, kind


class Doubt(StrEnum):
    """What is odd about a reading: less than before (another meter, or one set back), or more than a pipe can bring in the time."""

    LOWER = "lower"
    JUMP = "jump"


@kind("meter.read", Keep.LEAST)
class MeterRead(Fact):
    """The day's reading. `litres`: what it counts, whole. `room`: whose water it is, where that is configured."""

    device: Word
    room: Annotated[str, Length(1, 32)] | None
    litres: Count


@kind("meter.doubt")
class MeterDoubt(Fact):
    """A reading that does not follow from the one before: counting begins anew from it. `was`: what it counted before."""

    device: Word
    room: Annotated[str, Length(1, 32)] | None
    reason: Doubt
    litres: Count
    was: Count
