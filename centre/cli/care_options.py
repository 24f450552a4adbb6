"""Options of `centre settings put` for watched households."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from centre.errors import WRONG_USE, CentreError
from centre.weekdays import hours as span_text
from centre.words import _
from contract.hours import parse_span

F = TypeVar("F", bound=Callable[..., Any])


def care_options(command: F) -> F:
    for option in (
        click.option(
            "--care-door", multiple=True, help="A door whose cards are signs of life; all where none is named."
        ),
        click.option(
            "--care-litres",
            type=click.FloatRange(1, 1000),
            help="Water between two readings of a meter that is a sign of life (default: 10 litres).",
        ),
        click.option("--care-input", multiple=True, metavar="INPUT=ROOM", help="A meter or sensor, and whose it is."),
        click.option("--care-quiet", multiple=True, metavar="22:00-06:00", help="Hours of each day that do not count."),
        click.option(
            "--care-hours",
            type=click.FloatRange(1, 720),
            help="Watch households flagged `care`: tell of one that shows no sign of life for so many hours.",
        ),
    ):
        command = option(command)
    return command


def care_of(
    hours: float | None,
    quiet: Sequence[str],
    inputs: Sequence[str],
    doors: Sequence[str],
    litres: float | None = None,
) -> Mapping[str, Any] | None:
    """`care` as settings have it, whole; None where nothing is said of it. Raises CentreError (wrong use)."""
    if hours is None:
        if quiet or inputs or doors or litres:
            raise CentreError(_("--care-hours is needed with the other options of care"), WRONG_USE)
        return None
    pairs = dict(map(_pair, inputs))
    spans = [span for text in quiet for span in _spans(text)]
    found: dict[str, Any] = {"silent_h": _short(hours)}
    found |= {"litres": _short(litres)} if litres else {}
    found |= {"quiet": spans} if spans else {}
    found |= {"inputs": pairs} if pairs else {}
    return found | ({"doors": sorted(set(doors))} if doors else {})


def _short(number: float) -> float:
    """12 and not 12.0."""
    return int(number) if number == int(number) else number


def _pair(text: str) -> tuple[str, str]:
    name, equals, room = text.partition("=")
    if not (equals and name and room):
        raise CentreError(_("--care-input: {text!r} is not INPUT=ROOM").format(text=text), WRONG_USE)
    return name, room


def _spans(text: str) -> list[str]:
    """One over midnight is two."""
    plain = span_text(text)
    start, dash, end = plain.partition("-")
    parts = [f"{start}-24:00", f"00:00-{end}"] if dash and end <= start else [plain]
    try:
        return [str(parse_span(part)) for part in parts if part != "00:00-00:00"]
    except ValueError:
        raise CentreError(_("--care-quiet: {text!r} is not as 22:00-06:00").format(text=text), WRONG_USE) from None
