"""The touch file (`13….bin`): return keys, 32 bytes each, page by page. The key that is touched uploads its code."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from drivers.display.design import KEY_VP, Form, Key, choices, drawing

_KEY = struct.Struct(">BBHHHHHHHBHBHB9x")
_NONE = 0xFF00
_RETURN_KEY = 0xFE05
"""With upload."""
END = b"\xff\xff"


def touch_file(form: Form) -> bytes:
    return b"".join(_records(form)) + END


def _records(form: Form) -> Iterator[bytes]:
    for choice in choices(form):
        for key in drawing(form, choice.look).keys:
            yield return_key(choice.number, key)


def return_key(page: int, key: Key) -> bytes:
    """No page follows, nothing shows that it is pressed, no sound: the agent answers."""
    area = (key.x, key.y, key.x + key.width - 1, key.y + key.height - 1)
    return _KEY.pack(page >> 8, page & 0xFF, *area, _NONE, _NONE, _RETURN_KEY, 0xFE, KEY_VP, 0, key.code, 0)
