"""The decoders of `doorward monitor` by driver. A further protocol is one row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.decoding import Decoder, Seen, no_frame
from drivers.display.dwin_decoding import DwinDecoder
from drivers.display.tjc_decoding import TjcDecoder
from drivers.meter.decoding import CjtDecoder
from drivers.modbus.decoding import ModbusDecoder
from drivers.osdp.decoding import OsdpDecoder
from drivers.reader.decoding import LineDecoder
from drivers.wire import Buffer

DECODERS: Mapping[str, Callable[[], Decoder]] = {
    "modbus-relay": ModbusDecoder,
    "dwin": DwinDecoder,
    "osdp": OsdpDecoder,
    "tjc": TjcDecoder,
    "line-reader": LineDecoder,
    "rdm6300": LineDecoder,
    "keypad": LineDecoder,
    "meter": CjtDecoder,
    "gas-detector": ModbusDecoder,
}

MAX_BURST = 1024


class AnyDecoder:
    """For a line of which nothing is known: each burst is read by the protocols that have a checksum or a head of their own."""

    def __init__(self) -> None:
        self._burst = Buffer(MAX_BURST)
        self._known = [DECODERS[name]() for name in FRAMED]

    def add(self, data: bytes) -> list[Seen]:
        self._burst.add(data)
        return []

    def quiet(self) -> list[Seen]:
        data = bytes(self._burst.data)
        self._burst.clear()
        for decoder in self._known:
            seen = [*decoder.add(data), *decoder.quiet()]
            if any(each.frame for each in seen):
                return seen
        return [no_frame(data)] if data else []


FRAMED = ("modbus-relay", "osdp", "dwin")
"""Protocols whose frames cannot be mistaken for something else."""
