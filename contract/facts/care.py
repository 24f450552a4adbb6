"""Watched households, and help."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from contract.bounds import Count, Id, Items, Length
from contract.facts.declaration import Fact, Keep, Word, kind


class HelpVia(StrEnum):
    """By what somebody called: a wired input or the keypad."""

    INPUT = "input"
    KEY = "key"


@kind("care.silent", alarm=True)
class CareSilent(Fact):
    """No sign of life of a watched household for as long as its settings allow; told once. `holder`: who is watched there.

    `meters`: water meters of theirs that were read all along and showed no use; absent where there was none, and only cards, PINs and inputs were watched.
    """

    holder: Id
    room: Annotated[str, Length(1, 32)] | None
    meters: Annotated[tuple[Word, ...], Items(1, 16)] | None = None


@kind("care.seen", Keep.MOST)
class CareSeen(Fact):
    """The next sign of life after `care.silent`. `source`: `card`, `pin`, or `input:` or `meter:` and its name."""

    holder: Id
    source: Word


@kind("help.called", alarm=True)
class HelpCalled(Fact):
    """Somebody called for help. `via`: `input` or `key`. `count`: that many further calls within half a minute, told as one."""

    door: Id | None
    via: HelpVia
    count: Count | None = None
