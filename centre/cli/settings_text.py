"""Settings of a scope as people read them: a line for each key, and for each entry of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from centre.acceptance import ANY
from centre.profiles_csv import rows_of
from centre.words import _
from contract import codec
from contract.hours import Hours


def lines(values: Mapping[str, Any]) -> Iterator[str]:
    """`values`: by the keys of the message."""
    for key, value in values.items():
        if key == "sign":
            yield from _sign(value)
        elif key == "report_codes":
            yield from (_code(code, value[code]) for code in sorted(value, key=int))
        elif key == "hours":
            yield from (line for name, each in value.items() for line in _profile(name, each))
        elif key == "doors":
            yield from (_("door {door}: {times}").format(door=door, times=_pairs(each)) for door, each in value.items())
        elif key == "accepted":
            yield _accepted(value)
        else:
            yield f"{key}: {_pairs(value) if isinstance(value, Mapping) else value}"


def _accepted(value: str) -> str:
    if value == ANY:
        return _("no box has to be accepted")
    return _("accepted is the box with the key {key}…").format(key=value[:16])


def _sign(value: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: each for key, each in value.items() if key != "duty"}
    if plain:
        yield _("sign: {words}").format(words=_pairs(plain))
    for each in value.get("duty", ()):
        for line in _profile(_("on duty {worker}").format(worker=each["worker"]), each["hours"]):
            yield f"{line}  {each.get('phone', '')}".rstrip()


def _profile(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    for row in rows_of(name, codec.read(Hours, value)):
        days, spans = row["days"], row["hours"] or "-"
        yield f"{name}: {days}  {spans}"


def _code(code: str, value: Mapping[str, Any]) -> str:
    line = _("code {code}: {words} to {to}").format(code=code, words=_pairs(value["words"]), to=value["to"])
    rest = {key: each for key, each in value.items() if key not in ("words", "to")}
    return f"{line}; {_pairs(rest)}" if rest else line


def _pairs(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_one(each)}" for key, each in value.items())


def _one(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={each}" for key, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
