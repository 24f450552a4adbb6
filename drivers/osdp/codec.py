"""OSDP packets: built, and found in received bytes. No state, no time, no keys.

Names and layouts follow IEC 60839-11-5 (OSDP 2.2), clause 5: SOM, ADDR, LEN, CTRL, security block, code, data, MAC, CRC or checksum.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

MARK = 0xFF
"""Sent ahead of each command so that the line's receivers are awake; no part of the packet."""
SOM = 0x53
REPLY = 0x80
"""Set in the address of what a reader sends."""
EVERYBODY = 0x7F
SEQUENCE = 0x03
USES_CRC = 0x04
HAS_BLOCK = 0x08

HEADER = 5
MAC_BYTES = 4
SHORTEST = HEADER + 2
"""Header, code, checksum."""
LONGEST = 256
"""Readers send at most 128 unless asked for more; anything longer is noise."""

SECURED_COMMAND, SECURED_REPLY = 0x15, 0x16
"""Security block types: authenticated, no data."""
SEALED_COMMAND, SEALED_REPLY = 0x17, 0x18
"""Authenticated, data encrypted."""
SECURED = frozenset({SECURED_COMMAND, SECURED_REPLY, SEALED_COMMAND, SEALED_REPLY})

_CRC_START = 0x1D0F


def crc16(data: bytes | bytearray | memoryview) -> bytes:
    """CRC-16/AUG-CCITT (poly 0x1021, start 0x1D0F), low byte first."""
    return binascii.crc_hqx(data, _CRC_START).to_bytes(2, "little")


def checksum(data: bytes | bytearray | memoryview) -> bytes:
    """Two's complement of the sum of all bytes, one byte."""
    return bytes((-sum(data) & 0xFF,))


@dataclass(slots=True)
class Packet:
    """A reply whose check held, never changed (one is made for each exchange, and a frozen one takes twice as long to make). `block` is the security block without its length, empty where there is none.

    `data` may hold a card, a key press or a cryptogram, so none of it is in the repr. `signed` is what `mac` is over.
    """

    sequence: int
    block: bytes
    code: int
    data: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    end: int
    """Where in the received bytes the packet ends."""


class Found(NamedTuple):
    """`missing`: bytes that a packet which has begun still lacks; `broken`: one was complete and its check did not hold."""

    packet: Packet | None
    missing: int = 0
    broken: bool = False


def build(
    address: int,
    sequence: int,
    code: int,
    data: bytes = b"",
    *,
    crc: bool = True,
    block: bytes = b"",
    sign: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """A command, its mark byte included. `sign` gives the four bytes of a secured command's MAC."""
    check = 2 if crc else 1
    secured = MAC_BYTES if sign is not None else 0
    shield = bytes((len(block) + 1,)) + block if block else b""
    length = HEADER + len(shield) + 1 + len(data) + secured + check
    control = sequence & SEQUENCE | (USES_CRC if crc else 0) | (HAS_BLOCK if block else 0)
    body = bytes((SOM, address, length & 0xFF, length >> 8, control, *shield, code)) + data
    if sign is not None:
        body += sign(body)
    return bytes((MARK,)) + body + (crc16(body) if crc else checksum(body))


def find_reply(data: bytes | bytearray, address: int, *, crc: bool = True, begin: int = 0) -> Found:
    """The first reply of `address` in `data` from `begin` on whose check (CRC or checksum, as the command had) holds.

    Noise before it is passed over, so are commands (an adapter's echo) and other readers' replies.
    """
    missing, broken = 0, False
    sender = address | REPLY
    total = len(data)
    at = data.find(SOM, begin)
    while at >= 0:
        if total - at < HEADER:
            if total - at == 1 or data[at + 1] == sender:
                missing = missing or SHORTEST - (total - at)
        elif data[at + 1] == sender and bool(data[at + 4] & USES_CRC) == crc:
            length = data[at + 2] | data[at + 3] << 8
            if SHORTEST <= length <= LONGEST:
                if at + length > total:
                    missing = missing or at + length - total
                else:
                    packet = _packet(bytes(data[at : at + length]), at + length, crc=crc)
                    if packet is not None:
                        return Found(packet)
                    broken = True
        at = data.find(SOM, at + 1)
    return Found(None, missing, broken)


def _packet(frame: bytes, end: int, *, crc: bool) -> Packet | None:
    """None where the check does not hold or the parts do not fit into the length."""
    body = frame[: -2 if crc else -1]
    if frame[len(body) :] != (crc16(body) if crc else checksum(body)):
        return None
    control = frame[4]
    block = b""
    begin = HEADER
    if control & HAS_BLOCK:
        size = frame[HEADER]
        block = body[HEADER + 1 : HEADER + size]
        begin = HEADER + size
        if size < 2 or len(block) != size - 1:
            return None
    stop = len(body) - MAC_BYTES if block and block[0] in SECURED else len(body)
    if begin >= stop:
        return None
    return Packet(control & SEQUENCE, block, body[begin], body[begin + 1 : stop], body[:stop], body[stop:], end)
