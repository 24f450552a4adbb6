"""What settings say of watched households: after how long without a sign of life the centre is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from contract.bounds import Id, Items, Length, Range
from contract.frozen import frozen
from contract.hours import Day

MOST_SILENT_H = 720.0
LITRES = 10.0
"""A bucket: a person alone uses more in the hour of a meal, a dripping tap less."""


@frozen
class CareRule:
    """Of whoever has the flag `care` in a roster of the unit itself, and asked for it."""

    silent_h: Annotated[float, Range(1, MOST_SILENT_H)]
    """Hours without a sign of life, those of `quiet` not counted, after which `care.silent` is told."""
    quiet: Day = ()
    """Spans of each day, in local time, that do not count. Where they leave nothing of the day, they count."""
    doors: Annotated[frozenset[Id], Items(0, 64)] | None = None
    """A card or PIN at these doors is a sign of life; absent: at each door of the unit."""
    inputs: Annotated[Mapping[Id, Annotated[str, Length(1, 32)]], Items(0, 64)] | None = None
    """By the name of a wired input (a meter, a motion sensor) the room of whose life each change of it is a sign."""
    litres: Annotated[float, Range(1, 1000)] | None = None
    """Water that ran between two readings of a meter is a sign of life of its room from so many litres on, beyond what runs all the time; absent: 10."""
