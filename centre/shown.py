"""Text of units and operators as it may stand in a terminal or a log: one line, and nothing in it that a terminal obeys. Pure."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""By Unicode's categories: control characters (ESC, NUL, line ends, C1), formats (direction, zero width, tags), half a surrogate,
line and paragraph separators."""


def plain(text: str) -> str:
    """`text` with every character that is neither visible nor a blank written as its number in hex."""
    return text if text.isascii() and text.isprintable() else _escaped(text, _visible)


def value(of: object) -> str:
    """A value of a fact behind `key=`: text as it is, in quotes where it could be taken for more than one value; else as JSON."""
    if not isinstance(of, str):
        return as_json(of)
    quoted = not of or any(char.isspace() or char in '="' for char in of)
    return as_json(of) if quoted else plain(of)


def as_json(of: object) -> str:
    """JSON in one line, readable: only characters that `plain` would not show are escaped. It reads back as the same value."""
    return _escaped(json.dumps(of, ensure_ascii=False), _json_escape)


def json_line(line: bytes) -> str:
    """A line of JSON as it came; where it holds what is not to be shown, the same value written anew."""
    text = line.decode()
    return text if plain(text) == text else as_json(json.loads(text))


def _escaped(text: str, escape: Callable[[int], str]) -> str:
    return "".join(escape(ord(char)) if unicodedata.category(char) in _UNSHOWN else char for char in text)


def _visible(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
