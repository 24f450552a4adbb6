"""Numbers in Modbus registers: which to read, and what the words mean. No state, no time."""

from __future__ import annotations

import math
import struct
from typing import Literal

from drivers.modbus import codec

Table = Literal["holding", "input"]
Order = Literal["abcd", "cdab", "badc", "dcba"]
"""Of a number's bytes, the highest first: `abcd` as Modbus has it, `cdab` the low word first, `badc` and `dcba` with the bytes of each word turned."""
Form = Literal["whole", "bcd", "float"]
WORDS = (1, 2, 4)


def request(unit: int, table: Table, start: int, count: int) -> codec.Request:
    read = codec.read_input_registers if table == "input" else codec.read_holding_registers
    return read(unit, start, count)


def number(data: bytes, order: Order, form: Form) -> float | None:
    """What the registers' bytes say; None where that is no number of this form."""
    parts = [data[place : place + 2] for place in range(0, len(data), 2)]
    if order in ("cdab", "dcba"):
        parts.reverse()
    if order in ("badc", "dcba"):
        parts = [part[::-1] for part in parts]
    whole = b"".join(parts)
    match form:
        case "bcd":
            return int(whole.hex()) if whole.hex().isdecimal() else None
        case "float":
            value: float = struct.unpack({2: ">e", 4: ">f", 8: ">d"}[len(whole)], whole)[0]
            return value if math.isfinite(value) else None
        case _:
            return int.from_bytes(whole, "big")
