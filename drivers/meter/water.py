"""A water meter on a line: what it is asked, and what of its answer is told. A reading is a household's own: it stands in the report alone, in no text."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.meter import cjt188, registers
from drivers.meter.line import PolledLine
from drivers.meter.options import MOST_LITRES, MeterOptions
from drivers.meter.polled import Polled, PolledQuestion
from drivers.modbus import codec
from drivers.reports import MeterReading

THINK_S = 0.8
"""A meter that sleeps answers within half a second; an adapter adds to it."""
RETRIES_S = (5.0, 30.0, 120.0, 600.0)
"""A meter that did not answer is asked again over the whole day, never more often than its battery bears."""
ALIKE = 2
"""Failed questions until the other order of the identifier is tried."""


class CjtMeter(Polled):
    """Speaks CJ/T 188. Which order of the identifier it wants is learnt by silence."""

    def __init__(self, name: str, options: MeterOptions) -> None:
        super().__init__(name, 60.0 * options.every_min, RETRIES_S)
        self._type = options.type
        self._address = cjt188.wire_address(options.address)
        self._order = 0
        self._asked = 0
        self._request = cjt188.count_request(self._address, kind=options.type)

    def question(self) -> PolledQuestion:
        order = cjt188.COUNT_ORDERS[self._order]
        self._request = cjt188.count_request(self._address, order, self._type)
        return PolledQuestion(self._request.frame, cjt188.ANSWER_BYTES, THINK_S)

    def heard(self, data: bytes, now: float) -> bool:
        reply = cjt188.find_reply(self._request, data)
        if reply is None:
            return False
        self._asked = 0
        if reply.centilitres is None:
            self._order = 1 - self._order
            self.wrong(now, "answers, and not with a count of water")
            return True
        self.answered(now, f"CJ/T 188, counts by {reply.step} l")
        self.facts.append(MeterReading(self.name, reply.centilitres // 100, reply.step, now))
        return True

    def failed(self, now: float, detail: str) -> None:
        super().failed(now, detail)
        self._asked += 1
        if self._asked % ALIKE == 0:
            self._order = 1 - self._order


class ModbusMeter(Polled):
    """Its count stands in registers, by the configuration's map."""

    def __init__(self, name: str, options: MeterOptions) -> None:
        super().__init__(name, 60.0 * options.every_min, RETRIES_S)
        self._options = options
        self._request = registers.request(int(options.address), options.table, options.register, options.words)

    def question(self) -> PolledQuestion:
        return PolledQuestion(self._request.frame, self._request.reply_length, THINK_S)

    def heard(self, data: bytes, now: float) -> bool:
        reply = codec.find_reply(self._request, data)
        if reply is None:
            return False
        if reply.exception in codec.BUSY:
            self.failed(now, "busy")
        elif reply.exception:
            self.wrong(now, f"refuses to read its registers (exception {reply.exception})")
        else:
            self._count(reply.data, now)
        return True

    def _count(self, data: bytes, now: float) -> None:
        options = self._options
        value = registers.number(data, options.order, options.form)
        if value is None or not 0 <= value * options.litres <= MOST_LITRES:
            self.wrong(now, "says no count of water: is the register, its form or its order another one?")
            return
        self.answered(now, "Modbus meter")
        step = max(1, round(options.litres)) if options.form != "float" else 1
        self.facts.append(MeterReading(self.name, int(value * options.litres + 1e-6), step, now))


def meter_line(devices: Sequence[tuple[str, MeterOptions]], baud: int) -> PolledLine:
    """The session of the meters on one line; both protocols may share it where speed and parity are the same."""
    kinds = {"cjt188": CjtMeter, "modbus": ModbusMeter}
    return PolledLine([kinds[options.protocol](name, options) for name, options in devices], baud)
