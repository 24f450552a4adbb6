"""What the journal keeps of check-ins beside their facts, for the next start: whom to tell, which stops of rounds were done or told as missed."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class CheckedIn:
    """A check-in at `stop` by `by` of `utc`, of which the person has to be told."""

    stop: str
    by: str
    utc: float


@frozen
class PatrolVisit:
    """A check-in that may do a stop. `timed`: by a clock that the centre had set."""

    door: str
    by: str
    utc: float
    timed: bool


@frozen
class ToldStop:
    """A stop of a day (`key`) of which a fact said that it was missed, or a day's round that was told as completed. `round`: scope and id."""

    round: str
    key: str


@frozen
class RoundMarks:
    """Go into the same transaction as the facts they stand beside. `not_visit`: one that does not count, for the person was told so."""

    visit: PatrolVisit | None = None
    not_visit: PatrolVisit | None = None
    told: tuple[ToldStop, ...] = ()
