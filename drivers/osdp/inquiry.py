"""The question to an OSDP reader: who it is, and whether it speaks Secure Channel. Begins no session and takes no card from it.

It is asked for its identity, not polled: an answer to a poll could be a card, and would then be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drivers.osdp import codec, messages
from drivers.probing import Inquiry, Question, Sighting

THINK_S = 0.12
"""Readers answer within a few ms; 200 are allowed, and are never seen on a question as short as this."""
ANSWER_BYTES = 40
ADDRESSES = range(4)
"""As readers come out of the box (0), and the next few of a line with several."""
SPEEDS = (9600, 115200, 19200, 38400, 57600, 230400)
NOTE = "it needs a key of its own: doorward pair makes one and says where `key` must point"


def questions(addresses: Sequence[int]) -> Iterable[Question]:
    return (identity(address) for address in addresses if address < codec.EVERYBODY)


def identity(address: int) -> Question:
    def read(received: bytes) -> Sighting | Question | None:
        packet = codec.find_reply(received, address).packet
        if packet is None:
            return None
        who = messages.identity(packet.data) if packet.code == messages.PDID else None
        return _abilities(
            address, "an OSDP reader that does not say what it is" if who is None else f"OSDP reader, {who}"
        )

    ask = messages.ASK_ID
    return Question(codec.build(address, 0, ask.code, ask.data), ANSWER_BYTES, THINK_S, read)


def _abilities(address: int, detail: str) -> Question:
    unknown = _sighting(address, detail, "does not say whether it speaks Secure Channel", {}, sure=False)

    def read(received: bytes) -> Sighting | None:
        packet = codec.find_reply(received, address).packet
        if packet is None:
            return None
        able = messages.capabilities(packet.data) if packet.code == messages.PDCAP else None
        if able is None:
            return unknown
        if messages.secure(able):
            return _sighting(address, detail, "Secure Channel", able, sure=True)
        return _sighting(address, detail, "NO Secure Channel: this driver does not use it", able, sure=True)

    ask = messages.ASK_CAP
    return Question(codec.build(address, 0, ask.code, ask.data), 2 * ANSWER_BYTES, THINK_S, read, silence=unknown)


def _sighting(address: int, detail: str, channel: str, able: messages.Capabilities, *, sure: bool) -> Sighting:
    parts = ((messages.OUTPUTS, "outputs"), (messages.CONTACTS, "inputs"))
    counts = [f"{able[code][1]} {name}" for code, name in parts if able.get(code, (0, 0))[1]]
    return Sighting("osdp", "; ".join((detail, channel, *counts)), address, {"address": address}, sure=sure, note=NOTE)


INQUIRY = Inquiry("osdp", questions, ADDRESSES, SPEEDS, shared=True)
