"""Desired state as the versions up to 0.1 kept it: lists of our own, without the signature. Turned into the payloads that the contract's codec reads."""

from __future__ import annotations

from typing import Any

from contract.hours import Span
from contract.messages import Keys, Notice, Settings

Json = dict[str, Any]
_NOTICE = ("scope", "id", "rev", "iat", "category", "title", "text", "from", "until", "priority", "lang")
_HOLDER = ("id", "role", "key", "pin", "room", "doors", "from", "until", "hours", "unlock_s", "flags")
_TITLE_CHARS = 200
_WITHOUT_EFFECT = "display"
"""Once taken in settings in another form."""


def payload(kind: type, row: list[Any]) -> Json:
    """Of a notice, settings or keys. Raises what a list of another form makes it raise."""
    if kind is Notice:
        *values, ask, withdrawn = row
        found = dict(zip(_NOTICE, values, strict=True))
        if withdrawn:
            found["title"] = found["title"][:_TITLE_CHARS]  # of these it could be longer
        return found | {"ask": None if ask is None else _ask(*ask), "withdrawn": withdrawn}
    if kind is Settings:
        scope, rev, iat, values = row
        kept = {key: value for key, value in values.items() if key != _WITHOUT_EFFECT}
        return {"scope": scope, "rev": rev, "iat": iat, **kept}
    if kind is Keys:
        scope, rev, iat, listed = row
        keys = [{"kid": kid, "public": public, "kinds": kinds} for kid, public, kinds in listed]
        return {"scope": scope, "rev": rev, "iat": iat, "keys": keys}
    raise TypeError(kind.__name__)


def part_payload(row: list[Any], part: int, parts: int) -> Json:
    """Of a roster's part; its name and revision, which nobody asks for here, are not kept in it."""
    card_key, iat, profiles, holders = row
    named = {f"h{number}": _hours(*profile) for number, profile in enumerate(profiles)}
    head = {"scope": "unit/earlier", "id": "earlier", "rev": 1, "iat": iat, "part": part, "parts": parts}
    return head | {"card_key": card_key, "hours": named, "holders": [_holder(each) for each in holders]}


def _ask(kind: str, report: str | None, options: list[str], per: str) -> Json:
    return {"kind": kind, "report": report} if kind == "rating" else {"kind": kind, "options": options, "per": per}


def _hours(week: list[list[list[int]]], holidays: list[str], holiday: list[list[int]]) -> Json:
    return {"week": [_day(day) for day in week], "holidays": holidays, "holiday": _day(holiday)}


def _day(spans: list[list[int]]) -> list[str]:
    return [str(Span(start, end)) for start, end in spans]


def _holder(row: list[Any]) -> Json:
    found = dict(zip(_HOLDER, row, strict=True))
    if found["hours"] is not None:
        found["hours"] = f"h{found['hours']}"
    return found
