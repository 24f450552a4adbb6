"""That books were put back from a copy, as the centre's own journal tells it: what came between is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from centre.words import _


@dataclass(frozen=True, slots=True)
class Restore:
    """The books were put back at `at_utc`, by act `n`, from a copy made at `made_utc`."""

    n: int
    at_utc: float
    made_utc: float

    def __str__(self) -> str:
        made, at = (f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d %H:%M} UTC" for each in (self.made_utc, self.at_utc))
        return _("restored on {at} from a copy of {made}: what came between is lost").format(at=at, made=made)
