"""The panel's own settings (`T5LCFG….CFG`), as its maker or its seller gave them: three of them are set, nothing else. None is ever made anew."""

from __future__ import annotations

from agent.words import _
from contract.frozen import frozen
from drivers.display.design import Form

MAGIC = b"T5LC1"
LENGTHS = range(46, 129)
_FLAGS, _BACKGROUND, _SPEED = 5, 8, 10
_CRC, _LOAD_INITIAL, _UPLOAD_TOUCH, _ROTATION = 0x80, 0x20, 0x10, 0x03
_CLOCK = 3_225_600
"""Divided by the speed it gives the setting."""


@frozen
class LineSettings:
    """What the configuration of the unit has to know of them, and where they have the backgrounds."""

    crc: bool
    baud: int
    library: int


def read(data: bytes) -> LineSettings:
    """Raises ValueError where it is no such file."""
    if not data.startswith(MAGIC) or len(data) not in LENGTHS:
        raise ValueError(
            _("no T5LCFG file: it begins with T5LC1 and has {least} to {most} bytes").format(
                least=LENGTHS.start, most=LENGTHS.stop - 1
            )
        )
    divisor = int.from_bytes(data[_SPEED : _SPEED + 2], "big")
    if not divisor:
        raise ValueError(_("it states no speed of the line"))
    return LineSettings(bool(data[_FLAGS] & _CRC), round(_CLOCK / divisor), data[_BACKGROUND])


def patch(data: bytes, form: Form, background: int) -> bytes:
    """As it was, but for its rotation, the pictures' library, and that initial values are loaded and touches told. Raises ValueError."""
    read(data)
    made = bytearray(data)
    made[_FLAGS] = made[_FLAGS] & ~_ROTATION | form.rotate // 90 | _LOAD_INITIAL | _UPLOAD_TOUCH
    made[_BACKGROUND] = background
    return bytes(made)
