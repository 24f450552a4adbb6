"""Reading typed fields out of a JSON object: each reader returns a value of its type or raises FieldError naming the key.

A key that is absent and one that is null are the same. Keys nobody reads are ignored, so that later versions may add some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from contract.strict_json import MAX_INTEGER, StrictJsonError
from contract.topics import valid_id

T = TypeVar("T")
P = ParamSpec("P")
Object = Mapping[str, Any]

MAX_UTC = 253_402_300_799.0
"""Last second of the year 9999."""
MAX_CLOCK_UTC = 7_258_118_399.0
"""Last second of the year 2199: the latest reading of a clock (`iat`, `now`) that is believed. A clock set near the calendar's end would run over it."""
_HEX = re.compile(r"[0-9a-f]*")


class FieldError(StrictJsonError):
    """`key: what is wrong with it`."""


def optional(
    read: Callable[Concatenate[Object, str, P], T], value: Object, key: str, *args: P.args, **kw: P.kwargs
) -> T | None:
    """As `read`, None where the key is absent or null."""
    return None if value.get(key) is None else read(value, key, *args, **kw)


def text(value: Object, key: str, longest: int, least: int = 0) -> str:
    """`least` to `longest` characters."""
    found = value.get(key)
    if not isinstance(found, str):
        raise FieldError(f"{key}: not text")
    if not least <= len(found) <= longest:
        raise FieldError(f"{key}: not {least} to {longest} characters")
    return found


def ident(value: Object, key: str) -> str:
    found = value.get(key)
    if not isinstance(found, str) or not valid_id(found):
        raise FieldError(f"{key}: not an id")
    return found


def idents(value: Object, key: str, longest: int) -> tuple[str, ...]:
    """A list of ids."""
    found = array(value, key, longest)
    if not all(valid_id(element) for element in found):
        raise FieldError(f"{key}: not a list of ids")
    return tuple(found)


def hex_text(value: Object, key: str, digits: int) -> str:
    """Exactly so many lower-case hex digits."""
    found = value.get(key)
    if not isinstance(found, str) or len(found) != digits or not _HEX.fullmatch(found):
        raise FieldError(f"{key}: not {digits} lower-case hex digits")
    return found


def integer(value: Object, key: str, least: int = 0, most: int = MAX_INTEGER) -> int:
    found = value.get(key)
    if type(found) is not int or not least <= found <= most:
        raise FieldError(f"{key}: not a whole number from {least} to {most}")
    return found


def number(value: Object, key: str, least: float, most: float) -> float:
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
        raise FieldError(f"{key}: not a number from {least:.15g} to {most:.15g}")
    return found


def moment(value: Object, key: str) -> float:
    """Seconds since 1970, up to the year 9999."""
    return number(value, key, 0, MAX_UTC)


def reading(value: Object, key: str) -> float:
    """What a clock said when the message was made: seconds since 1970, up to the year 2199."""
    return number(value, key, 0, MAX_CLOCK_UTC)


def flag(value: Object, key: str) -> bool:
    found = value.get(key)
    if not isinstance(found, bool):
        raise FieldError(f"{key}: neither true nor false")
    return found


def array(value: Object, key: str, longest: int) -> list[Any]:
    found = value.get(key)
    if not isinstance(found, list) or len(found) > longest:
        raise FieldError(f"{key}: not a list of at most {longest}")
    return found


def child(value: Object, key: str) -> dict[str, Any]:
    found = value.get(key)
    if not isinstance(found, dict):
        raise FieldError(f"{key}: not an object")
    return found


def objects(value: Object, key: str, longest: int) -> list[dict[str, Any]]:
    """A list of objects."""
    found = array(value, key, longest)
    if not all(isinstance(element, dict) for element in found):
        raise FieldError(f"{key}: not a list of objects")
    return found
