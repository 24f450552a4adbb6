"""JSON as the contract reads and writes it: no duplicate keys, no NaN, bounded numbers and depth, text that is real Unicode.

Reading never raises anything but StrictJsonError, whatever the bytes.
"""

from __future__ import annotations

import json
import math
from typing import Any

from contract.bounds import MAX_INTEGER

MAX_DEPTH = 12
"""Objects and lists inside each other; a flat object is 1. The deepest message of the contract has 5 (roster: payload, hours, profile, week, day)."""

_INTEGER_CHARS = len(str(-MAX_INTEGER))


class StrictJsonError(ValueError):
    """What is wrong, in a few words; never quotes the input."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise StrictJsonError("duplicate key")
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StrictJsonError(_RANGE)
    return value


def _integer(text: str) -> int:
    if len(text) > _INTEGER_CHARS or not -MAX_INTEGER <= (value := int(text)) <= MAX_INTEGER:
        raise StrictJsonError(_RANGE)
    return value


def _constant(text: str) -> Any:
    raise StrictJsonError("not a finite number")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_int=_integer, parse_constant=_constant)
_TOO_DEEP = "nested too deeply"
_RANGE = "number out of range"


def loads(data: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The value of one JSON text in strict UTF-8. Raises StrictJsonError only."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise StrictJsonError("not UTF-8") from None
    try:
        value = _DECODER.decode(text)
    except StrictJsonError:
        raise
    except RecursionError:
        raise StrictJsonError(_TOO_DEEP) from None
    except ValueError:
        raise StrictJsonError("not JSON") from None
    # No value is deeper than it has brackets: the look itself is dearer than reading a flat object.
    if text.count("{") + text.count("[") > max_depth and _depth_over(value, max_depth):
        raise StrictJsonError(_TOO_DEEP)
    if "\\u" in text and _has_surrogate(value):
        raise StrictJsonError("lone surrogate")
    return value


def load_object(data: bytes, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """As loads, but the text must be an object."""
    value = loads(data, max_depth)
    if not isinstance(value, dict):
        raise StrictJsonError("not an object")
    return value


def dumps(value: Any) -> bytes:
    """Compact UTF-8 in the order given. Raises ValueError on NaN, TypeError on what JSON has not: both are faults of ours."""
    return _ENCODER.encode(value).encode()


def _depth_over(value: Any, limit: int) -> bool:
    """Level by level, without recursion."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _has_surrogate(value: Any) -> bool:
    try:
        dumps(value)
    except UnicodeEncodeError:
        return True
    return False
