"""A gas detector on a line: its register as two inputs, alarm and fault. What follows from them is not decided here."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.meter import registers
from drivers.meter.line import PolledLine
from drivers.meter.options import DetectorOptions
from drivers.meter.polled import Polled, PolledQuestion
from drivers.modbus import codec
from drivers.reports import InputLevel

THINK_S = 0.3
RETRIES_S = (0.5, 1.0, 2.0, 5.0)
ALARM, FAULT = 1, 2
INPUTS = 2


class GasDetector(Polled):
    def __init__(self, name: str, options: DetectorOptions) -> None:
        super().__init__(name, options.poll_ms / 1000, RETRIES_S)
        self._options = options
        self._request = registers.request(int(options.address), options.table, options.register, 1)
        self._levels: dict[int, bool] = {}

    def start(self, now: float) -> None:
        super().start(now)
        self._levels.clear()

    def lose(self, reason: str, detail: str) -> None:
        super().lose(reason, detail)
        self._levels.clear()

    def question(self) -> PolledQuestion:
        return PolledQuestion(self._request.frame, self._request.reply_length, THINK_S)

    def heard(self, data: bytes, now: float) -> bool:
        reply = codec.find_reply(self._request, data)
        if reply is None:
            return False
        if reply.exception in codec.BUSY:
            self.failed(now, "busy")
        elif reply.exception:
            self.wrong(now, f"refuses to read its register (exception {reply.exception})")
        else:
            self._state(int.from_bytes(reply.data, "big"), now)
        return True

    def _state(self, value: int, now: float) -> None:
        """The first look tells both; an alarm counts at once, for the frame's CRC holds."""
        self.answered(now, "gas detector")
        for number, level in ((ALARM, self._options.alarms(value)), (FAULT, value in self._options.fault)):
            if self._levels.get(number) is not level:
                self._levels[number] = level
                self.facts.append(InputLevel(self.name, number, level, now))


def detector_line(devices: Sequence[tuple[str, DetectorOptions]], baud: int) -> PolledLine:
    """The session of the detectors on one line."""
    return PolledLine([GasDetector(name, options) for name, options in devices], baud)
