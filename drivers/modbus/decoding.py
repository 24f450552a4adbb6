"""Modbus frames in words, both ways: on a line that is only listened to, a reply is known by the request before it."""

from __future__ import annotations

from drivers.decoding import IN, OUT, FrameDecoder, Seen, no_frame
from drivers.modbus import codec
from drivers.wire import crc16

_NAMES = {
    codec.READ_COILS: "read outputs",
    codec.READ_DISCRETE_INPUTS: "read inputs",
    codec.READ_HOLDING_REGISTERS: "read registers",
    codec.READ_INPUT_REGISTERS: "read input registers",
    codec.WRITE_SINGLE_COIL: "write output",
    codec.WRITE_SINGLE_REGISTER: "write register",
    codec.WRITE_MULTIPLE_COILS: "write outputs",
    codec.WRITE_MULTIPLE_REGISTERS: "write registers",
}
_MANY = (codec.WRITE_MULTIPLE_COILS, codec.WRITE_MULTIPLE_REGISTERS)
_SHORTEST = 5


class ModbusDecoder(FrameDecoder):
    def __init__(self) -> None:
        super().__init__(codec.MAX_FRAME)
        self._asked: bytes | None = None
        """The request whose reply is still to come."""

    def _take(self) -> list[Seen]:
        seen: list[Seen] = []
        at = 0
        while at <= len(self._buffer) - _SHORTEST:
            data = bytes(self._buffer.data)
            end = self._end(data, at)
            if end is None:
                at += 1
                continue
            if at:
                seen.append(no_frame(data[:at]))
            seen.append(self._words(data[at:end]))
            self._buffer.drop(end)
            at = 0
        return seen

    def _end(self, data: bytes, at: int) -> int | None:
        """Where a frame that begins at `at` ends."""
        for length in _lengths(data, at):
            end = at + length
            if end <= len(data) and crc16(data[at : end - 2]) == data[end - 2 : end]:
                return end
        return None

    def _words(self, frame: bytes) -> Seen:
        asked, self._asked = self._asked, None
        head = f"address {frame[0]}"
        function = frame[1]
        if function & 0x80:
            return Seen(f"{head}: refuses {_NAMES[function & 0x7F]}, exception {frame[2]}", IN, frame)
        answers = asked is not None and asked[:2] == frame[:2]
        if answers and (function not in codec.READS or len(frame) == 5 + frame[2]):
            return Seen(f"{head}: {self._answer(function, frame, asked or b'')}", IN, frame)
        if function in codec.READS and len(frame) == 5 + frame[2] and len(frame) != 8:
            return Seen(f"{head}: {self._answer(function, frame, b'')}", IN, frame)
        self._asked = frame
        return Seen(f"{head}: {_order(function, frame)}", OUT, frame)

    def _answer(self, function: int, frame: bytes, asked: bytes) -> str:
        if function not in codec.READS:
            return f"done: {_NAMES[function]}"
        first = int.from_bytes(asked[2:4], "big") if asked else 0
        if function in (codec.READ_HOLDING_REGISTERS, codec.READ_INPUT_REGISTERS):
            return f"registers from {first:#06x}: {' '.join(map(str, codec.words(frame[3:-2])))}"
        count = min(int.from_bytes(asked[4:6], "big") if asked else 8 * frame[2], 8 * frame[2])
        on = [str(first + place + 1) for place, level in enumerate(codec.bits(frame[3:-2], count)) if level]
        return f"{'outputs on' if function == codec.READ_COILS else 'inputs closed'}: {' '.join(on) or 'none'}"


def _lengths(data: bytes, at: int) -> list[int]:
    """How long a frame that begins at `at` can be; its CRC decides."""
    function = data[at + 1]
    if function & 0x80:
        return [_SHORTEST] if function & 0x7F in _NAMES else []
    if function in codec.READS:
        return [8, 5 + data[at + 2]]
    if function in _MANY:
        return [8, *([9 + data[at + 6]] if at + 6 < len(data) else [])]
    return [8] if function in _NAMES else []


def _order(function: int, frame: bytes) -> str:
    start, value = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
    if function in codec.READS:
        return f"{_NAMES[function]}, {value} from {start:#06x}"
    if function in _MANY:
        return f"{_NAMES[function]}, {value} from {start:#06x}"
    if function == codec.WRITE_SINGLE_COIL and value in {codec.COIL_ON, codec.COIL_OFF}:
        return f"{_NAMES[function]} {start:#06x} {'on' if value else 'off'}"
    return f"{_NAMES[function]} {start:#06x} = {value}"
