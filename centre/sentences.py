"""Sentences for facts: the words that they share, and how a kind declares its own (sentences_doors.py, sentences_units.py). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from centre import shown
from centre.words import N_, _
from contract.facts import Denial, Fact, Via

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`sign`: well, look, urgent, or empty where it is neither good nor bad."""

    words: str
    sign: str = ""


SAYS: dict[type[Fact], Callable[[Any], Sentence]] = {}
"""By the type of the fact."""


def says(kind: type[F]) -> Callable[[Callable[[F], Sentence]], Callable[[F], Sentence]]:
    """Declares the function below as what says a fact of this kind."""

    def declared(say: Callable[[F], Sentence]) -> Callable[[F], Sentence]:
        SAYS[kind] = say
        return say

    return declared


def beside(words: str, detail: object) -> str:
    """With what the unit says in words of its own, where it does."""
    return (
        words if detail in (None, "") else _("{words} ({detail})").format(words=words, detail=shown.plain(str(detail)))
    )


DENIALS: Mapping[str, str] = {
    Denial.UNKNOWN: N_("it is not registered"),
    Denial.EXPIRED: N_("its time is over"),
    Denial.NOT_YET: N_("its time has not come yet"),
    Denial.HOURS: N_("outside its hours, or the door's"),
    Denial.DOOR: N_("it is not for this door"),
    Denial.PIN: N_("the PIN was missing or wrong"),
    Denial.LOCKED_OUT: N_("too many wrong codes: codes wait for a while"),
    Denial.LOCKDOWN: N_("the door is locked down"),
    Denial.USED: N_("the code was used already"),
    Denial.CLOCK: N_("the unit does not know the time well enough for a limited card"),
}
"""Why somebody was not let in, by the unit's word."""
VIAS: Mapping[str, str] = {
    Via.CARD: N_("card"),
    Via.PIN: N_("PIN"),
    Via.VISITOR: N_("visitor's code"),
    Via.REMOTE: N_("order of the centre"),
    Via.EXIT_BUTTON: N_("exit button"),
}
MODES: Mapping[str, str] = {
    "normal": N_("normal"),
    "hold_open": N_("held open"),
    "lockdown": N_("locked down"),
    "fire": N_("released by fire"),
}
"""Of doors, as a status and `door.mode` name them."""
CLOCKS: Mapping[str, str] = {
    "synced": N_("right"),
    "holdover": N_("right, running on its own"),
    "floor": N_("not set for days"),
    "unknown": N_("not known"),
}
TIMINGS: Mapping[str, str] = {
    "early": N_("too early"),
    "on_time": N_("in time"),
    "late": N_("late"),
    "out_of_order": N_("out of order"),
}
STORAGES: Mapping[str, str] = {
    "opening": N_("being opened"),
    "full": N_("full"),
    "read_only": N_("takes nothing (read-only)"),
    "failed": N_("broken"),
    "hung": N_("does not answer"),
    "latch": N_("cannot keep a release by fire over a restart"),
}


def named(words: Mapping[str, str], name: object) -> str:
    """In the language of who reads it; what a later version added as it came."""
    known = words.get(str(name))
    return shown.plain(str(name)) if known is None else _(known)
