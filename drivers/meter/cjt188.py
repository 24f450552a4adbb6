"""CJ/T 188 frames: the question for a meter's count built, its answer found in received bytes. No state, no time. Writes nothing to a meter.

Layout by CJ/T 188-2004 (that of 2018 is the same for what is read here): `FE`s to wake the line, 68, type, address (7 bytes BCD, lowest
first), control, length, data, sum of all from 68 on, 16. The count is four bytes BCD with two decimals, lowest first, and its unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from contract.frozen import frozen

WAKE = b"\xfe" * 4
BEGIN, END = 0x68, 0x16
READ, ANSWER, REFUSAL = 0x01, 0x81, 0xC1
COUNT_ORDERS = (b"\x90\x1f", b"\x1f\x90")
"""The count's identifier, 901F: meters are sold that want its high byte first, and such that want the low one first as the standard has it."""
COLD_WATER = 0x10
WATER = range(0x10, 0x1A)
"""Types: 10 cold, 11 hot, 12 drinking, 13 reused water."""
ADDRESS_DIGITS = 14
ANYBODY = b"\xaa" * 7
"""For a line with one meter: each answers to it."""

_HEAD = 11
"""Up to and with the length."""
LONGEST = 64 + _HEAD + 2
ANSWER_BYTES = len(WAKE) + _HEAD + 22 + 2
_CENTILITRES = {0x2C: 1000, 0x29: 1}
"""By the unit's code (2C m³, 29 l): how many hundredths of a litre one hundredth of it is."""


@frozen
class CountRequest:
    """`address` as on the wire."""

    address: bytes
    frame: bytes


class CountReply(NamedTuple):
    """`centilitres` None: it refuses, or says what is no count of water. `step`: by so many litres, at least one, it counts."""

    address: str
    type: int
    centilitres: int | None
    step: int = 1


def wire_address(digits: str) -> bytes:
    """`78330011223344` as it stands on the meter; `any` is whoever is there."""
    if digits == "any":
        return ANYBODY
    return bytes.fromhex(digits.zfill(ADDRESS_DIGITS))[::-1]


def count_request(address: bytes, order: bytes = COUNT_ORDERS[0], kind: int = COLD_WATER) -> CountRequest:
    body = bytes((BEGIN, kind)) + address + bytes((READ, 3)) + order + b"\x00"
    return CountRequest(address, WAKE + body + bytes((sum(body) & 0xFF, END)))


def frames(data: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where each whole frame begins and ends; noise between is passed over."""
    at = data.find(BEGIN)
    while at >= 0:
        end = frame_end(data, at)
        if end is not None:
            yield at, end
        at = data.find(BEGIN, at + 1 if end is None else end)


def frame_end(data: bytes | bytearray, at: int) -> int | None:
    """Of the frame that begins there; None where there is none whose sum holds."""
    if at + _HEAD > len(data) or data[at] != BEGIN:
        return None
    end = at + _HEAD + data[at + 10] + 2
    if end > len(data) or end - at > LONGEST or data[end - 1] != END:
        return None
    return end if sum(data[at : end - 2]) & 0xFF == data[end - 2] else None


def find_reply(request: CountRequest, data: bytes | bytearray) -> CountReply | None:
    """The first frame that answers. An own request that the adapter echoed is none: its control byte differs."""
    for at, end in frames(data):
        address, control = bytes(data[at + 2 : at + 9]), data[at + 9]
        if data[at + 1] not in WATER or request.address not in (address, ANYBODY) or address == ANYBODY:
            continue
        if control == REFUSAL:
            return CountReply(printed(address), data[at + 1], None)
        if control == ANSWER and data[at + _HEAD : at + _HEAD + 2] in COUNT_ORDERS:
            return _count(printed(address), data[at + 1], bytes(data[at + _HEAD + 3 : end - 2]))
    return None


def printed(address: bytes) -> str:
    """As digits, the highest first."""
    return address[::-1].hex()


def _count(address: str, kind: int, value: bytes) -> CountReply:
    factor = _CENTILITRES.get(value[4]) if len(value) > 4 else None
    digits = value[3::-1].hex() if factor is not None else ""
    if factor is None or not digits.isdecimal():
        return CountReply(address, kind, None)
    return CountReply(address, kind, int(digits) * factor, max(1, factor // 100))
